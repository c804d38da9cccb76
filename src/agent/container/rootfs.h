/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs.h - build a container's file system and move into it */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "agent/container/devices.h"

struct err;
struct mount_handle;
struct oci_spec;

/* What the configuration does not say. All zero is the careful choice. */
struct rootfs_options {
	bool pod_namespaces; /* the caller's are the pod's: their sysctls may change */
	const dev_t *denied; /* the guest's own disks: borrowed */
	size_t n_denied;
};

/* Everything of a container's file system that needs the agent's rights. All zero is empty. */
struct rootfs_handles {
	bool opened;
	bool pod_namespaces;
	int root;                    /* detached; owned */
	struct mount_handle *mounts; /* in the order of spec->mounts; owned */
	size_t n_mounts;
	struct device_list devices;
};

/*
 * Opens the root, the sources of bind mounts, and the file systems that a user
 * namespace may not make, as detached mounts, and makes the devices in a fresh
 * /dev. With a user namespace, call it before entering that, in the network and
 * ipc namespaces that the container shares with others; without one, in the
 * container's process. @spec is borrowed until rootfs_handles_done().
 */
int rootfs_prepare(const struct oci_spec *spec, const struct rootfs_options *options,
		   struct rootfs_handles *ret, struct err *err);

/*
 * In the container's namespaces: mounts the root and everything in
 * spec->mounts, makes the rest of the devices and sets linux.sysctl. The container's files are
 * hostile; every target is resolved by base/safepath. The umask must be 0.
 */
int rootfs_enter(const struct oci_spec *spec, struct rootfs_handles *handles, struct err *err);

/* Makes the result "/": from here on no path leads to the agent's file system. */
int rootfs_switch(const struct oci_spec *spec, const struct rootfs_handles *handles,
		  struct err *err);

/* The last changes, when nothing has to be made any more: masked and read-only paths. */
int rootfs_seal(const struct oci_spec *spec, struct err *err);

void rootfs_handles_done(struct rootfs_handles *handles);
