/* SPDX-License-Identifier: Apache-2.0 */
/* address_pb.h - addresses and names in messages; of agentc/ only */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ipvs_address;

/* Borrowed from @from; of no bytes when there is no address. */
ProtobufCBinaryData address_to_pb(const struct ipvs_address *from);

/* False when it is no address. */
bool address_from_pb(ProtobufCBinaryData from, uint32_t port, struct ipvs_address *ret);

/* Cut to @size bytes with the NUL, and printable. */
void name_from_pb(const char *from, char *ret, size_t size);
