/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. The serial port is read whenever it has something, so
 * that one client that stops reading holds up nobody else: what comes for it
 * waits in its stream, at most a window (rpc/yamux). In the other direction a
 * client is read only while its stream takes what it sends.
 */
#include "proxy/mux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "rpc/yamux.h"

#define READ_MAX (64u << 10)

struct client {
	struct watch watch;
	struct mux *mux;
	struct yamux_stream *stream;
	int fd;         /* -1: local */
	struct buf out; /* read from the client, not yet taken by the stream */
	bool input_ended;
	bool dirty; /* look at it before the next wait */
	struct client *next;
	struct buf *local_out; /* borrowed */
	mux_local_fn local_fn;
	void *local_data;
};

struct mux {
	struct loop *loop;
	struct watch serial;
	struct watch listener;
	struct yamux session;
	struct client *clients;
	int serial_fd;
	int listener_fd;
	void (*alive_fn)(void *data); /* NULL: called, or not wanted */
	void *alive_data;
	int spare_fd; /* given up for a moment to close a client when descriptors are out */
};

static void client_free(struct client *client)
{
	struct client **at = &client->mux->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	watch_remove(&client->watch);
	if (client->stream)
		yamux_release(client->stream);
	if (client->fd >= 0)
		close(client->fd);
	buf_done(&client->out);
	free(client);
}

/* From the guest to the client, as far as the client takes it. False: the client has gone. */
static bool deliver(struct client *client)
{
	struct yamux_stream *stream = client->stream;

	while (buf_len(&stream->in) > 0) {
		size_t len = buf_len(&stream->in);
		ssize_t n;

		if (client->local_fn) {
			if (client->local_fn(client->local_data, buf_data(&stream->in), len) < 0)
				return false;
			yamux_consume(stream, len);
			continue;
		}
		n = send(client->fd, buf_data(&stream->in), len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		yamux_consume(stream, (size_t)n);
	}
	return !stream->remote_fin; /* everything is delivered: the client may see the end */
}

/* From the client to the guest, as far as the window is open. */
static void forward(struct client *client)
{
	struct buf *out = client->local_out ? client->local_out : &client->out;

	if (buf_len(out) > 0)
		buf_consume(out, yamux_write(client->stream, buf_data(out), buf_len(out)));
	if (client->input_ended && buf_len(out) == 0)
		yamux_finish(client->stream);
}

static void update_client(struct client *client)
{
	uint32_t events = 0;

	if (!deliver(client)) {
		client_free(client);
		return;
	}
	forward(client);
	if (client->fd < 0)
		return;
	if (buf_len(&client->out) == 0 && !client->input_ended)
		events |= EPOLLIN;
	if (buf_len(&client->stream->in) > 0)
		events |= EPOLLOUT;
	watch_set_events(&client->watch, events);
}

static void client_ready(struct watch *watch, uint32_t events)
{
	struct client *client = container_of(watch, struct client, watch);
	static uint8_t data[READ_MAX];
	ssize_t n;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && buf_len(&client->out) == 0 &&
	    !client->input_ended) {
		n = recv(client->fd, data, sizeof(data), MSG_DONTWAIT);
		if (n > 0) {
			buf_append(&client->out, data, (size_t)n);
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			/* Who closes a ttrpc connection wants no answers any more. */
			client_free(client);
			return;
		}
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		client_free(client);
		return;
	}
	update_client(client);
}

static void stream_changed(struct yamux_stream *stream)
{
	struct client *client = stream->data;

	if (client)
		client->dirty = true; /* not here: yamux is in the middle of its work */
}

static const struct yamux_ops ops = { .readable = stream_changed, .writable = stream_changed };

static struct client *client_new(struct mux *mux, int fd, struct err *err)
{
	struct client *client = xcalloc(1, sizeof(*client));

	client->mux = mux;
	client->fd = fd;
	client->next = mux->clients;
	mux->clients = client;
	if (yamux_open(&mux->session, &client->stream, err) < 0) {
		client_free(client);
		return NULL;
	}
	client->stream->data = client;
	return client;
}

/* Not taken in, a client would wake us again and again: it is taken in and closed. */
static void refuse_client(struct mux *mux)
{
	int fd;

	if (mux->spare_fd >= 0)
		close(take_fd(&mux->spare_fd));
	fd = accept4(mux->listener_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	mux->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	log_warn("a client is refused: too many open descriptors");
}

static void accept_client(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct mux *mux = container_of(watch, struct mux, listener);
	struct client *client;
	struct err error = { 0 };
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		refuse_client(mux);
		return;
	}
	if (fd < 0)
		return; /* it has changed its mind */
	client = client_new(mux, fd, &error);
	if (client && loop_add(mux->loop, &client->watch, fd, EPOLLIN, client_ready, &error) == 0)
		return;
	log_warn("a client is refused: %s", error.text);
	if (client)
		client_free(client);
}

static void serial_ready(struct watch *watch, uint32_t events)
{
	struct mux *mux = container_of(watch, struct mux, serial);
	static uint8_t data[READ_MAX];
	struct err error = { 0 };
	ssize_t n;

	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(mux->serial_fd, data, sizeof(data), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		log_info("the virtual machine has ended");
		loop_stop(mux->loop, 0);
		return;
	}
	if (yamux_feed(&mux->session, data, (size_t)n, &error) < 0) {
		log_error("the guest is cut off: %s", error.text);
		loop_stop(mux->loop, 0);
		return;
	}
	if (mux->alive_fn) {
		void (*fn)(void *data) = mux->alive_fn;

		mux->alive_fn = NULL;
		fn(mux->alive_data);
	}
}

/* Before each wait: what streams and local ends have to say goes to the wire. */
static void flush(void *data)
{
	struct mux *mux = data;
	struct buf *out = &mux->session.out;
	struct client *next;

	for (struct client *c = mux->clients; c; c = next) {
		next = c->next;
		if (c->dirty || c->local_out) {
			c->dirty = false;
			update_client(c);
		}
	}
	while (buf_len(out) > 0) {
		ssize_t n = send(mux->serial_fd, buf_data(out), buf_len(out),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			break; /* full, or gone, which reading will tell */
		buf_consume(out, (size_t)n);
		yamux_flushed(&mux->session);
		for (struct client *c = mux->clients; c; c = next) {
			next = c->next;
			if (c->dirty) {
				c->dirty = false;
				update_client(c);
			}
		}
	}
	watch_set_events(&mux->serial, EPOLLIN | (buf_len(out) > 0 ? EPOLLOUT : 0));
}

void mux_when_alive(struct mux *mux, void (*fn)(void *data), void *data)
{
	mux->alive_fn = fn;
	mux->alive_data = data;
}

int mux_open_local(struct mux *mux, struct buf *out, mux_local_fn fn, void *data, struct err *err)
{
	struct client *client = client_new(mux, -1, err);

	if (!client)
		return -err->code;
	client->local_out = out;
	client->local_fn = fn;
	client->local_data = data;
	return 0;
}

int mux_new(struct loop *loop, int serial, int listener, struct mux **ret, struct err *err)
{
	struct mux *mux = xcalloc(1, sizeof(*mux));
	int r;

	*ret = mux;
	mux->loop = loop;
	mux->serial_fd = serial;
	mux->listener_fd = listener;
	mux->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	yamux_init(&mux->session, true, &ops, mux);
	r = loop_add(loop, &mux->serial, serial, EPOLLIN, serial_ready, err);
	if (r == 0)
		r = loop_add(loop, &mux->listener, listener, EPOLLIN, accept_client, err);
	loop_set_idle(loop, flush, mux);
	return r;
}

void mux_free(struct mux *mux)
{
	if (!mux)
		return;
	while (mux->clients)
		client_free(mux->clients);
	watch_remove(&mux->serial);
	watch_remove(&mux->listener);
	close(mux->serial_fd);
	close(mux->listener_fd);
	if (mux->spare_fd >= 0)
		close(mux->spare_fd);
	yamux_done(&mux->session);
	free(mux);
}
