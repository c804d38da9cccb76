/* SPDX-License-Identifier: Apache-2.0 */
/* identity.h - limits, user, groups and capabilities of a container's process */
#pragma once

#include <stdint.h>

struct err;
struct oci_process;

/* Resource limits and the OOM score, while we may still raise them. */
int identity_set_limits(const struct oci_process *process, struct err *err);

/* The one place where privileges are given up. Nothing before it, nothing regained after it. */
int identity_drop(const struct oci_process *process, struct err *err);

/* The home directory that the container's own /etc/passwd gives @uid, or "/". Owned. */
char *identity_home(uint32_t uid);
