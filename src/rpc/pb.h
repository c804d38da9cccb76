/* SPDX-License-Identifier: Apache-2.0 */
/* pb.h - protobuf messages with a bound on what they may grow to */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct buf;

/*
 * A 4 MiB frame of empty messages unpacks to 304 MiB (measured): so 8 bytes per byte, at most.
 * What every message may take on top is for lists of short words: each costs some 100 bytes while
 * it is unpacked.
 */
#define PB_BUDGET_FACTOR 8u
#define PB_BUDGET_MIN    (1u << 20)
#define PB_BUDGET_MAX    (32u << 20)

/*
 * Unpacks @len bytes as @type. Returns NULL when the bytes are no such message
 * or the message would take more than its budget. Freed with pb_free().
 */
ProtobufCMessage *pb_unpack(const ProtobufCMessageDescriptor *type, const uint8_t *data,
			    size_t len);
void pb_free(ProtobufCMessage *message);

/* A message on the heap that owns all of its parts, as protobuf-c's free_unpacked() wants it. */
#define PB_NEW(type, init) ((type *)xmemdup(&(type)init, sizeof(type)))

/* Appends the packed message to @out. */
void pb_append(struct buf *out, const ProtobufCMessage *message);
