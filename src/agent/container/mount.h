/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount.h - one mount of a container, by descriptor
 *
 * A mount is made in two steps. mount_prepare() opens what needs the rights or
 * the namespaces of the agent: it may run before the container's user namespace
 * is entered. mount_enter() runs in the container's namespaces, makes the rest
 * and attaches the mount below the container's root.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/container/mount_fs.h" /* mount_new(): part of this interface */
#include "oci/mount_options.h"

struct err;
struct oci_mount;
struct oci_spec;

struct mount_handle {
	const struct oci_mount *mount; /* borrowed from the spec */
	struct mount_options options;
	char *path;           /* destination, absolute and without "..": owned */
	int fd;               /* detached mount, owned; -1: mount_enter() makes it */
	bool read_only_later; /* a tmpfs: mounts and devices are still to be made in it */
};

/* Both fail with an error that names the destination. @ret is for mount_handle_done() in any case.
 */
int mount_prepare(const struct oci_spec *spec, const struct oci_mount *mount,
		  struct mount_handle *ret, struct err *err);
int mount_enter(int root, const struct oci_spec *spec, struct mount_handle *handle,
		struct err *err);

/* Once nothing has to be made in it any more. */
int mount_finish(const struct mount_handle *handle, struct err *err);

void mount_handle_done(struct mount_handle *handle);

/* Whether it is the fresh tmpfs at /dev that the devices are to be made in. */
bool mount_is_dev(const struct mount_handle *handle);

/* MS_* for a copy of a mount of the agent's, if nothing else is asked for: runc's rules. */
unsigned mount_base_propagation(const struct oci_spec *spec);
