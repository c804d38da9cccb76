/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/oom.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "agent/agent.h"
#include "agent/sandbox.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "katac.pb-c.h"
#include "rpc/ttrpc_server.h"

static void drop_first(char **events)
{
	free(events[0]);
	do
		events[0] = events[1];
	while (*events++);
}

/* Gives the oldest event to the call that waits for one. */
static void tell(struct agent *agent)
{
	Grpc__OOMEvent response = GRPC__OOMEVENT__INIT;
	struct ttrpc_request *reader = agent->oom_reader;
	bool connected;

	if (!reader || strv_len(agent->oom_events) == 0)
		return;
	connected = reader->conn;
	agent->oom_reader = NULL;
	response.container_id = agent->oom_events[0];
	ttrpc_reply(reader, &response.base);
	if (connected)
		drop_first(agent->oom_events);
}

static void answer(struct ttrpc_request *req, uint64_t kills)
{
	Katac__WaitOOMResponse response = KATAC__WAIT_OOMRESPONSE__INIT;

	response.kills = kills;
	ttrpc_reply(req, &response.base);
}

/* Those who wait for more; with @all everybody, and who has gone in any case. */
static void answer_waiters(struct container *container, bool all)
{
	struct ttrpc_request **at = &container->oom_waiters;

	while (*at) {
		struct ttrpc_request *req = *at;

		if (!all && req->conn) {
			at = &req->waiting;
			continue;
		}
		*at = req->waiting;
		answer(req, container->oom_kills);
	}
}

void oom_wait(struct container *container, uint64_t seen, struct ttrpc_request *req)
{
	answer_waiters(container, false);
	if (container->oom_kills > seen) {
		answer(req, container->oom_kills);
		return;
	}
	req->waiting = container->oom_waiters;
	container->oom_waiters = req;
}

void oom_look(struct container *container)
{
	struct agent *agent = container->agent;
	struct err ignored = { 0 };
	uint64_t kills = 0;

	if (cgroup_oom_count(container->cgroup, &kills, &ignored) < 0 ||
	    kills <= container->oom_kills)
		return;
	container->oom_kills = kills;
	log_about(WARN, container->id,
		  "container %s: the kernel killed a process, its memory limit is reached",
		  container->id);
	if (strv_len(agent->oom_events) < OOM_EVENTS_MAX)
		strv_add(&agent->oom_events, container->id);
	tell(agent);
	answer_waiters(container, true);
}

static void maybe_killed(struct watch *watch, uint32_t events __attribute__((unused)))
{
	char data[4096];

	while (read(watch->fd, data, sizeof(data)) > 0)
		;
	oom_look(container_of(watch, struct container, oom));
}

void oom_watch(struct container *container)
{
	struct err error = { 0 };
	int r;

	r = cgroup_oom_open(container->cgroup, &container->oom_fd, &error);
	if (r == 0)
		r = loop_add(container->agent->loop, &container->oom, container->oom_fd, EPOLLIN,
			     maybe_killed, &error);
	/* A container without the notice is better than none. */
	if (r < 0)
		log_about(WARN, container->id, "container %s: %s", container->id, error.text);
}

void oom_unwatch(struct container *container)
{
	answer_waiters(container, true);
	watch_remove(&container->oom);
	if (container->oom_fd >= 0)
		close(container->oom_fd);
	container->oom_fd = -1;
}

void oom_read(struct agent *agent, struct ttrpc_request *req)
{
	struct err error = { 0 };

	if (agent->oom_reader && agent->oom_reader->conn) {
		(void)err_set(&error, EAGAIN, "another call waits for the next event");
		ttrpc_reply_error(req, &error);
		return;
	}
	if (agent->oom_reader) {
		(void)err_set(&error, ECANCELED, "gone");
		ttrpc_reply_error(agent->oom_reader, &error); /* which frees it */
	}
	agent->oom_reader = req;
	tell(agent);
}
