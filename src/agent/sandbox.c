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
#include "agent/container/cgroup.h"
#include "agent/container/launch.h"
#include "agent/job.h"
#include "agent/process.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"
#include "rpc/ttrpc_server.h"

#define CGROUP_EMPTY_MS  5000u /* from the last process's end to an empty cgroup */
#define CGROUP_PROCS_MAX (1u << 20)

static void container_free(struct container *container)
{
	if (!container)
		return;
	while (container->processes) {
		struct process *process = container->processes;

		container->processes = process->next;
		process_free(process);
	}
	if (container->cgroup_fd >= 0)
		close(container->cgroup_fd);
	free(container->cgroup_path);
	oci_spec_free(container->spec);
	free(container->id);
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
	if (!*exec_id || str_eq(exec_id, container->id)) {
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

int container_create(struct agent *agent, const char *id, struct oci_spec *spec,
		     struct ttrpc_request *req, struct err *err)
{
	CLEANUP(container_free) struct container *container = xcalloc(1, sizeof(*container));
	struct launch launch = { .spec = spec, .join_pidfd = -1 };
	int r;

	container->agent = agent;
	container->id = xstrdup(id);
	container->spec = spec;
	container->cgroup_fd = -1;
	container->cgroup_path = cgroup_path(spec->cgroups_path, id);
	if (!container->cgroup_path)
		return err_set(err, EINVAL, "linux.cgroupsPath: '%s' is not a path of a cgroup",
			       spec->cgroups_path);
	container->cgroup_fd = cgroup_create(container->cgroup_path, &spec->resources, err);
	if (container->cgroup_fd < 0)
		return container->cgroup_fd;

	launch.cgroup_fd = container->cgroup_fd;
	launch.rootfs_options.pod_namespaces = true; /* the guest's are the pod's */
	r = process_launch(container, id, &spec->process, &launch, req, &container->init, err);
	if (r < 0) {
		(void)rmdir(container->cgroup_path); /* nothing has entered it */
		return r;
	}
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

int container_exec(struct container *container, const char *exec_id, const struct oci_process *spec,
		   struct ttrpc_request *req, struct err *err)
{
	struct launch launch = { .spec = container->spec,
				 .cgroup_fd = container->cgroup_fd,
				 .join_pidfd = container->init->pidfd };
	struct process *process = NULL;
	unsigned n = 0;
	int r;

	if (container->removing || container->init->state == PROCESS_EXITED ||
	    container->init->state == PROCESS_STARTING)
		return err_set(err, ESRCH, "container %s is not running", container->id);
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
	CLEANUP(free) char *text = NULL;
	char *save = NULL;
	int r;

	if (signo == SIGKILL) {
		r = cgroup_kill(container->cgroup_fd);
		return r < 0 ? err_set(err, -r, "kill the cgroup of %s", container->id) : 0;
	}
	r = file_read_at(container->cgroup_fd, "cgroup.procs", CGROUP_PROCS_MAX, &text);
	if (r < 0)
		return err_set(err, -r, "read cgroup.procs of %s", container->id);
	for (char *word = strtok_r(text, "\n", &save); word; word = strtok_r(NULL, "\n", &save)) {
		int64_t pid = 0;

		if (str_to_i64(word, 2, INT32_MAX, &pid) == 0)
			(void)kill((pid_t)pid, signo); /* it may have ended meanwhile */
	}
	return 0;
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

	return cgroup_remove(container->cgroup_path, deadline_in(CGROUP_EMPTY_MS), err);
}

static void check_destroyed(struct agent *agent);

static void removed(void *data, const struct err *error)
{
	const Grpc__Empty empty = GRPC__EMPTY__INIT;
	struct container *container = data;
	struct agent *agent = container->agent;

	unlink_container(container);
	if (container->remover && error->code)
		ttrpc_reply_error(container->remover, error);
	else if (container->remover)
		ttrpc_reply(container->remover, &empty.base);
	container_free(container);
	check_destroyed(agent);
}

static void remove_when_stopped(struct container *container)
{
	const struct err success = { 0 };

	if (container->init->state != PROCESS_EXITED)
		return;
	/* With init its whole pid namespace has ended: mostly there is nothing to wait for. */
	if (rmdir(container->cgroup_path) == 0)
		removed(container, &success);
	else
		job_start(container->agent->loop, remove_cgroup, removed, container);
}

int container_remove(struct container *container, struct ttrpc_request *req, struct err *err)
{
	if (container->removing && req)
		return err_set(err, EAGAIN, "container %s is being removed", container->id);
	if (container->removing)
		return 0;
	container->removing = true;
	container->remover = req;
	(void)cgroup_kill(container->cgroup_fd); /* a process in the way shows in remove_cgroup() */
	(void)process_signal(container->init, SIGKILL, err);
	remove_when_stopped(container);
	return 0;
}

static void reap_one(struct agent *agent, pid_t pid, int status)
{
	for (struct container *c = agent->containers; c; c = c->next) {
		for (struct process *p = c->processes; p; p = p->next) {
			if (!process_reaped(p, pid, status))
				continue;
			/* An init that never was ready leaves no container behind. */
			if (p == c->init && p->state == PROCESS_EXITED && !p->was_ready)
				c->removing = true;
			if (p == c->init && c->removing)
				remove_when_stopped(c);
			return;
		}
	}
}

void sandbox_reap(struct agent *agent)
{
	int status;
	pid_t pid;

	for (struct container *c = agent->containers; c; c = c->next)
		for (struct process *p = c->processes; p; p = p->next)
			process_read_control(p);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		reap_one(agent, pid, status);
	for (struct container *c = agent->containers; c; c = c->next)
		sweep_processes(c);
}

/*
 * The end of the sandbox. Every process has ended by then and with it every
 * file is closed: the share has got what was written, and the rest is tmpfs.
 * A storage with a file system of the guest's own will have to be unmounted here.
 */
static void check_destroyed(struct agent *agent)
{
	const Grpc__Empty empty = GRPC__EMPTY__INIT;
	struct ttrpc_request *req = agent->destroyer;

	if (!req || agent->containers)
		return;
	agent->destroyer = NULL;
	agent->sandbox_started = false;
	ttrpc_reply(req, &empty.base);
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
	for (struct container *c = agent->containers; c; c = next) {
		next = c->next; /* what has ended already is removed at once */
		(void)container_remove(c, NULL, &error);
	}
	agent->destroyer = req;
	check_destroyed(agent);
}
