/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - of agentc/ only: one call, and what is done with its answer */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "rpc/ttrpc_peer.h"

struct agentc;
struct err;

typedef ttrpc_take_fn agentc_take_fn;

/* @take NULL: the answer says nothing. */
int agentc_call(struct agentc *agent, const ProtobufCServiceDescriptor *service, const char *method,
		const ProtobufCMessage *message, uint64_t deadline, agentc_take_fn take, void *data,
		struct err *err);

/* protobuf-c's structs hold plain char pointers; nothing is written through them. NULL is "". */
static inline char *agentc_text(const char *s)
{
	return (char *)(uintptr_t)(s ? s : "");
}
