/* SPDX-License-Identifier: Apache-2.0 */
/* idmap.h - ids of a container's user namespace as the agent sees them */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;
struct oci_spec;

/* Whether the container gets a user namespace of its own. */
bool idmap_is_used(const struct oci_spec *spec);

/*
 * The agent's id for @id of the container: the same without a user namespace.
 * Returns 0, or -EINVAL if linux.uidMappings (gidMappings) has none.
 */
int idmap_uid(const struct oci_spec *spec, uint32_t id, uint32_t *ret, struct err *err);
int idmap_gid(const struct oci_spec *spec, uint32_t id, uint32_t *ret, struct err *err);
