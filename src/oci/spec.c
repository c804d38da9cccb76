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
	free(process->scheduler.policy);
	strv_free(process->scheduler.flags);
	free(process->io_priority.class);
	*process = (struct oci_process){ 0 };
}

void oci_resources_done(struct oci_resources *resources)
{
	free(resources->device_rules);
	free(resources->cpuset_cpus);
	free(resources->cpuset_mems);
	free(resources->io_device_weights);
	free(resources->io_read_bps.devices);
	free(resources->io_write_bps.devices);
	free(resources->io_read_iops.devices);
	free(resources->io_write_iops.devices);
	for (size_t i = 0; i < resources->n_hugepage_limits; i++)
		free(resources->hugepage_limits[i].page_size);
	free(resources->hugepage_limits);
	strv_free(resources->unified);
	*resources = (struct oci_resources){ 0 };
}

static void syscall_done(struct oci_syscall *rule)
{
	strv_free(rule->names);
	free(rule->action);
	for (size_t i = 0; i < rule->n_args; i++)
		free(rule->args[i].op);
	free(rule->args);
}

void oci_seccomp_free(struct oci_seccomp *seccomp)
{
	if (!seccomp)
		return;
	free(seccomp->default_action);
	strv_free(seccomp->architectures);
	strv_free(seccomp->flags);
	for (size_t i = 0; i < seccomp->n_syscalls; i++)
		syscall_done(&seccomp->syscalls[i]);
	free(seccomp->syscalls);
	free(seccomp);
}

static void hooks_done(struct oci_hooks *hooks)
{
	for (size_t i = 0; i < hooks->n; i++) {
		free(hooks->hooks[i].path);
		strv_free(hooks->hooks[i].args);
		strv_free(hooks->hooks[i].env);
	}
	free(hooks->hooks);
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

static void free_namespaces(struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_namespaces; i++) {
		free(spec->namespaces[i].type);
		free(spec->namespaces[i].path);
	}
	free(spec->namespaces);
}

static void free_devices(struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_devices; i++) {
		free(spec->devices[i].path);
		free(spec->devices[i].type);
	}
	free(spec->devices);
}

void oci_spec_free(struct oci_spec *spec)
{
	if (!spec)
		return;
	free(spec->version);
	oci_process_done(&spec->process);
	free(spec->root_path);
	free(spec->hostname);
	free(spec->domainname);
	for (size_t kind = 0; kind < OCI_HOOK_KINDS; kind++)
		hooks_done(&spec->hooks[kind]);
	free_mounts(spec);
	strv_free(spec->annotations);
	free_namespaces(spec);
	free_devices(spec);
	oci_resources_done(&spec->resources);
	free(spec->cgroups_path);
	strv_free(spec->sysctl);
	strv_free(spec->masked_paths);
	strv_free(spec->readonly_paths);
	free(spec->rootfs_propagation);
	free(spec->uid_mappings);
	free(spec->gid_mappings);
	oci_seccomp_free(spec->seccomp);
	free(spec->personality);
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
	to->scheduler.policy = copy(from->scheduler.policy);
	to->scheduler.flags = copy_strv(from->scheduler.flags);
	to->io_priority.class = copy(from->io_priority.class);
}

const char *oci_spec_annotation(const struct oci_spec *spec, const char *key)
{
	size_t len = strlen(key);

	for (char **a = spec->annotations; a && *a; a++)
		if (str_starts(*a, key) && (*a)[len] == '=')
			return *a + len + 1;
	return NULL;
}

const char *oci_hook_name(enum oci_hook_kind kind)
{
	static const char *const names[OCI_HOOK_KINDS] = {
		[OCI_HOOK_PRESTART] = "prestart",
		[OCI_HOOK_CREATE_RUNTIME] = "createRuntime",
		[OCI_HOOK_CREATE_CONTAINER] = "createContainer",
		[OCI_HOOK_START_CONTAINER] = "startContainer",
		[OCI_HOOK_POSTSTART] = "poststart",
		[OCI_HOOK_POSTSTOP] = "poststop",
	};

	return names[kind];
}

const struct oci_namespace *oci_spec_namespace(const struct oci_spec *spec, const char *type)
{
	for (size_t i = 0; i < spec->n_namespaces; i++)
		if (str_eq(spec->namespaces[i].type, type))
			return &spec->namespaces[i];
	return NULL;
}
