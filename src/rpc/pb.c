/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/pb.h"

#include <stdlib.h>

#include "base/buf.h"

struct budget {
	size_t left;
};

static void *budget_alloc(void *data, size_t size)
{
	struct budget *budget = data;

	/* malloc's own header and rounding count too: many tiny pieces are the attack. */
	size += 16;
	if (size > budget->left)
		return NULL;
	budget->left -= size;
	return malloc(size - 16);
}

static void budget_free(void *data __attribute__((unused)), void *p)
{
	free(p);
}

ProtobufCMessage *pb_unpack(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t len)
{
	struct budget budget = { .left = PB_BUDGET_MIN + PB_BUDGET_FACTOR * len };
	ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };

	if (budget.left > PB_BUDGET_MAX)
		budget.left = PB_BUDGET_MAX;
	return protobuf_c_message_unpack(type, &allocator, len, data);
}

void pb_free(ProtobufCMessage *message)
{
	if (message)
		protobuf_c_message_free_unpacked(message, NULL);
}

void pb_append(struct buf *out, const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);

	protobuf_c_message_pack(message, buf_reserve(out, len));
	buf_commit(out, len);
}
