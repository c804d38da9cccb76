/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share.h - the directory that a sandbox's guest sees
 *
 * Mounts are made in "mounts" and reach "shared", which is what the guest gets,
 * by propagation: never is anything mounted inside a tree that the guest can
 * write (CVE-2020-2026). Every mount is complete, with its flags, before it is
 * attached, so the copies in "shared" and in virtiofsd's own namespace have the
 * same flags (CVE-2020-28914).
 */
#pragma once

#include <stdbool.h>

struct err;

/* Makes both directories for the sandbox. */
int share_open(const char *sid, struct err *err);

/* Unmounts everything and removes the directories. Success when there is nothing. */
int share_close(const char *sid, struct err *err);

/*
 * Shows @source to the guest as @name: a directory with everything mounted below
 * it (@recursive), or a single file. It is nodev and nosuid on the host.
 */
int share_add(const char *sid, const char *name, const char *source, bool recursive, bool read_only,
	      struct err *err);

/* Takes back the root and the volumes of a container: "<cid>" and "<cid>-<16 hex digits>-…". */
int share_remove(const char *sid, const char *cid, struct err *err);
