/* SPDX-License-Identifier: Apache-2.0 */
/* io.h - whole files, whole writes, Unix sockets, passed descriptors */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* All of @len bytes, blocking. Returns 0 or -errno. */
int write_full(int fd, const void *data, size_t len);

int fd_set_nonblock(int fd, bool on);

/*
 * The whole regular file @path of at most @max bytes, with a NUL behind it.
 * Returns 0, -EFBIG (larger), -EISDIR or -EINVAL (not a regular file), or errno
 * of open(2) and read(2). The error names the path. @ret_len may be NULL.
 */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct err *err);

/* As file_read(), below @dirfd, for the small files of /proc and /sys, and without an error text.
 */
int file_read_at(int dirfd, const char *name, size_t max, char **ret);

/* Writes @text to an existing file such as those of /proc and /sys. */
int file_write(const char *path, const char *text, struct err *err);

/*
 * Replaces @name below @dirfd as a whole: written beside it, synced, renamed.
 * A reader sees the old contents or the new, never a part.
 */
int file_replace_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		    struct err *err);

/*
 * A Unix stream socket at @path, of any length (it is reached through its
 * directory). unix_listen() removes nothing: an existing path is -EADDRINUSE.
 * Both return the descriptor (close-on-exec) or -errno.
 */
int unix_listen(const char *path, mode_t mode, struct err *err);
int unix_connect(const char *path, struct err *err);

/* One message with at most one descriptor (-1: none) over a Unix socket. */
int send_with_fd(int sock, const void *data, size_t len, int fd);
/* Returns the bytes received, 0 at the end, -errno; *ret_fd is -1 or owned. */
ssize_t recv_with_fd(int sock, void *data, size_t len, int *ret_fd);
