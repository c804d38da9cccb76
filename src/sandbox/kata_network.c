/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/kata_network.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "sandbox/internal.h"
#include "sandbox/network_sync.h"
#include "sandbox/nic_plug.h"
#include "sandbox/paths.h"
#include "sandbox/sandbox.h"

/* A running container, whose guest answers. */
struct session {
	struct opened_container c; /* not locked for those that only look */
	struct agentc *agent;
	int dirfd; /* of the sandbox */
	struct nic_records records;
};

#define SESSION_INIT                                     \
	{                                                \
		.c = OPENED_CONTAINER_INIT, .dirfd = -1, \
	}

static void session_done(struct session *s)
{
	nic_records_done(&s->records);
	agentc_free(s->agent);
	if (s->dirfd >= 0)
		close(s->dirfd);
	opened_container_done(&s->c);
}

#define SESSION(name) __attribute__((cleanup(session_done))) struct session name = SESSION_INIT

static int check_running(const char *id, const struct container_view *view, struct err *err)
{
	if (view->state == STATE_RUNNING)
		return 0;
	return err_set_as(err, ERR_CONTAINER_STATE, ESRCH, "container %s is not running: it is %s",
			  id, state_name(view->state));
}

static int check_healthy(struct session *s, struct err *err)
{
	struct err why = { 0 };
	int r = sandbox_connect(s->c.view.record->sandbox, &s->agent, &why);

	if (r == 0)
		r = agentc_check(s->agent, deadline_in(AGENTC_NETWORK_MS), &why);
	if (r == 0)
		return 0;
	return err_set_as(err, err_id_of(&why), -r,
			  "sandbox is not healthy, please check the sandbox status: %.600s",
			  why.text);
}

static int open_sandbox(struct session *s, struct err *err)
{
	CLEANUP(free) char *path = paths_sandbox(s->c.view.record->sandbox);

	s->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0)
		return err_errno(err, "open %s", path);
	return nic_records_read(s->dirfd, &s->records, err);
}

static int session_look(struct session *s, const char *id, struct err *err)
{
	int r = container_look(id, &s->c.view, err);

	if (r == 0)
		r = check_running(id, &s->c.view, err);
	return r == 0 ? check_healthy(s, err) : r;
}

/*
 * Before the lock, the same looks: a hung guest is told at once, and not after
 * waiting for whoever holds the lock because of it.
 */
static int session_lock(struct session *s, const char *id, struct err *err)
{
	int r = session_look(s, id, err);

	container_view_done(&s->c.view);
	if (r == 0)
		r = container_open_locked(id, &s->c, err);
	if (r == 0)
		r = check_running(id, &s->c.view, err);
	return r == 0 ? open_sandbox(s, err) : r;
}

static struct nic_sandbox of_session(const struct session *s)
{
	return (struct nic_sandbox){ s->c.view.record->sandbox, s->dirfd, s->agent };
}

int kata_network_add(const char *id, struct config *config, struct nic_request *nic,
		     struct agentc_interface *ret, struct err *err)
{
	struct nic_sandbox sandbox;
	SESSION(s);
	int r = session_lock(&s, id, err);

	if (r < 0)
		return r;
	sandbox = of_session(&s);
	r = sandbox_override(sandbox.sid, config, err);
	if (r == 0)
		r = nic_recover(&sandbox, &s.records, err);
	return r == 0 ? nic_add(&sandbox, config, &s.records, nic, ret, err) : r;
}

int kata_network_remove(const char *id, const char *name, struct err *err)
{
	struct nic_sandbox sandbox;
	SESSION(s);
	int r = session_lock(&s, id, err);

	if (r < 0)
		return r;
	sandbox = of_session(&s);
	r = nic_recover(&sandbox, &s.records, err);
	if (r < 0 || !nic_records_find(&s.records, name))
		return r;
	return nic_remove(&sandbox, &s.records, name, err);
}

int kata_network_update(const char *id, const struct agentc_interface *update,
			struct agentc_interface *ret, struct err *err)
{
	struct nic_record *record;
	SESSION(s);
	int r = session_lock(&s, id, err);

	if (r == 0)
		r = agentc_update_interface(s.agent, update, deadline_in(AGENTC_NETWORK_MS), ret,
					    err);
	record = r == 0 ? nic_records_find(&s.records, update->name) : NULL;
	if (!record)
		return r;
	strv_free(record->nic.guest.addresses);
	record->nic.guest.addresses = strv_copy(update->addresses);
	r = nic_records_write(s.dirfd, &s.records, err);
	if (r < 0)
		agentc_interface_done(ret);
	return r;
}

int kata_network_own(const char *id, struct nic_records *ret, struct err *err)
{
	SESSION(s);
	int r = session_look(&s, id, err);

	if (r == 0)
		r = open_sandbox(&s, err);
	if (r < 0)
		return r;
	*ret = s.records;
	s.records = (struct nic_records){ 0 };
	return 0;
}

int kata_network_interfaces(const char *id, struct agentc_interfaces *ret, struct err *err)
{
	SESSION(s);
	int r = session_look(&s, id, err);

	return r < 0 ? r
		     : agentc_list_interfaces(s.agent, deadline_in(AGENTC_NETWORK_MS), ret, err);
}

int kata_network_sync(const char *id, struct err *err)
{
	SESSION(s);
	int r = container_open_locked(id, &s.c, err);

	if (r == -ENOENT || (r == 0 && s.c.view.state == STATE_STOPPED))
		return err_set_as(err, ERR_CONTAINER_STATE, ESRCH, "container %s has ended", id);
	if (r == 0)
		r = check_healthy(&s, err);
	if (r == 0)
		r = open_sandbox(&s, err);
	return r == 0 ? network_sync(s.c.view.record->sandbox, s.dirfd, s.agent, err) : r;
}

int kata_network_routes(const char *id, struct agentc_routes *ret, struct err *err)
{
	SESSION(s);
	int r = session_look(&s, id, err);

	return r < 0 ? r : agentc_list_routes(s.agent, deadline_in(AGENTC_NETWORK_MS), ret, err);
}

int kata_network_add_route(const char *id, const struct agentc_route *route,
			   struct agentc_routes *ret, struct err *err)
{
	SESSION(s);
	int r = session_lock(&s, id, err);

	return r < 0 ? r
		     : agentc_update_routes(s.agent, route, 1, true, deadline_in(AGENTC_NETWORK_MS),
					    ret, err);
}

int kata_network_delete_route(const char *id, const struct agentc_route *route,
			      struct agentc_routes *ret, struct err *err)
{
	SESSION(s);
	int r = session_lock(&s, id, err);

	return r < 0 ? r
		     : agentc_delete_routes(s.agent, route->dest, route->gateway, route->device,
					    deadline_in(AGENTC_NETWORK_MS), ret, err);
}

int kata_network_set_routes(const char *id, const struct agentc_routes *routes,
			    struct agentc_routes *ret, struct err *err)
{
	SESSION(s);
	int r = session_lock(&s, id, err);

	return r < 0 ? r
		     : agentc_update_routes(s.agent, routes->items, routes->n, false,
					    deadline_in(AGENTC_NETWORK_MS), ret, err);
}
