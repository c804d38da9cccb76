/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/container/passwd.h"
#include "agent/container/rlimits.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

#define BIT(cap) (UINT64_C(1) << (cap))
#define CAP_BITS 64u

/* In the order in which they are named in messages. */
enum set { BOUNDING, EFFECTIVE, PERMITTED, INHERITABLE, AMBIENT, N_SETS };

static const char *const set_names[N_SETS] = { "bounding", "effective", "permitted", "inheritable",
					       "ambient" };

struct caps {
	uint64_t sets[N_SETS];
};

/* What the kernel refuses with a bare EPERM: each capability of one set must be in the other. */
static const struct {
	enum set set;
	enum set within;
} rules[] = {
	{ EFFECTIVE, PERMITTED },
	{ INHERITABLE, BOUNDING },
};

/* libcap takes numbers and small letters too; the specification does not. */
static bool parse_cap(const char *name, cap_value_t *ret)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return str_starts(name, "CAP_") && name[strspn(name, letters)] == '\0' &&
	       cap_from_name(name, ret) == 0 && *ret >= 0 && *ret < (cap_value_t)CAP_BITS;
}

static int read_set(char *const *names, const char *set, uint64_t *ret, struct err *err)
{
	for (; names && *names; names++) {
		cap_value_t value = 0;

		if (!parse_cap(*names, &value))
			return err_set(err, EINVAL,
				       "process.capabilities.%s: unknown capability '%s'", set,
				       *names);
		*ret |= BIT(value);
	}
	return 0;
}

/* "CAP_CHOWN"; owned. */
static char *cap_text(unsigned cap)
{
	char *name = cap_to_name((cap_value_t)cap);
	char *text = name ? xstrdup(name) : xasprintf("capability %u", cap);

	if (name)
		cap_free(name);
	for (char *c = text; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	return text;
}

static int check_rules(const struct caps *caps, struct err *err)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		uint64_t over = caps->sets[rules[i].set] & ~caps->sets[rules[i].within];
		CLEANUP(free) char *name = NULL;

		if (over == 0)
			continue;
		name = cap_text((unsigned)__builtin_ctzll(over));
		return err_set(err, EINVAL, "process.capabilities.%s: %s is not in %s",
			       set_names[rules[i].set], name, set_names[rules[i].within]);
	}
	return 0;
}

static int read_caps(const struct oci_capabilities *from, struct caps *ret, struct err *err)
{
	char *const *const names[N_SETS] = { from->bounding, from->effective, from->permitted,
					     from->inheritable, from->ambient };

	for (unsigned i = 0; i < N_SETS; i++) {
		int r = read_set(names[i], set_names[i], &ret->sets[i], err);

		if (r < 0)
			return r;
	}
	/* podman build asks for more than can be; runc leaves it out silently. */
	ret->sets[AMBIENT] &= ret->sets[PERMITTED] & ret->sets[INHERITABLE];
	return check_rules(ret, err);
}

static int get_permitted(uint64_t *ret, struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return err_errno(err, "get capabilities");
	*ret = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

static uint64_t get_bounding(void)
{
	uint64_t mask = 0;

	/* The first number that the kernel does not know ends it. */
	for (unsigned cap = 0; cap < CAP_BITS; cap++) {
		int r = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (r < 0)
			break;
		mask |= r > 0 ? BIT(cap) : 0;
	}
	return mask;
}

/* What we can hand on: what we have, and may keep over exec(2). */
static int get_available(uint64_t *ret, struct err *err)
{
	int r = get_permitted(ret, err);

	*ret &= get_bounding();
	return r;
}

int identity_all(struct oci_capabilities *ret, struct err *err)
{
	char ***const sets[] = { &ret->bounding, &ret->effective, &ret->permitted };
	uint64_t mask = 0;
	int r = get_available(&mask, err);

	ret->present = true;
	for (unsigned cap = 0; r == 0 && cap < CAP_BITS; cap++) {
		CLEANUP(free) char *name = mask & BIT(cap) ? cap_text(cap) : NULL;

		for (unsigned i = 0; name && i < sizeof(sets) / sizeof(sets[0]); i++)
			strv_add(sets[i], name);
	}
	return r;
}

int identity_check(const struct oci_process *process, char ***ret_missing, struct err *err)
{
	struct caps caps = { 0 };
	uint64_t available = 0;
	uint64_t missing = 0;
	int r;

	r = read_caps(&process->capabilities, &caps, err);
	if (r == 0)
		r = get_available(&available, err);
	if (r < 0 || !ret_missing)
		return r;
	for (unsigned i = 0; i < N_SETS; i++)
		missing |= caps.sets[i] & ~available;
	for (unsigned cap = 0; cap < CAP_BITS; cap++)
		if (missing & BIT(cap))
			strv_take(ret_missing, cap_text(cap));
	return 0;
}

static int drop_bounding(uint64_t keep, struct err *err)
{
	uint64_t drop = get_bounding() & ~keep;

	for (unsigned cap = 0; cap < CAP_BITS; cap++)
		if (drop & BIT(cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return err_errno(err, "drop capability %u", cap);
	return 0;
}

static int set_caps(const struct caps *caps, struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (unsigned i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(caps->sets[EFFECTIVE] >> (32 * i));
		data[i].permitted = (uint32_t)(caps->sets[PERMITTED] >> (32 * i));
		data[i].inheritable = (uint32_t)(caps->sets[INHERITABLE] >> (32 * i));
	}
	return syscall(SYS_capset, &header, data) < 0 ? err_errno(err, "set capabilities") : 0;
}

static int set_ambient(uint64_t mask, struct err *err)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_errno(err, "clear the ambient capabilities");
	for (unsigned cap = 0; cap < CAP_BITS; cap++)
		if (mask & BIT(cap) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return err_errno(err, "raise ambient capability %u", cap);
	return 0;
}

static int set_user(const struct oci_user *user, struct err *err)
{
	uid_t uids[3];
	gid_t gids[3];

	/* The raw system calls: there is one thread, and libc's wrappers pull in more. */
	if (syscall(SYS_setgroups, user->n_additional_gids, user->additional_gids) < 0)
		return err_errno_as(err, ERR_USER, "set additional groups");
	if (syscall(SYS_setresgid, user->gid, user->gid, user->gid) < 0)
		return err_errno_as(err, ERR_USER, "set gid %u", user->gid);
	if (syscall(SYS_setresuid, user->uid, user->uid, user->uid) < 0)
		return err_errno_as(err, ERR_USER, "set uid %u", user->uid);
	/* -1 means "leave it": a call that succeeds, and drops nothing. */
	if (getresuid(&uids[0], &uids[1], &uids[2]) < 0 ||
	    getresgid(&gids[0], &gids[1], &gids[2]) < 0)
		return err_errno(err, "getresuid");
	for (unsigned i = 0; i < 3; i++)
		if (uids[i] != user->uid || gids[i] != user->gid)
			return err_set_as(err, ERR_USER, EINVAL,
					  "uid %u, gid %u cannot be taken on", user->uid,
					  user->gid);
	return 0;
}

int identity_drop(const struct oci_process *process, struct err *err)
{
	struct caps caps = { 0 };
	uint64_t available = 0;
	int r;

	r = read_caps(&process->capabilities, &caps, err);
	if (r == 0)
		r = get_available(&available, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < N_SETS; i++)
		caps.sets[i] &= available;

	r = drop_bounding(caps.sets[BOUNDING], err);
	if (r < 0)
		return r;
	/* Or setresuid(2) would take the permitted ones along; exec(2) clears it. */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_errno(err, "PR_SET_KEEPCAPS");
	umask(process->user.umask == OCI_UMASK_UNSET ? 0022 : process->user.umask & 0777);
	r = set_user(&process->user, err);
	if (r == 0)
		r = set_caps(&caps, err);
	if (r == 0)
		r = set_ambient(caps.sets[AMBIENT], err);
	if (r < 0)
		return r;
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, "PR_SET_NO_NEW_PRIVS");
	return 0;
}
