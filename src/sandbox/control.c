/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to a container that exists. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/str.h"
#include "sandbox/host_files.h"
#include "sandbox/host_hooks.h"
#include "sandbox/host_only.h"
#include "sandbox/internal.h"
#include "sandbox/paths.h"
#include "sandbox/resize.h"
#include "sandbox/sandbox.h"
#include "vm/vm.h"

static int start_locked(const char *id, struct opened_container *c, struct timeline *timeline,
			struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r;

	r = container_open_locked(id, c, err);
	if (r < 0)
		return r;
	timeline_trace(timeline);
	if (c->view.state != STATE_READY)
		return err_set_as(err, ERR_CONTAINER_STATE, EINVAL,
				  "container %s is %s; only one that is created can be started", id,
				  state_name(c->view.state));
	r = fault_point("before start", err);
	if (r == 0)
		r = sandbox_connect(c->view.record->sandbox, &agent, err);
	if (r == 0 && str_eq(c->view.record->sandbox, id))
		r = network_add_late(id, c->lock, agent, err);
	if (r == 0)
		r = agentc_start_container(agent, id, deadline_in(REQUEST_MS), err);
	timeline_mark(timeline, "start container");
	timeline_save(timeline, c->dirfd);
	if (r == 0)
		r = fault_point("started", err);
	if (r < 0)
		return r;
	c->view.record->state = STATE_RUNNING;
	r = container_record_write(c->dirfd, c->view.record, err);
	return r == 0 ? fault_point("running", err) : r;
}

int container_start(const char *id, struct timeline *timeline, struct err *err)
{
	__attribute__((cleanup(opened_container_done))) struct opened_container c =
		OPENED_CONTAINER_INIT;
	int r = start_locked(id, &c, timeline, err);

	if (r < 0)
		return r;
	/* They may take their time: other commands need not wait. */
	opened_container_unlock(&c);
	host_hooks_after(c.view.record, OCI_HOOK_POSTSTART);
	return 0;
}

/* A machine whose agent is silent: killing its own container is killing it (design E13). */
static int kill_machine(const char *sid, struct err *err)
{
	CLEANUP(free) char *dir = paths_vm(sid);
	struct proc_id vmm = { 0 };

	if (vm_process(dir, &vmm) == 0 && proc_kill(&vmm, deadline_in(PROCESS_END_MS)) < 0)
		return err_set_as(err, ERR_DOES_NOT_END, ETIMEDOUT,
				  "the virtual machine of %s, pid %d, does not end", sid, vmm.pid);
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
		/* containerd looks for the first three words. */
		return err_set_as(err, ERR_CONTAINER_STATE, ESRCH,
				  "container not running: %s is %s", id, state_name(view.state));
	last_resort = signo == SIGKILL && str_eq(view.record->sandbox, id);
	r = sandbox_connect(view.record->sandbox, &agent, err);
	if (r == 0)
		r = agentc_signal(agent, id, all ? "" : id, signo,
				  deadline_in(last_resort ? KILL_FORCED_MS : REQUEST_MS), err);
	if (r == -ETIMEDOUT && last_resort)
		return kill_machine(id, err);
	return r;
}

static int check_alive(const struct container_view *view, struct err *err)
{
	if (view->state == STATE_RUNNING || view->state == STATE_READY ||
	    view->state == STATE_PAUSED)
		return 0;
	return container_not_running(view, err);
}

int container_connect(const char *id, struct agentc **ret, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	int r = container_look(id, &view, err);

	if (r == 0)
		r = check_alive(&view, err);
	return r == 0 ? sandbox_connect(view.record->sandbox, ret, err) : r;
}

/* Source: runtime-spec has no such operation; runc's pause and resume. */
int container_freeze(const char *id, bool frozen, struct err *err)
{
	__attribute__((cleanup(opened_container_done))) struct opened_container c =
		OPENED_CONTAINER_INIT;
	enum state from = frozen ? STATE_RUNNING : STATE_PAUSED;
	enum state to = frozen ? STATE_PAUSED : STATE_RUNNING;
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r;

	r = container_open_locked(id, &c, err);
	if (r < 0)
		return r;
	if (c.view.state != from)
		return err_set_as(err, ERR_CONTAINER_STATE, EINVAL,
				  "container %s is %s; only one that is %s can be %s", id,
				  state_name(c.view.state), state_name(from),
				  frozen ? "paused" : "resumed");
	r = sandbox_connect(c.view.record->sandbox, &agent, err);
	if (r == 0)
		r = agentc_freeze(agent, id, frozen, deadline_in(REQUEST_MS), err);
	if (r < 0)
		return r;
	c.view.record->state = to;
	return container_record_write(c.dirfd, c.view.record, err);
}

/* The limits go into the record first: what is plugged in for them is accounted for by it. */
static int record_limits(struct opened_container *c, const struct container_limits *limits,
			 struct err *err)
{
	int r;

	c->view.record->limits = *limits;
	r = container_record_write(c->dirfd, c->view.record, err);
	return r == 0 ? fault_point("limits recorded", err) : r;
}

static int update_in(struct opened_container *c, const struct oci_resources *resources,
		     const struct machine_size *target, struct err *err)
{
	const struct container_record *record = c->view.record;
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r;

	r = sandbox_connect(record->sandbox, &agent, err);
	if (r == 0)
		r = resize_apply(record->sandbox, c->lock, agent, target, false, err);
	if (r == 0)
		r = agentc_update(agent, record->id, resources, deadline_in(REQUEST_MS), err);
	if (r == 0)
		r = resize_apply(record->sandbox, c->lock, agent, target, true, err);
	return r;
}

/* As it was: what came for the new limits is turned off. */
static void take_limits_back(struct opened_container *c, const struct container_limits *old)
{
	const struct container_record *record = c->view.record;
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	struct err ignored = { 0 };

	interrupt_ignore();
	if (record_limits(c, old, &ignored) == 0 &&
	    sandbox_connect(record->sandbox, &agent, &ignored) == 0)
		resize_fit(record->sandbox, agent);
}

int container_update(const char *id, const struct oci_resources *resources, struct err *err)
{
	__attribute__((cleanup(opened_container_done))) struct opened_container c =
		OPENED_CONTAINER_INIT;
	CLEANUP(sandbox_record_free) struct sandbox_record *sandbox = NULL;
	struct container_limits limits;
	struct container_limits old;
	struct machine_size target;
	int r;

	r = container_open_locked(id, &c, err);
	if (r == 0)
		r = check_alive(&c.view, err);
	if (r == 0)
		r = sandbox_look(c.view.record->sandbox, &sandbox, err);
	if (r < 0)
		return r;
	old = c.view.record->limits;
	limits = old;
	sizing_take(&limits, resources);
	r = resize_target(sandbox, id, &limits, &target, err);
	if (r == 0)
		r = host_only_check_limits(resources, &target, err);
	if (r < 0)
		return r;
	r = record_limits(&c, &limits, err);
	if (r == 0)
		r = update_in(&c, resources, &target, err);
	if (r == 0 && str_eq(c.view.record->sandbox, id))
		r = host_files_limit(sandbox, c.view.record->cgroup, resources, false, err);
	if (r < 0)
		take_limits_back(&c, &old);
	return r;
}
