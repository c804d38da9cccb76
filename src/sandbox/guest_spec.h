/* SPDX-License-Identifier: Apache-2.0 */
/* guest_spec.h - the engine's configuration, rewritten for the guest */
#pragma once

#include <stdbool.h>

struct err;
struct oci_spec;

/* The name of a container's root below the share; owned. */
char *guest_spec_root_name(const char *cid);

/* Takes the system call filter away: "disable_guest_seccomp" of the configuration file. */
void guest_spec_drop_seccomp(struct oci_spec *spec);

/*
 * Shares the root and the bind mounts of @spec with the guest of @sid, and
 * changes @spec to name them as the guest sees them.
 *
 * @pod_owner  the sandbox's own container: the guest's uts and ipc namespaces
 *             are its own
 */
int guest_spec_prepare(struct oci_spec *spec, const char *bundle, const char *sid, const char *cid,
		       bool pod_owner, struct err *err);
