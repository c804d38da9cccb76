/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs.h - a procfs that nobody can have mounted something over
 *
 * Where a container decides what is mounted, /proc/self/oom_score_adj, a sysctl
 * or /proc/self/attr/exec may be something else than the kernel's: what is
 * written there then does nothing, or goes to another file (CVE-2019-16884,
 * CVE-2025-52881). These go to the kernel's own file or fail.
 */
#pragma once

struct err;

/*
 * A directory descriptor of the root of a procfs for the pid namespace that the
 * caller is in: one of its own, mounted nowhere; or, where the caller may not
 * make one (a user namespace that does not own its pid namespace), the one at
 * /proc, checked to be the root of a procfs.
 *
 * It shows more than a container may see: it must not outlive exec(2) (it is
 * close-on-exec), nor be held by a process that the container can trace.
 * Returns the descriptor or -errno.
 */
int procfs_open(struct err *err);

/*
 * Opens @path below it, e.g. "self/oom_score_adj" or "sys/net/ipv4/ip_forward".
 * A leading "self" or "thread-self" is the caller; no other link is followed.
 * -EXDEV: something is mounted over it or over a directory on the way.
 */
int procfs_open_file(int proc, const char *path, int flags, struct err *err);

/* Writes @text with one write(2). Returns 0 or -errno, with the path in the error. */
int procfs_write(int proc, const char *path, const char *text, struct err *err);
