/* SPDX-License-Identifier: Apache-2.0 */
/* container_disks.h - the disks that come with a container: its devices, and file systems for it */
#pragma once

#include "agent.pb-c.h"

struct agent;
struct err;
struct oci_spec;
struct ttrpc_request;

/* Whether the request has any, and all of them can be; -ENOSYS or -EINVAL. */
int container_disks_check(const Grpc__CreateContainerRequest *message, struct err *err);

/*
 * Waits for the disks and mounts file systems in a helper, then creates the
 * container (sandbox.h), of which it takes @spec over. @req is answered late.
 */
void container_disks_prepare(struct agent *agent, const Grpc__CreateContainerRequest *message,
			     struct oci_spec *spec, struct ttrpc_request *req);

/* Writes what is left and unmounts, the last one first: for helpers. */
int container_disks_unmount(char *const *mounts, struct err *err);
