/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup.h - a container's cgroup in the guest (version 2) */
#pragma once

#include <stdbool.h>

struct err;
struct oci_resources;

#define CGROUP_ROOT "/sys/fs/cgroup"

/* Hands every controller of the root to its children. */
int cgroup_prepare_root(struct err *err);

/*
 * The path below CGROUP_ROOT for linux.cgroupsPath, which may have systemd's
 * form "slice:prefix:name" or be NULL (then "/@id"). Owned. NULL when it holds "..".
 */
char *cgroup_path(const char *cgroups_path, const char *id);

/* Makes the cgroup, sets its limits and opens it. Returns a descriptor or -errno. */
int cgroup_create(const char *path, const struct oci_resources *limits, struct err *err);

/* Kills every process in it, at once. */
int cgroup_kill(int fd);

/* Removes the cgroup and the parents that it leaves empty. Waits up to @deadline for its processes.
 */
int cgroup_remove(const char *path, unsigned long long deadline, struct err *err);
