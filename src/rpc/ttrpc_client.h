/* SPDX-License-Identifier: Apache-2.0 */
/* ttrpc_client.h - many calls over one connection, without any I/O of its own */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "rpc/ttrpc_frame.h"

struct err;
struct ttrpc_call;

/*
 * Called once for each call: with a response, which is freed afterwards, or
 * with NULL and the error: what the peer said, or why the connection ended.
 */
typedef void (*ttrpc_done_fn)(void *data, const ProtobufCMessage *response,
			      const struct err *error);

struct ttrpc_client {
	struct buf out; /* the owner sends this, whenever it is not empty */
	struct buf in;
	uint32_t next_stream;
	const char *traceparent; /* goes with each call as long as it is set; borrowed */
	struct ttrpc_call *calls;
};

/* A struct of zeros is ready for use. Frees what is outstanding, without a callback. */
void ttrpc_client_done(struct ttrpc_client *client);

/*
 * Queues a call. @method is of a generated service, found by name; its name
 * being unknown is a mistake of ours. @timeout_ms tells the peer how long we
 * wait (0: for ever); keeping the deadline is the caller's work. A request over
 * TTRPC_DATA_MAX is not sent: @fn hears of it at once.
 */
void ttrpc_client_call(struct ttrpc_client *client, const ProtobufCServiceDescriptor *service,
		       const char *method, const ProtobufCMessage *message, uint64_t timeout_ms,
		       ttrpc_done_fn fn, void *data);

/*
 * Takes bytes that came from the peer and calls back for each whole response.
 * Returns 0 or -EBADMSG: the peer does not speak the protocol, the connection
 * is of no more use. A reply to no call is ignored: its caller may have given up.
 */
int ttrpc_client_feed(struct ttrpc_client *client, const uint8_t *data, size_t len,
		      struct err *err);

/* The connection is lost: every outstanding call gets @error. */
void ttrpc_client_fail(struct ttrpc_client *client, const struct err *error);

/* Forgets the calls of @data: no callback comes any more. */
void ttrpc_client_forget(struct ttrpc_client *client, const void *data);
