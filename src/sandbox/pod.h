/* SPDX-License-Identifier: Apache-2.0 */
/* pod.h - which sandbox a container belongs to, as its engine's annotations say */
#pragma once

struct err;
struct oci_spec;

/*
 * *ret is @id for a container that gets a sandbox of its own, else the id of an
 * existing sandbox, borrowed from @spec. -EINVAL when a pod's container does
 * not name its sandbox.
 */
int pod_sandbox_of(const struct oci_spec *spec, const char *id, const char **ret, struct err *err);
