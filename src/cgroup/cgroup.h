/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.h - one container's cgroup, on version 1, version 2 and both at once
 *
 * A cgroup has the same path below every hierarchy that this machine has
 * mounted with controllers (version 1) or as the one that has them (version 2).
 * Who uses it does not ask which it is.
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

/*
 * The path for linux.cgroupsPath, which may have systemd's form
 * "slice:prefix:name" or be NULL (then "/@id"): absolute, below the root of each
 * hierarchy. Owned. NULL when it holds "..".
 */
char *cgroup_path(const char *cgroups_path, const char *id);

/* Makes the cgroup @path and its parents in every hierarchy; on failure nothing stays. */
int cgroup_create(const char *path, struct cgroup **ret, struct err *err);

/* One that exists. -ENOENT. */
int cgroup_open(const char *path, struct cgroup **ret, struct err *err);

/* Closes what is open; the cgroup itself stays. */
void cgroup_free(struct cgroup *cgroup);
DEFINE_CLEANUP(struct cgroup *, cgroup_free)

/*
 * Sets what @resources names, device rules excepted, and leaves the rest. What this version
 * of cgroups cannot do is -ENOTSUP with the key's name, before anything is set.
 */
int cgroup_apply(struct cgroup *cgroup, const struct oci_resources *resources, struct err *err);

/*
 * Which devices the cgroup may open and make: nothing but the default devices
 * of the runtime-spec, then @rules in their order, then never @denied, whatever
 * the rules say. Replaces what was set before.
 */
int cgroup_set_devices(struct cgroup *cgroup, const struct oci_device_rule *rules, size_t n_rules,
		       const dev_t *denied, size_t n_denied, struct err *err);

/*
 * For CLONE_INTO_CGROUP: the descriptor of its directory when one is all that
 * there is (version 2 alone), else -1: then the child calls cgroup_enter() first of all.
 */
int cgroup_clone_fd(const struct cgroup *cgroup);

/* Moves the calling process into it, by descriptors that were opened before. */
int cgroup_enter(const struct cgroup *cgroup, struct err *err);

/* Moves @pid into it. */
int cgroup_add(struct cgroup *cgroup, pid_t pid, struct err *err);

/* The processes in it and below it, in this pid namespace's numbers; owned. */
int cgroup_pids(const struct cgroup *cgroup, pid_t **ret, size_t *ret_n, struct err *err);

/* Kills every process in it, also when it is frozen, and those that are made meanwhile. */
int cgroup_kill(struct cgroup *cgroup, struct err *err);

/* Waits until it is so, up to @deadline; -ETIMEDOUT leaves a cgroup that was to be frozen thawed.
 */
int cgroup_freeze(struct cgroup *cgroup, bool frozen, uint64_t deadline, struct err *err);

/* Removes it with the cgroups that the container made in it and the parents that it leaves empty.
 * Waits up to @deadline for its processes to be gone. */
int cgroup_remove(struct cgroup *cgroup, uint64_t deadline, struct err *err);
