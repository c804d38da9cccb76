/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "sandbox/disks.h"
#include "sandbox/host_cgroup.h"
#include "sandbox/host_hooks.h"
#include "sandbox/internal.h"
#include "sandbox/lock.h"
#include "sandbox/passthrough.h"
#include "sandbox/paths.h"
#include "sandbox/resize.h"
#include "sandbox/sandbox.h"
#include "sandbox/share.h"
#include "sandbox/shims.h"
#include "vm/vm.h"

#define FORCED_TRIES 5 /* a second each */

static int read_record(const char *sid, const char *cid, struct container_record **ret)
{
	CLEANUP(free) char *path = paths_container(sid, cid);
	CLEANUP(close) int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err ignored = { 0 };

	return dirfd < 0 ? -errno : container_record_read(dirfd, ret, &ignored);
}

void container_forget_cgroup(const char *sid, const char *cid)
{
	CLEANUP(container_record_free) struct container_record *record = NULL;
	CLEANUP(sandbox_record_free) struct sandbox_record *sandbox = NULL;
	struct err ignored = { 0 };

	/* The sandbox's stays until all of it goes: sandbox_remove(). */
	if (sandbox_look(sid, &sandbox, &ignored) == 0 && sandbox &&
	    sandbox->cgroups.mode != CGROUP_EACH)
		return;
	/* Without a record there is no cgroup yet. */
	if (read_record(sid, cid, &record) == 0 && record)
		host_cgroup_remove(record->cgroup, cid);
}

int container_remove(const char *sid, const char *cid, struct err *err)
{
	CLEANUP(free) char *path = paths_container(sid, cid);
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	struct err ignored = { 0 };
	int r;

	/* A guest that has lost the container, or never had it, is as good. */
	if (!sandbox_is_stale(sid) && sandbox_connect(sid, &agent, &ignored) == 0)
		(void)agentc_remove_container(agent, cid, deadline_in(DESTROY_MS), &ignored);
	r = fault_point("container removed in the guest", err);
	if (r < 0)
		return r;
	r = sandbox_is_stale(sid) ? 0 : shims_end(sid, cid, err);
	if (r < 0)
		return r;
	/* A guest that does not let a disk go keeps it until its end; the container goes. */
	if (agent && disks_unplug(sid, cid, &ignored) < 0)
		log_warn("container %s: %s", cid, ignored.text);
	if (agent && passthrough_unplug(sid, cid, &ignored) < 0)
		log_warn("container %s: %s", cid, ignored.text);
	container_forget_cgroup(sid, cid);
	r = fault_point("host cgroup removed", err);
	if (r == 0)
		r = share_remove(sid, cid, err);
	if (r == 0)
		r = fault_point("container share removed", err);
	if (r == 0)
		r = rm_tree(path, err);
	if (r == 0)
		r = fault_point("container directory removed", err);
	if (r == 0)
		r = mapping_remove(cid, err);
	if (r == 0 && agent)
		resize_fit(sid, agent);
	return r;
}

/* What may have its name by now is another's, which nobody asked us to delete. */
static bool has_gone(int dir)
{
	struct stat st;

	return dir < 0 || fstat(dir, &st) < 0 || st.st_nlink == 0;
}

/*
 * Whoever holds the lock may be waiting for a guest that never answers: without
 * its machine, which is to go anyway, it gives up. Again and again, because it
 * may start one just now.
 */
static int lock_by_force(const char *sid, struct err *err)
{
	CLEANUP(free) char *path = paths_sandbox(sid);
	CLEANUP(free) char *vm = paths_vm(sid);
	CLEANUP(close) int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd = lock_sandbox_within(path, 0, err);

	for (int i = 0; i < FORCED_TRIES && (fd == -EBUSY || fd == -ETIMEDOUT); i++) {
		if (!has_gone(dir) && !sandbox_is_stale(sid))
			vm_kill(vm);
		fd = has_gone(dir) ? -ENOENT : lock_sandbox_within(path, 1, err);
	}
	if (fd == -ETIMEDOUT)
		fd = lock_sandbox(path, false, err);
	if (fd < 0 || !has_gone(dir))
		return fd;
	close(fd);
	return -ENOENT;
}

/* Nothing is registered under this id; a crash may have left parts all the same. */
static int delete_remains(const char *id, struct err *err)
{
	CLEANUP(close) int lock = lock_by_force(id, err);

	if (lock == -ENOENT)
		return sandbox_reclaim_id(id, err);
	return lock < 0 ? lock : sandbox_remove(id, err);
}

static int check_deletable(const char *id, bool force, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	struct err ignored = { 0 };

	if (force || container_look(id, &view, &ignored) < 0)
		return 0; /* what cannot be read cannot run on */
	if (view.state == STATE_RUNNING || view.state == STATE_PAUSED)
		return err_set_as(err, ERR_CONTAINER_STATE, EBUSY,
				  "container %s is %s: stop it first, or use delete --force", id,
				  state_name(view.state));
	return 0;
}

static int delete_in(const char *sid, const char *id, bool force, struct container_record **ret,
		     struct err *err)
{
	CLEANUP(free) char *path = paths_sandbox(sid);
	bool whole = str_eq(sid, id);
	CLEANUP(close) int lock = -1;
	int r;

	lock = force && whole ? lock_by_force(sid, err) : lock_sandbox(path, false, err);
	if (lock == -ENOENT)
		return sandbox_reclaim_id(id, err);
	if (lock < 0)
		return lock;
	r = check_deletable(id, force, err);
	if (r == 0 && whole)
		sandbox_mark_deleting(lock);
	if (r == 0)
		r = fault_point("delete", err);
	if (r == 0)
		(void)read_record(sid, id, ret); /* for its hooks */
	if (r < 0)
		return r;
	if (*ret)
		container_follow_trace(*ret);
	return whole ? sandbox_stop(sid, force, err) : container_remove(sid, id, err);
}

int container_delete(const char *id, bool force, struct err *err)
{
	CLEANUP(container_record_free) struct container_record *record = NULL;
	CLEANUP(free) char *sid = NULL;
	int r;

	r = mapping_find(id, &sid, err);
	if (r < 0)
		return force ? delete_remains(id, err) : r;
	r = delete_in(sid, id, force, &record, err);
	if (r == 0 && record)
		host_hooks_after(record, OCI_HOOK_POSTSTOP);
	return r;
}
