/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. libseccomp's work grows with the square of the number of
 * rules in a context, so each architecture gets a context of its own, whose rules
 * are added from the highest number to the lowest: libseccomp keeps them in a
 * list that it searches from its lowest. For Docker's profile on x86-64 (three
 * architectures) that takes 2.6 ms, where one context takes 7.2. The programs
 * are then put behind a dispatcher of ours:
 *
 *     load arch
 *     for each architecture:
 *             is it this one, and the number in its range? else the next
 *             a number above all that the profile knows: ENOSYS
 *             jump to its program
 *     kill the thread: an architecture that is not allowed
 *
 * libseccomp's own optimisation (a binary tree) is off: it makes the program a
 * quarter larger and compiling a fifth slower, and since Linux 5.11 the kernel
 * remembers which calls are always allowed.
 */
#include "agent/container/seccomp.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

DEFINE_CLEANUP(scmp_filter_ctx, seccomp_release)

#define ERRNO_MAX 4095u /* MAX_ERRNO in the kernel's include/linux/err.h */
#define ARGS_MAX  6u
#define ARCHS_MAX 32u /* libseccomp knows fewer */
#define X32_BIT   0x40000000u

static const struct {
	const char *name;
	uint32_t value;
} actions[] = {
	{ "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) },
	{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) },
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
	{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
};

static const struct {
	const char *name;
	enum scmp_compare value;
} comparisons[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
};

static const struct {
	const char *name;
	unsigned value;
} filter_flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
};

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* The conditions of one entry of the profile. */
struct conditions {
	struct scmp_arg_cmp *args; /* owned */
	unsigned n;
	bool alternatives; /* each is a rule of its own */
};

/* One name of the profile, of one entry. */
struct rule {
	const char *name;
	const struct conditions *conditions;
	uint32_t action;
	int native;   /* the number that libseccomp's functions take */
	int number;   /* the number in the architecture that is being compiled */
	size_t order; /* in the profile */
};

struct arch {
	const char *name;           /* "SCMP_ARCH_X86"; borrowed */
	uint32_t token;             /* SCMP_ARCH_* */
	struct sock_filter *filter; /* owned */
	size_t n;
	uint32_t last; /* numbers above this one are answered with ENOSYS */
};

struct compiler {
	const struct oci_seccomp *from;
	uint32_t default_action;
	struct conditions *conditions; /* owned; one for each entry */
	struct rule *rules;            /* owned */
	size_t n_rules;
	struct arch archs[ARCHS_MAX]; /* the native one first */
	unsigned n_archs;
};

static void compiler_donep(struct compiler *c)
{
	for (size_t i = 0; c->conditions && i < c->from->n_syscalls; i++)
		free(c->conditions[i].args);
	free(c->conditions);
	free(c->rules);
	for (unsigned i = 0; i < c->n_archs; i++)
		free(c->archs[i].filter);
}

/* The action @name; @errno_ret is NULL when none is given. */
static int action_value(const char *name, const uint32_t *errno_ret, uint32_t *ret, struct err *err)
{
	uint32_t value = 0;
	size_t i = 0;

	if (str_empty(name))
		return err_set(err, EINVAL, "no action is given");
	if (str_eq(name, "SCMP_ACT_NOTIFY"))
		return err_set(err, ENOTSUP, "SCMP_ACT_NOTIFY is not supported");
	while (i < N_ELEMENTS(actions) && !str_eq(actions[i].name, name))
		i++;
	if (i == N_ELEMENTS(actions))
		return err_set(err, EINVAL, "unknown action '%s'", name);

	value = actions[i].value;
	if (value == SCMP_ACT_ERRNO(0) || value == SCMP_ACT_TRACE(0)) {
		uint32_t code = errno_ret ? *errno_ret : EPERM;

		if (code > ERRNO_MAX)
			return err_set(err, EINVAL, "error number %u is over %u", code, ERRNO_MAX);
		value |= code;
	} else if (errno_ret) {
		return err_set(err, EINVAL, "%s takes no error number", name);
	}
	*ret = value;
	return 0;
}

/* "SCMP_ARCH_X86_64" is libseccomp's "x86_64". */
static uint32_t arch_value(const char *name)
{
	static const char prefix[] = "SCMP_ARCH_";
	char lower[32] = { 0 };
	size_t len = strlen(name);

	if (!str_starts(name, prefix) || len - strlen(prefix) >= sizeof(lower))
		return 0;
	for (size_t i = strlen(prefix); i < len; i++)
		lower[i - strlen(prefix)] = (char)tolower((unsigned char)name[i]);
	return seccomp_arch_resolve_name(lower);
}

static int read_archs(struct compiler *c, struct err *err)
{
	c->archs[c->n_archs++] = (struct arch){ .name = "native", .token = seccomp_arch_native() };
	for (char **name = c->from->architectures; name && *name; name++) {
		uint32_t token = arch_value(*name);
		unsigned i = 0;

		if (token == 0)
			return err_set(err, EINVAL,
				       "linux.seccomp.architectures: unknown architecture '%s'",
				       *name);
		while (i < c->n_archs && c->archs[i].token != token)
			i++;
		if (i == ARCHS_MAX)
			return err_set(err, EINVAL, "linux.seccomp.architectures: more than %u",
				       ARCHS_MAX);
		if (i == c->n_archs)
			c->archs[c->n_archs++] = (struct arch){ .name = *name, .token = token };
	}
	return 0;
}

static int comparison(const struct oci_seccomp_arg *arg, struct scmp_arg_cmp *ret, struct err *err)
{
	if (arg->index >= ARGS_MAX)
		return err_set(err, EINVAL, "argument %u, not 0 to %u", arg->index, ARGS_MAX - 1);
	for (size_t i = 0; i < N_ELEMENTS(comparisons); i++) {
		if (!str_eq(comparisons[i].name, arg->op ? arg->op : ""))
			continue;
		/* Of MASKED_EQ, value is the mask. Others do not look at the second value. */
		*ret = (struct scmp_arg_cmp){ .arg = arg->index,
					      .op = comparisons[i].value,
					      .datum_a = arg->value,
					      .datum_b = arg->value_two };
		return 0;
	}
	return err_set(err, EINVAL, "unknown operator '%s'", arg->op ? arg->op : "");
}

static int read_conditions(const struct oci_syscall *entry, struct conditions *ret, struct err *err)
{
	unsigned seen = 0;

	ret->args = xcalloc(entry->n_args, sizeof(*ret->args));
	for (size_t i = 0; i < entry->n_args; i++) {
		int r = comparison(&entry->args[i], &ret->args[i], err);

		if (r < 0)
			return err_prefix(err, "args[%zu]", i);
		if (seen & 1u << entry->args[i].index)
			ret->alternatives = true;
		seen |= 1u << entry->args[i].index;
	}
	ret->n = (unsigned)entry->n_args;
	return 0;
}

static int read_entry(struct compiler *c, size_t i, struct err *err)
{
	const struct oci_syscall *entry = &c->from->syscalls[i];
	uint32_t action = 0;
	int r;

	r = action_value(entry->action, entry->has_errno_ret ? &entry->errno_ret : NULL, &action,
			 err);
	if (r < 0)
		return err_prefix(err, "action");
	r = read_conditions(entry, &c->conditions[i], err);
	if (r < 0)
		return r;
	for (char **name = entry->names; name && *name; name++) {
		int native = seccomp_syscall_resolve_name(*name);

		if (native == __NR_SCMP_ERROR)
			continue;
		c->rules[c->n_rules] = (struct rule){ .name = *name,
						      .conditions = &c->conditions[i],
						      .action = action,
						      .native = native,
						      .order = c->n_rules };
		c->n_rules++;
	}
	return 0;
}

static int read_profile(struct compiler *c, struct err *err)
{
	const struct oci_seccomp *from = c->from;
	size_t n_names = 0;
	int r;

	r = action_value(from->default_action,
			 from->has_default_errno_ret ? &from->default_errno_ret : NULL,
			 &c->default_action, err);
	if (r < 0)
		return err_prefix_as(err, ERR_SECCOMP, "linux.seccomp.defaultAction");
	r = read_archs(c, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < from->n_syscalls; i++)
		n_names += strv_len(from->syscalls[i].names);
	c->conditions = xcalloc(from->n_syscalls, sizeof(*c->conditions));
	c->rules = xcalloc(n_names, sizeof(*c->rules));
	for (size_t i = 0; i < from->n_syscalls; i++) {
		r = read_entry(c, i, err);
		if (r < 0)
			return err_prefix_as(err, ERR_SECCOMP, "linux.seccomp.syscalls[%zu]", i);
	}
	return 0;
}

static int add_one(scmp_filter_ctx ctx, const struct rule *rule, const struct scmp_arg_cmp *args,
		   unsigned n_args, struct err *err)
{
	int r = seccomp_rule_add_array(ctx, rule->action, rule->native, n_args, args);

	/* The same rule is there already, or one that includes it. */
	if (r == 0 || r == -EEXIST)
		return 0;
	errno = -r;
	return err_errno(err, "linux.seccomp: rule for %s", rule->name);
}

static int add_rule(scmp_filter_ctx ctx, const struct rule *rule, struct err *err)
{
	const struct conditions *conditions = rule->conditions;
	int r = 0;

	if (!conditions->alternatives)
		return add_one(ctx, rule, conditions->args, conditions->n, err);
	for (unsigned i = 0; r == 0 && i < conditions->n; i++)
		r = add_one(ctx, rule, &conditions->args[i], 1, err);
	return r;
}

/* Highest number first; rules of one number stay in the profile's order. */
static int compare_rules(const void *a, const void *b)
{
	const struct rule *x = a;
	const struct rule *y = b;

	if (x->number != y->number)
		return x->number > y->number ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* What libseccomp made of a context, read back from a file: it has no other way. */
static int export_program(scmp_filter_ctx ctx, struct arch *ret, struct err *err)
{
	CLEANUP(close) int fd = memfd_create("seccomp", MFD_CLOEXEC);
	off_t size;
	int r;

	if (fd < 0)
		return err_errno(err, "memfd_create");
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0) {
		errno = -r;
		return err_errno(err, "linux.seccomp: libseccomp");
	}
	size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || (size_t)size % sizeof(*ret->filter) != 0)
		return err_set(err, EIO, "linux.seccomp: libseccomp wrote %lld bytes",
			       (long long)size);
	ret->filter = xmalloc((size_t)size);
	ret->n = (size_t)size / sizeof(*ret->filter);
	if (pread(fd, ret->filter, (size_t)size, 0) != (ssize_t)size)
		return err_set(err, EIO, "linux.seccomp: cannot read the filter back");
	return 0;
}

static int new_context(const struct compiler *c, const struct arch *arch, scmp_filter_ctx *ret,
		       struct err *err)
{
	CLEANUP(seccomp_release) scmp_filter_ctx ctx = seccomp_init(c->default_action);
	int r = 0;

	if (!ctx)
		return err_set(err, EINVAL, "linux.seccomp: libseccomp refuses %s",
			       c->from->default_action);
	if (arch->token != seccomp_arch_native()) {
		/* Added while the native one is there, or its byte order would not matter. */
		r = seccomp_arch_add(ctx, arch->token);
		if (r == 0)
			r = seccomp_arch_remove(ctx, seccomp_arch_native());
	}
	if (r == -EDOM)
		return err_set(err, EINVAL,
			       "linux.seccomp.architectures: %s has not the byte order of this "
			       "machine",
			       arch->name);
	if (r < 0)
		return err_set(err, -r, "linux.seccomp.architectures: libseccomp refuses %s",
			       arch->name);
	*ret = take_ptr(ctx);
	return 0;
}

static bool default_refuses(const struct compiler *c)
{
	uint32_t action = c->default_action & SECCOMP_RET_ACTION_FULL;

	return action != SCMP_ACT_ALLOW && action != SCMP_ACT_LOG && action != SCMP_ACT_TRACE(0);
}

static int compile_arch(struct compiler *c, struct arch *arch, struct err *err)
{
	CLEANUP(seccomp_release) scmp_filter_ctx ctx = NULL;
	int r;

	r = new_context(c, arch, &ctx, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < c->n_rules; i++)
		c->rules[i].number =
			seccomp_syscall_resolve_name_arch(arch->token, c->rules[i].name);
	qsort(c->rules, c->n_rules, sizeof(*c->rules), compare_rules);
	/* Negative: none of the profile's calls exists in this architecture. */
	arch->last = UINT32_MAX;
	if (default_refuses(c) && c->n_rules > 0 && c->rules[0].number >= 0)
		arch->last = (uint32_t)c->rules[0].number;

	/* libseccomp refuses rules that say what the default says. */
	for (size_t i = 0; r == 0 && i < c->n_rules; i++)
		if (c->rules[i].action != c->default_action)
			r = add_rule(ctx, &c->rules[i], err);
	return r < 0 ? r : export_program(ctx, arch, err);
}

static bool has_x32(const struct compiler *c)
{
	for (unsigned i = 0; i < c->n_archs; i++)
		if (c->archs[i].token == SCMP_ARCH_X32)
			return true;
	return false;
}

#define DISPATCH_LEN 9u /* instructions for each architecture */

/*
 * x32 has the architecture value of x86-64, and its numbers begin at X32_BIT.
 * The accumulator holds the architecture before and behind this.
 *
 * @to_program  instructions from the end of this to the architecture's program
 */
static void write_dispatch(struct sock_filter *at, const struct arch *arch, bool with_x32,
			   size_t to_program)
{
	bool x32 = arch->token == SCMP_ARCH_X32;
	bool x86_64 = arch->token == SCMP_ARCH_X86_64;
	uint32_t first = x32 ? X32_BIT : 0;
	uint32_t end = x86_64 && with_x32 ? X32_BIT - 1 : UINT32_MAX;
	/* Without x32, its numbers are not new ones of x86-64; and -1 is a tracer's "skip". */
	uint32_t unknown_end = x86_64 ? X32_BIT : UINT32_MAX;
	const struct sock_filter code[DISPATCH_LEN] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, x32 ? AUDIT_ARCH_X86_64 : arch->token, 0, 8),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 5),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, end, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, arch->last, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, unknown_end, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)to_program + 1),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	};

	memcpy(at, code, sizeof(code));
}

/* The dispatcher and the programs behind it. */
static int join_programs(const struct compiler *c, struct seccomp_program *ret, struct err *err)
{
	size_t programs = c->n_archs * DISPATCH_LEN + 2;
	size_t n = programs;
	struct sock_filter *at;

	for (unsigned i = 0; i < c->n_archs; i++)
		n += c->archs[i].n;
	if (n > BPF_MAXINSNS)
		return err_set(err, E2BIG,
			       "linux.seccomp: the filter has %zu instructions, over %d", n,
			       BPF_MAXINSNS);
	ret->filter = xcalloc(n, sizeof(*ret->filter));
	ret->n = n;

	at = ret->filter;
	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					     offsetof(struct seccomp_data, arch));
	for (unsigned i = 0; i < c->n_archs; i++) {
		const struct arch *arch = &c->archs[i];
		struct sock_filter *behind = at + DISPATCH_LEN;

		write_dispatch(at, arch, has_x32(c), programs - (size_t)(behind - ret->filter));
		assert(arch->filter);
		memcpy(ret->filter + programs, arch->filter, arch->n * sizeof(*arch->filter));
		programs += arch->n;
		at = behind;
	}
	*at = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD);
	return 0;
}

static int read_flags(char *const *names, unsigned *ret, struct err *err)
{
	for (; names && *names; names++) {
		size_t i = 0;

		while (i < N_ELEMENTS(filter_flags) && !str_eq(filter_flags[i].name, *names))
			i++;
		if (i == N_ELEMENTS(filter_flags))
			return err_set(err, EINVAL, "linux.seccomp.flags: unknown flag '%s'",
				       *names);
		*ret |= filter_flags[i].value;
	}
	return 0;
}

int seccomp_compile(const struct oci_seccomp *seccomp, struct seccomp_program *ret, struct err *err)
{
	__attribute__((cleanup(compiler_donep))) struct compiler c = { .from = seccomp };
	unsigned flags = 0;
	int r;

	r = read_flags(seccomp->flags, &flags, err);
	if (r == 0)
		r = read_profile(&c, err);
	for (unsigned i = 0; r == 0 && i < c.n_archs; i++)
		r = compile_arch(&c, &c.archs[i], err);
	if (r < 0)
		return r;
	ret->flags = flags;
	return join_programs(&c, ret, err);
}

int seccomp_load_program(const struct seccomp_program *program, struct err *err)
{
	struct sock_fprog fprog = { .len = (unsigned short)program->n, .filter = program->filter };
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program->flags, &fprog);

	if (r < 0)
		return err_errno(err, "load the seccomp filter");
	if (r > 0)
		return err_set(err, EBUSY, "load the seccomp filter: thread %ld has another one",
			       r);
	return 0;
}

void seccomp_program_done(struct seccomp_program *program)
{
	free(program->filter);
	*program = (struct seccomp_program){ 0 };
}
