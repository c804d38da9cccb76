/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "base/str.h"
#include "tests/unit/spec_json.h"

TEST(absent_capabilities_are_not_five_empty_sets)
{
	CLEANUP(oci_spec_free) struct oci_spec *absent = parse_in_process("\"capabilities\":null");
	CLEANUP(oci_spec_free) struct oci_spec *empty = parse_in_process("\"capabilities\":{}");

	assert_false(absent->process.capabilities.present);
	assert_true(empty->process.capabilities.present);
	assert_int_equal(strv_len(empty->process.capabilities.bounding), 0);
}

TEST(zero_is_something_else_than_nothing)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *zero = parse_in_process("\"oomScoreAdj\":0,\"user\":{\"umask\":0}");
	CLEANUP(oci_spec_free)
	struct oci_spec *none = parse_in_process("\"oomScoreAdj\":null,\"user\":{\"umask\":null}");

	assert_true(zero->process.has_oom_score_adj);
	assert_int_equal(zero->process.user.umask, 0);
	assert_false(none->process.has_oom_score_adj);
	assert_true(none->process.user.umask == OCI_UMASK_UNSET);
}

TEST(numbers_of_a_process_have_their_ranges)
{
	refused_in_process("\"user\":{\"umask\":512}", EINVAL,
			   "process.user.umask: 512 is over 511 (octal 777)");
	refused_in_process("\"oomScoreAdj\":1001", EINVAL,
			   "process.oomScoreAdj: 1001 is not -1000 to 1000");
	refused_in_process("\"oomScoreAdj\":-1001", EINVAL,
			   "process.oomScoreAdj: -1001 is not -1000 to 1000");
	refused_in_process("\"user\":{\"gid\":-1}", EINVAL,
			   "process.user.gid: -1 is negative, allowed is 0 to 4294967295");
	refused_in_process("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":8}", EINVAL,
			   "process.ioPriority.priority: 8 is not 0 to 7");
	refused_in_process("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":-1}", EINVAL,
			   "process.ioPriority.priority: -1 is not 0 to 7");
	refused_in_process("\"ioPriority\":{\"priority\":2147483648}", EINVAL,
			   "process.ioPriority.priority: 2147483648 is not -2147483648 to "
			   "2147483647");
}

TEST(a_limit_is_given_once)
{
	refused_in_process("\"rlimits\":[{\"type\":\"RLIMIT_CORE\"},{\"type\":\"RLIMIT_AS\"},"
			   "{\"type\":\"RLIMIT_CORE\"}]",
			   EINVAL, "process.rlimits[2].type: 'RLIMIT_CORE' is there twice");
	refused_in_process("\"rlimits\":[{\"type\":\"\"}]", EINVAL,
			   "process.rlimits[0].type: missing");
	refused_in_process("\"rlimits\":[{\"type\":\"1\"},{\"type\":\"2\"},{\"type\":\"3\"},"
			   "{\"type\":\"4\"},{\"type\":\"5\"},{\"type\":\"6\"},{\"type\":\"7\"},"
			   "{\"type\":\"8\"},{\"type\":\"9\"},{\"type\":\"a\"},{\"type\":\"b\"},"
			   "{\"type\":\"c\"},{\"type\":\"d\"},{\"type\":\"e\"},{\"type\":\"f\"},"
			   "{\"type\":\"g\"},{\"type\":\"h\"}]",
			   EINVAL, "process.rlimits: 17 limits, there are only 16 kinds");
}

TEST(a_scheduler_has_what_its_policy_knows)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *spec =
		parse_in_process("\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":99}");

	assert_string_equal(spec->process.scheduler.policy, "SCHED_RR");
	assert_int_equal(spec->process.scheduler.priority, 99);
	refused_in_process("\"scheduler\":{}", EINVAL, "process.scheduler.policy: missing");
	refused_in_process("\"scheduler\":{\"policy\":\"\"}", EINVAL,
			   "process.scheduler.policy: missing");
	refused_in_process("\"scheduler\":{\"policy\":\"SCHED_FAIR\"}", EINVAL,
			   "process.scheduler.policy: 'SCHED_FAIR' is not one of SCHED_OTHER, "
			   "SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE");
	refused_in_process("\"scheduler\":{\"policy\":\"SCHED_ISO\"}", ENOTSUP,
			   "process.scheduler.policy: SCHED_ISO is not supported; Linux has no "
			   "such policy");
	refused_in_process("\"scheduler\":{\"policy\":\"SCHED_IDLE\",\"flags\":[\"FAST\"]}", EINVAL,
			   "process.scheduler.flags: 'FAST' is not one of "
			   "SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, "
			   "SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, "
			   "SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX");
	refused_in_process("\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":20}", EINVAL,
			   "process.scheduler.nice: 20 is not -20 to 19");
	refused_in_process("\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":-21}", EINVAL,
			   "process.scheduler.nice: -21 is not -20 to 19");
	refused_in_process("\"scheduler\":{\"policy\":\"SCHED_FIFO\"}", EINVAL,
			   "process.scheduler.priority: 0 is not 1 to 99, as SCHED_FIFO has them");
	refused_in_process("\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":100}", EINVAL,
			   "process.scheduler.priority: 100 is not 1 to 99, as SCHED_FIFO has "
			   "them");
	refused_in_process("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}", EINVAL,
			   "process.scheduler.priority: 1, but only SCHED_FIFO and SCHED_RR have "
			   "one");
	refused_in_process("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"period\":1}", EINVAL,
			   "process.scheduler: only SCHED_DEADLINE has runtime, deadline and "
			   "period");
	refused_in_process("\"scheduler\":{\"nice\":\"1\"}", EINVAL,
			   "process.scheduler.nice: must be an integer, is of type string");
}

TEST(an_io_priority_has_a_class)
{
	refused_in_process("\"ioPriority\":{}", EINVAL, "process.ioPriority.class: missing");
	refused_in_process("\"ioPriority\":{\"class\":\"BEST\"}", EINVAL,
			   "process.ioPriority.class: 'BEST' is not one of IOPRIO_CLASS_RT, "
			   "IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE");
}

TEST(processors_for_exec_are_refused_by_name)
{
	CLEANUP(oci_spec_free) struct oci_spec *none = parse_in_process("\"execCPUAffinity\":{}");

	assert_string_equal(none->process.cwd, "/");
	refused_in_process("\"execCPUAffinity\":{\"initial\":\"0\"}", ENOTSUP,
			   "process.execCPUAffinity: is not supported; remove it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent_capabilities_are_not_five_empty_sets),
		cmocka_unit_test(zero_is_something_else_than_nothing),
		cmocka_unit_test(numbers_of_a_process_have_their_ranges),
		cmocka_unit_test(a_limit_is_given_once),
		cmocka_unit_test(a_scheduler_has_what_its_policy_knows),
		cmocka_unit_test(an_io_priority_has_a_class),
		cmocka_unit_test(processors_for_exec_are_refused_by_name),
	};

	return cmocka_run_group_tests_name("parse_process", tests, NULL, NULL);
}
