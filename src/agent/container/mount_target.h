/* SPDX-License-Identifier: Apache-2.0 */
/* mount_target.h - where in a container something may be mounted */
#pragma once

#include <stdbool.h>

struct err;
struct mount_handle;

/* What a mount is, as far as its target matters. */
struct mount_nature {
	const char *type; /* file system; "bind" */
	bool directory;   /* else a file */
	bool procfs;      /* the whole of one, new or bound */
};

/*
 * The O_PATH descriptor of the target, made where it is missing. Refused are:
 * "/", whatever link leads there; procfs and sysfs over anything but a plain
 * directory (CVE-2019-19921, CVE-2023-27561); anything but a procfs at /proc;
 * and anything below it but the few files that lxcfs emulates (runc's
 * checkProcMount), also if it is reached by another name.
 */
int mount_target_open(int root, const struct mount_handle *handle,
		      const struct mount_nature *nature, struct err *err);
