/* SPDX-License-Identifier: Apache-2.0 */
/* Built with the fault points, whatever the build option says. */
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fault.h"

static struct err err;

/* The step at which three of them fail, 0 for none. */
static int failing_step(const char *order, const char *command)
{
	static const char *const names[] = { "one", "two", "three" };

	assert_int_equal(setenv("KATA_FAULT", order, 1), 0);
	fault_begin(command);
	for (int i = 0; i < 3; i++)
		if (fault_point(names[i], &err) < 0)
			return i + 1;
	return 0;
}

TEST(the_named_step_of_the_named_command_fails)
{
	assert_int_equal(failing_step("create:2:fail", "create"), 2);
	assert_int_equal(err.code, ECANCELED);
	assert_string_equal(err.text, "fault point 2, two");
	assert_int_equal(failing_step("create:2:fail", "delete"), 0);
	assert_int_equal(failing_step("create:4:fail", "create"), 0);
}

TEST(an_order_that_is_not_right_is_none)
{
	static const char *const orders[] = {
		"", "create", "create:", "create:0:fail", "create:x:fail", "create:-1:fail"
	};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		assert_int_equal(failing_step(orders[i], "create"), 0);
	assert_int_equal(unsetenv("KATA_FAULT"), 0);
	fault_begin("create");
	assert_int_equal(fault_point("one", &err), 0);
}

TEST(a_killed_step_ends_the_program_at_once)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(failing_step("create:3:kill", "create"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_named_step_of_the_named_command_fails),
		cmocka_unit_test(an_order_that_is_not_right_is_none),
		cmocka_unit_test(a_killed_step_ends_the_program_at_once),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
