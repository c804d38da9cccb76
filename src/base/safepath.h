/* SPDX-License-Identifier: Apache-2.0 */
/*
 * safepath.h - paths inside a directory whose contents somebody hostile writes
 *
 * Every path is resolved by the kernel as if @root were "/" (openat2 with
 * RESOLVE_IN_ROOT), so a symbolic link, however it changes meanwhile, leads
 * nowhere else. What comes back is a descriptor, and mounts and ownership are
 * set through it; the path is never resolved a second time.
 */
#pragma once

#include <sys/types.h>

struct err;

/* openat2(2) below @root. Magic links of procfs are never followed. Returns a descriptor or -errno.
 */
int safe_open(int root, const char *path, int flags, mode_t mode);

/* As safe_open(), but a symbolic link as last component is not followed: -ELOOP. */
int safe_open_nofollow(int root, const char *path, int flags);

/* As safe_open(), but a symbolic link anywhere in @path is -ELOOP. */
int safe_open_plain(int root, const char *path, int flags);

/*
 * As safe_open_plain(), and -EXDEV for whatever is not in the mount of @dir:
 * what is mounted over a file of procfs or devpts is not one of its files.
 * @path is relative and ".." does not leave @dir.
 */
int safe_open_same_mount(int dir, const char *path, int flags);

/* "/a/b" for "a//./x/../b/": no link is looked at, ".." ends at "/". Owned. */
char *safe_clean(const char *path);

/*
 * An O_PATH descriptor of the directory @path, made with its parents (@mode)
 * where missing. A dangling link on the way leads to what it names, inside the
 * root, which is made: images have such links (/etc/resolv.conf).
 */
int safe_mkdir_p(int root, const char *path, mode_t mode, struct err *err);

/*
 * An O_PATH descriptor of the file @path, made empty with its parents where
 * missing. One that is there is never opened for more: it may be a device or FIFO.
 */
int safe_touch(int root, const char *path, struct err *err);
