/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - of agentc/ only: one call, and what is done with its answer */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

struct agentc;
struct err;

/* Takes over what an answer says, which is freed afterwards. -EBADMSG: it makes no sense. */
typedef int (*agentc_take_fn)(void *data, const ProtobufCMessage *response, struct err *err);

/* @take NULL: the answer says nothing. */
int agentc_call(struct agentc *agent, const ProtobufCServiceDescriptor *service, const char *method,
		const ProtobufCMessage *message, uint64_t deadline, agentc_take_fn take, void *data,
		struct err *err);

/* protobuf-c's structs hold plain char pointers; nothing is written through them. NULL is "". */
static inline char *agentc_text(const char *s)
{
	return (char *)(uintptr_t)(s ? s : "");
}
