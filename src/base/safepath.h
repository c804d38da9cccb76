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

/*
 * An O_PATH descriptor of the directory @path, made with its parents (@mode)
 * where missing. A dangling link on the way leads to what it names, inside the
 * root, which is made: images have such links (/etc/resolv.conf).
 */
int safe_mkdir_p(int root, const char *path, mode_t mode, struct err *err);

/* An O_PATH descriptor of the file @path, made empty with its parents where missing. */
int safe_touch(int root, const char *path, struct err *err);
