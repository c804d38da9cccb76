/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/spec_pb.h"

#include <errno.h>
#include <inttypes.h>

#include "agent/pb_read.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/check.h"
#include "oci/spec.h"

char *read_text(const char *s)
{
	return str_empty(s) ? NULL : xstrdup(s);
}

/* At once: to add one by one takes a time that is quadratic in what the peer sends. */
char **read_room(size_t n)
{
	return n == 0 ? NULL : xcalloc(2 * n + 2, sizeof(char *)); /* as strv_add() expects it */
}

char **read_words(size_t n, char **from)
{
	char **v = read_room(n);

	for (size_t i = 0; i < n; i++)
		v[i] = xstrdup(from[i]);
	return v;
}

int read_pair(char **slot, const char *map, const char *key, const char *value, struct err *err)
{
	if (strchr(key, '='))
		return err_set(err, EINVAL, "%s[\"%.64s\"]: a key may not hold '='", map, key);
	*slot = xasprintf("%s=%s", key, value);
	return 0;
}

static void mounts_from_pb(const Grpc__Spec *pb, struct oci_spec *ret)
{
	ret->mounts = xcalloc(pb->n_mounts, sizeof(*ret->mounts));
	ret->n_mounts = pb->n_mounts;
	for (size_t i = 0; i < pb->n_mounts; i++) {
		const Grpc__Mount *from = pb->mounts[i];

		ret->mounts[i] = (struct oci_mount){ read_text(from->destination),
						     read_text(from->source), read_text(from->type),
						     read_words(from->n_options, from->options) };
	}
}

static void devices_from_pb(const Grpc__Linux *pb, struct oci_spec *ret)
{
	ret->devices = xcalloc(pb->n_devices, sizeof(*ret->devices));
	ret->n_devices = pb->n_devices;
	for (size_t i = 0; i < pb->n_devices; i++) {
		const Grpc__LinuxDevice *from = pb->devices[i];

		ret->devices[i] = (struct oci_device){
			read_text(from->path),
			read_text(from->type),
			from->major,
			from->minor,
			from->filemode,
			from->uid,
			from->gid,
		};
	}
}

static void namespaces_from_pb(const Grpc__Linux *pb, struct oci_spec *ret)
{
	ret->namespaces = xcalloc(pb->n_namespaces, sizeof(*ret->namespaces));
	ret->n_namespaces = pb->n_namespaces;
	for (size_t i = 0; i < pb->n_namespaces; i++)
		ret->namespaces[i] = (struct oci_namespace){ read_text(pb->namespaces[i]->type),
							     read_text(pb->namespaces[i]->path) };
}

static struct oci_id_mapping *mappings_from_pb(size_t n, Grpc__LinuxIDMapping *const *from,
					       size_t *ret_n)
{
	struct oci_id_mapping *list = xcalloc(n, sizeof(*list));

	*ret_n = n;
	for (size_t i = 0; i < n; i++)
		list[i] = (struct oci_id_mapping){ .container_id = from[i]->containerid,
						   .host_id = from[i]->hostid,
						   .size = from[i]->size };
	return list;
}

static int hook_list_from_pb(size_t n, Grpc__Hook *const *from, enum oci_hook_kind kind,
			     struct oci_hooks *ret, struct err *err)
{
	ret->hooks = xcalloc(n, sizeof(*ret->hooks));
	ret->n = n;
	for (size_t i = 0; i < n; i++) {
		if (from[i]->timeout < 0 || from[i]->timeout > UINT32_MAX)
			return err_set(err, EINVAL,
				       "hooks.%s[%zu].timeout: %" PRId64 " is not 0 to %" PRIu32,
				       oci_hook_name(kind), i, from[i]->timeout, UINT32_MAX);
		ret->hooks[i] = (struct oci_hook){
			.path = read_text(from[i]->path),
			.args = read_words(from[i]->n_args, from[i]->args),
			.env = read_words(from[i]->n_env, from[i]->env),
			.timeout_s = (uint32_t)from[i]->timeout,
		};
	}
	return 0;
}

/* The other kinds are the host's. */
static int hooks_from_pb(const Grpc__Hooks *pb, struct oci_spec *ret, struct err *err)
{
	int r;

	if (!pb)
		return 0;
	CHECK(hook_list_from_pb(pb->n_createcontainer, pb->createcontainer,
				OCI_HOOK_CREATE_CONTAINER, &ret->hooks[OCI_HOOK_CREATE_CONTAINER],
				err));
	return hook_list_from_pb(pb->n_startcontainer, pb->startcontainer, OCI_HOOK_START_CONTAINER,
				 &ret->hooks[OCI_HOOK_START_CONTAINER], err);
}

static int linux_from_pb(const Grpc__Linux *pb, struct oci_spec *ret, struct err *err)
{
	int r;

	namespaces_from_pb(pb, ret);
	ret->uid_mappings =
		mappings_from_pb(pb->n_uidmappings, pb->uidmappings, &ret->n_uid_mappings);
	ret->gid_mappings =
		mappings_from_pb(pb->n_gidmappings, pb->gidmappings, &ret->n_gid_mappings);
	ret->sysctl = read_room(pb->n_sysctl);
	for (size_t i = 0; i < pb->n_sysctl; i++)
		CHECK(read_pair(&ret->sysctl[i], "linux.sysctl", pb->sysctl[i]->key,
				pb->sysctl[i]->value, err));
	devices_from_pb(pb, ret);
	if (pb->resources)
		CHECK(resources_read_pb(pb->resources, &ret->resources, err));
	ret->cgroups_path = read_text(pb->cgroupspath);
	ret->masked_paths = read_words(pb->n_maskedpaths, pb->maskedpaths);
	ret->readonly_paths = read_words(pb->n_readonlypaths, pb->readonlypaths);
	ret->rootfs_propagation = read_text(pb->rootfspropagation);
	if (pb->seccomp)
		CHECK(seccomp_from_pb(pb->seccomp, &ret->seccomp, err));
	ret->personality = read_text(pb->personalitydomain);
	return 0;
}

int spec_from_pb(const Grpc__Spec *pb, struct oci_spec **ret, struct err *err)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	int r;

	if (!pb->process)
		return err_set(err, EINVAL, "process: missing");
	if (!pb->root || str_empty(pb->root->path))
		return err_set(err, EINVAL, "root.path: missing");
	CHECK(process_from_pb(pb->process, &spec->process, err));
	spec->version = read_text(pb->version);
	spec->root_path = xstrdup(pb->root->path);
	spec->root_readonly = pb->root->readonly;
	spec->hostname = read_text(pb->hostname);
	spec->domainname = read_text(pb->domainname);
	mounts_from_pb(pb, spec);
	CHECK(hooks_from_pb(pb->hooks, spec, err));
	spec->annotations = read_room(pb->n_annotations);
	for (size_t i = 0; i < pb->n_annotations; i++)
		CHECK(read_pair(&spec->annotations[i], "annotations", pb->annotations[i]->key,
				pb->annotations[i]->value, err));
	if (pb->linuxpart)
		CHECK(linux_from_pb(pb->linuxpart, spec, err));
	CHECK(oci_spec_check(spec, err));
	*ret = take_ptr(spec);
	return 0;
}
