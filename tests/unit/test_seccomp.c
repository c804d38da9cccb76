/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/container/seccomp.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "tests/unit/child.h"
#include "tests/unit/docker_seccomp.h"

#define KILLED   (CHILD_SIGNAL + SIGSYS)
#define TRAPPED  201
#define NO_SETUP 202
#define X32      0x40000000L
#define UNKNOWN  5000L /* no architecture has as many */

#define NAMES(...) WORDS(((const char *const[]){ __VA_ARGS__, NULL }))
#define ARG(i, op_name, a, b)                                                                 \
	{                                                                                     \
		.index = (i), .op = WORD("SCMP_CMP_" op_name), .value = (a), .value_two = (b) \
	}

/* One system call in a child that is under a filter; what comes out is its errno. */
struct probe {
	const struct oci_seccomp *profile;
	long number;
	unsigned long args[4];
	bool compat; /* by the 32-bit entry, with its numbers */
};

static void on_sigsys(int signo __attribute__((unused)))
{
	/* LeakSanitizer has its own _exit(). */
	syscall(SYS_exit_group, TRAPPED); /* NOLINT(bugprone-signal-handler,cert-sig30-c) */
}

static long compat_call(const struct probe *probe __attribute__((unused)))
{
#ifdef __x86_64__
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(probe->number), "b"(probe->args[0]), "c"(probe->args[1])
			 : "memory", "r8", "r9", "r10", "r11");
	return r;
#else
	return -ENOSYS;
#endif
}

static int probe_child(const void *arg)
{
	const struct probe *probe = arg;
	struct seccomp_program program = { 0 };
	struct err err = { 0 };
	long r;

	(void)signal(SIGSYS, on_sigsys);
	if (probe->profile && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			       seccomp_compile(probe->profile, &program, &err) < 0 ||
			       seccomp_load_program(&program, &err) < 0)) {
		(void)fprintf(stderr, "%s\n", err.text);
		return NO_SETUP;
	}
	if (probe->compat) {
		r = compat_call(probe);
		return r < 0 ? (int)-r : 0;
	}
	r = syscall(probe->number, probe->args[0], probe->args[1], probe->args[2], probe->args[3]);
	return r < 0 ? errno : 0;
}

static int call(const struct oci_seccomp *profile, long number, unsigned long first,
		unsigned long second)
{
	const struct probe probe = { profile, number, { first, second }, false };

	return in_child(probe_child, &probe);
}

/* One rule for getppid(2), all else allowed. */
static int action_result(const char *action, const uint32_t *errno_ret)
{
	struct oci_syscall rule = { .names = NAMES("getppid"), .action = WORD(action) };
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW"),
				       .syscalls = &rule,
				       .n_syscalls = 1 };

	if (errno_ret) {
		rule.has_errno_ret = true;
		rule.errno_ret = *errno_ret;
	}
	assert_int_equal(call(&profile, SYS_getpid, 0, 0), 0);
	return call(&profile, SYS_getppid, 0, 0);
}

TEST(kill_ends_the_process)
{
	assert_int_equal(action_result("SCMP_ACT_KILL", NULL), KILLED);
	assert_int_equal(action_result("SCMP_ACT_KILL_THREAD", NULL), KILLED);
	assert_int_equal(action_result("SCMP_ACT_KILL_PROCESS", NULL), KILLED);
}

TEST(trap_is_a_signal)
{
	assert_int_equal(action_result("SCMP_ACT_TRAP", NULL), TRAPPED);
}

TEST(errno_is_eperm_if_nothing_else_is_said)
{
	const uint32_t edom = EDOM;
	const uint32_t none = 0;

	assert_int_equal(action_result("SCMP_ACT_ERRNO", NULL), EPERM);
	assert_int_equal(action_result("SCMP_ACT_ERRNO", &edom), EDOM);
	assert_int_equal(action_result("SCMP_ACT_ERRNO", &none), 0);
}

TEST(trace_without_a_tracer_is_enosys)
{
	const uint32_t message = 5;

	assert_int_equal(action_result("SCMP_ACT_TRACE", NULL), ENOSYS);
	assert_int_equal(action_result("SCMP_ACT_TRACE", &message), ENOSYS);
}

TEST(log_lets_through)
{
	assert_int_equal(action_result("SCMP_ACT_LOG", NULL), 0);
}

/* A profile that refuses all but what @rule names. */
static struct oci_seccomp only(struct oci_syscall *rule, char **names)
{
	*rule = (struct oci_syscall){ .names = names, .action = WORD("SCMP_ACT_ALLOW") };
	return (struct oci_seccomp){ .default_action = WORD("SCMP_ACT_ERRNO"),
				     .syscalls = rule,
				     .n_syscalls = 1 };
}

TEST(the_default_action_is_for_all_others)
{
	struct oci_syscall rule;
	struct oci_seccomp profile = only(&rule, NAMES("exit_group", "getpid"));

	assert_int_equal(call(&profile, SYS_getpid, 0, 0), 0);
	assert_int_equal(call(&profile, SYS_getppid, 0, 0), EPERM);
	profile.has_default_errno_ret = true;
	profile.default_errno_ret = EXDEV;
	assert_int_equal(call(&profile, SYS_getppid, 0, 0), EXDEV);
	profile.has_default_errno_ret = false;
	profile.default_action = WORD("SCMP_ACT_KILL_PROCESS");
	assert_int_equal(call(&profile, SYS_getpid, 0, 0), 0);
	assert_int_equal(call(&profile, SYS_getppid, 0, 0), KILLED);
	profile.default_action = WORD("SCMP_ACT_TRAP");
	assert_int_equal(call(&profile, SYS_getppid, 0, 0), TRAPPED);
}

TEST(a_number_above_the_profiles_is_enosys_where_the_default_refuses)
{
	struct oci_syscall rule;
	struct oci_seccomp profile = only(&rule, NAMES("exit_group", "getpid"));

	assert_int_equal(call(&profile, UNKNOWN, 0, 0), ENOSYS);
	/* exit_group is the last one that is named. */
	assert_int_equal(call(&profile, SYS_exit_group + 1, 0, 0), ENOSYS);
	assert_int_equal(call(&profile, SYS_exit_group - 1, 0, 0), EPERM);
	profile.default_action = WORD("SCMP_ACT_KILL");
	assert_int_equal(call(&profile, UNKNOWN, 0, 0), ENOSYS);
	assert_int_equal(call(&profile, SYS_exit_group - 1, 0, 0), KILLED);
}

TEST(a_permissive_default_stays_for_every_number)
{
	struct oci_syscall rule = { .names = NAMES("read"), .action = WORD("SCMP_ACT_KILL") };
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_LOG"),
				       .syscalls = &rule,
				       .n_syscalls = 1 };

	assert_int_equal(call(&profile, SYS_getppid, 0, 0), 0);
	assert_int_equal(call(&profile, SYS_read, 0, 0), KILLED);
}

/* Whether kcmp(first, second) is what the conditions are about. */
static bool with_args(struct oci_seccomp_arg *args, size_t n, unsigned long first,
		      unsigned long second)
{
	struct oci_syscall rule = { .names = NAMES("kcmp"),
				    .action = WORD("SCMP_ACT_ERRNO"),
				    .has_errno_ret = true,
				    .errno_ret = EDOM,
				    .args = args,
				    .n_args = n };
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW"),
				       .syscalls = &rule,
				       .n_syscalls = 1 };

	return call(&profile, SYS_kcmp, first, second) == EDOM;
}

static bool compares(const char *op, uint64_t value, uint64_t second, unsigned long given)
{
	struct oci_seccomp_arg arg = {
		.index = 0, .value = value, .value_two = second, .op = WORD(op)
	};

	return with_args(&arg, 1, given, 0);
}

TEST(every_comparison)
{
	assert_true(compares("SCMP_CMP_EQ", 5, 0, 5));
	assert_false(compares("SCMP_CMP_EQ", 5, 0, 6));
	assert_true(compares("SCMP_CMP_NE", 5, 0, 6));
	assert_false(compares("SCMP_CMP_NE", 5, 0, 5));
	assert_true(compares("SCMP_CMP_LT", 5, 0, 4));
	assert_false(compares("SCMP_CMP_LT", 5, 0, 5));
	assert_true(compares("SCMP_CMP_LE", 5, 0, 5));
	assert_false(compares("SCMP_CMP_LE", 5, 0, 6));
	assert_true(compares("SCMP_CMP_GE", 5, 0, 5));
	assert_false(compares("SCMP_CMP_GE", 5, 0, 4));
	assert_true(compares("SCMP_CMP_GT", 5, 0, 6));
	assert_false(compares("SCMP_CMP_GT", 5, 0, 5));
	assert_true(compares("SCMP_CMP_MASKED_EQ", 0xf0, 0x30, 0x3c));
	assert_false(compares("SCMP_CMP_MASKED_EQ", 0xf0, 0x30, 0x4c));
}

TEST(arguments_have_64_bits)
{
	assert_true(compares("SCMP_CMP_EQ", 0x500000001, 0, 0x500000001));
	assert_false(compares("SCMP_CMP_EQ", 0x500000001, 0, 1));
	assert_true(compares("SCMP_CMP_GT", 0xffffffff, 0, 0x100000000));
}

TEST(conditions_on_different_arguments_must_all_be_met)
{
	struct oci_seccomp_arg args[] = { ARG(0, "EQ", 5, 0), ARG(1, "EQ", 7, 0) };

	assert_true(with_args(args, 2, 5, 7));
	assert_false(with_args(args, 2, 5, 8));
	assert_false(with_args(args, 2, 6, 7));
}

/* As runc has it. */
TEST(conditions_on_one_argument_are_alternatives)
{
	struct oci_seccomp_arg args[] = { ARG(0, "EQ", 5, 0), ARG(1, "EQ", 7, 0),
					  ARG(0, "EQ", 6, 0) };

	assert_true(with_args(args, 3, 5, 0));
	assert_true(with_args(args, 3, 6, 0));
	assert_true(with_args(args, 3, 0, 7));
	assert_false(with_args(args, 3, 0, 0));
}

TEST(names_that_nobody_knows_yet_are_skipped)
{
	struct oci_syscall rule = { .names = NAMES("frobnicate", "getppid", "defrobnicate64"),
				    .action = WORD("SCMP_ACT_ERRNO") };
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW"),
				       .syscalls = &rule,
				       .n_syscalls = 1 };

	assert_int_equal(call(&profile, SYS_getppid, 0, 0), EPERM);
	assert_int_equal(call(&profile, SYS_getpid, 0, 0), 0);
}

TEST(rules_that_say_what_the_default_says_are_skipped)
{
	struct oci_syscall rules[] = {
		{ .names = NAMES("getppid", "getpid"), .action = WORD("SCMP_ACT_ALLOW") },
		{ .names = NAMES("getpid"), .action = WORD("SCMP_ACT_ERRNO") },
	};
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW"),
				       .syscalls = rules,
				       .n_syscalls = 2 };

	assert_int_equal(call(&profile, SYS_getppid, 0, 0), 0);
	assert_int_equal(call(&profile, SYS_getpid, 0, 0), EPERM);
}

TEST(the_same_rule_twice_is_one)
{
	struct oci_syscall rules[] = {
		{ .names = NAMES("getppid", "getppid"), .action = WORD("SCMP_ACT_ERRNO") },
		{ .names = NAMES("getppid"), .action = WORD("SCMP_ACT_ERRNO") },
	};
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW"),
				       .syscalls = rules,
				       .n_syscalls = 2 };

	assert_int_equal(call(&profile, SYS_getppid, 0, 0), EPERM);
}

#ifdef __x86_64__
static int compat(const struct oci_seccomp *profile, long number)
{
	const struct probe probe = { profile, number, { 0, 0 }, true };

	return in_child(probe_child, &probe);
}

#define I386_GETPID  20
#define I386_GETPPID 64

TEST(an_architecture_that_is_not_listed_is_killed)
{
	struct oci_syscall rule;
	struct oci_seccomp profile = only(&rule, NAMES("exit_group", "getpid"));

	require(compat(NULL, I386_GETPID) == 0);
	assert_int_equal(compat(&profile, I386_GETPID), KILLED);
	assert_int_equal(call(&profile, X32 | SYS_getpid, 0, 0), KILLED);
}

TEST(another_architecture_has_the_same_rules_for_its_own_numbers)
{
	struct oci_syscall rule;
	struct oci_seccomp profile =
		only(&rule, NAMES("exit_group", "getpid", "waitpid")); /* i386 alone has it */

	require(compat(NULL, I386_GETPID) == 0);
	profile.architectures = NAMES("SCMP_ARCH_X86_64", "SCMP_ARCH_X86");
	assert_int_equal(compat(&profile, I386_GETPID), 0);
	assert_int_equal(compat(&profile, I386_GETPPID), EPERM);
	assert_int_equal(compat(&profile, UNKNOWN), ENOSYS);
	assert_int_equal(call(&profile, SYS_getpid, 0, 0), 0);
	assert_int_equal(call(&profile, SYS_getppid, 0, 0), EPERM);
}

/* Whether the kernel has x32 or not: the filter comes first. */
TEST(x32_has_the_rules_too_where_it_is_listed)
{
	struct oci_syscall rule = { .names = NAMES("getppid"),
				    .action = WORD("SCMP_ACT_ERRNO"),
				    .has_errno_ret = true,
				    .errno_ret = EDOM };
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW"),
				       .architectures = NAMES("SCMP_ARCH_X32"),
				       .syscalls = &rule,
				       .n_syscalls = 1 };

	assert_int_equal(call(&profile, X32 | SYS_getppid, 0, 0), EDOM);
	assert_int_equal(call(&profile, SYS_getppid, 0, 0), EDOM);
	assert_int_equal(call(&profile, SYS_getpid, 0, 0), 0);
}

TEST(the_native_architecture_is_always_in)
{
	struct oci_syscall rule;
	struct oci_seccomp profile = only(&rule, NAMES("exit_group", "getpid"));

	profile.architectures = NAMES("SCMP_ARCH_AARCH64", "SCMP_ARCH_X86");
	assert_int_equal(call(&profile, SYS_getpid, 0, 0), 0);
	assert_int_equal(call(&profile, SYS_getppid, 0, 0), EPERM);
}
#endif

static void assert_refused(const struct oci_seccomp *profile, int code, const char *text)
{
	struct seccomp_program program = { 0 };
	struct err err = { 0 };

	assert_int_equal(seccomp_compile(profile, &program, &err), -code);
	assert_string_equal(err.text, text);
	assert_null(program.filter);
}

TEST(an_unknown_default_action_is_named)
{
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_MAYBE") };

	assert_refused(&profile, EINVAL,
		       "linux.seccomp.defaultAction: unknown action 'SCMP_ACT_MAYBE'");
	profile.default_action = NULL;
	assert_refused(&profile, EINVAL, "linux.seccomp.defaultAction: no action is given");
	profile.default_action = WORD("SCMP_ACT_KILL");
	profile.has_default_errno_ret = true;
	assert_refused(&profile, EINVAL,
		       "linux.seccomp.defaultAction: SCMP_ACT_KILL takes no error number");
}

TEST(notify_is_refused_by_name)
{
	struct oci_syscall rules[] = {
		{ .names = NAMES("read"), .action = WORD("SCMP_ACT_KILL") },
		{ .names = NAMES("mount"), .action = WORD("SCMP_ACT_NOTIFY") },
	};
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW"),
				       .syscalls = rules,
				       .n_syscalls = 2 };

	assert_refused(&profile, ENOTSUP,
		       "linux.seccomp.syscalls[1]: action: SCMP_ACT_NOTIFY is not supported");
	profile.default_action = WORD("SCMP_ACT_NOTIFY");
	assert_refused(&profile, ENOTSUP,
		       "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY is not supported");
}

TEST(wrong_rules_are_named)
{
	struct oci_seccomp_arg args[] = { ARG(0, "EQ", 0, 0), ARG(6, "EQ", 0, 0) };
	struct oci_syscall rule = { .names = NAMES("read"),
				    .action = WORD("SCMP_ACT_ALLOW"),
				    .has_errno_ret = true };
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_KILL"),
				       .syscalls = &rule,
				       .n_syscalls = 1 };

	assert_refused(&profile, EINVAL,
		       "linux.seccomp.syscalls[0]: action: SCMP_ACT_ALLOW takes no error number");
	rule.action = WORD("SCMP_ACT_ERRNO");
	rule.errno_ret = 4096;
	assert_refused(&profile, EINVAL,
		       "linux.seccomp.syscalls[0]: action: error number 4096 is over 4095");
	rule.errno_ret = 1;
	rule.args = args;
	rule.n_args = 2;
	assert_refused(&profile, EINVAL,
		       "linux.seccomp.syscalls[0]: args[1]: argument 6, not 0 to 5");
	args[1] = (struct oci_seccomp_arg){ .index = 1, .op = WORD("SCMP_CMP_X") };
	assert_refused(&profile, EINVAL,
		       "linux.seccomp.syscalls[0]: args[1]: unknown operator 'SCMP_CMP_X'");
	args[1].op = NULL;
	assert_refused(&profile, EINVAL, "linux.seccomp.syscalls[0]: args[1]: unknown operator ''");
}

TEST(unknown_architectures_are_named)
{
	static const char *const names[] = {
		"SCMP_ARCH_Z80", "x86_64", "SCMP_ARCH_", "",
		"SCMP_ARCH_X86_64_AND_MUCH_MORE_THAN_THAT_IS_TOO_LONG"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW"),
					       .architectures = NAMES("SCMP_ARCH_X86", names[i]) };
		char text[160];

		snprintf(text, sizeof(text),
			 "linux.seccomp.architectures: unknown architecture '%s'", names[i]);
		assert_refused(&profile, EINVAL, text);
	}
}

TEST(an_architecture_of_the_other_byte_order_is_named)
{
	static const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
	const char *other = little ? "SCMP_ARCH_S390X" : "SCMP_ARCH_X86_64";
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW"),
				       .architectures = NAMES(other) };
	char text[160];

	snprintf(text, sizeof(text),
		 "linux.seccomp.architectures: %s has not the byte order of this machine", other);
	assert_refused(&profile, EINVAL, text);
}

TEST(flags_are_the_kernels)
{
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW"),
				       .flags = NAMES("SECCOMP_FILTER_FLAG_LOG",
						      "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
						      "SECCOMP_FILTER_FLAG_TSYNC") };
	CLEANUP(seccomp_program_done) struct seccomp_program program = { 0 };
	struct err err = { 0 };

	assert_int_equal(seccomp_compile(&profile, &program, &err), 0);
	assert_int_equal(program.flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW |
						SECCOMP_FILTER_FLAG_TSYNC);
	assert_int_equal(call(&profile, SYS_getpid, 0, 0), 0); /* the kernel takes them */
}

TEST(an_unknown_flag_is_named)
{
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW"),
				       .flags = NAMES("SECCOMP_FILTER_FLAG_NEW_LISTENER") };

	assert_refused(&profile, EINVAL,
		       "linux.seccomp.flags: unknown flag 'SECCOMP_FILTER_FLAG_NEW_LISTENER'");
}

TEST(a_filter_that_is_too_large_is_named)
{
	enum { N = 1200 };
	struct oci_seccomp_arg args[N];
	struct oci_syscall rule = {
		.names = NAMES("kcmp"), .action = WORD("SCMP_ACT_ERRNO"), .args = args, .n_args = N
	};
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW"),
				       .syscalls = &rule,
				       .n_syscalls = 1 };
	struct seccomp_program program = { 0 };
	struct err err = { 0 };

	for (unsigned i = 0; i < N; i++)
		args[i] = (struct oci_seccomp_arg){ .index = i % 6,
						    .value = UINT64_C(0x1000100000000) * i + i,
						    .op = WORD("SCMP_CMP_EQ") };
	assert_int_equal(seccomp_compile(&profile, &program, &err), -E2BIG);
	assert_non_null(strstr(err.text, " instructions, over 4096"));
	assert_null(program.filter);
}

static int load_without_rights(const void *arg __attribute__((unused)))
{
	struct oci_seccomp profile = { .default_action = WORD("SCMP_ACT_ALLOW") };
	struct seccomp_program program = { 0 };
	struct err err = { 0 };

	CHILD_CHECK(seccomp_compile(&profile, &program, &err) == 0);
	CHILD_CHECK(setresuid(65534, 65534, 65534) == 0 || geteuid() != 0);
	CHILD_CHECK(seccomp_load_program(&program, &err) == -EACCES);
	CHILD_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHILD_CHECK(seccomp_load_program(&program, &err) == 0);
	seccomp_program_done(&program);
	return 0;
}

TEST(loading_takes_a_privilege_or_giving_them_up)
{
	assert_int_equal(in_child(load_without_rights, NULL), 0);
}

TEST(dockers_profile_fits_the_kernel)
{
	CLEANUP(seccomp_program_done) struct seccomp_program program = { 0 };
	struct err err = { 0 };

	assert_int_equal(seccomp_compile(&docker_profile, &program, &err), 0);
	assert_true(program.n < BPF_MAXINSNS / 2);
	assert_int_equal(program.flags, 0);
}

TEST(dockers_profile_decides_as_under_docker)
{
	const struct oci_seccomp *docker = &docker_profile;

	assert_int_equal(call(docker, SYS_getpid, 0, 0), 0);
	assert_int_equal(call(docker, SYS_unshare, CLONE_NEWUSER, 0), EPERM);
	assert_int_equal(call(docker, SYS_mount, 0, 0), EPERM);
	assert_int_equal(call(docker, SYS_clone3, 0, 0), ENOSYS);
	assert_int_equal(call(docker, SYS_clone, CLONE_NEWUSER | SIGCHLD, 0), EPERM);
	assert_int_equal(call(docker, SYS_socket, AF_UNIX, SOCK_STREAM), 0);
	assert_int_equal(call(docker, SYS_socket, AF_VSOCK, SOCK_STREAM), EPERM);
	assert_int_equal(call(docker, SYS_personality, 0xffffffff, 0), 0);
	assert_int_equal(call(docker, SYS_personality, 0x20008, 0), 0);
	assert_int_equal(call(docker, SYS_personality, 0x40000, 0), EPERM);
	assert_int_equal(call(docker, UNKNOWN, 0, 0), ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kill_ends_the_process),
		cmocka_unit_test(trap_is_a_signal),
		cmocka_unit_test(errno_is_eperm_if_nothing_else_is_said),
		cmocka_unit_test(trace_without_a_tracer_is_enosys),
		cmocka_unit_test(log_lets_through),
		cmocka_unit_test(the_default_action_is_for_all_others),
		cmocka_unit_test(a_number_above_the_profiles_is_enosys_where_the_default_refuses),
		cmocka_unit_test(a_permissive_default_stays_for_every_number),
		cmocka_unit_test(every_comparison),
		cmocka_unit_test(arguments_have_64_bits),
		cmocka_unit_test(conditions_on_different_arguments_must_all_be_met),
		cmocka_unit_test(conditions_on_one_argument_are_alternatives),
		cmocka_unit_test(names_that_nobody_knows_yet_are_skipped),
		cmocka_unit_test(rules_that_say_what_the_default_says_are_skipped),
		cmocka_unit_test(the_same_rule_twice_is_one),
#ifdef __x86_64__
		cmocka_unit_test(an_architecture_that_is_not_listed_is_killed),
		cmocka_unit_test(another_architecture_has_the_same_rules_for_its_own_numbers),
		cmocka_unit_test(x32_has_the_rules_too_where_it_is_listed),
		cmocka_unit_test(the_native_architecture_is_always_in),
#endif
		cmocka_unit_test(an_unknown_default_action_is_named),
		cmocka_unit_test(notify_is_refused_by_name),
		cmocka_unit_test(wrong_rules_are_named),
		cmocka_unit_test(unknown_architectures_are_named),
		cmocka_unit_test(an_architecture_of_the_other_byte_order_is_named),
		cmocka_unit_test(flags_are_the_kernels),
		cmocka_unit_test(an_unknown_flag_is_named),
		cmocka_unit_test(a_filter_that_is_too_large_is_named),
		cmocka_unit_test(loading_takes_a_privilege_or_giving_them_up),
		cmocka_unit_test(dockers_profile_fits_the_kernel),
		cmocka_unit_test(dockers_profile_decides_as_under_docker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
