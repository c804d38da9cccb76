/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/err.h"
#include "base/interrupt.h"

static struct err err;

TEST(a_caught_signal_ends_one_step_and_is_named)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	interrupt_catch();
	assert_int_equal(interrupt_check(&err), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(raise(signals[i]), 0);
		assert_int_equal(interrupt_check(&err), -ECANCELED);
		assert_int_equal(interrupt_check(&err), 0);
	}
	assert_non_null(strstr(err.text, "interrupted by SIGHUP"));
	interrupt_release();
}

TEST(while_things_are_undone_signals_are_nothing)
{
	interrupt_catch();
	assert_int_equal(raise(SIGTERM), 0);
	interrupt_ignore(); /* the one that has come is dealt with */
	assert_int_equal(interrupt_check(&err), 0);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(interrupt_check(&err), 0);
	interrupt_release();
}

TEST(afterwards_they_end_the_program_again)
{
	struct sigaction action = { 0 };

	interrupt_catch();
	interrupt_release();
	assert_int_equal(sigaction(SIGTERM, NULL, &action), 0);
	assert_ptr_equal(action.sa_handler, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_caught_signal_ends_one_step_and_is_named),
		cmocka_unit_test(while_things_are_undone_signals_are_nothing),
		cmocka_unit_test(afterwards_they_end_the_program_again),
	};

	return cmocka_run_group_tests_name("interrupt", tests, NULL, NULL);
}
