/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/container/rlimits.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/str.h"
#include "oci/spec.h"
#include "tests/unit/child.h"

#define LIMIT(name, soft_value, hard_value)                                          \
	{                                                                            \
		.type = (char[]){ name }, .soft = (soft_value), .hard = (hard_value) \
	}

static int check(struct oci_rlimit *limits, size_t n, struct err *err)
{
	struct oci_process process = { .rlimits = limits, .n_rlimits = n };

	return rlimits_check(&process, err);
}

TEST(every_name_of_the_specification_is_known)
{
	static const char *const names[] = { "AS",     "CORE",   "CPU",        "DATA",
					     "FSIZE",  "LOCKS",  "MEMLOCK",    "MSGQUEUE",
					     "NICE",   "NOFILE", "NPROC",      "RSS",
					     "RTPRIO", "RTTIME", "SIGPENDING", "STACK" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char type[32];
		struct oci_rlimit limit = { .type = type, .soft = 1, .hard = 2 };
		struct err err = { 0 };

		snprintf(type, sizeof(type), "RLIMIT_%s", names[i]);
		assert_int_equal(check(&limit, 1, &err), 0);
	}
}

TEST(an_unknown_limit_is_named)
{
	struct oci_rlimit limit = LIMIT("RLIMIT_FDS", 1, 1);
	struct err err = { 0 };

	assert_int_equal(check(&limit, 1, &err), -EINVAL);
	assert_string_equal(err.text, "process.rlimits: unknown limit 'RLIMIT_FDS'");
}

TEST(a_limit_that_is_given_twice_is_named)
{
	struct oci_rlimit limits[] = { LIMIT("RLIMIT_CORE", 0, 0), LIMIT("RLIMIT_NOFILE", 1, 2),
				       LIMIT("RLIMIT_CORE", 0, 0) };
	struct err err = { 0 };

	assert_int_equal(check(limits, 3, &err), -EINVAL);
	assert_string_equal(err.text, "process.rlimits: RLIMIT_CORE is given twice");
}

TEST(a_soft_limit_over_the_hard_one_is_named)
{
	struct oci_rlimit limit = LIMIT("RLIMIT_NOFILE", 1025, 1024);
	struct err err = { 0 };

	assert_int_equal(check(&limit, 1, &err), -EINVAL);
	assert_string_equal(err.text, "process.rlimits: RLIMIT_NOFILE: soft limit 1025 is over the "
				      "hard limit 1024");
}

TEST(a_score_out_of_range_is_named)
{
	struct oci_process process = { .has_oom_score_adj = true, .oom_score_adj = 1001 };
	struct err err = { 0 };

	assert_int_equal(rlimits_check(&process, &err), -EINVAL);
	assert_string_equal(err.text, "process.oomScoreAdj: 1001, not -1000 to 1000");
	process.oom_score_adj = -1000;
	assert_int_equal(rlimits_check(&process, &err), 0);
}

static int set_some(const void *arg __attribute__((unused)))
{
	struct oci_rlimit limits[] = { LIMIT("RLIMIT_NOFILE", 3, 3), LIMIT("RLIMIT_CORE", 0, 0),
				       LIMIT("RLIMIT_CPU", 100, 200) };
	struct oci_process process = {
		.rlimits = limits, .n_rlimits = 3, .has_oom_score_adj = true, .oom_score_adj = 900
	};
	CLEANUP(free) char *score = NULL;
	struct err err = { 0 };
	struct rlimit value;

	CHILD_CHECK(rlimits_set_score(&process, &err) == 0);
	CHILD_CHECK(rlimits_set(&process, &err) == 0);
	CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &value) == 0 && value.rlim_cur == 3);
	CHILD_CHECK(getrlimit(RLIMIT_CPU, &value) == 0);
	CHILD_CHECK(value.rlim_cur == 100 && value.rlim_max == 200);
	value = (struct rlimit){ 0 };
	(void)close(0); /* a descriptor to look with */
	CHILD_CHECK(file_read("/proc/self/oom_score_adj", 64, &score, NULL, &err) == 0);
	CHILD_CHECK(str_eq(score, "900\n"));
	return 0;
}

TEST(limits_and_score_are_set)
{
	assert_int_equal(in_child(set_some, NULL), 0);
}

static int set_wrong_one_last(const void *arg __attribute__((unused)))
{
	struct oci_rlimit limits[] = { LIMIT("RLIMIT_CPU", 100, 200), LIMIT("RLIMIT_X", 0, 0) };
	struct oci_process process = { .rlimits = limits, .n_rlimits = 2 };
	struct err err = { 0 };
	struct rlimit before;
	struct rlimit after;

	CHILD_CHECK(getrlimit(RLIMIT_CPU, &before) == 0);
	CHILD_CHECK(rlimits_set(&process, &err) == -EINVAL);
	CHILD_CHECK(getrlimit(RLIMIT_CPU, &after) == 0);
	CHILD_CHECK(before.rlim_cur == after.rlim_cur);
	return 0;
}

TEST(nothing_is_set_when_one_is_wrong)
{
	assert_int_equal(in_child(set_wrong_one_last, NULL), 0);
}

static int raise_hard(const void *arg __attribute__((unused)))
{
	struct oci_rlimit low = LIMIT("RLIMIT_NOFILE", 64, 64);
	struct oci_rlimit high = LIMIT("RLIMIT_NOFILE", 64, 128);
	struct oci_process process = { .rlimits = &low, .n_rlimits = 1 };
	struct err err = { 0 };

	CHILD_CHECK(rlimits_set(&process, &err) == 0);
	CHILD_CHECK(setresuid(65534, 65534, 65534) == 0 || geteuid() != 0);
	process.rlimits = &high;
	CHILD_CHECK(rlimits_set(&process, &err) == -EPERM);
	CHILD_CHECK(str_eq(err.text, "process.rlimits: set RLIMIT_NOFILE to 64, 128: "
				     "Operation not permitted"));
	return 0;
}

TEST(a_limit_that_the_kernel_refuses_is_named)
{
	assert_int_equal(in_child(raise_hard, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_of_the_specification_is_known),
		cmocka_unit_test(an_unknown_limit_is_named),
		cmocka_unit_test(a_limit_that_is_given_twice_is_named),
		cmocka_unit_test(a_soft_limit_over_the_hard_one_is_named),
		cmocka_unit_test(a_score_out_of_range_is_named),
		cmocka_unit_test(limits_and_score_are_set),
		cmocka_unit_test(nothing_is_set_when_one_is_wrong),
		cmocka_unit_test(a_limit_that_the_kernel_refuses_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
