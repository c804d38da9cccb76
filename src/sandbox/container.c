/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/interrupt.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "oci/spec.h"
#include "sandbox/guest_spec.h"
#include "sandbox/internal.h"
#include "sandbox/lock.h"
#include "sandbox/paths.h"
#include "sandbox/pod.h"
#include "sandbox/sandbox.h"
#include "sandbox/share.h"
#include "sandbox/shims.h"
#include "vm/vm.h"

#define EXEC_RECORD_PREFIX "exec-"

/* A container that is being made: what its steps share. */
struct making {
	const struct create_params *params;
	const char *sid;
	struct oci_spec *spec;
	struct container_record *record;
	int dirfd; /* of the container */
};

static char *timestamp(void)
{
	struct timespec ts;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return xasprintf("%s.%09ldZ", text, ts.tv_nsec);
}

static int check_rootfs(const struct create_params *params, const struct oci_spec *spec, char **ret,
			struct err *err)
{
	CLEANUP(free) char *path = NULL;
	struct stat st;

	path = *spec->root_path == '/' ? xstrdup(spec->root_path)
				       : xasprintf("%s/%s", params->bundle, spec->root_path);
	if (stat(path, &st) < 0)
		return err_errno(err, "%s/config.json: root.path: %s", params->bundle, path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "%s/config.json: root.path: %s is not a directory",
			       params->bundle, path);
	*ret = take_ptr(path);
	return 0;
}

static struct container_record *new_record(const struct create_params *params, const char *sid,
					   const struct oci_spec *spec, char *rootfs)
{
	struct container_record *record = xcalloc(1, sizeof(*record));

	record->id = xstrdup(params->id);
	record->sandbox = xstrdup(sid);
	record->bundle = xstrdup(params->bundle);
	record->rootfs = rootfs;
	record->oci_version = xstrdup(spec->version);
	record->created = timestamp();
	record->annotations = strv_copy(spec->annotations);
	record->terminal = spec->process.terminal;
	record->state = STATE_CREATING;
	return record;
}

/* The container's directory, record and mapping: from here on it can be found and deleted. */
static int register_container(struct making *making, struct err *err)
{
	CLEANUP(free) char *path = paths_container(making->sid, making->params->id);
	int r;

	r = mapping_add(making->params->id, making->sid, err);
	if (r == 0)
		r = fault_point("mapping", err);
	if (r < 0)
		return r;
	if (mkdir(path, 0700) < 0)
		return err_errno(err, "mkdir %s", path);
	r = fault_point("container directory", err);
	if (r < 0)
		return r;
	making->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (making->dirfd < 0)
		return err_errno(err, "open %s", path);
	r = container_record_write(making->dirfd, making->record, err);
	return r == 0 ? fault_point("container record", err) : r;
}

static int write_pid_file(const char *path, pid_t pid, struct err *err)
{
	char text[16];
	int n;

	if (!path)
		return 0;
	n = snprintf(text, sizeof(text), "%d", pid);
	return file_replace_at(AT_FDCWD, path, text, (size_t)n, 0644, err);
}

/* In the guest, and the shim beside it; the pid file is last: engines wait for it. */
static int make_in_guest(struct making *making, struct agentc *agent, struct err *err)
{
	const struct create_params *params = making->params;
	const struct shim_params shim = { .config = params->config,
					  .sid = making->sid,
					  .cid = params->id,
					  .exec_id = params->id,
					  .record_dir = making->dirfd,
					  .record = SHIM_RECORD,
					  .console = params->console,
					  .console_socket = params->console_socket,
					  .terminal = making->spec->process.terminal,
					  .detach = params->detach };
	int r;

	r = agentc_create_container(agent, params->id, making->spec,
				    deadline_in(CREATE_CONTAINER_MS), err);
	timeline_mark(params->timeline, "create container");
	if (r == 0)
		r = fault_point("container created in the guest", err);
	if (r == 0)
		r = shim_start(&shim, &making->record->shim, err);
	timeline_mark(params->timeline, "start shim");
	if (r < 0)
		return r;
	making->record->state = STATE_READY;
	r = container_record_write(making->dirfd, making->record, err);
	if (r == 0)
		r = fault_point("container ready", err);
	if (r == 0)
		r = write_pid_file(params->pid_file, making->record->shim.pid, err);
	return r == 0 ? fault_point("pid file", err) : r;
}

static int create_with_sandbox(struct making *making, struct sandbox_start *start, struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r;

	r = sandbox_begin(making->params, start, err);
	/* While the guest boots, the host gets the container's files ready. */
	if (r == 0)
		r = register_container(making, err);
	if (r == 0)
		r = guest_spec_prepare(making->spec, making->params->bundle, making->sid,
				       making->params->id, true, err);
	if (r == 0)
		r = sandbox_finish(making->params, start, making->spec, &agent, err);
	return r < 0 ? r : make_in_guest(making, agent, err);
}

/* The sandbox's own container: undone as a whole. */
static int create_first(struct making *making, struct err *err)
{
	struct sandbox_start start = { .dirfd = -1 };
	struct err ignored = { 0 };
	int r;

	r = create_with_sandbox(making, &start, err);
	if (r < 0)
		interrupt_ignore();
	if (r < 0 && start.dirfd >= 0)
		(void)sandbox_remove(making->sid,
				     &ignored); /* the first error is the one to tell */
	if (start.dirfd >= 0)
		close(start.dirfd);
	vm_free(start.vm);
	return r;
}

static int remove_container(const char *sid, const char *cid, struct err *err)
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
	r = share_remove(sid, cid, err);
	if (r == 0)
		r = fault_point("container share removed", err);
	if (r == 0)
		r = rm_tree(path, err);
	if (r == 0)
		r = fault_point("container directory removed", err);
	return r == 0 ? mapping_remove(cid, err) : r;
}

static int create_in_existing(struct making *making, struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r;

	r = register_container(making, err);
	if (r == 0)
		r = sandbox_connect(making->sid, &agent, err);
	if (r == 0)
		r = guest_spec_prepare(making->spec, making->params->bundle, making->sid,
				       making->params->id, false, err);
	return r < 0 ? r : make_in_guest(making, agent, err);
}

static int in_use(const char *id, struct err *err)
{
	return err_set(err, EEXIST,
		       "container id %s: in use; choose another or delete that container", id);
}

/* A further container of a pod. */
static int create_member(struct making *making, struct err *err)
{
	CLEANUP(free) char *path = paths_sandbox(making->sid);
	CLEANUP(close) int lock = lock_sandbox(path, false, err);
	CLEANUP(free) char *taken = NULL;
	struct err ignored = { 0 };
	int r;

	if (lock == -ENOENT)
		return err_set(err, ENOENT,
			       "sandbox %s, named by the container's annotations, does "
			       "not exist; create it first",
			       making->sid);
	if (lock < 0)
		return lock;
	/* Asked again, now under the lock: two commands may want the same id at once. */
	if (mapping_find(making->params->id, &taken, &ignored) == 0)
		return in_use(making->params->id, err);
	r = create_in_existing(making, err);
	if (r < 0)
		interrupt_ignore();
	if (r < 0)
		(void)remove_container(making->sid, making->params->id, &ignored);
	return r;
}

/* What another boot left behind under this id is cleaned away now. */
static int check_unused(const char *id, struct err *err)
{
	CLEANUP(free) char *path = paths_sandbox(id);
	CLEANUP(free) char *sid = NULL;
	struct err ignored = { 0 };
	struct stat st;
	int r;

	if (mapping_find(id, &sid, &ignored) < 0 && stat(path, &st) < 0)
		return 0;
	if (sandbox_is_stale(sid ? sid : id)) {
		r = sandbox_remove(sid ? sid : id, err);
		return r == 0 ? mapping_remove(id, err) : r;
	}
	return in_use(id, err);
}

int container_create(const struct create_params *params, struct proc_id *ret_shim, struct err *err)
{
	CLEANUP(container_record_free) struct container_record *record = NULL;
	CLEANUP(oci_spec_free) struct oci_spec *spec = NULL;
	CLEANUP(free) char *rootfs = NULL;
	struct making making = { .params = params, .dirfd = -1 };
	const char *sid = NULL;
	int r;

	r = id_check(params->id, err);
	if (r == 0)
		r = oci_spec_load(params->bundle, &spec, err);
	if (r == 0)
		r = check_rootfs(params, spec, &rootfs, err);
	if (r == 0)
		r = check_unused(params->id, err);
	if (r == 0)
		r = pod_sandbox_of(spec, params->id, &sid, err);
	if (r < 0)
		return r;
	assert(spec && sid);
	if (params->config->runtime.disable_guest_seccomp)
		guest_spec_drop_seccomp(spec);
	record = new_record(params, sid, spec, take_ptr(rootfs));
	making.sid = record->sandbox;
	making.spec = spec;
	making.record = record;
	r = str_eq(record->sandbox, params->id) ? create_first(&making, err)
						: create_member(&making, err);
	if (making.dirfd >= 0)
		close(making.dirfd);
	if (r == 0)
		*ret_shim = record->shim;
	return r;
}

/* Looking. */

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
		return err_set(
			err, ENOENT,
			"container %s is not complete; kata-runtime delete --force %s cleans up",
			id, id);
	r = container_record_read(dirfd, &ret->record, err);
	if (r < 0)
		return err_prefix(err, "container %s", id);
	ret->state = state_now(ret->record);
	return 0;
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

/* Under the lock: the container's directory and its view, for a change. */
struct opened {
	int lock;
	int dirfd;
	struct container_view view;
};

static void opened_done(struct opened *opened)
{
	if (opened->lock >= 0)
		close(opened->lock);
	if (opened->dirfd >= 0)
		close(opened->dirfd);
	container_view_done(&opened->view);
}

static int open_locked(const char *id, struct opened *ret, struct err *err)
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

int container_start(const char *id, struct timeline *timeline, struct err *err)
{
	__attribute__((cleanup(opened_done))) struct opened c = { .lock = -1, .dirfd = -1 };
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r;

	r = open_locked(id, &c, err);
	if (r < 0)
		return r;
	if (c.view.state != STATE_READY)
		return err_set(err, EINVAL,
			       "container %s is %s; only one that is created can be started", id,
			       state_name(c.view.state));
	r = fault_point("before start", err);
	if (r == 0)
		r = sandbox_connect(c.view.record->sandbox, &agent, err);
	if (r == 0)
		r = agentc_start_container(agent, id, deadline_in(REQUEST_MS), err);
	timeline_mark(timeline, "start container");
	if (r == 0)
		r = fault_point("started", err);
	if (r < 0)
		return r;
	c.view.record->state = STATE_RUNNING;
	r = container_record_write(c.dirfd, c.view.record, err);
	return r == 0 ? fault_point("running", err) : r;
}

/* A machine whose agent is silent: killing its own container is killing it (design E13). */
static int kill_machine(const char *sid, struct err *err)
{
	CLEANUP(free) char *dir = paths_vm(sid);
	struct proc_id vmm = { 0 };

	if (vm_process(dir, &vmm) == 0 && proc_kill(&vmm, deadline_in(PROCESS_END_MS)) < 0)
		return err_set(err, ETIMEDOUT, "the virtual machine of %s, pid %d, does not end",
			       sid, vmm.pid);
	return 0;
}

int container_kill(const char *id, int signo, bool all, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	bool last_resort;
	int r;

	r = container_look(id, &view, err);
	if (r < 0)
		return r;
	if (view.state != STATE_READY && view.state != STATE_RUNNING && view.state != STATE_PAUSED)
		return err_set(err, ESRCH, "container %s not running: it is %s", id,
			       state_name(view.state));
	last_resort = signo == SIGKILL && str_eq(view.record->sandbox, id);
	r = sandbox_connect(view.record->sandbox, &agent, err);
	if (r == 0)
		r = agentc_signal(agent, id, all ? "" : id, signo,
				  deadline_in(last_resort ? KILL_FORCED_MS : REQUEST_MS), err);
	if (r == -ETIMEDOUT && last_resort)
		return kill_machine(id, err);
	return r;
}

/* Deletion. */

/* Nothing is registered under this id; a crash may have left parts all the same. */
static int delete_remains(const char *id, struct err *err)
{
	CLEANUP(free) char *path = paths_sandbox(id);
	CLEANUP(close) int lock = lock_sandbox(path, false, err);

	if (lock == -ENOENT)
		return mapping_remove(id, err);
	return lock < 0 ? lock : sandbox_remove(id, err);
}

static int check_deletable(const char *id, bool force, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	struct err ignored = { 0 };

	if (force || container_look(id, &view, &ignored) < 0)
		return 0; /* what cannot be read cannot run on */
	if (view.state == STATE_RUNNING || view.state == STATE_PAUSED)
		return err_set(err, EBUSY,
			       "container %s is %s: stop it first, or use delete --force", id,
			       state_name(view.state));
	return 0;
}

int container_delete(const char *id, bool force, struct err *err)
{
	CLEANUP(free) char *path = NULL;
	CLEANUP(free) char *sid = NULL;
	CLEANUP(close) int lock = -1;
	int r;

	r = mapping_find(id, &sid, err);
	if (r < 0)
		return force ? delete_remains(id, err) : r;
	path = paths_sandbox(sid);
	lock = lock_sandbox(path, false, err);
	if (lock == -ENOENT)
		return mapping_remove(id, err);
	if (lock < 0)
		return lock;
	r = check_deletable(id, force, err);
	if (r == 0)
		r = fault_point("delete", err);
	if (r < 0)
		return r;
	return str_eq(sid, id) ? sandbox_stop(sid, force, err) : remove_container(sid, id, err);
}

/* Another process in it. */

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
	CLEANUP(free) char *path = NULL;
	CLEANUP(close) int dir = -1;
	int r;

	r = container_look(params->id, &view, err);
	if (r < 0)
		return r;
	if (view.state != STATE_RUNNING && view.state != STATE_READY)
		return err_set(err, ESRCH, "container %s is not running: it is %s", params->id,
			       state_name(view.state));
	r = sandbox_connect(view.record->sandbox, &agent, err);
	if (r == 0)
		r = agentc_exec(agent, params->id, exec_id, params->process,
				deadline_in(REQUEST_MS), err);
	if (r < 0)
		return r;
	path = paths_container(view.record->sandbox, params->id);
	forget_ended(path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_errno(err, "open %s", path);
	r = shim_start(&(struct shim_params){ .config = params->config,
					      .sid = view.record->sandbox,
					      .cid = params->id,
					      .exec_id = exec_id,
					      .record_dir = dir,
					      .record = record,
					      .console = params->console,
					      .console_socket = params->console_socket,
					      .terminal = params->process->terminal,
					      .detach = params->detach },
		       ret_shim, err);
	if (r < 0) {
		struct err ignored = { 0 };

		/* Without a shim nobody would ever see it. */
		(void)agentc_signal(agent, params->id, exec_id, SIGKILL, deadline_in(REQUEST_MS),
				    &ignored);
		return r;
	}
	return write_pid_file(params->pid_file, ret_shim->pid, err);
}
