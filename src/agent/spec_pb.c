/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/spec_pb.h"

#include <errno.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

/* protobuf has no unset strings: empty ones are. */
static char *text(const char *s)
{
	return str_empty(s) ? NULL : xstrdup(s);
}

static char **words(size_t n, char **from)
{
	char **v = NULL;

	for (size_t i = 0; i < n; i++)
		strv_add(&v, from[i]);
	return v;
}

static void capabilities_from_pb(const Grpc__LinuxCapabilities *pb, struct oci_capabilities *ret)
{
	ret->present = true;
	ret->bounding = words(pb->n_bounding, pb->bounding);
	ret->effective = words(pb->n_effective, pb->effective);
	ret->inheritable = words(pb->n_inheritable, pb->inheritable);
	ret->permitted = words(pb->n_permitted, pb->permitted);
	ret->ambient = words(pb->n_ambient, pb->ambient);
}

static void user_from_pb(const Grpc__User *pb, struct oci_user *ret)
{
	ret->uid = pb->uid;
	ret->gid = pb->gid;
	ret->n_additional_gids = pb->n_additionalgids;
	if (pb->n_additionalgids > 0)
		ret->additional_gids =
			xmemdup(pb->additionalgids, pb->n_additionalgids * sizeof(uint32_t));
}

int process_from_pb(const Grpc__Process *pb, struct oci_process *ret, struct err *err)
{
	ret->terminal = pb->terminal;
	if (pb->consolesize) {
		ret->console_height = pb->consolesize->height;
		ret->console_width = pb->consolesize->width;
	}
	if (pb->user)
		user_from_pb(pb->user, &ret->user);
	ret->args = words(pb->n_args, pb->args);
	ret->env = words(pb->n_env, pb->env);
	ret->cwd = xstrdup(str_empty(pb->cwd) ? "/" : pb->cwd);
	if (pb->capabilities)
		capabilities_from_pb(pb->capabilities, &ret->capabilities);
	ret->rlimits = xcalloc(pb->n_rlimits, sizeof(*ret->rlimits));
	ret->n_rlimits = pb->n_rlimits;
	for (size_t i = 0; i < pb->n_rlimits; i++)
		ret->rlimits[i] = (struct oci_rlimit){ xstrdup(pb->rlimits[i]->type),
						       pb->rlimits[i]->hard, pb->rlimits[i]->soft };
	ret->no_new_privileges = pb->nonewprivileges;
	ret->oom_score_adj = pb->oomscoreadj;
	ret->has_oom_score_adj = pb->oomscoreadj != 0;
	if (pb->n_args == 0)
		return err_set(err, EINVAL, "process.args: empty");
	return 0;
}

static void mounts_from_pb(const Grpc__Spec *pb, struct oci_spec *ret)
{
	ret->mounts = xcalloc(pb->n_mounts, sizeof(*ret->mounts));
	ret->n_mounts = pb->n_mounts;
	for (size_t i = 0; i < pb->n_mounts; i++) {
		const Grpc__Mount *from = pb->mounts[i];

		ret->mounts[i] = (struct oci_mount){ xstrdup(from->destination), text(from->source),
						     text(from->type),
						     words(from->n_options, from->options) };
	}
}

static void devices_from_pb(const Grpc__Linux *pb, struct oci_spec *ret)
{
	ret->devices = xcalloc(pb->n_devices, sizeof(*ret->devices));
	ret->n_devices = pb->n_devices;
	for (size_t i = 0; i < pb->n_devices; i++) {
		const Grpc__LinuxDevice *from = pb->devices[i];

		ret->devices[i] = (struct oci_device){
			xstrdup(from->path), xstrdup(from->type), from->major, from->minor,
			from->filemode,      from->uid,           from->gid,
		};
	}
}

static void resources_from_pb(const Grpc__LinuxResources *pb, struct oci_resources *ret)
{
	if (pb->memory)
		ret->memory_limit = pb->memory->limit;
	if (pb->cpu) {
		ret->cpu_shares = pb->cpu->shares;
		ret->cpu_quota = pb->cpu->quota;
		ret->cpu_period = pb->cpu->period;
		ret->cpuset_cpus = text(pb->cpu->cpus);
		ret->cpuset_mems = text(pb->cpu->mems);
	}
	if (pb->pids)
		ret->pids_limit = pb->pids->limit;
}

static void linux_from_pb(const Grpc__Linux *pb, struct oci_spec *ret)
{
	ret->namespaces = xcalloc(pb->n_namespaces, sizeof(*ret->namespaces));
	ret->n_namespaces = pb->n_namespaces;
	for (size_t i = 0; i < pb->n_namespaces; i++)
		ret->namespaces[i] = (struct oci_namespace){ xstrdup(pb->namespaces[i]->type),
							     text(pb->namespaces[i]->path) };
	for (size_t i = 0; i < pb->n_sysctl; i++)
		strv_addf(&ret->sysctl, "%s=%s", pb->sysctl[i]->key, pb->sysctl[i]->value);
	devices_from_pb(pb, ret);
	if (pb->resources)
		resources_from_pb(pb->resources, &ret->resources);
	ret->cgroups_path = text(pb->cgroupspath);
	ret->masked_paths = words(pb->n_maskedpaths, pb->maskedpaths);
	ret->readonly_paths = words(pb->n_readonlypaths, pb->readonlypaths);
	ret->rootfs_propagation = text(pb->rootfspropagation);
}

int spec_from_pb(const Grpc__Spec *pb, struct oci_spec **ret, struct err *err)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	int r;

	if (!pb->process)
		return err_set(err, EINVAL, "process: missing");
	if (!pb->root || str_empty(pb->root->path))
		return err_set(err, EINVAL, "root.path: missing");
	r = process_from_pb(pb->process, &spec->process, err);
	if (r < 0)
		return r;
	spec->version = text(pb->version);
	spec->root_path = xstrdup(pb->root->path);
	spec->root_readonly = pb->root->readonly;
	spec->hostname = text(pb->hostname);
	mounts_from_pb(pb, spec);
	for (size_t i = 0; i < pb->n_annotations; i++)
		strv_addf(&spec->annotations, "%s=%s", pb->annotations[i]->key,
			  pb->annotations[i]->value);
	if (pb->linuxpart)
		linux_from_pb(pb->linuxpart, spec);
	*ret = take_ptr(spec);
	return 0;
}
