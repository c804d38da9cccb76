/* SPDX-License-Identifier: Apache-2.0 */
/* mount_fs.h - new file systems, and new options for old ones */
#pragma once

#include <stdint.h>

struct err;

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

/* Changes the options of the file system that is mounted at @mount_fd. */
int mount_reconfigure(int mount_fd, char *const *data, struct err *err);
