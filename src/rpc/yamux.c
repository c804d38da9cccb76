/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/yamux.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "rpc/wire.h"

/* spec.md, "Framing". */
enum { TYPE_DATA = 0, TYPE_WINDOW = 1, TYPE_PING = 2, TYPE_GO_AWAY = 3 };
enum { FLAG_SYN = 1, FLAG_ACK = 2, FLAG_FIN = 4, FLAG_RST = 8 };

struct header {
	uint8_t version;
	uint8_t type;
	uint16_t flags;
	uint32_t stream;
	uint32_t length;
};

static void send_header(struct yamux *y, uint8_t type, uint16_t flags, uint32_t stream,
			uint32_t length)
{
	uint8_t *p = buf_reserve(&y->out, YAMUX_HEADER_LEN);

	p[0] = 0;
	p[1] = type;
	write_be16(p + 2, flags);
	write_be32(p + 4, stream);
	write_be32(p + 8, length);
	buf_commit(&y->out, YAMUX_HEADER_LEN);
}

void yamux_init(struct yamux *y, bool client, const struct yamux_ops *ops, void *data)
{
	*y = (struct yamux){ .client = client, .ops = ops, .data = data };
	y->next_id = client ? 1 : 2;
}

static void stream_free(struct yamux_stream *stream)
{
	struct yamux *y = stream->session;
	struct yamux_stream **at = &y->streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	y->n_streams--;
	if (y->payload_stream == stream)
		y->payload_stream = NULL;
	buf_done(&stream->in);
	free(stream);
}

void yamux_done(struct yamux *y)
{
	while (y->streams)
		stream_free(y->streams);
	buf_done(&y->out);
}

static struct yamux_stream *stream_new(struct yamux *y, uint32_t id)
{
	struct yamux_stream *stream = xcalloc(1, sizeof(*stream));

	*stream = (struct yamux_stream){ .next = y->streams,
					 .session = y,
					 .id = id,
					 .recv_window = YAMUX_WINDOW,
					 .send_window = YAMUX_WINDOW };
	y->streams = stream;
	y->n_streams++;
	return stream;
}

static struct yamux_stream *stream_find(struct yamux *y, uint32_t id)
{
	for (struct yamux_stream *s = y->streams; s; s = s->next)
		if (s->id == id)
			return s;
	return NULL;
}

/* Room for one more: the oldest stream that only waits for the peer's FIN has to go. */
static bool make_room(struct yamux *y)
{
	struct yamux_stream *oldest = NULL;

	if (y->n_streams < YAMUX_STREAMS_MAX)
		return true;
	for (struct yamux_stream *s = y->streams; s; s = s->next)
		if (s->released)
			oldest = s;
	if (!oldest)
		return false;
	send_header(y, TYPE_WINDOW, FLAG_RST, oldest->id, 0);
	stream_free(oldest);
	return true;
}

int yamux_open(struct yamux *y, struct yamux_stream **ret, struct err *err)
{
	if (!make_room(y))
		return err_set(err, EMFILE, "yamux: %u streams are open, no more are allowed",
			       y->n_streams);
	*ret = stream_new(y, y->next_id);
	send_header(y, TYPE_WINDOW, FLAG_SYN, y->next_id, 0);
	y->next_id += 2;
	return 0;
}

size_t yamux_write(struct yamux_stream *stream, const void *data, size_t len)
{
	struct yamux *y = stream->session;
	size_t queued = buf_len(&y->out);
	size_t room = queued < YAMUX_OUT_MAX ? YAMUX_OUT_MAX - queued : 0;
	size_t n = len;

	assert(!stream->local_fin);
	if (stream->reset)
		return len; /* nobody will read it: as with a closed socket, but without a signal */
	if (n > stream->send_window)
		n = stream->send_window;
	if (n > room)
		n = room;
	stream->starved = n < len;
	if (n == 0)
		return 0;
	send_header(y, TYPE_DATA, 0, stream->id, (uint32_t)n);
	buf_append(&y->out, data, n);
	stream->send_window -= (uint32_t)n;
	return n;
}

void yamux_consume(struct yamux_stream *stream, size_t n)
{
	buf_consume(&stream->in, n);
	stream->consumed += (uint32_t)n;
	if (stream->remote_fin || stream->consumed < YAMUX_WINDOW / 2)
		return;
	send_header(stream->session, TYPE_WINDOW, 0, stream->id, stream->consumed);
	stream->recv_window += stream->consumed;
	stream->consumed = 0;
}

void yamux_finish(struct yamux_stream *stream)
{
	if (stream->local_fin)
		return;
	stream->local_fin = true;
	stream->starved = false;
	if (!stream->reset)
		send_header(stream->session, TYPE_WINDOW, FLAG_FIN, stream->id, 0);
}

void yamux_release(struct yamux_stream *stream)
{
	yamux_finish(stream);
	stream->released = true;
	stream->data = NULL;
	buf_done(&stream->in);
	if (stream->remote_fin)
		stream_free(stream);
}

static struct yamux_stream *find_starved(struct yamux *y)
{
	for (struct yamux_stream *s = y->streams; s; s = s->next)
		if (s->starved && s->send_window > 0 && !s->released)
			return s;
	return NULL;
}

/* Behind all others, so that the next turn is somebody else's. */
static void move_to_tail(struct yamux *y, struct yamux_stream *stream)
{
	struct yamux_stream **at = &y->streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	while (*at)
		at = &(*at)->next;
	stream->next = NULL;
	*at = stream;
}

void yamux_flushed(struct yamux *y)
{
	for (unsigned turns = y->n_streams; turns > 0 && buf_len(&y->out) < YAMUX_OUT_MAX;
	     turns--) {
		struct yamux_stream *stream = find_starved(y);

		if (!stream)
			return;
		move_to_tail(y, stream);
		stream->starved = false;
		y->ops->writable(stream);
	}
}

static int protocol_error(struct yamux *y, struct err *err, const char *what,
			  const struct header *h)
{
	send_header(y, TYPE_GO_AWAY, 0, 0, 1);
	return err_set(err, EBADMSG, "yamux: %s (type %u, flags %#x, stream %u, length %u)", what,
		       h->type, h->flags, h->stream, h->length);
}

static int take_syn(struct yamux *y, const struct header *h, struct yamux_stream **ret,
		    struct err *err)
{
	bool odd = h->stream % 2 == 1;

	if (h->stream == 0 || odd == y->client)
		return protocol_error(y, err, "a stream opened with an id of ours", h);
	if (stream_find(y, h->stream))
		return protocol_error(y, err, "a stream opened twice", h);
	if (!y->ops->opened || !make_room(y)) {
		send_header(y, TYPE_WINDOW, FLAG_RST, h->stream, 0);
		return 0;
	}
	*ret = stream_new(y, h->stream);
	send_header(y, TYPE_WINDOW, FLAG_ACK, h->stream, 0);
	y->ops->opened(*ret);
	return 0;
}

/* The peer has ended its side. May free @stream. */
static void take_end(struct yamux_stream *stream, bool reset)
{
	struct yamux *y = stream->session;

	stream->remote_fin = true;
	stream->reset = stream->reset || reset;
	if (stream->released)
		stream_free(stream);
	else
		y->ops->readable(stream);
}

static int take_window(struct yamux *y, struct yamux_stream *stream, const struct header *h,
		       struct err *err)
{
	if (h->length > YAMUX_WINDOW - stream->send_window)
		return protocol_error(y, err, "a window larger than it was", h);
	stream->send_window += h->length;
	if (!stream->starved || stream->send_window == 0 || stream->released)
		return 0;
	stream->starved = false;
	y->ops->writable(stream);
	return 0;
}

static int take_stream_frame(struct yamux *y, const struct header *h, struct err *err)
{
	struct yamux_stream *stream = NULL;
	int r;

	if (h->flags & FLAG_SYN) {
		r = take_syn(y, h, &stream, err);
		if (r < 0)
			return r;
	}
	stream = stream_find(y, h->stream); /* again: opened() may have released it */

	if (h->type == TYPE_DATA) {
		uint32_t window = stream ? stream->recv_window : YAMUX_WINDOW;

		if (h->length > window)
			return protocol_error(y, err, "more data than the window allows", h);
		if (stream && stream->remote_fin)
			return protocol_error(y, err, "data behind the end", h);
		if (stream)
			stream->recv_window -= h->length;
		y->payload_left = h->length;
		y->payload_stream = stream;
	} else if (stream) {
		r = take_window(y, stream, h, err);
		if (r < 0)
			return r;
		stream = stream_find(y, h->stream); /* writable() may have released it */
	}
	/* An end in a frame with data comes behind the data: see feed_payload(). */
	if (stream && (h->flags & (FLAG_FIN | FLAG_RST)) && y->payload_left == 0)
		take_end(stream, h->flags & FLAG_RST);
	return 0;
}

static int take_header(struct yamux *y, struct err *err)
{
	struct header h = { .version = y->header[0],
			    .type = y->header[1],
			    .flags = read_be16(y->header + 2),
			    .stream = read_be32(y->header + 4),
			    .length = read_be32(y->header + 8) };

	if (h.version != 0)
		return protocol_error(y, err, "an unknown version", &h);
	if (buf_len(&y->out) > YAMUX_CONTROL_MAX)
		return protocol_error(y, err, "the peer sends and does not read", &h);

	switch (h.type) {
	case TYPE_DATA:
	case TYPE_WINDOW:
		if (h.stream == 0)
			return protocol_error(y, err, "a stream frame for the session", &h);
		return take_stream_frame(y, &h, err);
	case TYPE_PING:
		if (h.flags & FLAG_SYN)
			send_header(y, TYPE_PING, FLAG_ACK, 0, h.length);
		return 0;
	case TYPE_GO_AWAY:
		return err_set(err, EBADMSG, "yamux: the peer ended the session, code %u",
			       h.length);
	default:
		return protocol_error(y, err, "an unknown type", &h);
	}
}

/* Bytes of a data frame. Returns how many were used. */
static size_t feed_payload(struct yamux *y, const uint8_t *data, size_t len)
{
	struct yamux_stream *stream = y->payload_stream;
	uint16_t flags = read_be16(y->header + 2);
	size_t n = len < y->payload_left ? len : y->payload_left;

	y->payload_left -= (uint32_t)n;
	if (!stream)
		return n;
	if (stream->released) {
		/* Nobody reads it, and its window stays shut: at most one window comes. */
	} else {
		buf_append(&stream->in, data, n);
		y->ops->readable(stream);
	}
	if (y->payload_left == 0 && y->payload_stream && (flags & (FLAG_FIN | FLAG_RST)))
		take_end(y->payload_stream, flags & FLAG_RST);
	return n;
}

int yamux_feed(struct yamux *y, const uint8_t *data, size_t len, struct err *err)
{
	while (len > 0) {
		size_t n;
		int r;

		if (y->payload_left > 0) {
			n = feed_payload(y, data, len);
			data += n;
			len -= n;
			continue;
		}
		n = YAMUX_HEADER_LEN - y->n_header;
		if (n > len)
			n = len;
		memcpy(y->header + y->n_header, data, n);
		y->n_header += n;
		data += n;
		len -= n;
		if (y->n_header < YAMUX_HEADER_LEN)
			return 0;
		y->n_header = 0;
		r = take_header(y, err);
		if (r < 0)
			return r;
	}
	return 0;
}
