/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "base/str.h"
#include "tests/unit/spec_json.h"

#define SECCOMP(in) "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"," in "}"
#define RULE(in)    SECCOMP("\"syscalls\":[{" in "}]")

TEST(a_filter_says_what_it_does)
{
	refused_linux("\"seccomp\":{}", "linux.seccomp.defaultAction: missing");
	refused_linux("\"seccomp\":[]", "linux.seccomp: must be an object, is of type array");
	refused_linux(RULE("\"names\":[\"read\"]"), "linux.seccomp.syscalls[0].action: missing");
	refused_linux(RULE("\"action\":\"SCMP_ACT_KILL\""),
		      "linux.seccomp.syscalls[0].names: empty, at least one is needed");
	refused_linux(RULE("\"action\":\"SCMP_ACT_KILL\",\"names\":[]"),
		      "linux.seccomp.syscalls[0].names: empty, at least one is needed");
	refused_linux(RULE("\"action\":\"A\",\"names\":[\"x\"],\"args\":[{\"index\":1}]"),
		      "linux.seccomp.syscalls[0].args[0].op: missing");
	refused_linux(RULE("\"action\":\"A\",\"names\":[\"x\"],\"args\":[{\"index\":-1}]"),
		      "linux.seccomp.syscalls[0].args[0].index: -1 is negative, allowed is 0 to "
		      "4294967295");
	refused_linux(RULE("\"action\":\"A\",\"names\":[\"x\"],\"errnoRet\":-1"),
		      "linux.seccomp.syscalls[0].errnoRet: -1 is negative, allowed is 0 to "
		      "4294967295");
}

TEST(errors_that_are_not_given_are_not_0)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *spec =
		parse_in_linux(SECCOMP("\"defaultErrnoRet\":null,\"syscalls\":["
				       "{\"names\":[\"a\"],\"action\":\"A\",\"errnoRet\":0},"
				       "{\"names\":[\"b\"],\"action\":\"A\",\"args\":null}]"));

	assert_false(spec->seccomp->has_default_errno_ret);
	assert_true(spec->seccomp->syscalls[0].has_errno_ret);
	assert_false(spec->seccomp->syscalls[1].has_errno_ret);
	assert_int_equal(spec->seccomp->syscalls[1].n_args, 0);
}

TEST(telling_another_process_is_refused_by_name)
{
	unsupported_linux("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}",
			  "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY is not supported");
	unsupported_linux(RULE("\"names\":[\"read\"],\"action\":\"SCMP_ACT_NOTIFY\""),
			  "linux.seccomp.syscalls[0].action: SCMP_ACT_NOTIFY is not supported");
	unsupported_linux(SECCOMP("\"listenerPath\":\"/run/s\""),
			  "linux.seccomp.listenerPath: is not supported; remove it");
	unsupported_linux(SECCOMP("\"listenerMetadata\":\"x\""),
			  "linux.seccomp.listenerMetadata: is not supported; remove it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_says_what_it_does),
		cmocka_unit_test(errors_that_are_not_given_are_not_0),
		cmocka_unit_test(telling_another_process_is_refused_by_name),
	};

	return cmocka_run_group_tests_name("parse_seccomp", tests, NULL, NULL);
}
