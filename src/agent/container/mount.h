/* SPDX-License-Identifier: Apache-2.0 */
/* mount.h - one mount of a container, by descriptor */
#pragma once

#include <stdint.h>

struct err;
struct oci_mount;

/*
 * A new instance of a file system as a detached mount.
 *
 * @data        options for the file system, "key=value" or "key"
 * @attr        MOUNT_ATTR_* of the mount
 * @ret         owned; set on success only
 *
 * The error holds what the kernel says about a bad option.
 */
int mount_new(const char *type, const char *source, char *const *data, uint64_t attr, int *ret,
	      struct err *err);

/* Mounts @mount below the directory @root, making the target where it is missing. */
int mount_into(int root, const struct oci_mount *mount, struct err *err);
