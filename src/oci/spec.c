/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/spec.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

struct oci_spec *oci_spec_new(void)
{
	struct oci_spec *spec = xcalloc(1, sizeof(*spec));

	oci_process_init(&spec->process);
	return spec;
}

void oci_process_init(struct oci_process *process)
{
	*process = (struct oci_process){ .user = { .umask = OCI_UMASK_UNSET } };
}

void oci_process_done(struct oci_process *process)
{
	free(process->user.additional_gids);
	strv_free(process->args);
	strv_free(process->env);
	free(process->cwd);
	strv_free(process->capabilities.bounding);
	strv_free(process->capabilities.effective);
	strv_free(process->capabilities.inheritable);
	strv_free(process->capabilities.permitted);
	strv_free(process->capabilities.ambient);
	for (size_t i = 0; i < process->n_rlimits; i++)
		free(process->rlimits[i].type);
	free(process->rlimits);
	*process = (struct oci_process){ 0 };
}

static void free_mounts(struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		free(spec->mounts[i].destination);
		free(spec->mounts[i].source);
		free(spec->mounts[i].type);
		strv_free(spec->mounts[i].options);
	}
	free(spec->mounts);
}

void oci_spec_free(struct oci_spec *spec)
{
	if (!spec)
		return;
	free(spec->version);
	oci_process_done(&spec->process);
	free(spec->root_path);
	free(spec->hostname);
	free_mounts(spec);
	strv_free(spec->annotations);
	for (size_t i = 0; i < spec->n_namespaces; i++) {
		free(spec->namespaces[i].type);
		free(spec->namespaces[i].path);
	}
	free(spec->namespaces);
	for (size_t i = 0; i < spec->n_devices; i++) {
		free(spec->devices[i].path);
		free(spec->devices[i].type);
	}
	free(spec->devices);
	free(spec->resources.cpuset_cpus);
	free(spec->resources.cpuset_mems);
	free(spec->cgroups_path);
	strv_free(spec->sysctl);
	strv_free(spec->masked_paths);
	strv_free(spec->readonly_paths);
	free(spec->rootfs_propagation);
	free(spec);
}

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static char **copy_strv(char *const *v)
{
	return v ? strv_copy(v) : NULL;
}

void oci_process_copy(struct oci_process *to, const struct oci_process *from)
{
	*to = *from;
	to->user.additional_gids = NULL;
	if (from->user.n_additional_gids > 0)
		to->user.additional_gids = xmemdup(from->user.additional_gids,
						   from->user.n_additional_gids * sizeof(uint32_t));
	to->args = copy_strv(from->args);
	to->env = copy_strv(from->env);
	to->cwd = copy(from->cwd);
	to->capabilities.bounding = copy_strv(from->capabilities.bounding);
	to->capabilities.effective = copy_strv(from->capabilities.effective);
	to->capabilities.inheritable = copy_strv(from->capabilities.inheritable);
	to->capabilities.permitted = copy_strv(from->capabilities.permitted);
	to->capabilities.ambient = copy_strv(from->capabilities.ambient);
	to->rlimits = xcalloc(from->n_rlimits, sizeof(*to->rlimits));
	for (size_t i = 0; i < from->n_rlimits; i++) {
		to->rlimits[i] = from->rlimits[i];
		to->rlimits[i].type = xstrdup(from->rlimits[i].type);
	}
}

const char *oci_spec_annotation(const struct oci_spec *spec, const char *key)
{
	size_t len = strlen(key);

	for (char **a = spec->annotations; a && *a; a++)
		if (str_starts(*a, key) && (*a)[len] == '=')
			return *a + len + 1;
	return NULL;
}

const struct oci_namespace *oci_spec_namespace(const struct oci_spec *spec, const char *type)
{
	for (size_t i = 0; i < spec->n_namespaces; i++)
		if (str_eq(spec->namespaces[i].type, type))
			return &spec->namespaces[i];
	return NULL;
}
