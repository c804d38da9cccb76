/* SPDX-License-Identifier: Apache-2.0 */
/* fs.h - directories and mounts of ours, where only root can write */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* Makes @path with its parents; existing directories stay as they are. Returns 0 or -errno. */
int mkdir_p(const char *path, mode_t mode, struct err *err);

/*
 * Removes @path and what is in it, never following a link and never entering
 * another mount: a volume that is still mounted below stops it with -EBUSY.
 * A path that is not there is success.
 */
int rm_tree(const char *path, struct err *err);

/* Detaches every mount at or below @path of this mount namespace, the latest first. */
int unmount_tree(const char *path, struct err *err);

/* Whether something is mounted at @path exactly. */
bool is_mount_point(const char *path);

/*
 * A copy of the mount tree at @source as a detached mount (open_tree(2)), with
 * @attr_set of MOUNT_ATTR_* on all of it. It shows up nowhere until
 * mount_attach(), so nobody ever sees it with other flags.
 * Returns the descriptor, or -errno.
 */
int mount_clone(const char *source, bool recursive, unsigned long long attr_set, struct err *err);

/* The same for what @fd refers to; its path is not resolved again. */
int mount_clone_fd(int fd, bool recursive, unsigned long long attr_set, struct err *err);

/*
 * As mount_clone(), but flags and propagation stay those of the source.
 * @path is resolved from @dirfd; "" is @dirfd itself. No error text.
 */
int mount_copy(int dirfd, const char *path, bool recursive);

/* What mount_change() does to a mount; 0 leaves it as it is. */
struct mount_change {
	unsigned long long set; /* MOUNT_ATTR_* */
	unsigned long long clear;
	unsigned propagation; /* one of MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE */
};

/* Changes the mount @fd, with @recursive those below it too: all of them or none. */
int mount_change(int fd, bool recursive, const struct mount_change *change, struct err *err);

/*
 * A new tmpfs of at most @size bytes (0700, nosuid, nodev, noexec) as a detached mount:
 * it goes with its descriptor unless mount_attach() gives it a place. Or -errno.
 */
int mount_new_tmpfs(uint64_t size, struct err *err);

/*
 * Makes the whole file system at @point read-only, wherever it is mounted; what it
 * has not written yet goes to its disk. -EBUSY: a file of it is open for writing.
 */
int mount_make_read_only(const char *point, struct err *err);

/* Hangs a detached mount over what @target_fd refers to. */
int mount_attach(int mount_fd, int target_fd, struct err *err);
