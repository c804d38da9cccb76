/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod.h - which sandbox a container belongs to
 *
 * Kubernetes' engines say it by annotations. Podman's pods and Docker's
 * --network container:NAME name the namespaces of another container's process,
 * which is a shim of ours: /proc/<pid>/ns/net.
 */
#pragma once

#include <stdbool.h>

struct err;
struct oci_spec;

/*
 * *ret is @id for a container that gets a sandbox of its own, else the id of the
 * sandbox that it belongs to; owned. -EINVAL when a pod's container does not name
 * its sandbox, -ENOTSUP when it wants to share what no machine can.
 */
int pod_sandbox_of(const struct oci_spec *spec, const char *id, char **ret, struct err *err);

/* Whether it is the container of Kubernetes that stands for a pod. */
bool pod_is_pod(const struct oci_spec *spec);
