/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yamux.h - many streams over one byte stream, as a state machine on bytes
 *
 * Theory of operation. The owner of the descriptor feeds what it reads to
 * yamux_feed() and sends what it finds in yamux.out. Each stream has a window
 * of 256 KiB per direction: a sender may not have more than that on the way. So
 * the session itself never has to stop reading because one stream's reader
 * stopped: what arrives for it is at most a window, kept in stream->in, and the
 * window is opened again by yamux_consume(). In the other direction a stream's
 * writer gets no further than the peer's window, nor further than
 * YAMUX_OUT_MAX bytes that wait for the wire; then yamux_write() takes less
 * than it was given, and ops->writable tells when it is worth trying again.
 *
 * The peer is not trusted: a frame that breaks the protocol (a length over the
 * window, an id of the wrong parity, an unknown type) ends the session. Its
 * control frames are answered only while the answers find room.
 *
 * Source: hashicorp/yamux, spec.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct err;
struct yamux;

#define YAMUX_HEADER_LEN  12u
#define YAMUX_WINDOW      (256u << 10) /* spec.md: the initial and, here, the largest window */
#define YAMUX_STREAMS_MAX 1024u        /* design E9 */
#define YAMUX_OUT_MAX     (128u << 10) /* data that may wait for the wire */
#define YAMUX_CONTROL_MAX (1u << 20)   /* with control frames on top: a peer that does not read */

struct yamux_stream {
	struct yamux_stream *next;
	struct yamux *session;
	uint32_t id;
	uint32_t recv_window; /* what the peer may still send */
	uint32_t send_window; /* what we may still send */
	uint32_t consumed;    /* taken by the owner, not yet given back as window */
	struct buf in;        /* received, not consumed */
	bool local_fin;
	bool remote_fin; /* or reset: nothing more comes, nothing more can be sent */
	bool reset;
	bool released; /* the owner has gone, the peer has not yet said FIN */
	bool starved;  /* a write was cut short: wants ops->writable */
	void *data;    /* the owner's */
};

struct yamux_ops {
	/* The peer opened @stream. NULL in a session that takes none: it is reset. */
	void (*opened)(struct yamux_stream *stream);
	/* stream->in has grown, or stream->remote_fin has become true. */
	void (*readable)(struct yamux_stream *stream);
	void (*writable)(struct yamux_stream *stream);
};

struct yamux {
	struct buf out; /* bytes for the wire */
	void *data;     /* the owner's */
	const struct yamux_ops *ops;
	bool client;
	uint32_t next_id;
	struct yamux_stream *streams;
	unsigned n_streams;
	uint8_t header[YAMUX_HEADER_LEN]; /* of the frame that is being read */
	size_t n_header;
	uint32_t payload_left;
	struct yamux_stream *payload_stream; /* NULL: throw the payload away */
};

void yamux_init(struct yamux *y, bool client, const struct yamux_ops *ops, void *data);

/* Frees every stream, without callbacks. */
void yamux_done(struct yamux *y);

/* Returns 0, or -EBADMSG when the peer broke the protocol: end the session. */
int yamux_feed(struct yamux *y, const uint8_t *data, size_t len, struct err *err);

/* Call after bytes were taken from y->out: lets starved streams write again. */
void yamux_flushed(struct yamux *y);

/* Returns 0, or -EMFILE (YAMUX_STREAMS_MAX are open). The stream lives until yamux_release(). */
int yamux_open(struct yamux *y, struct yamux_stream **ret, struct err *err);

/* Returns how many of @len bytes were taken, 0 included. */
size_t yamux_write(struct yamux_stream *stream, const void *data, size_t len);

/* @n bytes of stream->in are done with. */
void yamux_consume(struct yamux_stream *stream, size_t n);

/* No more will be written. */
void yamux_finish(struct yamux_stream *stream);

/* The owner's last call: finishes, and throws away what is still to come. */
void yamux_release(struct yamux_stream *stream);
