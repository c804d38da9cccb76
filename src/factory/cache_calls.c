/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/cache_calls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "cache.pb-c.h"
#include "config/config.h"
#include "factory/cache_pool.h"
#include "factory/cache_server.h"
#include "factory/manifest.h"
#include "rpc/ttrpc_server.h"

#define CONNS_MAX 64u
#define READ_MAX  4096u
#define IN_MAX    (64u << 10) /* of what is no request yet */
#define IDLE_MS   (2 * (uint64_t)CACHE_WAIT_MS)

struct conn {
	struct conn *next;
	struct calls *calls;
	struct watch watch;
	struct timer timer;
	struct ttrpc_conn rpc;
	struct ttrpc_request *waiting; /* for a machine */
	struct pool_machine *promised;
};

struct calls {
	struct loop *loop;
	struct pool *pool;
	const struct config *config;
	const struct manifest *manifest;
	struct watch listener;
	struct conn *conns; /* the latest first */
	unsigned n_conns;
	bool quit;
};

static void conn_free(struct conn *conn)
{
	static const struct err gone = { .code = EPIPE };
	struct calls *calls = conn->calls;
	struct pool_machine *promised = take_ptr(conn->promised);
	struct conn **at = &calls->conns;

	while (*at != conn)
		at = &(*at)->next;
	*at = conn->next;
	calls->n_conns--;
	timer_cancel(&conn->timer);
	watch_remove(&conn->watch);
	ttrpc_conn_done(&conn->rpc);
	if (conn->waiting)
		ttrpc_reply_error(conn->waiting, &gone);
	close(conn->watch.fd);
	free(conn);
	if (promised)
		pool_settle(promised);
}

static void timed_out(struct timer *timer)
{
	conn_free(container_of(timer, struct conn, timer));
}

static void expect_more(struct conn *conn)
{
	timer_cancel(&conn->timer);
	timer_set(conn->calls->loop, &conn->timer, deadline_in(IDLE_MS), timed_out);
}

/* --- methods --------------------------------------------------------------------- */

static struct conn *conn_of(const struct ttrpc_request *req)
{
	return container_of(req->conn, struct conn, rpc);
}

static void serve_config(struct ttrpc_request *req,
			 const ProtobufCMessage *in __attribute__((unused)))
{
	Cache__GrpcVMConfig out = CACHE__GRPC_VMCONFIG__INIT;
	CLEANUP(free) char *text = manifest_text(conn_of(req)->calls->manifest);

	out.data.data = (uint8_t *)text;
	out.data.len = strlen(text);
	ttrpc_reply(req, &out.base);
}

static void promise(struct conn *conn, struct pool_machine *machine)
{
	const struct config *config = conn->calls->config;
	Cache__GrpcVM out = CACHE__GRPC_VM__INIT;

	conn->promised = machine;
	out.id = (char *)(uintptr_t)pool_machine_id(machine);
	out.cpu = (uint32_t)config->hypervisor.default_vcpus;
	out.memory = (uint32_t)config->hypervisor.default_memory;
	ttrpc_reply(take_ptr(conn->waiting), &out.base);
}

static void refuse(struct ttrpc_request *req, int code, const char *text)
{
	struct err err = { 0 };

	(void)err_set(&err, code, "%s", text);
	ttrpc_reply_error(req, &err);
}

static unsigned n_waiting(const struct calls *calls)
{
	unsigned n = 0;

	for (const struct conn *conn = calls->conns; conn; conn = conn->next)
		n += conn->waiting != NULL;
	return n;
}

static void serve_machine(struct ttrpc_request *req,
			  const ProtobufCMessage *in __attribute__((unused)))
{
	struct conn *conn = conn_of(req);

	if (conn->waiting || conn->promised) {
		refuse(req, EBUSY, "one machine for each connection");
		return;
	}
	conn->waiting = req;
	calls_look(conn->calls);
}

static void serve_status(struct ttrpc_request *req,
			 const ProtobufCMessage *in __attribute__((unused)))
{
	const struct calls *calls = conn_of(req)->calls;
	Cache__GrpcStatus out = CACHE__GRPC_STATUS__INIT;
	CLEANUP(free) pid_t *pids = NULL;
	size_t n = pool_ready(calls->pool, &pids);
	CLEANUP(free) Cache__GrpcVMStatus *machines = xcalloc(n + 1, sizeof(*machines));
	CLEANUP(free) Cache__GrpcVMStatus **list = xcalloc(n + 1, sizeof(*list));

	for (size_t i = 0; i < n; i++) {
		machines[i] = (Cache__GrpcVMStatus)CACHE__GRPC_VMSTATUS__INIT;
		machines[i].pid = pids[i];
		machines[i].cpu = (uint32_t)calls->config->hypervisor.default_vcpus;
		machines[i].memory = (uint32_t)calls->config->hypervisor.default_memory;
		list[i] = &machines[i];
	}
	out.pid = getpid();
	out.n_vmstatus = n;
	out.vmstatus = list;
	ttrpc_reply(req, &out.base);
}

static void serve_quit(struct ttrpc_request *req,
		       const ProtobufCMessage *in __attribute__((unused)))
{
	Cache__Empty out = CACHE__EMPTY__INIT;

	conn_of(req)->calls->quit = true;
	ttrpc_reply(req, &out.base);
}

static const struct ttrpc_method methods[] = {
	{ "Config", serve_config },
	{ "GetBaseVM", serve_machine },
	{ "Status", serve_status },
	{ "Quit", serve_quit },
	{ NULL, NULL },
};

static const struct ttrpc_service service = { &cache__cache_service__descriptor, methods };
static const struct ttrpc_service *const services[] = { &service, NULL };

/* --- bytes ----------------------------------------------------------------------- */

/* The last to be done with it: it may be gone then. */
static void send_out(struct conn *conn)
{
	struct buf *out = &conn->rpc.out;

	while (buf_len(out) > 0) {
		ssize_t n = send(conn->watch.fd, buf_data(out), buf_len(out), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			conn_free(conn);
			return;
		}
		buf_consume(out, (size_t)n);
	}
	watch_set_events(&conn->watch, EPOLLIN | (buf_len(out) > 0 ? EPOLLOUT : 0));
}

static int receive(struct conn *conn)
{
	uint8_t data[READ_MAX];
	struct err err = { 0 };
	ssize_t n = recv(conn->watch.fd, data, sizeof(data), 0);
	int r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -EPIPE;
	expect_more(conn);
	r = ttrpc_conn_feed(&conn->rpc, data, (size_t)n, &err);
	if (r == 0 && buf_len(&conn->rpc.in) > IN_MAX)
		r = err_set(&err, EMSGSIZE, "a request of more than %u bytes", IN_MAX);
	if (r < 0)
		log_warn("the VM cache ends a connection: %s", err.text);
	return r;
}

static void conn_ready(struct watch *watch, uint32_t events)
{
	struct conn *conn = container_of(watch, struct conn, watch);
	struct calls *calls = conn->calls;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && receive(conn) < 0) {
		conn_free(conn);
		return;
	}
	send_out(conn);
	if (calls->quit)
		loop_stop(calls->loop, 0);
}

/* Not at once: this may be in the midst of what it has received. */
static void send_soon(struct conn *conn)
{
	watch_set_events(&conn->watch, EPOLLIN | EPOLLOUT);
}

/* Who has waited longest is the last. */
static struct conn *first_waiting(const struct calls *calls)
{
	struct conn *found = NULL;

	for (struct conn *conn = calls->conns; conn; conn = conn->next)
		if (conn->waiting)
			found = conn;
	return found;
}

void calls_look(struct calls *calls)
{
	struct conn *conn;

	while (calls && (conn = first_waiting(calls))) {
		struct pool_machine *machine = pool_promise(calls->pool);

		if (!machine)
			break;
		promise(conn, machine);
		send_soon(conn);
	}
	/* Booting one is as fast as waiting for one that is not even begun. */
	while (calls && n_waiting(calls) > pool_n_starting(calls->pool)) {
		for (conn = calls->conns; !conn->waiting;)
			conn = conn->next;
		refuse(take_ptr(conn->waiting), EAGAIN,
		       "the virtual machine boots: the VM cache has none left");
		send_soon(conn);
	}
}

static bool is_allowed(int fd)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	if (peer.uid == geteuid())
		return true;
	log_warn("the VM cache ends a connection: process %d of user %u may not use it", peer.pid,
		 peer.uid);
	return false;
}

static void take_one(struct calls *calls, int fd)
{
	struct conn *conn = xcalloc(1, sizeof(*conn));
	struct err err = { 0 };

	conn->calls = calls;
	if (loop_add(calls->loop, &conn->watch, fd, EPOLLIN, conn_ready, &err) < 0) {
		log_warn("the VM cache ends a connection: %s", err.text);
		close(fd);
		free(conn);
		return;
	}
	ttrpc_conn_init(&conn->rpc, services, calls);
	conn->next = calls->conns;
	calls->conns = conn;
	calls->n_conns++;
	expect_more(conn);
}

static void listener_ready(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct calls *calls = container_of(watch, struct calls, listener);
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (calls->n_conns < CONNS_MAX && is_allowed(fd))
		take_one(calls, fd);
	else
		close(fd);
}

int calls_new(struct loop *loop, struct pool *pool, const struct config *config,
	      const struct manifest *manifest, int listener, struct calls **ret, struct err *err)
{
	struct calls *calls = xcalloc(1, sizeof(*calls));
	int r;

	*calls = (struct calls){
		.loop = loop, .pool = pool, .config = config, .manifest = manifest
	};
	r = loop_add(loop, &calls->listener, listener, EPOLLIN, listener_ready, err);
	if (r < 0) {
		free(calls);
		return r;
	}
	*ret = calls;
	return 0;
}

void calls_free(struct calls *calls)
{
	if (!calls)
		return;
	/* Without the pool: promised machines are its, or have been taken. */
	for (struct conn *conn = calls->conns; conn; conn = conn->next)
		conn->promised = NULL;
	while (calls->conns)
		conn_free(calls->conns);
	watch_remove(&calls->listener);
	free(calls);
}

void calls_close(const struct calls *calls)
{
	for (const struct conn *conn = calls ? calls->conns : NULL; conn; conn = conn->next)
		close(conn->watch.fd);
}
