/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/spec_pb.h"

#include <stdlib.h>

#include "agentc/pb_new.h"
#include "base/str.h"
#include "oci/spec.h"

char *pb_text(const char *s)
{
	return xstrdup(s ? s : "");
}

char **pb_words(char *const *from, size_t *ret_n)
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

void pb_pair(const char *word, char **ret_key, char **ret_value)
{
	size_t len = strcspn(word, "=");

	*ret_key = xstrndup(word, len);
	*ret_value = xstrdup(word[len] ? word + len + 1 : "");
}

static void mounts_to_pb(const struct oci_spec *from, Grpc__Spec *pb)
{
	pb->mounts = xcalloc(from->n_mounts, sizeof(*pb->mounts));
	pb->n_mounts = from->n_mounts;
	for (size_t i = 0; i < from->n_mounts; i++) {
		Grpc__Mount *mount = PB_NEW(Grpc__Mount, GRPC__MOUNT__INIT);

		mount->destination = pb_text(from->mounts[i].destination);
		mount->source = pb_text(from->mounts[i].source);
		mount->type = pb_text(from->mounts[i].type);
		mount->options = pb_words(from->mounts[i].options, &mount->n_options);
		pb->mounts[i] = mount;
	}
}

static void devices_to_pb(const struct oci_spec *from, Grpc__Linux *pb)
{
	pb->devices = xcalloc(from->n_devices, sizeof(*pb->devices));
	pb->n_devices = from->n_devices;
	for (size_t i = 0; i < from->n_devices; i++) {
		const struct oci_device *device = &from->devices[i];
		Grpc__LinuxDevice *to = PB_NEW(Grpc__LinuxDevice, GRPC__LINUX_DEVICE__INIT);

		to->path = pb_text(device->path);
		to->type = pb_text(device->type);
		to->major = device->major;
		to->minor = device->minor;
		to->filemode = device->file_mode;
		to->uid = device->uid;
		to->gid = device->gid;
		pb->devices[i] = to;
	}
}

static void namespaces_to_pb(const struct oci_spec *from, Grpc__Linux *pb)
{
	pb->namespaces = xcalloc(from->n_namespaces, sizeof(*pb->namespaces));
	pb->n_namespaces = from->n_namespaces;
	for (size_t i = 0; i < from->n_namespaces; i++) {
		pb->namespaces[i] = PB_NEW(Grpc__LinuxNamespace, GRPC__LINUX_NAMESPACE__INIT);
		pb->namespaces[i]->type = pb_text(from->namespaces[i].type);
		pb->namespaces[i]->path = pb_text(from->namespaces[i].path);
	}
}

static Grpc__LinuxIDMapping **mappings_to_pb(const struct oci_id_mapping *from, size_t n,
					     size_t *ret_n)
{
	Grpc__LinuxIDMapping **list = xcalloc(n, sizeof(*list));

	*ret_n = n;
	for (size_t i = 0; i < n; i++) {
		list[i] = PB_NEW(Grpc__LinuxIDMapping, GRPC__LINUX_IDMAPPING__INIT);
		list[i]->containerid = from[i].container_id;
		list[i]->hostid = from[i].host_id;
		list[i]->size = from[i].size;
	}
	return list;
}

static void sysctl_to_pb(const struct oci_spec *from, Grpc__Linux *pb)
{
	size_t n = strv_len(from->sysctl);

	pb->sysctl = xcalloc(n, sizeof(*pb->sysctl));
	pb->n_sysctl = n;
	for (size_t i = 0; i < n; i++) {
		pb->sysctl[i] = PB_NEW(Grpc__Linux__SysctlEntry, GRPC__LINUX__SYSCTL_ENTRY__INIT);
		pb_pair(from->sysctl[i], &pb->sysctl[i]->key, &pb->sysctl[i]->value);
	}
}

static void annotations_to_pb(const struct oci_spec *from, Grpc__Spec *pb)
{
	size_t n = strv_len(from->annotations);

	pb->annotations = xcalloc(n, sizeof(*pb->annotations));
	pb->n_annotations = n;
	for (size_t i = 0; i < n; i++) {
		pb->annotations[i] =
			PB_NEW(Grpc__Spec__AnnotationsEntry, GRPC__SPEC__ANNOTATIONS_ENTRY__INIT);
		pb_pair(from->annotations[i], &pb->annotations[i]->key, &pb->annotations[i]->value);
	}
}

static Grpc__Hook **hook_list_to_pb(const struct oci_hooks *from, size_t *ret_n)
{
	Grpc__Hook **list = xcalloc(from->n, sizeof(*list));

	*ret_n = from->n;
	for (size_t i = 0; i < from->n; i++) {
		list[i] = PB_NEW(Grpc__Hook, GRPC__HOOK__INIT);
		list[i]->path = pb_text(from->hooks[i].path);
		list[i]->args = pb_words(from->hooks[i].args, &list[i]->n_args);
		list[i]->env = pb_words(from->hooks[i].env, &list[i]->n_env);
		list[i]->timeout = from->hooks[i].timeout_s;
	}
	return list;
}

/* The other kinds run on the host, in its namespaces. */
static Grpc__Hooks *hooks_to_pb(const struct oci_spec *from)
{
	const struct oci_hooks *create = &from->hooks[OCI_HOOK_CREATE_CONTAINER];
	const struct oci_hooks *start = &from->hooks[OCI_HOOK_START_CONTAINER];
	Grpc__Hooks *pb = NULL;

	if (create->n == 0 && start->n == 0)
		return NULL;
	pb = PB_NEW(Grpc__Hooks, GRPC__HOOKS__INIT);
	pb->createcontainer = hook_list_to_pb(create, &pb->n_createcontainer);
	pb->startcontainer = hook_list_to_pb(start, &pb->n_startcontainer);
	return pb;
}

static Grpc__Linux *linux_to_pb(const struct oci_spec *from)
{
	Grpc__Linux *pb = PB_NEW(Grpc__Linux, GRPC__LINUX__INIT);

	namespaces_to_pb(from, pb);
	pb->uidmappings =
		mappings_to_pb(from->uid_mappings, from->n_uid_mappings, &pb->n_uidmappings);
	pb->gidmappings =
		mappings_to_pb(from->gid_mappings, from->n_gid_mappings, &pb->n_gidmappings);
	sysctl_to_pb(from, pb);
	devices_to_pb(from, pb);
	pb->resources = resources_to_pb(&from->resources);
	pb->cgroupspath = pb_text(from->cgroups_path);
	pb->maskedpaths = pb_words(from->masked_paths, &pb->n_maskedpaths);
	pb->readonlypaths = pb_words(from->readonly_paths, &pb->n_readonlypaths);
	pb->rootfspropagation = pb_text(from->rootfs_propagation);
	if (from->seccomp)
		pb->seccomp = seccomp_to_pb(from->seccomp);
	pb->personalitydomain = pb_text(from->personality);
	return pb;
}

Grpc__Spec *spec_to_pb(const struct oci_spec *from)
{
	Grpc__Spec *pb = PB_NEW(Grpc__Spec, GRPC__SPEC__INIT);

	pb->version = pb_text(from->version);
	pb->process = process_to_pb(&from->process);
	pb->root = PB_NEW(Grpc__Root, GRPC__ROOT__INIT);
	pb->root->path = pb_text(from->root_path);
	pb->root->readonly = from->root_readonly;
	pb->hostname = pb_text(from->hostname);
	pb->domainname = pb_text(from->domainname);
	mounts_to_pb(from, pb);
	pb->hooks = hooks_to_pb(from);
	annotations_to_pb(from, pb);
	pb->linuxpart = linux_to_pb(from);
	return pb;
}
