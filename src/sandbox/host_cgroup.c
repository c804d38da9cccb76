/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host_cgroup.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/split.h"
#include "config/config.h"
#include "oci/spec.h"
#include "sandbox/persist.h"
#include "sandbox/pod.h"

#define SLICE    ".slice"
#define EMPTY_MS 1000u /* from a process's end until the kernel takes it out */

/* "/a.slice/a-b.slice" for "a-b.slice": each dash is a level. Owned. Source: systemd.slice(5). */
static char *slice_path(const char *slice)
{
	CLEANUP(strv_free) char **path = NULL;
	size_t len = strlen(slice);
	size_t stem = len > strlen(SLICE) ? len - strlen(SLICE) : 0;

	if (!str_eq(slice + stem, SLICE) || str_eq(slice, "-" SLICE))
		return xstrdup(str_eq(slice, "-" SLICE) ? "" : slice);
	for (size_t i = 1; i <= stem; i++)
		if (slice[i] == '-' || i == stem)
			strv_addf(&path, "%.*s" SLICE, (int)i, slice);
	return strv_join(path, "/");
}

char *host_cgroup_path(const char *cgroups_path, const char *id)
{
	const char *prefix = str_empty(cgroups_path) ? NULL : strchr(cgroups_path, ':');
	const char *name = prefix ? strchr(prefix + 1, ':') : NULL;
	CLEANUP(free) char *slice = NULL;
	CLEANUP(free) char *parents = NULL;
	CLEANUP(free) char *path = NULL;

	if (!prefix || *cgroups_path == '/')
		return cgroup_path(cgroups_path, id);
	if (!name || !name[1] || strpbrk(cgroups_path, "/"))
		return NULL;
	slice = xstrndup(cgroups_path, (size_t)(prefix - cgroups_path));
	parents = slice_path(*slice ? slice : "system" SLICE);
	path = xasprintf("/%s/%.*s%s%s.scope", parents, (int)(name - prefix - 1), prefix + 1,
			 name == prefix + 1 ? "" : "-", name + 1);
	return cgroup_path(path, id);
}

/* Of its own: the pod's limits are on the parent, where version 2 lets no process be. */
static char *path_in_pod(const char *path, const char *sid)
{
	const char *last = strrchr(path, '/');

	return xasprintf("%.*s/kata_%s", (int)(last - path), path, sid);
}

static int own_path(const struct oci_spec *spec, const char *id, char **ret, struct err *err)
{
	*ret = host_cgroup_path(spec->cgroups_path, id);
	if (*ret)
		return 0;
	return err_set_as(err, ERR_CGROUP_PATH, EINVAL,
			  "linux.cgroupsPath: '%s' leads out of the cgroup file system; "
			  "a path without '..', or slice:prefix:name without '/', is allowed",
			  spec->cgroups_path);
}

int host_cgroup_choose(const struct config *config, const struct oci_spec *spec, const char *sid,
		       struct sandbox_cgroups *ret, struct err *err)
{
	int64_t millis = config->sandbox.cpu_millis;
	CLEANUP(free) char *own = NULL;
	int r;

	*ret = (struct sandbox_cgroups){ .mode = CGROUP_EACH };
	if (config->runtime.sandbox_cgroup_with_emulator)
		ret->mode = CGROUP_SPLIT;
	else if (config->runtime.sandbox_cgroup_only)
		ret->mode = CGROUP_ONE;
	else
		return 0;
	r = own_path(spec, sid, &own, err);
	if (r < 0)
		return r;
	assert(own);
	/* Another annotation may have said another number of vCPUs. */
	if ((millis + 999) / 1000 == config->hypervisor.default_vcpus)
		ret->cpu_millis = millis;
	ret->path =
		ret->mode == CGROUP_ONE && pod_is_pod(spec) ? path_in_pod(own, sid) : take_ptr(own);
	return 0;
}

int host_cgroup_of(const struct sandbox_cgroups *cgroups, const struct oci_spec *spec,
		   const char *id, char **ret, struct err *err)
{
	if (cgroups->mode == CGROUP_EACH)
		return own_path(spec, id, ret, err);
	*ret = cgroups->mode == CGROUP_SPLIT ? cgroup_split_home(cgroups->path, err)
					     : xstrdup(cgroups->path);
	return *ret ? 0 : -err->code;
}

static bool is_refusal(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS || r == -ENOENT;
}

static int make_split(const char *path, const char *sid, struct cgroup **ret, struct err *err)
{
	CLEANUP(free) char *reason = NULL;
	int r = cgroup_split_create(path, ret, &reason, err);

	if (r == 0 && reason)
		log_warn("sandbox %s: [runtime] sandbox_cgroup_with_emulator: the vCPUs have no "
			 "cgroup of their own, and no limit: %s",
			 sid, reason);
	return r;
}

int host_cgroup_make(const struct container_record *record, const struct sandbox_cgroups *cgroups,
		     bool first, bool optional, struct cgroup **ret, struct err *err)
{
	int r;

	if (cgroups->mode != CGROUP_EACH && !first)
		return host_cgroup_open(record->cgroup, ret, err);
	r = cgroups->mode == CGROUP_SPLIT ? make_split(cgroups->path, record->id, ret, err)
					  : cgroup_create(record->cgroup, ret, err);
	if (r < 0 && optional && is_refusal(r)) {
		log_warn("container %s is in no cgroup of the host: %s", record->id, err->text);
		*err = (struct err){ 0 };
		return 0;
	}
	return r;
}

int host_cgroup_open(const char *path, struct cgroup **ret, struct err *err)
{
	int r;

	if (!path)
		return 0;
	r = cgroup_open(path, ret, err);
	if (r != -ENOENT)
		return r;
	*err = (struct err){ 0 };
	return 0;
}

void host_cgroup_remove(const char *path, const char *id)
{
	CLEANUP(cgroup_free) struct cgroup *cgroup = NULL;
	struct err err = { 0 };
	int r = host_cgroup_open(path, &cgroup, &err);

	if (r == 0 && cgroup)
		r = cgroup_remove(cgroup, CGROUP_KEEP_PARENTS, deadline_in(EMPTY_MS), &err);
	if (r < 0)
		log_warn("container %s: its cgroup on the host stays: %s", id, err.text);
}
