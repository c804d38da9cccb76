/* SPDX-License-Identifier: Apache-2.0 */
/* identity.h - user, groups and capabilities of a container's process */
#pragma once

#include <stdint.h>

struct err;
struct oci_capabilities;
struct oci_process;

/*
 * Whether process.capabilities can be meant: every name is one of Linux's, and
 * the sets are such as the kernel takes. Changes nothing, so that a mistake is
 * told before anything of the container exists.
 *
 * @ret_missing  NULL, or a vector to which each capability is added once that is
 *               asked for and that the calling process does not have itself:
 *               identity_drop() leaves it out, as runc does. For a log line.
 *
 * Returns 0 or -EINVAL with the set and the capability.
 */
int identity_check(const struct oci_process *process, char ***ret_missing, struct err *err);

/* Gives @ret, which is empty, all that the caller has. Returns 0 or the errno of capget(2). */
int identity_all(struct oci_capabilities *ret, struct err *err);

/*
 * The one place where privileges are given up: bounding set, umask, groups, gid,
 * uid, capabilities, no_new_privs. Nothing of it reads a file, and nothing is
 * regained after it. Returns 0, -EINVAL of identity_check(), or the errno of the
 * call that failed; then the process must end.
 */
int identity_drop(const struct oci_process *process, struct err *err);
