/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl.h - linux.sysctl */
#pragma once

#include <stdbool.h>

struct err;
struct oci_spec;

/*
 * Sets linux.sysctl for the namespaces of the caller, through a procfs of its
 * own that nothing else is mounted over (CVE-2025-52881). Only what belongs to a
 * namespace of the container is allowed: System V IPC and message queues with an
 * ipc namespace, "net." with a network namespace, and both where those of the
 * caller are the pod's (@pod). Everything else is the
 * guest's: -EPERM with its name. Before the old root is left.
 * Source: runc, libcontainer/configs/validate/validator.go, sysctl().
 */
int sysctl_set(const struct oci_spec *spec, bool pod, struct err *err);

/* The file of a key below /proc/sys: "net/ipv4/ip_forward". Owned; NULL for a key that is none. */
char *sysctl_file(const char *key);
