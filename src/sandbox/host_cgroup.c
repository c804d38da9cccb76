/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host_cgroup.h"

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
#include "sandbox/persist.h"

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

static bool is_refusal(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS || r == -ENOENT;
}

int host_cgroup_make(const struct container_record *record, bool optional, struct cgroup **ret,
		     struct err *err)
{
	int r = cgroup_create(record->cgroup, ret, err);

	if (r < 0 && optional && is_refusal(r)) {
		log_warn("container %s is in no cgroup of the host: %s", record->id, err->text);
		*err = (struct err){ 0 };
		return 0;
	}
	return r;
}

int host_cgroup_open(const struct container_record *record, struct cgroup **ret, struct err *err)
{
	int r;

	if (!record->cgroup)
		return 0;
	r = cgroup_open(record->cgroup, ret, err);
	if (r != -ENOENT)
		return r;
	*err = (struct err){ 0 };
	return 0;
}

void host_cgroup_remove(const struct container_record *record)
{
	CLEANUP(cgroup_free) struct cgroup *cgroup = NULL;
	struct err err = { 0 };
	int r = host_cgroup_open(record, &cgroup, &err);

	if (r == 0 && cgroup)
		r = cgroup_remove(cgroup, CGROUP_KEEP_PARENTS, deadline_in(EMPTY_MS), &err);
	if (r < 0)
		log_warn("container %s: its cgroup on the host stays: %s", record->id, err.text);
}
