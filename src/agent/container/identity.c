/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

#define PASSWD_MAX (1u << 20)

static const struct {
	const char *name;
	int resource;
} limits[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
};

static int set_limit(const struct oci_rlimit *limit, struct err *err)
{
	struct rlimit value = { .rlim_cur = limit->soft, .rlim_max = limit->hard };

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (!str_eq(limits[i].name, limit->type))
			continue;
		if (setrlimit((unsigned)limits[i].resource, &value) < 0)
			return err_errno(err, "set %s to %llu, %llu", limit->type,
					 (unsigned long long)limit->soft,
					 (unsigned long long)limit->hard);
		return 0;
	}
	return err_set(err, EINVAL, "process.rlimits: unknown limit '%s'", limit->type);
}

int identity_set_limits(const struct oci_process *process, struct err *err)
{
	for (size_t i = 0; i < process->n_rlimits; i++) {
		int r = set_limit(&process->rlimits[i], err);

		if (r < 0)
			return r;
	}
	if (process->has_oom_score_adj) {
		char text[32];

		snprintf(text, sizeof(text), "%lld", (long long)process->oom_score_adj);
		return file_write("/proc/self/oom_score_adj", text, err);
	}
	return 0;
}

/* Capability names of a set as a bit mask. */
static int caps_mask(char *const *names, const char *set, uint64_t *ret, struct err *err)
{
	uint64_t mask = 0;

	for (; names && *names; names++) {
		cap_value_t value;

		if (cap_from_name(*names, &value) < 0)
			return err_set(err, EINVAL,
				       "process.capabilities.%s: unknown capability '%s'", set,
				       *names);
		mask |= UINT64_C(1) << value;
	}
	*ret = mask;
	return 0;
}

static int drop_bounding(uint64_t keep, struct err *err)
{
	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(keep & UINT64_C(1) << cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return err_errno(err, "drop capability %u", cap);
	return 0;
}

static int set_caps(uint64_t effective, uint64_t permitted, uint64_t inheritable, struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (unsigned i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(effective >> (32 * i));
		data[i].permitted = (uint32_t)(permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(inheritable >> (32 * i));
	}
	return syscall(SYS_capset, &header, data) < 0 ? err_errno(err, "set capabilities") : 0;
}

static int set_ambient(uint64_t mask, struct err *err)
{
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned cap = 0; cap < 64; cap++)
		if (mask & UINT64_C(1) << cap &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return err_errno(err, "raise ambient capability %u", cap);
	return 0;
}

static int set_user(const struct oci_user *user, struct err *err)
{
	/* The raw system calls: there is one thread, and libc's wrappers pull in more. */
	if (syscall(SYS_setgroups, user->n_additional_gids, user->additional_gids) < 0)
		return err_errno(err, "set additional groups");
	if (syscall(SYS_setresgid, user->gid, user->gid, user->gid) < 0)
		return err_errno(err, "set gid %u", user->gid);
	if (syscall(SYS_setresuid, user->uid, user->uid, user->uid) < 0)
		return err_errno(err, "set uid %u", user->uid);
	return 0;
}

struct caps {
	uint64_t bounding;
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
	uint64_t ambient;
};

static int read_caps(const struct oci_capabilities *from, struct caps *ret, struct err *err)
{
	int r = caps_mask(from->bounding, "bounding", &ret->bounding, err);

	if (r == 0)
		r = caps_mask(from->effective, "effective", &ret->effective, err);
	if (r == 0)
		r = caps_mask(from->permitted, "permitted", &ret->permitted, err);
	if (r == 0)
		r = caps_mask(from->inheritable, "inheritable", &ret->inheritable, err);
	if (r == 0)
		r = caps_mask(from->ambient, "ambient", &ret->ambient, err);
	return r;
}

int identity_drop(const struct oci_process *process, struct err *err)
{
	struct caps caps = { 0 };
	int r;

	r = read_caps(&process->capabilities, &caps, err);
	if (r < 0)
		return r;
	r = drop_bounding(caps.bounding, err);
	if (r < 0)
		return r;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_errno(err, "PR_SET_KEEPCAPS");
	umask(process->user.umask == OCI_UMASK_UNSET ? 0022 : process->user.umask & 0777);
	r = set_user(&process->user, err);
	if (r < 0)
		return r;
	r = set_caps(caps.effective, caps.permitted, caps.inheritable, err);
	if (r < 0)
		return r;
	r = set_ambient(caps.ambient, err);
	if (r < 0)
		return r;
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, "PR_SET_NO_NEW_PRIVS");
	return 0;
}

/* "name:password:uid:gid:comment:home:shell": the home of @uid, or NULL. */
static char *home_in_line(const char *line, size_t len, uint32_t uid)
{
	const char *end = line + len;
	const char *field[7];
	char number[16];
	unsigned n = 0;
	size_t digits;

	field[n++] = line;
	for (const char *p = line; p < end && n < 7; p++)
		if (*p == ':')
			field[n++] = p + 1;
	if (n < 7)
		return NULL;
	digits = (size_t)(field[3] - field[2] - 1);
	snprintf(number, sizeof(number), "%u", uid);
	if (digits != strlen(number) || memcmp(field[2], number, digits) != 0)
		return NULL;
	return xstrndup(field[5], (size_t)(field[6] - field[5] - 1));
}

char *identity_home(uint32_t uid)
{
	CLEANUP(free) char *text = NULL;
	struct err ignored = { 0 };
	char *home = NULL;

	/* Root is already the container's: no path here leads out. */
	if (file_read("/etc/passwd", PASSWD_MAX, &text, NULL, &ignored) < 0)
		return xstrdup("/");
	for (const char *line = text; *line && !home;) {
		size_t len = strcspn(line, "\n");

		home = home_in_line(line, len, uid);
		line += len + (line[len] == '\n');
	}
	if (home && *home == '/')
		return home;
	free(home);
	return xstrdup("/");
}
