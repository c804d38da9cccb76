/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host_cgroup.h"

#include <errno.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "sandbox/persist.h"

#define EMPTY_MS 1000u /* from a process's end until the kernel takes it out */

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

int host_cgroup_enter(const void *cgroup)
{
	struct err ignored = { 0 };

	return cgroup ? cgroup_enter(cgroup, &ignored) : 0;
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
