/* SPDX-License-Identifier: Apache-2.0 */
/* ttrpc_peer.h - a connection on which one call is waited for at a time */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "rpc/ttrpc_client.h"

struct err;

struct ttrpc_peer {
	int fd;           /* owned; -1: none */
	const char *name; /* of who answers, for messages: "the agent" */
	struct ttrpc_client client;
};

/* Takes over what an answer says, which is freed afterwards. -EBADMSG: it makes no sense. */
typedef int (*ttrpc_take_fn)(void *data, const ProtobufCMessage *response, struct err *err);

/* @url: base/dial.h. */
int ttrpc_peer_connect(struct ttrpc_peer *peer, const char *url, const char *name,
		       uint64_t deadline, struct err *err);
void ttrpc_peer_done(struct ttrpc_peer *peer);

/*
 * Calls, and waits for the answer: 0, what the peer said, -ETIMEDOUT, -EPIPE (the
 * connection has ended) or -ECANCELED (base/interrupt). @take NULL: the answer says nothing.
 */
int ttrpc_peer_call(struct ttrpc_peer *peer, const ProtobufCServiceDescriptor *service,
		    const char *method, const ProtobufCMessage *message, uint64_t deadline,
		    ttrpc_take_fn take, void *data, struct err *err);
