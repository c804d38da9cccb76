/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "agent/agent.h"
#include "agent/api.h"
#include "agent/container/launch.h"
#include "agent/container_disks.h"
#include "agent/guest_hooks.h"
#include "agent/job.h"
#include "agent/oom.h"
#include "agent/process.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "oci/spec.h"
#include "rpc/ttrpc_server.h"

#define CGROUP_EMPTY_MS 5000u /* from the last process's end to an empty cgroup */

static void container_free(struct container *container)
{
	if (!container)
		return;
	while (container->processes) {
		struct process *process = container->processes;

		container->processes = process->next;
		process_free(process);
	}
	oom_unwatch(container);
	cgroup_free(container->cgroup);
	strv_free(container->mounts);
	oci_spec_free(container->spec);
	free(container->id);
	free(container->bundle);
	free(container);
}
DEFINE_CLEANUP(struct container *, container_free)

int container_find(struct agent *agent, const char *id, struct container **ret, struct err *err)
{
	for (struct container *c = agent->containers; c; c = c->next) {
		if (str_eq(c->id, id)) {
			*ret = c;
			return 0;
		}
	}
	return err_set(err, ENOENT, "container %.128s is not in this sandbox", id);
}

int container_find_process(struct container *container, const char *exec_id, struct process **ret,
			   struct err *err)
{
	if (container->init && (!*exec_id || str_eq(exec_id, container->id))) {
		*ret = container->init;
		return 0;
	}
	for (struct process *p = container->processes; p; p = p->next) {
		if (str_eq(p->exec_id, exec_id)) {
			*ret = p;
			return 0;
		}
	}
	return err_set(err, ENOENT, "container %s has no process %.64s", container->id, exec_id);
}

/* The pod's pid namespace is that of its own container: what engines call "pause". */
static int share_pid_namespace(const struct agent *agent, struct oci_spec *spec, struct err *err)
{
	struct container *owner = agent->containers;
	struct oci_namespace *ns;

	while (owner && !str_eq(owner->id, agent->sandbox_id))
		owner = owner->next;
	if (!owner || owner->init->state == PROCESS_EXITED || owner->init->pid <= 0)
		return err_set(err, ESRCH,
			       "the sandbox's own container does not run, there is no pid "
			       "namespace to share");
	for (size_t i = 0; i < spec->n_namespaces; i++)
		if (str_eq(spec->namespaces[i].type, "pid"))
			return err_set(err, EINVAL, "linux.namespaces: pid, and sandbox_pidns");
	spec->namespaces =
		xrealloc(spec->namespaces, (spec->n_namespaces + 1) * sizeof(*spec->namespaces));
	ns = &spec->namespaces[spec->n_namespaces++];
	*ns = (struct oci_namespace){ .type = xstrdup("pid"),
				      .path = xasprintf("/proc/%d/ns/pid", owner->init->pid) };
	return 0;
}

static int make_cgroup(struct container *container, struct err *err)
{
	const struct oci_resources *resources = &container->spec->resources;
	CLEANUP(free) char *path = cgroup_path(container->spec->cgroups_path, container->id);
	int r;

	if (!path)
		return err_set(err, EINVAL, "linux.cgroupsPath: '%s' is not a path of a cgroup",
			       container->spec->cgroups_path);
	r = cgroup_create(path, &container->cgroup, err);
	if (r < 0)
		return r;
	r = cgroup_apply(container->cgroup, resources, err);
	if (r == 0)
		r = cgroup_set_devices(container->cgroup, resources->device_rules,
				       resources->n_device_rules, container->agent->own_disks,
				       container->agent->n_own_disks, err);
	return r;
}

/* Nothing has entered it yet, or what did has ended. */
static void drop_cgroup(struct container *container)
{
	struct err ignored = { 0 };

	if (container->cgroup)
		(void)cgroup_remove(container->cgroup, CGROUP_REMOVE_PARENTS, 0, &ignored);
}

/* Hooks want one: the folder of the share that holds the root is what comes nearest. */
static char *bundle_of(const struct oci_spec *spec)
{
	size_t len = (size_t)(path_base(spec->root_path) - spec->root_path);

	return xstrndup(spec->root_path, len > 1 ? len - 1 : len);
}

static struct launch launch_of(const struct agent *agent, const struct oci_spec *spec)
{
	struct launch launch = { .spec = spec, .join_pidfd = -1 };

	/* The network and ipc namespaces of the guest are those of the pod. */
	launch.rootfs_options.pod_namespaces = true;
	launch.rootfs_options.denied = agent->own_disks;
	launch.rootfs_options.n_denied = agent->n_own_disks;
	return launch;
}

int container_create(struct agent *agent, const char *id, struct oci_spec *spec,
		     char *const *mounts, bool sandbox_pidns, struct ttrpc_request *req,
		     struct err *err)
{
	CLEANUP(container_free) struct container *container = xcalloc(1, sizeof(*container));
	struct launch launch = launch_of(agent, spec);
	int r = 0;

	container->agent = agent;
	container->id = xstrdup(id);
	container->spec = spec;
	container->bundle = bundle_of(spec);
	container->oom_fd = -1;
	if (sandbox_pidns && !str_eq(id, agent->sandbox_id))
		r = share_pid_namespace(agent, spec, err);
	if (r == 0)
		r = make_cgroup(container, err);
	if (r == 0) {
		launch.id = id;
		launch.bundle = container->bundle;
		launch.cgroup = container->cgroup;
		r = process_launch(container, id, &spec->process, &launch, req, &container->init,
				   err);
	}
	if (r < 0) {
		drop_cgroup(container);
		return r;
	}
	oom_watch(container);
	container->mounts = strv_copy(mounts);
	container->processes = container->init;
	container->next = agent->containers;
	agent->containers = take_ptr(container);
	return 0;
}

static void sweep_processes(struct container *container)
{
	struct process **at = &container->processes;

	while (*at) {
		struct process *process = *at;

		if (process == container->init || !process_is_done(process)) {
			at = &process->next;
			continue;
		}
		*at = process->next;
		process_free(process);
	}
}

/* The guest itself always takes another process. */
static int check_running(const struct container *container, struct err *err)
{
	if (container->is_guest)
		return 0;
	if (container->removing || container->init->state == PROCESS_EXITED ||
	    container->init->state == PROCESS_STARTING)
		return err_set(err, ESRCH, "container %s is not running", container->id);
	if (container->frozen)
		return err_set(err, EBUSY, "container %s is paused; resume it first",
			       container->id);
	return 0;
}

int container_exec(struct container *container, const char *exec_id, const struct oci_process *spec,
		   struct ttrpc_request *req, struct err *err)
{
	struct launch launch = launch_of(container->agent, container->spec);
	struct process *process = NULL;
	unsigned n = 0;
	int r = check_running(container, err);

	if (r < 0)
		return r;
	launch.id = container->id;
	launch.cgroup = container->cgroup;
	launch.join_pidfd = container->is_guest ? container->guest_pidfd : container->init->pidfd;
	sweep_processes(container);
	for (process = container->processes; process; process = process->next) {
		n++;
		if (str_eq(process->exec_id, exec_id))
			return err_set(err, EEXIST, "container %s has a process %.64s already",
				       container->id, exec_id);
	}
	if (n >= CONTAINER_PROCESSES_MAX)
		return err_set(err, ENOSPC, "container %s has %u processes started by exec",
			       container->id, n);
	r = process_launch(container, exec_id, spec, &launch, req, &process, err);
	if (r < 0)
		return r;
	process->next = container->processes;
	container->processes = process;
	return 0;
}

int container_signal_all(struct container *container, int signo, struct err *err)
{
	CLEANUP(free) pid_t *pids = NULL;
	size_t n = 0;
	int r;

	if (signo == SIGKILL)
		return cgroup_kill(container->cgroup, err);
	r = cgroup_pids(container->cgroup, &pids, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		(void)kill(pids[i], signo); /* it may have ended meanwhile */
	return r;
}

/* Removal: kill, wait for init (sandbox_reap), then the cgroup in a helper, then forget. */

static void unlink_container(struct container *container)
{
	struct container **at = &container->agent->containers;

	while (*at != container)
		at = &(*at)->next;
	*at = container->next;
}

static int remove_cgroup(void *data, struct err *err)
{
	struct container *container = data;
	int r = cgroup_remove(container->cgroup, CGROUP_REMOVE_PARENTS,
			      deadline_in(CGROUP_EMPTY_MS), err);

	return r < 0 ? r : container_disks_unmount(container->mounts, err);
}

static void check_destroyed(struct agent *agent);

static void forget(struct container *container, const struct err *hooks)
{
	struct agent *agent = container->agent;

	if (hooks->code)
		log_about(WARN, container->id, "container %s: %s", container->id, hooks->text);
	unlink_container(container);
	if (container->remover && container->removal.code)
		ttrpc_reply_error(container->remover, &container->removal);
	else if (container->remover)
		api_reply_empty(container->remover);
	container_free(container);
	check_destroyed(agent);
}

static void removed(void *data, const struct err *error)
{
	struct container *container = data;

	container->removal = *error;
	guest_hooks_run(container, OCI_HOOK_POSTSTOP, forget);
}

/*
 * With init its whole pid namespace has ended: mostly there is nothing to wait for. With
 * the sandbox the machine ends, and an empty cgroup may stay until then.
 */
static bool leaves_at_once(struct container *container)
{
	CLEANUP(free) pid_t *pids = NULL;
	struct err ignored = { 0 };
	size_t n = 0;

	if (container->mounts)
		return false;
	if (container->agent->destroyer)
		return cgroup_pids(container->cgroup, &pids, &n, &ignored) == 0 && n == 0;
	return cgroup_remove(container->cgroup, CGROUP_REMOVE_PARENTS, 0, &ignored) == 0;
}

static void remove_when_stopped(struct container *container)
{
	const struct err success = { 0 };

	if (container->init->state != PROCESS_EXITED || container->jobs > 0)
		return;
	if (leaves_at_once(container))
		removed(container, &success);
	else
		job_start(container->agent->loop, remove_cgroup, removed, container);
}

void container_job_begin(struct container *container)
{
	container->jobs++;
}

void container_job_end(struct container *container)
{
	container->jobs--;
	if (container->removing)
		remove_when_stopped(container);
}

static void prestart_done(struct container *container, const struct err *error)
{
	if (error->code) {
		container->removing = true;
		process_fail(container->init, error);
	} else {
		process_ready(container->init);
	}
	container_job_end(container);
}

void container_ready(struct container *container)
{
	container_job_begin(container);
	guest_hooks_run(container, OCI_HOOK_PRESTART, prestart_done);
}

static void poststart_done(struct container *container, const struct err *error)
{
	if (error->code)
		log_about(WARN, container->id, "container %s: %s", container->id, error->text);
	container_job_end(container);
}

void container_started(struct container *container)
{
	container_job_begin(container);
	guest_hooks_run(container, OCI_HOOK_POSTSTART, poststart_done);
}

int container_remove(struct container *container, struct ttrpc_request *req, struct err *err)
{
	if (container->removing && req)
		return err_set(err, EAGAIN, "container %s is being removed", container->id);
	if (container->removing)
		return 0;
	container->removing = true;
	container->remover = req;
	/* A process that is in the way all the same shows in remove_cgroup(). */
	(void)cgroup_kill(container->cgroup, err);
	(void)process_signal(container->init, SIGKILL, err);
	remove_when_stopped(container);
	return 0;
}

/* Whatever else init has left behind in a pid namespace that is not its own ends with it. */
static void end_with_init(struct container *container)
{
	const struct oci_namespace *pid = oci_spec_namespace(container->spec, "pid");
	struct err ignored = { 0 };

	if (!pid || pid->path)
		(void)cgroup_kill(container->cgroup, &ignored);
}

/* Of all that have processes: the pod's, and then the one that stands for the guest. */
static struct container *first_of_all(const struct agent *agent)
{
	return agent->containers ? agent->containers : agent->console;
}

static struct container *next_of_all(const struct container *container)
{
	if (container->is_guest)
		return NULL;
	return container->next ? container->next : container->agent->console;
}

static void reap_one(struct agent *agent, pid_t pid, int status)
{
	for (struct container *c = first_of_all(agent); c; c = next_of_all(c)) {
		for (struct process *p = c->processes; p; p = p->next) {
			if (!process_reaped(p, pid, status))
				continue;
			if (c->is_guest)
				return;
			oom_look(c);
			if (p == c->init && p->state == PROCESS_EXITED)
				end_with_init(c);
			/* An init that never was ready leaves no container behind. */
			if (p == c->init && p->state == PROCESS_EXITED && !p->was_ready)
				c->removing = true;
			if (p == c->init && c->removing)
				remove_when_stopped(c);
			return;
		}
	}
}

static void read_controls(struct agent *agent)
{
	for (struct container *c = first_of_all(agent); c; c = next_of_all(c))
		for (struct process *p = c->processes; p; p = p->next)
			process_read_control(p);
}

void sandbox_reap(struct agent *agent)
{
	int status;
	pid_t pid;

	/* After each end, not once before all: what a process has said last may be an error or a
	 * pid, and it may say it and end while we are here. */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		read_controls(agent);
		reap_one(agent, pid, status);
	}
	for (struct container *c = first_of_all(agent); c; c = next_of_all(c))
		sweep_processes(c);
}

/*
 * The end of the sandbox. Every process has ended by then and with it every
 * file is closed: the share has got what was written, and the rest is tmpfs.
 * A storage with a file system of the guest's own will have to be unmounted here.
 */
static void check_destroyed(struct agent *agent)
{
	struct ttrpc_request *req = agent->destroyer;

	if (!req || agent->containers)
		return;
	agent->destroyer = NULL;
	agent->sandbox_started = false;
	api_reply_empty(req);
}

void sandbox_destroy(struct agent *agent, struct ttrpc_request *req)
{
	struct err error = { 0 };
	struct container *next;

	if (agent->destroyer) {
		(void)err_set(&error, EAGAIN, "the sandbox is being destroyed");
		ttrpc_reply_error(req, &error);
		return;
	}
	agent->destroyer = req;
	for (struct container *c = agent->containers; c; c = next) {
		next = c->next; /* what has ended already is removed at once */
		(void)container_remove(c, NULL, &error);
	}
	check_destroyed(agent); /* if there was none: else the last one has told it */
}
