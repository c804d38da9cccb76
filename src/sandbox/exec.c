/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "oci/spec.h"
#include "sandbox/host_cgroup.h"
#include "sandbox/internal.h"
#include "sandbox/netns.h"
#include "sandbox/paths.h"
#include "sandbox/sandbox.h"
#include "sandbox/shims.h"

#define EXEC_RECORD_PREFIX "exec-"

static char *random_id(void)
{
	CLEANUP(free) char *text = NULL;

	/* 36 characters that the kernel makes for us. */
	if (file_read_at(AT_FDCWD, "/proc/sys/kernel/random/uuid", 64, &text) < 0)
		return xasprintf("%d-%llu", getpid(), (unsigned long long)now_us());
	return xstrndup(text, 36);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/*
 * Takes away the records of processes that have ended: a health check every few
 * seconds would leave a file each. One that cannot be read yet is being written.
 */
static void forget_ended(const char *path)
{
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct proc_id id = { 0 };

		if (str_starts(entry->d_name, EXEC_RECORD_PREFIX) &&
		    proc_record_read(dirfd(dir), entry->d_name, &id) == 0 && !proc_alive(&id))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
}

int container_exec(const struct exec_params *params, struct proc_id *ret_shim, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	CLEANUP(free) char *exec_id = random_id();
	CLEANUP(free) char *record = xasprintf(EXEC_RECORD_PREFIX "%s.record", exec_id);
	__attribute__((cleanup(started_shim_done))) struct started_shim shim = STARTED_SHIM_INIT;
	CLEANUP(cgroup_free) struct cgroup *cgroup = NULL;
	CLEANUP(free) char *path = NULL;
	const char *cid = params->guest ? AGENTC_GUEST_ID : params->id;
	CLEANUP(close) int netns = -1;
	CLEANUP(close) int dir = -1;
	int r;

	r = container_look(params->id, &view, err);
	if (r < 0)
		return r;
	if (view.state != STATE_RUNNING && view.state != STATE_READY)
		return container_not_running(&view, err);
	path = paths_container(view.record->sandbox, params->id);
	forget_ended(path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_errno(err, "open %s", path);
	r = host_cgroup_open(view.record->cgroup, &cgroup, err);
	if (r == 0)
		r = netns = netns_of(view.record->sandbox, err);
	if (r >= 0)
		r = sandbox_connect(view.record->sandbox, &agent, err);
	if (r < 0)
		return r;
	r = shim_start(&(struct shim_params){ .config = params->config,
					      .sid = view.record->sandbox,
					      .cid = cid,
					      .exec_id = exec_id,
					      .args = params->process->args,
					      .netns = netns,
					      .files_fd = -1,
					      .cgroup = cgroup,
					      .record_dir = dir,
					      .record = record,
					      .console = params->console,
					      .console_socket = params->console_socket,
					      .terminal = params->process->terminal,
					      .detach = params->detach },
		       &shim, err);
	/* A shim first: without one nobody would ever see the process. */
	if (r == 0)
		r = agentc_exec(agent, cid, exec_id, params->process, deadline_in(REQUEST_MS), err);
	if (r == 0)
		r = shim_go(&shim, err);
	if (r < 0)
		return r;
	*ret_shim = shim.id;
	return container_write_pid_file(params->pid_file, ret_shim->pid, err);
}
