/* SPDX-License-Identifier: Apache-2.0 */
/* mountinfo.h - the mounts of this process's mount namespace */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct err;

struct mount_entry {
	dev_t dev;    /* of the file system */
	char *root;   /* what of it is mounted: "/" is all */
	char *point;  /* where */
	char *fstype; /* "ext4" */
	char *source; /* "/dev/loop0" */
};

struct mount_table {
	struct mount_entry *items; /* owned, in the order in which they were mounted */
	size_t n;
};

/* Lines that are none are left out. Source: proc(5), /proc/PID/mountinfo. */
void mount_table_parse(const char *mountinfo, struct mount_table *ret);
int mount_table_read(struct mount_table *ret, struct err *err);
void mount_table_done(struct mount_table *table);

/* The mount that is seen at @point, or NULL. */
const struct mount_entry *mount_table_find(const struct mount_table *table, const char *point);
