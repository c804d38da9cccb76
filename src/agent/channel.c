/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/channel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/tracing.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "rpc/ttrpc_server.h"
#include "rpc/yamux.h"

#define PORTS_DIR "/sys/class/virtio-ports"
#define READ_MAX  (64u << 10)
#define CHANGES   (EPOLLIN | EPOLLOUT | EPOLLET)

struct channel {
	struct watch watch; /* of the port */
	struct agent *agent;
	struct yamux session;
	bool used;      /* the host has said something in this session */
	bool connected; /* the host's end is open, as far as we know */
	int fd;
	char *device;
};

static void drop_stream(struct yamux_stream *stream)
{
	struct ttrpc_conn *conn = stream->data;

	ttrpc_conn_done(conn);
	free(conn);
	yamux_release(stream);
}

/* Hands received bytes to the server while it takes them. */
static int pump_in(struct yamux_stream *stream, struct err *err)
{
	struct ttrpc_conn *conn = stream->data;

	/* Without new bytes too: a frame may be waiting until there is room for its answer. */
	while (ttrpc_conn_ready(conn)) {
		size_t n = buf_len(&stream->in);
		int r;

		r = ttrpc_conn_feed(conn, buf_data(&stream->in), n, err);
		if (r < 0 || n == 0)
			return r;
		yamux_consume(stream, n);
	}
	return 0;
}

/* Moves bytes between a stream and its server as far as both will. */
static void pump(struct yamux_stream *stream)
{
	struct ttrpc_conn *conn = stream->data;
	struct err error = { 0 };
	size_t n;

	if (pump_in(stream, &error) < 0) {
		log_warn("connection %u: %s", stream->id, error.text);
		drop_stream(stream);
		return;
	}
	if (buf_len(&conn->out) > 0) {
		n = yamux_write(stream, buf_data(&conn->out), buf_len(&conn->out));
		buf_consume(&conn->out, n);
	}
	if (stream->remote_fin && buf_len(&stream->in) == 0)
		drop_stream(stream);
}

static void stream_opened(struct yamux_stream *stream)
{
	struct channel *channel = stream->session->data;
	struct ttrpc_conn *conn = xcalloc(1, sizeof(*conn));

	ttrpc_conn_init(conn, agent_services, channel->agent);
	conn->observer = &tracing_observer;
	stream->data = conn;
}

static const struct yamux_ops ops = { .opened = stream_opened, .readable = pump, .writable = pump };

/* What late answers have left in the servers goes out, then to the wire. */
static void flush_streams(struct channel *channel)
{
	struct yamux_stream *next;

	for (struct yamux_stream *s = channel->session.streams; s; s = next) {
		next = s->next;
		if (s->data && !s->released)
			pump(s);
	}
}

static void flush_port(struct channel *channel)
{
	struct buf *out = &channel->session.out;

	while (buf_len(out) > 0) {
		ssize_t n = write(channel->fd, buf_data(out), buf_len(out));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break; /* EAGAIN, or the host has gone: EPOLLHUP tells */
		buf_consume(out, (size_t)n);
		yamux_flushed(&channel->session);
	}
	watch_set_events(&channel->watch, EPOLLIN | (buf_len(out) > 0 ? EPOLLOUT : 0));
}

void channel_flush(void *data)
{
	struct channel *channel = data;

	if (!channel->connected)
		return;
	flush_streams(channel);
	flush_port(channel);
}

static void port_ready(struct watch *watch, uint32_t events);

static void watch_port(struct channel *channel)
{
	struct err error = { 0 };

	if (loop_add(channel->agent->loop, &channel->watch, channel->fd, CHANGES, port_ready,
		     &error) < 0)
		log_error("%s", error.text);
}

/*
 * Opened anew, which the host sees: from then on it may begin another session. Only
 * so does a machine that is to be saved show that it is ready (src/vm/save.c).
 */
static void reopen(struct channel *channel)
{
	watch_remove(&channel->watch);
	close(channel->fd);
	channel->fd = open(channel->device, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (channel->fd < 0) {
		log_error("open %s: %s", channel->device, strerror(errno));
		loop_stop(channel->agent->loop, 1); /* nobody could reach us any more */
		return;
	}
	watch_port(channel);
}

static void end_session(struct channel *channel)
{
	for (struct yamux_stream *s = channel->session.streams; s; s = s->next) {
		if (!s->data)
			continue;
		ttrpc_conn_done(s->data);
		free(s->data);
		s->data = NULL;
	}
	yamux_done(&channel->session);
	yamux_init(&channel->session, false, &ops, channel);
	channel->connected = false;
	if (channel->used)
		reopen(channel);
	channel->used = false;
}

/* From now on only changes are told: of a port without a host poll tells a hang-up all the time. */
static void host_went(struct channel *channel)
{
	watch_set_events(&channel->watch, CHANGES);
	end_session(channel);
}

static void host_came(struct channel *channel)
{
	channel->connected = true;
	watch_set_events(&channel->watch, EPOLLIN);
}

/* Whether there was anything to read. */
static bool receive(struct channel *channel)
{
	static uint8_t data[READ_MAX];
	struct err error = { 0 };
	ssize_t n = read(channel->fd, data, sizeof(data));

	if (n <= 0)
		return false;
	channel->used = true;
	if (yamux_feed(&channel->session, data, (size_t)n, &error) == 0)
		return true;
	log_error("%s", error.text);
	end_session(channel);
	return false;
}

/*
 * A port without a host can always be read: it says that there is nothing. The first
 * bytes of a host may be there before the news that it has come, in a clone above all:
 * they are the beginning of a session, which nothing but the end of a host ends.
 */
static void port_ready(struct watch *watch, uint32_t events)
{
	struct channel *channel = container_of(watch, struct channel, watch);

	if (events & (EPOLLHUP | EPOLLERR)) {
		while (receive(channel))
			;
		if (channel->connected)
			host_went(channel);
		return;
	}
	if (!channel->connected)
		host_came(channel);
	if (events & EPOLLIN)
		(void)receive(channel);
}

static char *channel_find_port(const char *wanted)
{
	DIR *dir = opendir(PORTS_DIR);
	struct dirent *entry;
	char *found = NULL;

	while (dir && !found && (entry = readdir(dir))) {
		CLEANUP(free) char *path = xasprintf("%s/name", entry->d_name);
		CLEANUP(free) char *name = NULL;

		if (file_read_at(dirfd(dir), path, 256, &name) < 0)
			continue;
		name[strcspn(name, "\n")] = '\0';
		if (str_eq(name, wanted))
			found = xasprintf("/dev/%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Ports come by messages from the host, which may take longer than we took to start. */
char *channel_wait_port(const char *name, uint64_t deadline)
{
	CLEANUP(close) int fd = inotify_init1(IN_CLOEXEC);
	char *port = NULL;

	if (fd < 0 || inotify_add_watch(fd, "/dev", IN_CREATE) < 0)
		return channel_find_port(name);
	while (!(port = channel_find_port(name)) && wait_fd(fd, POLLIN, deadline) == 0) {
		char events[4096];

		(void)!read(fd, events, sizeof(events)); /* what it was shows in sysfs */
	}
	return port;
}

int channel_open(struct agent *agent, const char *device, struct channel **ret, struct err *err)
{
	struct channel *channel;
	int fd = open(device, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_errno(err, "open %s", device);
	channel = xcalloc(1, sizeof(*channel));
	channel->agent = agent;
	channel->fd = fd;
	channel->device = xstrdup(device);
	yamux_init(&channel->session, false, &ops, channel);
	watch_port(channel);
	*ret = channel;
	return 0;
}
