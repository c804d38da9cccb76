/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ttrpc_server.h - a connection of the agent's server, without any I/O
 *
 * A handler answers at once or keeps the request and answers late: reads and
 * waits take as long as the process lives. Several requests are outstanding per
 * connection; their number, and the bytes that wait to be sent, are bounded.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct err;
struct ttrpc_conn;

#define TTRPC_PENDING_MAX 64u          /* unanswered requests of one connection */
#define TTRPC_OUT_MAX     (512u << 10) /* above this no further request is taken */

struct ttrpc_request {
	struct ttrpc_request *next;    /* of the connection */
	struct ttrpc_request *waiting; /* a list of the handler's */
	struct ttrpc_conn *conn;       /* NULL: the peer has gone, the answer goes nowhere */
	uint32_t stream;
	const ProtobufCServiceDescriptor *service;
	const ProtobufCMethodDescriptor *method;
	void *context; /* the server's */
	const struct ttrpc_observer *observer;
	void *observed; /* the observer's; NULL: this one is not */
};

/* Who is told of each request. */
struct ttrpc_observer {
	/* @traceparent: what the caller has sent with it, or NULL. Returns what becomes
	 * ->observed. */
	void *(*begun)(struct ttrpc_request *req, const char *traceparent);
	/* Once, of one that is observed, before it ends; @error NULL: with an answer. */
	void (*answered)(struct ttrpc_request *req, const struct err *error);
};

/* @in is valid during the call only. The handler (or a later event) answers @req once. */
typedef void (*ttrpc_handler)(struct ttrpc_request *req, const ProtobufCMessage *in);

struct ttrpc_method {
	const char *name;
	ttrpc_handler fn;
};

/* A method that is in the descriptor but not in the table is answered "unimplemented". */
struct ttrpc_service {
	const ProtobufCServiceDescriptor *descriptor;
	const struct ttrpc_method *methods; /* ends with a NULL name */
};

struct ttrpc_conn {
	struct buf in;
	struct buf out;                              /* the owner sends this */
	const struct ttrpc_service *const *services; /* ends with NULL */
	void *context;
	struct ttrpc_request *requests;
	unsigned n_requests;
	const struct ttrpc_observer *observer; /* or NULL */
	void *kept; /* what a handler keeps until the connection ends, or NULL */
	void (*kept_free)(void *kept);
};

void ttrpc_conn_init(struct ttrpc_conn *conn, const struct ttrpc_service *const *services,
		     void *context);

/* Outstanding requests lose their connection; they are freed when they are answered. */
void ttrpc_conn_done(struct ttrpc_conn *conn);

/* False while too much waits to be sent: do not feed, let the peer's window close. */
bool ttrpc_conn_ready(const struct ttrpc_conn *conn);

/* Takes bytes from the peer. Returns 0, or -EBADMSG: close the connection. */
int ttrpc_conn_feed(struct ttrpc_conn *conn, const uint8_t *data, size_t len, struct err *err);

/* The answer: both end @req. */
void ttrpc_reply(struct ttrpc_request *req, const ProtobufCMessage *out);
void ttrpc_reply_error(struct ttrpc_request *req, const struct err *error);
