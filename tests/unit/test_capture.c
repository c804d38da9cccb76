/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/capture.h"
#include "base/cleanup.h"
#include "base/err.h"

#define LONG_MS 60000u

static int run(const char *script, uint64_t timeout_ms, size_t max, char **ret, struct err *err)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	return capture_output(argv, timeout_ms, max, ret, err);
}

TEST(output_is_taken_whole)
{
	CLEANUP(free) char *text = NULL;
	struct err err = { 0 };

	assert_int_equal(run("echo a; echo hidden >&2; echo b", LONG_MS, 100, &text, &err), 0);
	assert_string_equal(text, "a\nb\n");
}

TEST(a_program_that_does_not_end_is_killed)
{
	char *text = NULL;
	struct err err = { 0 };

	assert_int_equal(run("exec sleep 1000", 50, 100, &text, &err), -ETIMEDOUT);
	assert_null(text);
	assert_non_null(strstr(err.text, "/bin/sh"));
	/* Also when it has closed its output. */
	assert_int_equal(run("exec sleep 1000 >&-", 50, 100, &text, &err), -EPROTO);
	assert_non_null(strstr(err.text, "ended with status 137"));
}

TEST(too_much_output_is_an_error)
{
	char *text = NULL;
	struct err err = { 0 };

	assert_int_equal(run("exec yes", LONG_MS, 10000, &text, &err), -EFBIG);
	assert_string_equal(err.text, "/bin/sh: prints more than 10000 bytes");
}

TEST(a_failure_is_told_with_its_status)
{
	const char *const nothing[] = { "/no/such/program", NULL };
	char *text = NULL;
	struct err err = { 0 };

	assert_int_equal(run("echo x; exit 3", LONG_MS, 100, &text, &err), -EPROTO);
	assert_string_equal(err.text, "/bin/sh: ended with status 3 instead of 0");
	assert_int_equal(capture_output(nothing, LONG_MS, 100, &text, &err), -ENOENT);
	assert_null(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_taken_whole),
		cmocka_unit_test(a_program_that_does_not_end_is_killed),
		cmocka_unit_test(too_much_output_is_an_error),
		cmocka_unit_test(a_failure_is_told_with_its_status),
	};

	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
