/* SPDX-License-Identifier: Apache-2.0 */
/* What runs in a container: in the guest, and what stands for it on the host. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "agentc/agentc.h"
#include "agentc/network.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "sandbox/internal.h"
#include "sandbox/paths.h"
#include "sandbox/sandbox.h"

static int look_running(const char *id, struct container_view *view, struct err *err)
{
	int r = container_look(id, view, err);

	if (r < 0)
		return r;
	if (view->state != STATE_RUNNING && view->state != STATE_PAUSED)
		return container_not_running(view, err);
	return 0;
}

static int connect_running(const char *id, struct agentc **ret, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	int r = look_running(id, &view, err);

	return r == 0 ? sandbox_connect(view.record->sandbox, ret, err) : r;
}

int container_processes(const char *id, struct agentc_processes *ret, struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r = connect_running(id, &agent, err);

	if (r == 0)
		r = agentc_list_processes(agent, id, deadline_in(REQUEST_MS), ret, err);
	return r;
}

int container_stats(const char *id, struct cgroup_stats *ret, struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r = connect_running(id, &agent, err);

	if (r == 0)
		r = agentc_stats(agent, id, deadline_in(REQUEST_MS), ret, err);
	return r;
}

int container_oom_kills(const char *id, uint64_t wait_ms, uint64_t *kills, struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r = connect_running(id, &agent, err);

	if (r == 0)
		r = agentc_oom_kills(agent, id, wait_ms > 0,
				     deadline_in(wait_ms > 0 ? wait_ms : REQUEST_MS), kills, err);
	return r;
}

int container_network_stats(const char *id, struct agentc_network_stats *ret, struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r = connect_running(id, &agent, err);

	return r == 0 ? agentc_network_stats(agent, deadline_in(AGENTC_NETWORK_MS), ret, err) : r;
}

int container_shims(const char *id, pid_t **ret, size_t *ret_n, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	CLEANUP(free) char *path = NULL;
	CLEANUP(free) pid_t *pids = NULL;
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;
	int r;

	r = look_running(id, &view, err);
	if (r < 0)
		return r;
	pids = xcalloc(1, sizeof(*pids));
	pids[n++] = view.record->shim.pid;
	path = paths_container(view.record->sandbox, id);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		struct proc_id shim = { 0 };

		if (!str_starts(entry->d_name, "exec-") ||
		    proc_record_read(dirfd(dir), entry->d_name, &shim) < 0 || !proc_alive(&shim))
			continue;
		pids = xrealloc(pids, (n + 1) * sizeof(*pids));
		pids[n++] = shim.pid;
	}
	if (dir)
		closedir(dir);
	*ret = take_ptr(pids);
	*ret_n = n;
	return 0;
}
