/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

TEST(what_is_left_is_never_negative)
{
	assert_int_equal(deadline_left(0), 0);
	assert_int_equal(deadline_left(now_ms()), 0);
	assert_int_equal(deadline_left(DEADLINE_NEVER), -1);
	assert_int_equal(deadline_left(DEADLINE_NEVER - 1), INT_MAX);
	assert_in_range(deadline_left(deadline_in(5000)), 1, 5000);
}

TEST(waiting_ends_with_data_or_with_the_deadline)
{
	uint64_t start = now_ms();
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(wait_fd(ends[0], POLLIN, deadline_in(30)), -ETIMEDOUT);
	assert_true(now_ms() - start >= 30);
	assert_int_equal(wait_fd(ends[0], POLLIN, 0), -ETIMEDOUT);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(wait_fd(ends[0], POLLIN, DEADLINE_NEVER), 0);
	close(ends[1]);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_is_never_negative),
		cmocka_unit_test(waiting_ends_with_data_or_with_the_deadline),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
