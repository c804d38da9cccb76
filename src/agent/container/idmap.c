/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/idmap.h"

#include <errno.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "oci/spec.h"

bool idmap_is_used(const struct oci_spec *spec)
{
	const struct oci_namespace *ns = oci_spec_namespace(spec, "user");

	return ns && str_empty(ns->path);
}

static int map(const struct oci_id_mapping *mappings, size_t n, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		const struct oci_id_mapping *m = &mappings[i];

		if (id < m->container_id || id - m->container_id >= m->size)
			continue;
		*ret = m->host_id + (id - m->container_id);
		return 0;
	}
	return -EINVAL;
}

int idmap_uid(const struct oci_spec *spec, uint32_t id, uint32_t *ret, struct err *err)
{
	*ret = id;
	if (!idmap_is_used(spec) || map(spec->uid_mappings, spec->n_uid_mappings, id, ret) == 0)
		return 0;
	return err_set(err, EINVAL, "linux.uidMappings has no place for uid %u", id);
}

int idmap_gid(const struct oci_spec *spec, uint32_t id, uint32_t *ret, struct err *err)
{
	*ret = id;
	if (!idmap_is_used(spec) || map(spec->gid_mappings, spec->n_gid_mappings, id, ret) == 0)
		return 0;
	return err_set(err, EINVAL, "linux.gidMappings has no place for gid %u", id);
}
