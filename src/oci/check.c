/* SPDX-License-Identifier: Apache-2.0 */
/* Source: runtime-spec 1.2, config.md and config-linux.md. */
#include "oci/check.h"

#include <errno.h>
#include <inttypes.h>

#include "base/err.h"
#include "base/str.h"
#include "oci/spec.h"

#define RLIMIT_KINDS 16u /* RLIM_NLIMITS in the kernel's asm-generic/resource.h */
#define MAJOR_MAX    0xfff
#define MINOR_MAX    0xfffff /* MINORBITS in the kernel's kdev_t.h */

static const char namespace_types[] = "pid network mount ipc uts user cgroup";
static const char propagations[] =
	"shared slave private unbindable rshared rslave rprivate runbindable";
static const char policies[] =
	"SCHED_OTHER SCHED_FIFO SCHED_RR SCHED_BATCH SCHED_IDLE SCHED_DEADLINE";
static const char policy_flags[] =
	"SCHED_FLAG_RESET_ON_FORK SCHED_FLAG_RECLAIM SCHED_FLAG_DL_OVERRUN "
	"SCHED_FLAG_KEEP_POLICY SCHED_FLAG_KEEP_PARAMS SCHED_FLAG_UTIL_CLAMP_MIN "
	"SCHED_FLAG_UTIL_CLAMP_MAX";

/* Whether @value is among the words of @allowed, "a b c". The message is without a path. */
static int check_word(const char *value, const char *allowed, struct err *err)
{
	CLEANUP(strv_free) char **words = strv_split(allowed, " ");
	CLEANUP(free) char *list = NULL;

	if (strv_contains(words, value))
		return 0;
	list = strv_join(words, ", ");
	return err_set(err, EINVAL, "'%.64s' is not one of %s", value, list);
}

static int check_user(const struct oci_user *user, const char *at, struct err *err)
{
	if (user->n_additional_gids > OCI_GROUPS_MAX)
		return err_set(err, EINVAL,
			       "%suser.additionalGids: %zu groups, at most %u are possible", at,
			       user->n_additional_gids, OCI_GROUPS_MAX);
	if (user->umask != OCI_UMASK_UNSET && user->umask > 0777)
		return err_set(err, EINVAL, "%suser.umask: %" PRIu32 " is over 511 (octal 777)", at,
			       user->umask);
	return 0;
}

static int check_rlimits(const struct oci_process *process, const char *at, struct err *err)
{
	if (process->n_rlimits > RLIMIT_KINDS)
		return err_set(err, EINVAL, "%srlimits: %zu limits, there are only %u kinds", at,
			       process->n_rlimits, RLIMIT_KINDS);
	for (size_t i = 0; i < process->n_rlimits; i++) {
		const char *type = process->rlimits[i].type;

		if (str_empty(type))
			return err_set(err, EINVAL, "%srlimits[%zu].type: missing", at, i);
		for (size_t k = 0; k < i; k++)
			if (str_eq(process->rlimits[k].type, type))
				return err_set(err, EINVAL,
					       "%srlimits[%zu].type: '%.64s' is there twice", at, i,
					       type);
	}
	return 0;
}

static int check_policy(const struct oci_scheduler *scheduler, const char *at, struct err *err)
{
	int r;

	if (str_eq(scheduler->policy, "SCHED_ISO"))
		return err_set(err, ENOTSUP,
			       "%sscheduler.policy: SCHED_ISO is not supported; Linux has no such "
			       "policy",
			       at);
	r = check_word(scheduler->policy, policies, err);
	if (r < 0)
		return err_prefix(err, "%sscheduler.policy", at);
	for (char **flag = scheduler->flags; flag && *flag; flag++) {
		r = check_word(*flag, policy_flags, err);
		if (r < 0)
			return err_prefix(err, "%sscheduler.flags", at);
	}
	return 0;
}

static int check_scheduler(const struct oci_scheduler *scheduler, const char *at, struct err *err)
{
	bool deadline;
	bool realtime;
	int r;

	if (!scheduler->policy)
		return 0;
	CHECK(check_policy(scheduler, at, err));
	deadline = str_eq(scheduler->policy, "SCHED_DEADLINE");
	realtime = str_eq(scheduler->policy, "SCHED_FIFO") || str_eq(scheduler->policy, "SCHED_RR");
	if (scheduler->nice < -20 || scheduler->nice > 19)
		return err_set(err, EINVAL, "%sscheduler.nice: %" PRId32 " is not -20 to 19", at,
			       scheduler->nice);
	if (realtime && (scheduler->priority < 1 || scheduler->priority > 99))
		return err_set(err, EINVAL,
			       "%sscheduler.priority: %" PRId32 " is not 1 to 99, as %s has them",
			       at, scheduler->priority, scheduler->policy);
	if (!realtime && scheduler->priority != 0)
		return err_set(err, EINVAL,
			       "%sscheduler.priority: %" PRId32
			       ", but only SCHED_FIFO and SCHED_RR have one",
			       at, scheduler->priority);
	if (!deadline && (scheduler->runtime_ns || scheduler->deadline_ns || scheduler->period_ns))
		return err_set(err, EINVAL,
			       "%sscheduler: only SCHED_DEADLINE has runtime, deadline and period",
			       at);
	return 0;
}

static int check_io_priority(const struct oci_io_priority *io, const char *at, struct err *err)
{
	if (!io->class)
		return 0;
	if (check_word(io->class, "IOPRIO_CLASS_RT IOPRIO_CLASS_BE IOPRIO_CLASS_IDLE", err) < 0)
		return err_prefix(err, "%sioPriority.class", at);
	if (io->priority < 0 || io->priority > 7)
		return err_set(err, EINVAL, "%sioPriority.priority: %" PRId32 " is not 0 to 7", at,
			       io->priority);
	return 0;
}

int oci_process_check(const struct oci_process *process, const char *at, struct err *err)
{
	int r;

	CHECK(check_user(&process->user, at, err));
	CHECK(check_rlimits(process, at, err));
	CHECK(check_scheduler(&process->scheduler, at, err));
	CHECK(check_io_priority(&process->io_priority, at, err));
	if (process->has_oom_score_adj &&
	    (process->oom_score_adj < -1000 || process->oom_score_adj > 1000))
		return err_set(err, EINVAL, "%soomScoreAdj: %" PRId64 " is not -1000 to 1000", at,
			       process->oom_score_adj);
	if (strv_len(process->args) == 0)
		return err_set(err, EINVAL, "%sargs: empty, the program to run must be named", at);
	if (!process->cwd)
		return err_set(err, EINVAL, "%scwd: missing", at);
	if (*process->cwd != '/')
		return err_set(err, EINVAL, "%scwd: '%.256s' is not an absolute path", at,
			       process->cwd);
	return 0;
}

static int check_mounts(const struct oci_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const char *destination = spec->mounts[i].destination;

		if (str_empty(destination))
			return err_set(err, EINVAL, "mounts[%zu].destination: missing", i);
		if (*destination != '/')
			return err_set(err, EINVAL,
				       "mounts[%zu].destination: '%.256s' is not an absolute path",
				       i, destination);
	}
	return 0;
}

static int check_hooks(const struct oci_spec *spec, enum oci_hook_kind kind, struct err *err)
{
	for (size_t i = 0; i < spec->hooks[kind].n; i++) {
		const char *path = spec->hooks[kind].hooks[i].path;

		if (str_empty(path))
			return err_set(err, EINVAL, "hooks.%s[%zu].path: missing",
				       oci_hook_name(kind), i);
		if (*path != '/')
			return err_set(err, EINVAL,
				       "hooks.%s[%zu].path: '%.256s' is not an absolute path",
				       oci_hook_name(kind), i, path);
	}
	return 0;
}

static int check_namespace(const struct oci_spec *spec, size_t i, struct err *err)
{
	const struct oci_namespace *ns = &spec->namespaces[i];

	if (str_empty(ns->type))
		return err_set(err, EINVAL, "linux.namespaces[%zu].type: missing", i);
	if (str_eq(ns->type, "time"))
		return err_set(err, ENOTSUP,
			       "linux.namespaces[%zu]: a time namespace is not supported; remove "
			       "it",
			       i);
	if (check_word(ns->type, namespace_types, err) < 0)
		return err_prefix(err, "linux.namespaces[%zu].type", i);
	if (ns->path && *ns->path != '/')
		return err_set(err, EINVAL,
			       "linux.namespaces[%zu].path: '%.256s' is not an absolute path", i,
			       ns->path);
	/* All before are known types and differ, so they are few, however many a peer sends. */
	for (size_t k = 0; k < i; k++)
		if (str_eq(spec->namespaces[k].type, ns->type))
			return err_set(err, EINVAL,
				       "linux.namespaces[%zu].type: '%s' is there twice", i,
				       ns->type);
	return 0;
}

static int check_mappings(const struct oci_id_mapping *mappings, size_t n, const char *name,
			  const struct oci_namespace *user, struct err *err)
{
	if (n > 0 && !user)
		return err_set(err, EINVAL, "linux.%s: given without a user namespace", name);
	if (n == 0 && user && !user->path)
		return err_set(err, EINVAL, "linux.%s: missing, a new user namespace needs it",
			       name);
	if (n > OCI_ID_MAPPINGS_MAX)
		return err_set(err, EINVAL, "linux.%s: %zu mappings, at most %u are possible", name,
			       n, OCI_ID_MAPPINGS_MAX);
	for (size_t i = 0; i < n; i++)
		if (mappings[i].size == 0)
			return err_set(err, EINVAL, "linux.%s[%zu].size: must be 1 or more", name,
				       i);
	return 0;
}

static int check_device(const struct oci_device *device, size_t i, struct err *err)
{
	if (str_empty(device->path))
		return err_set(err, EINVAL, "linux.devices[%zu].path: missing", i);
	if (*device->path != '/')
		return err_set(err, EINVAL,
			       "linux.devices[%zu].path: '%.256s' is not an absolute path", i,
			       device->path);
	if (str_empty(device->type))
		return err_set(err, EINVAL, "linux.devices[%zu].type: missing", i);
	if (check_word(device->type, "c b u p", err) < 0)
		return err_prefix(err, "linux.devices[%zu].type", i);
	if (str_eq(device->type, "p"))
		return 0; /* has no numbers */
	if (device->major < 0 || device->major > MAJOR_MAX)
		return err_set(err, EINVAL, "linux.devices[%zu].major: %" PRId64 " is not 0 to %d",
			       i, device->major, MAJOR_MAX);
	if (device->minor < 0 || device->minor > MINOR_MAX)
		return err_set(err, EINVAL, "linux.devices[%zu].minor: %" PRId64 " is not 0 to %d",
			       i, device->minor, MINOR_MAX);
	return 0;
}

static int check_action(const char *action, struct err *err)
{
	if (str_empty(action))
		return err_set(err, EINVAL, "missing");
	if (str_eq(action, "SCMP_ACT_NOTIFY"))
		return err_set_as(err, ERR_SECCOMP, ENOTSUP, "SCMP_ACT_NOTIFY is not supported");
	return 0;
}

/* Only what cannot be left to libseccomp, which knows actions, operators and architectures. */
static int check_seccomp(const struct oci_seccomp *seccomp, struct err *err)
{
	int r;

	if (!seccomp)
		return 0;
	r = check_action(seccomp->default_action, err);
	if (r < 0)
		return err_prefix(err, "linux.seccomp.defaultAction");
	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_syscall *rule = &seccomp->syscalls[i];

		r = check_action(rule->action, err);
		if (r < 0)
			return err_prefix(err, "linux.seccomp.syscalls[%zu].action", i);
		if (strv_len(rule->names) == 0)
			return err_set(err, EINVAL,
				       "linux.seccomp.syscalls[%zu].names: empty, at least one is "
				       "needed",
				       i);
		for (size_t k = 0; k < rule->n_args; k++)
			if (str_empty(rule->args[k].op))
				return err_set(err, EINVAL,
					       "linux.seccomp.syscalls[%zu].args[%zu].op: missing",
					       i, k);
	}
	return 0;
}

static int check_linux(const struct oci_spec *spec, struct err *err)
{
	const struct oci_namespace *user = NULL;
	int r;

	for (size_t i = 0; i < spec->n_namespaces; i++)
		CHECK(check_namespace(spec, i, err));
	user = oci_spec_namespace(spec, "user");
	CHECK(check_mappings(spec->uid_mappings, spec->n_uid_mappings, "uidMappings", user, err));
	CHECK(check_mappings(spec->gid_mappings, spec->n_gid_mappings, "gidMappings", user, err));
	for (size_t i = 0; i < spec->n_devices; i++)
		CHECK(check_device(&spec->devices[i], i, err));
	CHECK(oci_resources_check(&spec->resources, "linux.resources.", err));
	if (spec->rootfs_propagation && check_word(spec->rootfs_propagation, propagations, err) < 0)
		return err_prefix(err, "linux.rootfsPropagation");
	CHECK(check_seccomp(spec->seccomp, err));
	if (spec->personality && check_word(spec->personality, "LINUX LINUX32", err) < 0)
		return err_prefix(err, "linux.personality.domain");
	return 0;
}

int oci_spec_check(const struct oci_spec *spec, struct err *err)
{
	int r;

	if (str_empty(spec->root_path))
		return err_set(err, EINVAL, "root.path: missing");
	CHECK(oci_process_check(&spec->process, "process.", err));
	CHECK(check_mounts(spec, err));
	for (size_t kind = 0; kind < OCI_HOOK_KINDS; kind++)
		CHECK(check_hooks(spec, (enum oci_hook_kind)kind, err));
	return check_linux(spec, err);
}
