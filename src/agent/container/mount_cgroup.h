/* SPDX-License-Identifier: Apache-2.0 */
/* mount_cgroup.h - the cgroups that a container sees */
#pragma once

#include <stdbool.h>

struct err;
struct mount_handle;
struct oci_spec;

/*
 * Opens what is to be mounted, whichever version "cgroup" means here, and
 * whatever the version: with a cgroup namespace the hierarchy itself, else a
 * bind mount of the container's own cgroup, so that nobody else's is in reach.
 * Version 1 is a tmpfs, filled by mount_cgroup_fill() once it is attached.
 * The process must be in its cgroup, and the agent's /proc its own.
 */
int mount_cgroup_open(const struct oci_spec *spec, struct mount_handle *handle, bool *ret_fill,
		      struct err *err);

/* A directory for each hierarchy of version 1, a link for each of several controllers in one. */
int mount_cgroup_fill(const struct oci_spec *spec, const struct mount_handle *handle,
		      struct err *err);
