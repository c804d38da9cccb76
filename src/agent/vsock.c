/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/vsock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "agent/agent.h"
#include "agent/tracing.h"
#include "base/cleanup.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "rpc/ttrpc_server.h"

#define READ_MAX        (64u << 10)
#define CONNECTIONS_MAX 1024u /* as many as the serial port has streams (design E9) */
#define BACKLOG         128

struct connection {
	struct watch watch;
	struct ttrpc_conn conn;
	struct vsock *vsock;
	int fd;
	struct connection *next;
};

struct vsock {
	struct watch watch; /* of the listening socket */
	struct agent *agent;
	struct connection *connections;
	unsigned n_connections;
};

static void connection_free(struct connection *connection)
{
	struct connection **at = &connection->vsock->connections;

	while (*at != connection)
		at = &(*at)->next;
	*at = connection->next;
	connection->vsock->n_connections--;
	watch_remove(&connection->watch);
	ttrpc_conn_done(&connection->conn);
	close(connection->fd);
	free(connection);
}

/* What has been read goes to the server while it takes it. False: the host talks nonsense. */
static bool feed(struct connection *connection, const uint8_t *data, size_t len)
{
	struct err error = { 0 };

	if (ttrpc_conn_feed(&connection->conn, data, len, &error) == 0)
		return true;
	log_warn("connection: %s", error.text);
	return false;
}

static bool send_out(struct connection *connection)
{
	struct buf *out = &connection->conn.out;

	while (buf_len(out) > 0) {
		ssize_t n = send(connection->fd, buf_data(out), buf_len(out),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		buf_consume(out, (size_t)n);
	}
	return true;
}

/* Not read while its answers pile up: the host's side of the socket fills and waits. */
static void update(struct connection *connection)
{
	struct ttrpc_conn *conn = &connection->conn;
	bool ready = ttrpc_conn_ready(conn);

	watch_set_events(&connection->watch,
			 (ready ? EPOLLIN : 0) | (buf_len(&conn->out) > 0 ? EPOLLOUT : 0));
}

static bool receive(struct connection *connection)
{
	static uint8_t data[READ_MAX];
	ssize_t n;

	if (!ttrpc_conn_ready(&connection->conn))
		return true;
	n = recv(connection->fd, data, sizeof(data), MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	return n > 0 && feed(connection, data, (size_t)n);
}

static void ready(struct watch *watch, uint32_t events)
{
	struct connection *connection = container_of(watch, struct connection, watch);
	bool alive = true;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		alive = receive(connection);
	if (alive && events & EPOLLOUT)
		alive = send_out(connection);
	if (!alive || (events & (EPOLLHUP | EPOLLERR) && !(events & EPOLLIN)))
		connection_free(connection);
}

void vsock_flush(void *data)
{
	struct vsock *vsock = data;
	struct connection *next;

	for (struct connection *c = vsock->connections; c; c = next) {
		next = c->next;
		/* A whole frame may have waited until there was room for its answer. */
		if (!send_out(c) ||
		    (ttrpc_conn_ready(&c->conn) && !feed(c, (const uint8_t *)"", 0)) ||
		    !send_out(c))
			connection_free(c);
		else
			update(c);
	}
}

static int add_connection(struct vsock *vsock, int fd, struct err *err)
{
	struct connection *connection = xcalloc(1, sizeof(*connection));

	connection->vsock = vsock;
	connection->fd = fd;
	connection->next = vsock->connections;
	vsock->connections = connection;
	vsock->n_connections++;
	ttrpc_conn_init(&connection->conn, agent_services, vsock->agent);
	connection->conn.observer = &tracing_observer;
	return loop_add(vsock->agent->loop, &connection->watch, fd, EPOLLIN, ready, err);
}

static void accept_connection(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct vsock *vsock = container_of(watch, struct vsock, watch);
	struct sockaddr_vm peer = { 0 };
	socklen_t len = sizeof(peer);
	struct err error = { 0 };
	CLEANUP(close) int fd = accept4(watch->fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);

	if (fd < 0)
		return; /* it has changed its mind */
	if (peer.svm_cid != VMADDR_CID_HOST) {
		log_warn("a connection from CID %u is refused: it is not the host", peer.svm_cid);
		return;
	}
	if (vsock->n_connections >= CONNECTIONS_MAX) {
		log_warn("a connection is refused: there are %u", CONNECTIONS_MAX);
		return;
	}
	if (add_connection(vsock, take_fd(&fd), &error) < 0) {
		log_warn("a connection is refused: %s", error.text);
		connection_free(vsock->connections);
	}
}

int vsock_open(struct agent *agent, struct vsock **ret, struct err *err)
{
	const struct sockaddr_vm addr = { .svm_family = AF_VSOCK,
					  .svm_cid = VMADDR_CID_ANY,
					  .svm_port = DIAL_AGENT_PORT };
	CLEANUP(close) int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct vsock *vsock;
	int r;

	if (fd < 0)
		return err_errno(err, "vsock: socket");
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, BACKLOG) < 0)
		return err_errno(err, "vsock: listen on port %u", DIAL_AGENT_PORT);
	vsock = xcalloc(1, sizeof(*vsock));
	vsock->agent = agent;
	r = loop_add(agent->loop, &vsock->watch, fd, EPOLLIN, accept_connection, err);
	if (r < 0) {
		free(vsock);
		return r;
	}
	(void)take_fd(&fd); /* as long as the program */
	*ret = vsock;
	return 0;
}
