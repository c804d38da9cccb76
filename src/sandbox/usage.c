/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/usage.h"

#include <assert.h>
#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/stats.h"
#include "sandbox/host_cgroup.h"
#include "sandbox/internal.h"
#include "sandbox/sandbox.h"

/* Of a container's cgroup on the host; the sandbox's own container has the machine in its. */
static int add_host(const char *id, const char *path, struct sandbox_usage *usage, struct err *err)
{
	__attribute__((cleanup(cgroup_stats_donep))) struct cgroup_stats stats = { 0 };
	CLEANUP(cgroup_free) struct cgroup *cgroup = NULL;
	int r;

	r = host_cgroup_open(path, &cgroup, err);
	if (r < 0)
		return r;
	if (!cgroup)
		return err_set(
			err, ENODATA,
			"container %s has no cgroup on the host, from which its usage could be "
			"read",
			id);
	r = cgroup_stats_read(cgroup, &stats, err);
	if (r < 0)
		return r;
	usage->host_cpu_ns += stats.cpu.total_ns;
	usage->host_memory += stats.memory.memory.usage;
	return 0;
}

static int add_guest(const char *id, struct sandbox_usage *usage, struct err *err)
{
	__attribute__((cleanup(cgroup_stats_donep))) struct cgroup_stats stats = { 0 };
	int r = container_stats(id, &stats, err);

	if (r < 0)
		return r;
	usage->guest_cpu_ns += stats.cpu.total_ns;
	usage->guest_memory += stats.memory.memory.usage;
	return 0;
}

/* A container that has ended, or that another command takes away, uses nothing. */
static int add_member(const char *id, bool has_cgroup, struct sandbox_usage *usage, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	int r = 0;

	if (container_look(id, &view, err) < 0 ||
	    (view.state != STATE_RUNNING && view.state != STATE_PAUSED)) {
		*err = (struct err){ 0 };
		return 0;
	}
	if (has_cgroup)
		r = add_host(id, view.record->cgroup, usage, err);
	return r < 0 ? r : add_guest(id, usage, err);
}

int sandbox_usage_read(const char *id, struct sandbox_usage *ret, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	CLEANUP(sandbox_record_free) struct sandbox_record *record = NULL;
	CLEANUP(strv_free) char **members = NULL;
	struct sandbox_usage usage = { 0 };
	int r;

	r = container_look(id, &view, err);
	if (r == 0 && view.state != STATE_RUNNING && view.state != STATE_PAUSED)
		r = err_set_as(err, ERR_CONTAINER_STATE, ESRCH,
			       "container with id %s is not running", id);
	if (r == 0)
		r = sandbox_look(view.record->sandbox, &record, err);
	if (r < 0)
		return r;
	assert(record);
	usage.vcpus = record->size.vcpus;
	members = sandbox_members(record->id);
	if (record->cgroups.path)
		r = add_host(record->id, record->cgroups.path, &usage, err);
	for (char **member = members; r == 0 && member && *member; member++)
		r = add_member(*member, !record->cgroups.path, &usage, err);
	if (r < 0)
		return r;
	usage.at_us = now_us();
	*ret = usage;
	return 0;
}
