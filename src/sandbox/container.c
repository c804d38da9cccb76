/* SPDX-License-Identifier: Apache-2.0 */
/* A container as it is on disk and in its processes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/trace.h"
#include "sandbox/internal.h"
#include "sandbox/lock.h"
#include "sandbox/paths.h"
#include "sandbox/sandbox.h"
#include "vm/ended.h"
#include "vm/vm.h"

void container_view_done(struct container_view *view)
{
	container_record_free(view->record);
	view->record = NULL;
}

static enum state state_now(const struct container_record *record)
{
	CLEANUP(free) char *vm = paths_vm(record->sandbox);

	if (record->state == STATE_STOPPED || sandbox_is_stale(record->sandbox) || !vm_is_alive(vm))
		return STATE_STOPPED;
	if (record->state == STATE_CREATING)
		return STATE_CREATING;
	return proc_alive(&record->shim) ? record->state : STATE_STOPPED;
}

void container_trace(const struct container_record *record)
{
	struct span *root = trace_root();

	if (!root || root->attributes)
		return; /* the first container that a command looks at is its own */
	span_set(root, "container.id", record->id);
	span_set(root, "kata.sandbox.id", record->sandbox);
	span_setf(root, "process.pid", "%d", getpid());
}

void container_follow_trace(const struct container_record *record)
{
	struct trace_context created;

	if (trace_parse(record->trace, &created))
		trace_follow(&created);
	container_trace(record);
}

int container_look(const char *id, struct container_view *ret, struct err *err)
{
	CLEANUP(free) char *path = NULL;
	CLEANUP(free) char *sid = NULL;
	CLEANUP(close) int dirfd = -1;
	int r;

	r = mapping_find(id, &sid, err);
	if (r < 0)
		return r;
	path = paths_container(sid, id);
	dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_set_as(
			err, ERR_CONTAINER_BROKEN, ENOENT,
			"container %s is not complete; kata-runtime delete --force %s cleans up",
			id, id);
	r = container_record_read(dirfd, &ret->record, err);
	if (r < 0)
		return err_prefix_as(err, ERR_RECORD, "container %s", id);
	ret->state = state_now(ret->record);
	container_follow_trace(ret->record);
	return 0;
}

int container_not_running(const struct container_view *view, struct err *err)
{
	const struct container_record *record = view->record;
	CLEANUP(free) char *vm = paths_vm(record->sandbox);
	bool lost = record->state != STATE_STOPPED && !sandbox_is_stale(record->sandbox) &&
		    !vm_is_alive(vm);
	CLEANUP(free) char *words = NULL;
	enum err_id id = lost ? ended_by(vm, &words) : ERR_CONTAINER_STATE;

	/* The guest of a container that has ended goes some time later, which is no error. */
	if (id == ERR_MACHINE_ENDED)
		id = ERR_CONTAINER_STATE;
	if (id == ERR_CONTAINER_STATE)
		return err_set_as(err, id, ESRCH, "container %s is not running: it is %s",
				  record->id, state_name(view->state));
	return err_set_as(
		err, id, ESRCH,
		"container %s is not running: it is %s, its virtual machine has ended%s%.400s",
		record->id, state_name(view->state), words ? ": " : "", words ? words : "");
}

bool container_is_over(const char *id)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	struct err ignored = { 0 };
	int r = container_look(id, &view, &ignored);

	return r == -ENOENT || (r == 0 && view.state == STATE_STOPPED);
}

bool container_is_lost(const char *id)
{
	CLEANUP(free) char *sid = NULL;
	CLEANUP(free) char *vm = NULL;
	struct err ignored = { 0 };

	if (mapping_find(id, &sid, &ignored) < 0)
		return false;
	vm = paths_vm(sid);
	return !vm_is_alive(vm);
}

void opened_container_unlock(struct opened_container *opened)
{
	if (opened->lock >= 0)
		close(opened->lock);
	opened->lock = -1;
}

void opened_container_done(struct opened_container *opened)
{
	opened_container_unlock(opened);
	if (opened->dirfd >= 0)
		close(opened->dirfd);
	container_view_done(&opened->view);
}

int container_open_locked(const char *id, struct opened_container *ret, struct err *err)
{
	CLEANUP(free) char *path = NULL;
	CLEANUP(free) char *dir = NULL;
	CLEANUP(free) char *sid = NULL;
	int r;

	r = mapping_find(id, &sid, err);
	if (r < 0)
		return r;
	path = paths_sandbox(sid);
	ret->lock = lock_sandbox(path, false, err);
	if (ret->lock < 0)
		return ret->lock;
	r = container_look(id, &ret->view, err);
	if (r < 0)
		return r;
	dir = paths_container(sid, id);
	ret->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ret->dirfd < 0 ? err_errno(err, "open %s", dir) : 0;
}

int container_write_pid_file(const char *path, pid_t pid, struct err *err)
{
	char text[16];
	int n;

	if (!path)
		return 0;
	n = snprintf(text, sizeof(text), "%d", pid);
	if (file_replace_at(AT_FDCWD, path, text, (size_t)n, 0644, err) < 0)
		return err_tag(err, ERR_PID_FILE);
	return 0;
}
