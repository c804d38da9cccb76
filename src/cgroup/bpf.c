/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf.c - the program that decides about devices
 *
 * The kernel runs it with struct bpf_cgroup_dev_ctx for every open and mknod of a
 * device by a process of the cgroup; 1 allows. All accesses that are asked
 * for must be allowed. Rules are looked at from the last to the first:
 *
 *     undecided = access that is asked for
 *     for each rule that matches the device:
 *         denying:  if (undecided & rule.access) return 0
 *         allowing: undecided &= ~rule.access; if (!undecided) return 1
 *     return allow_rest
 *
 * Each rule loads what it compares anew. So a rule leaves the verifier nothing
 * to remember but "undecided", and hundreds of them cost it little; with the
 * numbers kept in registers it follows every way through the rules apart.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/devices.h"

#define INSNS_PER_RULE 12u
#define VERIFIER_LOG   (64u << 10)
#define PROGRAMS_MAX   64u /* BPF_CGROUP_MAX_PROGS in the kernel */

struct code {
	struct bpf_insn *insns; /* owned */
	size_t n;
};

static void emit(struct code *code, unsigned op, unsigned dst, unsigned src, int off, int32_t imm)
{
	code->insns[code->n++] = (struct bpf_insn){ .code = (uint8_t)op,
						    .dst_reg = (uint8_t)(dst & 0xf),
						    .src_reg = (uint8_t)(src & 0xf),
						    .off = (int16_t)off,
						    .imm = imm };
}

/* r2 = a field of the context, which r1 points to */
static void emit_load(struct code *code, size_t field)
{
	emit(code, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, (int)field, 0);
}

static void emit_return(struct code *code, bool allow)
{
	emit(code, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow);
	emit(code, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Jumps to the next rule if r2 is not @value; the jump's length is set at its end. */
static void emit_unless(struct code *code, uint32_t value)
{
	emit(code, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 0, (int32_t)value);
}

static bool is_unless(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JNE | BPF_K) && insn->dst_reg == BPF_REG_2;
}

static void emit_rule(struct code *code, const struct device_rule *rule)
{
	size_t start = code->n;

	emit_load(code, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(code, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
	emit_unless(code, rule->is_char ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
	if (rule->major != DEVICE_ANY) {
		emit_load(code, offsetof(struct bpf_cgroup_dev_ctx, major));
		emit_unless(code, rule->major);
	}
	if (rule->minor != DEVICE_ANY) {
		emit_load(code, offsetof(struct bpf_cgroup_dev_ctx, minor));
		emit_unless(code, rule->minor);
	}
	if (rule->allow) {
		emit(code, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_3, 0, 0,
		     (int32_t)(DEVICE_RWM & ~rule->access));
		emit(code, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, 2, 0);
	} else {
		emit(code, BPF_JMP | BPF_JSET | BPF_K, BPF_REG_3, 0, 1, (int32_t)rule->access);
		emit(code, BPF_JMP | BPF_JA, 0, 0, 2, 0);
	}
	emit_return(code, rule->allow);
	for (size_t i = start; i < code->n; i++)
		if (is_unless(&code->insns[i]))
			code->insns[i].off = (int16_t)(code->n - i - 1);
}

/* The program for BPF_PROG_TYPE_CGROUP_DEVICE; owned. */
static void to_bpf(const struct device_rules *rules, struct bpf_insn **ret, size_t *ret_n)
{
	struct code code = { .insns = xcalloc((rules->n + 1) * INSNS_PER_RULE,
					      sizeof(struct bpf_insn)) };

	emit_load(&code, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(&code, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_2, 0, 0, 16);
	emit(&code, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
	for (size_t i = rules->n; i > 0; i--)
		emit_rule(&code, &rules->rules[i - 1]);
	emit_return(&code, rules->allow_rest);
	*ret = code.insns;
	*ret_n = code.n;
}

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* The verifier's last words: the line that says why, before its statistics. */
static const char *last_words(char *log)
{
	const char *last = "";
	char *rest = NULL;

	for (char *line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!str_starts(line, "processed "))
			last = line;
	return last;
}

static int load_program(const struct bpf_insn *insns, size_t n, char *log, size_t log_size)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
				.insns = address(insns),
				.insn_cnt = (uint32_t)n,
				.license = address("Apache-2.0"),
				.log_buf = address(log),
				.log_size = (uint32_t)log_size,
				.log_level = log ? 1 : 0 };

	return bpf(BPF_PROG_LOAD, &attr);
}

/* Once more for the reason only: the log is slow, and too much for its room is an error. */
static int fail_to_load(const struct bpf_insn *insns, size_t n, int code, struct err *err)
{
	CLEANUP(free) char *log = xcalloc(1, VERIFIER_LOG);
	int fd = load_program(insns, n, log, VERIFIER_LOG - 1);

	if (fd >= 0)
		close(fd);
	errno = code;
	return err_errno(err, "load the device program of %zu instructions (verifier: '%s')", n,
			 last_words(log));
}

static int load_rules(const struct device_rules *rules, struct err *err)
{
	CLEANUP(free) struct bpf_insn *insns = NULL;
	size_t n = 0;
	int fd;

	to_bpf(rules, &insns, &n);
	fd = load_program(insns, n, NULL, 0);
	return fd < 0 ? fail_to_load(insns, n, -fd, err) : fd;
}

/* The ids of the cgroup's own programs. Returns how many, or -errno. */
static int query_programs(int dir, uint32_t ids[PROGRAMS_MAX])
{
	memset(ids, 0, PROGRAMS_MAX * sizeof(*ids));
	union bpf_attr attr = { .query = { .target_fd = (uint32_t)dir,
					   .attach_type = BPF_CGROUP_DEVICE,
					   .prog_ids = address(ids),
					   .prog_cnt = PROGRAMS_MAX } };
	int r = bpf(BPF_PROG_QUERY, &attr);

	return r < 0 ? r : (int)attr.query.prog_cnt;
}

static int program_of_id(uint32_t id)
{
	union bpf_attr attr = { .prog_id = id };

	return bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

static int attach(int dir, int program, int replaced)
{
	union bpf_attr attr = { .target_fd = (uint32_t)dir,
				.attach_bpf_fd = (uint32_t)program,
				.attach_type = BPF_CGROUP_DEVICE,
				.attach_flags = BPF_F_ALLOW_MULTI };

	if (replaced >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaced;
	}
	return bpf(BPF_PROG_ATTACH, &attr);
}

static int detach_id(int dir, uint32_t id)
{
	CLEANUP(close) int old = program_of_id(id);
	union bpf_attr attr = { .target_fd = (uint32_t)dir, .attach_type = BPF_CGROUP_DEVICE };

	if (old < 0)
		return old == -ENOENT ? 0 : old;
	attr.attach_bpf_fd = (uint32_t)old;
	return bpf(BPF_PROG_DETACH, &attr);
}

static int detach_all(int dir, const uint32_t *ids, int n)
{
	int result = 0;

	for (int i = 0; i < n; i++) {
		int r = detach_id(dir, ids[i]);

		if (r < 0 && r != -ENOENT)
			result = r;
	}
	return result;
}

/* All programs of a cgroup must allow: the new one beside the old never gives more than either. */
static int swap_programs(int dir, int program, const uint32_t *ids, int n)
{
	int r;

	if (n == 1) {
		CLEANUP(close) int old = program_of_id(ids[0]);

		if (old >= 0 && attach(dir, program, old) == 0)
			return 0; /* since Linux 5.6; older ones do not know the flag */
	}
	r = attach(dir, program, -1);
	return r < 0 ? r : detach_all(dir, ids, n);
}

int device_bpf_attach(int dir, const struct device_rules *rules, struct err *err)
{
	CLEANUP(close) int program = load_rules(rules, err);
	uint32_t ids[PROGRAMS_MAX];
	int r;

	if (program < 0)
		return program;
	r = query_programs(dir, ids);
	if (r >= 0)
		r = swap_programs(dir, program, ids, r);
	if (r == 0)
		return 0;
	errno = -r;
	return err_errno(err, "attach the device program");
}

int device_bpf_detach(int dir, struct err *err)
{
	uint32_t ids[PROGRAMS_MAX];
	int n = query_programs(dir, ids);
	int r;

	if (n <= 0)
		return 0; /* nothing there, or a kernel that cannot have any */
	r = detach_all(dir, ids, n);
	if (r == 0)
		return 0;
	errno = -r;
	return err_errno(err, "detach the device program");
}
