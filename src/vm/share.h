/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share.h - the directory that a guest sees
 *
 * It has two: in "mounts" the host mounts what the guest is to have, and "shared", a
 * read-only slave of it, is what the guest gets. They keep working when the directory
 * is renamed.
 */
#pragma once

struct err;

#define SHARE_MOUNTS "mounts"
#define SHARE_EXPORT "shared"

/* Makes both below @dir, which need not be there. */
int share_dir_make(const char *dir, struct err *err);

/* Unmounts everything and removes @dir. Success when there is nothing. */
int share_dir_remove(const char *dir, struct err *err);
