/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/ttrpc_peer.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/io.h"

int ttrpc_peer_connect(struct ttrpc_peer *peer, const char *url, const char *name,
		       uint64_t deadline, struct err *err)
{
	int fd = dial(url, deadline, err);
	int r;

	if (fd < 0)
		return fd;
	r = fd_set_nonblock(fd, true);
	if (r < 0) {
		close(fd);
		return err_set(err, -r, "connect to %s", url);
	}
	*peer = (struct ttrpc_peer){ .fd = fd, .name = name };
	return 0;
}

void ttrpc_peer_done(struct ttrpc_peer *peer)
{
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	ttrpc_client_done(&peer->client);
}

/* The outcome of the one call that is under way. */
struct outcome {
	bool done;
	struct err error;
	ttrpc_take_fn take; /* NULL: the answer says nothing */
	void *data;
};

static void finished(void *data, const ProtobufCMessage *response, const struct err *error)
{
	struct outcome *outcome = data;

	outcome->done = true;
	outcome->error = *error;
	if (response && outcome->take)
		(void)outcome->take(outcome->data, response, &outcome->error);
}

static int send_some(struct ttrpc_peer *peer, const char *method, struct err *err)
{
	struct buf *out = &peer->client.out;
	ssize_t n = send(peer->fd, buf_data(out), buf_len(out), MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return err_set(err, EPIPE, "%s: the connection to %s has ended", method,
			       peer->name);
	if (n > 0)
		buf_consume(out, (size_t)n);
	return 0;
}

static int receive_some(struct ttrpc_peer *peer, const char *method, struct err *err)
{
	uint8_t data[16384];
	ssize_t n = recv(peer->fd, data, sizeof(data), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return err_set(err, EPIPE, "%s: the connection to %s has ended", method,
			       peer->name);
	return ttrpc_client_feed(&peer->client, data, (size_t)n, err);
}

static int wait_for(struct ttrpc_peer *peer, const char *method, struct outcome *outcome,
		    uint64_t deadline, struct err *err)
{
	while (!outcome->done) {
		bool sending = buf_len(&peer->client.out) > 0;
		struct pollfd p = { .fd = peer->fd,
				    .events = (short)(POLLIN | (sending ? POLLOUT : 0)) };
		int n = poll(&p, 1, deadline_left(deadline));
		int r = 0;

		if (n < 0 && errno != EINTR)
			return err_errno(err, "%s: poll", method);
		r = interrupt_check(err);
		if (r < 0)
			return r;
		if (n < 0)
			continue;
		/* Its clock is looked at too: a guest may talk without end and never answer. */
		if (n == 0 || deadline_left(deadline) == 0)
			return err_set(err, ETIMEDOUT, "%s: %s does not answer", method,
				       peer->name);
		if (p.revents & POLLOUT)
			r = send_some(peer, method, err);
		if (r == 0 && p.revents & (POLLIN | POLLHUP | POLLERR))
			r = receive_some(peer, method, err);
		if (r < 0)
			return r;
	}
	if (outcome->error.code == 0)
		return 0;
	*err = outcome->error;
	return -err->code;
}

int ttrpc_peer_call(struct ttrpc_peer *peer, const ProtobufCServiceDescriptor *service,
		    const char *method, const ProtobufCMessage *message, uint64_t deadline,
		    ttrpc_take_fn take, void *data, struct err *err)
{
	struct outcome outcome = { .take = take, .data = data };
	int left = deadline_left(deadline);
	int r;

	ttrpc_client_call(&peer->client, service, method, message, left > 0 ? (uint64_t)left : 0,
			  finished, &outcome);
	r = wait_for(peer, method, &outcome, deadline, err);
	if (!outcome.done)
		ttrpc_client_forget(&peer->client, &outcome);
	return r;
}
