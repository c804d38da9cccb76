/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.h - one container's cgroup, on version 1, version 2 and both at once
 *
 * A cgroup has the same path below every hierarchy that this process sees: each
 * of version 1 that has controllers, and version 2. Each controller is used
 * where it is: with version 1 if it is mounted there, else with version 2. So a
 * machine that has both needs no case of its own, and keeps what version 2 does
 * without any controller: cgroup.kill, cgroup.freeze and the device program.
 *
 * Everything is reached from the directories that cgroup_create() and
 * cgroup_open() have opened. Below them the container may have made cgroups of
 * any name, number and depth.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

struct cgroup;
struct err;
struct oci_device_rule;
struct oci_resources;
struct spawn;

/*
 * The path for linux.cgroupsPath, which may have systemd's form
 * "slice:prefix:name" or be NULL (then "/ID"): absolute, below the root of each
 * hierarchy. Owned. NULL when it holds ".." or names the root itself.
 */
char *cgroup_path(const char *cgroups_path, const char *id);

/*
 * Makes the cgroup @path and its parents in every hierarchy; on failure nothing
 * stays. It may be there already, but -EBUSY if processes are in it.
 */
int cgroup_create(const char *path, struct cgroup **ret, struct err *err);

/* One that exists, in all hierarchies or in those that a failure has left. -ENOENT: in none. */
int cgroup_open(const char *path, struct cgroup **ret, struct err *err);

/* Closes what is open; the cgroup itself stays. */
void cgroup_free(struct cgroup *cgroup);
DEFINE_CLEANUP(struct cgroup *, cgroup_free)

/*
 * Sets what @resources names, device rules excepted, and leaves the rest. Before
 * anything is set: -ENOTSUP with the key's name for what this version of cgroups or
 * this kernel cannot do, -EINVAL for a value that cannot be, -EBUSY for a memory
 * limit below what is used when memory.checkBeforeUpdate is set.
 */
int cgroup_apply(struct cgroup *cgroup, const struct oci_resources *resources, struct err *err);

/*
 * Gives it all processors that there are, and its parents. Only version 1 needs that
 * after one has come; call it for a cgroup without a cpuset of its own.
 */
int cgroup_widen_cpus(const struct cgroup *cgroup, struct err *err);

/*
 * Which devices the cgroup may open and make: nothing but the default devices
 * (cgroup/devices.h), then @rules in their order, then never @denied, whatever
 * the rules say. Each of the accesses r, w and m is decided by the last rule that
 * has it. The rule that denies everything goes back to the default devices.
 * Replaces what was set before. A process never has more meanwhile than before or after, but
 * for version 1 with a rule that allows everything: that begins without the others.
 *
 * Version 1 has no exceptions of exceptions. What it cannot say is left to version 2's
 * program if version 2 is mounted; else mknod is allowed for less than was asked, and
 * -ENOTSUP if reading or writing would have to be.
 *
 * @denied must be block devices.
 */
int cgroup_set_devices(struct cgroup *cgroup, const struct oci_device_rule *rules, size_t n_rules,
		       const dev_t *denied, size_t n_denied, struct err *err);

/*
 * For CLONE_INTO_CGROUP: the descriptor of its directory of version 2, or -1. The child
 * then calls cgroup_enter_rest() first of all.
 */
int cgroup_clone_fd(const struct cgroup *cgroup);

/*
 * Moves the calling process, which has one thread, into it by descriptors that were opened
 * before. The first to enter version 2 so waits some 10 ms for the kernel: better is to be
 * cloned into it, and into the rest of it.
 */
int cgroup_enter(const struct cgroup *cgroup, struct err *err);

/* Where it is not yet after it was cloned into cgroup_clone_fd(): in those of version 1. */
int cgroup_enter_rest(const struct cgroup *cgroup, struct err *err);

/* Lets a program that is to be started begin in it. @cgroup may be NULL. */
void cgroup_spawn_in(const struct cgroup *cgroup, struct spawn *spawn);

/* Moves @pid into it. */
int cgroup_add(const struct cgroup *cgroup, pid_t pid, struct err *err);

/* The processes in it and below it, in this pid namespace's numbers; owned. */
int cgroup_pids(const struct cgroup *cgroup, pid_t **ret, size_t *ret_n, struct err *err);

/*
 * Kills every process in it, also when it is frozen, and those that are made
 * meanwhile. They may still be on their way out afterwards. Does not wait with
 * cgroup.kill (Linux 5.14); without it up to CGROUP_KILL_MS, then -ETIMEDOUT.
 */
#define CGROUP_KILL_MS 5000u
int cgroup_kill(struct cgroup *cgroup, struct err *err);

/*
 * Waits until it is so, up to @deadline; -ETIMEDOUT leaves a cgroup that was to be
 * frozen thawed. -ENOTSUP: neither version 2 nor version 1's freezer is mounted.
 */
int cgroup_freeze(struct cgroup *cgroup, bool frozen, uint64_t deadline, struct err *err);

/* What becomes of parents that are left empty: an engine's own are not ours to remove. */
enum cgroup_parents { CGROUP_REMOVE_PARENTS, CGROUP_KEEP_PARENTS };

/*
 * Removes it with the cgroups that the container made in it. Waits up to @deadline for its
 * processes to be gone: -EBUSY if they are not.
 */
int cgroup_remove(struct cgroup *cgroup, enum cgroup_parents parents, uint64_t deadline,
		  struct err *err);

/*
 * A descriptor that becomes readable when a process was killed for want of memory,
 * and perhaps at other times; owned. Read it empty (it does not block) and look at
 * cgroup_oom_count(). Version 1 says it before the process is killed and counted: look once
 * more when a process has died. -ENOTSUP: no memory controller.
 */
int cgroup_oom_open(const struct cgroup *cgroup, int *ret_fd, struct err *err);

/* How many processes were killed for want of memory so far. Version 1 counts those of cgroups below
 * it apart. */
int cgroup_oom_count(const struct cgroup *cgroup, uint64_t *ret, struct err *err);
