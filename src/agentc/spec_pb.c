/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/spec_pb.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

/* A message of protobuf-c that owns all of its parts. */
#define NEW(type, init) ((type *)xmemdup(&(type)init, sizeof(type)))

/* An unset string is the empty one, which must be protobuf-c's own or on the heap. */
static char *text(const char *s)
{
	return xstrdup(s ? s : "");
}

static char **words(char *const *from, size_t *ret_n)
{
	size_t n = strv_len(from);
	char **to = NULL;

	*ret_n = n;
	if (n == 0)
		return NULL;
	to = xcalloc(n, sizeof(*to));
	for (size_t i = 0; i < n; i++)
		to[i] = xstrdup(from[i]);
	return to;
}

static Grpc__User *user_to_pb(const struct oci_user *from)
{
	Grpc__User *pb = NEW(Grpc__User, GRPC__USER__INIT);

	pb->uid = from->uid;
	pb->gid = from->gid;
	pb->n_additionalgids = from->n_additional_gids;
	if (from->n_additional_gids > 0)
		pb->additionalgids =
			xmemdup(from->additional_gids, from->n_additional_gids * sizeof(uint32_t));
	return pb;
}

static Grpc__LinuxCapabilities *capabilities_to_pb(const struct oci_capabilities *from)
{
	Grpc__LinuxCapabilities *pb = NEW(Grpc__LinuxCapabilities, GRPC__LINUX_CAPABILITIES__INIT);

	pb->bounding = words(from->bounding, &pb->n_bounding);
	pb->effective = words(from->effective, &pb->n_effective);
	pb->inheritable = words(from->inheritable, &pb->n_inheritable);
	pb->permitted = words(from->permitted, &pb->n_permitted);
	pb->ambient = words(from->ambient, &pb->n_ambient);
	return pb;
}

static void rlimits_to_pb(const struct oci_process *from, Grpc__Process *pb)
{
	pb->rlimits = xcalloc(from->n_rlimits, sizeof(*pb->rlimits));
	pb->n_rlimits = from->n_rlimits;
	for (size_t i = 0; i < from->n_rlimits; i++) {
		pb->rlimits[i] = NEW(Grpc__POSIXRlimit, GRPC__POSIXRLIMIT__INIT);
		pb->rlimits[i]->type = xstrdup(from->rlimits[i].type);
		pb->rlimits[i]->hard = from->rlimits[i].hard;
		pb->rlimits[i]->soft = from->rlimits[i].soft;
	}
}

Grpc__Process *process_to_pb(const struct oci_process *from)
{
	Grpc__Process *pb = NEW(Grpc__Process, GRPC__PROCESS__INIT);

	pb->terminal = from->terminal;
	pb->consolesize = NEW(Grpc__Box, GRPC__BOX__INIT);
	pb->consolesize->height = from->console_height;
	pb->consolesize->width = from->console_width;
	pb->user = user_to_pb(&from->user);
	pb->args = words(from->args, &pb->n_args);
	pb->env = words(from->env, &pb->n_env);
	pb->cwd = text(from->cwd);
	pb->capabilities = capabilities_to_pb(&from->capabilities);
	rlimits_to_pb(from, pb);
	pb->nonewprivileges = from->no_new_privileges;
	pb->apparmorprofile = text(NULL);
	pb->selinuxlabel = text(NULL);
	if (from->has_oom_score_adj)
		pb->oomscoreadj = from->oom_score_adj;
	return pb;
}

static void mounts_to_pb(const struct oci_spec *from, Grpc__Spec *pb)
{
	pb->mounts = xcalloc(from->n_mounts, sizeof(*pb->mounts));
	pb->n_mounts = from->n_mounts;
	for (size_t i = 0; i < from->n_mounts; i++) {
		Grpc__Mount *mount = NEW(Grpc__Mount, GRPC__MOUNT__INIT);

		mount->destination = text(from->mounts[i].destination);
		mount->source = text(from->mounts[i].source);
		mount->type = text(from->mounts[i].type);
		mount->options = words(from->mounts[i].options, &mount->n_options);
		pb->mounts[i] = mount;
	}
}

static void devices_to_pb(const struct oci_spec *from, Grpc__Linux *pb)
{
	pb->devices = xcalloc(from->n_devices, sizeof(*pb->devices));
	pb->n_devices = from->n_devices;
	for (size_t i = 0; i < from->n_devices; i++) {
		const struct oci_device *device = &from->devices[i];
		Grpc__LinuxDevice *to = NEW(Grpc__LinuxDevice, GRPC__LINUX_DEVICE__INIT);

		to->path = text(device->path);
		to->type = text(device->type);
		to->major = device->major;
		to->minor = device->minor;
		to->filemode = device->file_mode;
		to->uid = device->uid;
		to->gid = device->gid;
		pb->devices[i] = to;
	}
}

static Grpc__LinuxResources *resources_to_pb(const struct oci_resources *from)
{
	Grpc__LinuxResources *pb = NEW(Grpc__LinuxResources, GRPC__LINUX_RESOURCES__INIT);

	pb->memory = NEW(Grpc__LinuxMemory, GRPC__LINUX_MEMORY__INIT);
	pb->memory->limit = from->memory_limit;
	pb->cpu = NEW(Grpc__LinuxCPU, GRPC__LINUX_CPU__INIT);
	pb->cpu->shares = from->cpu_shares;
	pb->cpu->quota = from->cpu_quota;
	pb->cpu->period = from->cpu_period;
	pb->cpu->cpus = text(from->cpuset_cpus);
	pb->cpu->mems = text(from->cpuset_mems);
	pb->pids = NEW(Grpc__LinuxPids, GRPC__LINUX_PIDS__INIT);
	pb->pids->limit = from->pids_limit;
	return pb;
}

static void namespaces_to_pb(const struct oci_spec *from, Grpc__Linux *pb)
{
	pb->namespaces = xcalloc(from->n_namespaces, sizeof(*pb->namespaces));
	pb->n_namespaces = from->n_namespaces;
	for (size_t i = 0; i < from->n_namespaces; i++) {
		pb->namespaces[i] = NEW(Grpc__LinuxNamespace, GRPC__LINUX_NAMESPACE__INIT);
		pb->namespaces[i]->type = text(from->namespaces[i].type);
		pb->namespaces[i]->path = text(from->namespaces[i].path);
	}
}

static void sysctl_to_pb(const struct oci_spec *from, Grpc__Linux *pb)
{
	size_t n = strv_len(from->sysctl);

	pb->sysctl = xcalloc(n, sizeof(*pb->sysctl));
	pb->n_sysctl = n;
	for (size_t i = 0; i < n; i++) {
		const char *equals = strchr(from->sysctl[i], '=');
		Grpc__Linux__SysctlEntry *entry =
			NEW(Grpc__Linux__SysctlEntry, GRPC__LINUX__SYSCTL_ENTRY__INIT);

		entry->key = xstrndup(from->sysctl[i], (size_t)(equals - from->sysctl[i]));
		entry->value = xstrdup(equals + 1);
		pb->sysctl[i] = entry;
	}
}

static Grpc__Linux *linux_to_pb(const struct oci_spec *from)
{
	Grpc__Linux *pb = NEW(Grpc__Linux, GRPC__LINUX__INIT);

	namespaces_to_pb(from, pb);
	sysctl_to_pb(from, pb);
	devices_to_pb(from, pb);
	pb->resources = resources_to_pb(&from->resources);
	pb->cgroupspath = text(from->cgroups_path);
	pb->maskedpaths = words(from->masked_paths, &pb->n_maskedpaths);
	pb->readonlypaths = words(from->readonly_paths, &pb->n_readonlypaths);
	pb->rootfspropagation = text(from->rootfs_propagation);
	pb->mountlabel = text(NULL);
	return pb;
}

Grpc__Spec *spec_to_pb(const struct oci_spec *from)
{
	Grpc__Spec *pb = NEW(Grpc__Spec, GRPC__SPEC__INIT);

	pb->version = text(from->version);
	pb->process = process_to_pb(&from->process);
	pb->root = NEW(Grpc__Root, GRPC__ROOT__INIT);
	pb->root->path = text(from->root_path);
	pb->root->readonly = from->root_readonly;
	pb->hostname = text(from->hostname);
	mounts_to_pb(from, pb);
	pb->linuxpart = linux_to_pb(from);
	return pb;
}
