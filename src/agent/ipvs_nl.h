/* SPDX-License-Identifier: Apache-2.0 */
/* ipvs_nl.h - the generic netlink family IPVS; of ipvs*.c only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netlink.h"
#include "katac.pb-c.h"

struct err;

#define IPVS_KERNEL_MS 30000u /* for one answer; the kernel may be busy, it does not wait */

struct ipvs_socket {
	struct netlink *netlink; /* owned */
	uint16_t family;
};

/* -ENOENT: the kernel has no IPVS. */
int ipvs_open(struct ipvs_socket *ret, struct err *err);
void ipvs_close(struct ipvs_socket *ipvs);

/* Begins the message of @command, one of IPVS_CMD_…. */
void ipvs_begin(const struct ipvs_socket *ipvs, struct nl_msg *msg, uint8_t command,
		uint16_t flags);

int ipvs_call(const struct ipvs_socket *ipvs, struct nl_msg *msg, nl_fn fn, void *data,
	      struct err *err);

/* Puts what identifies a service; @fwmark 0: none. The nest is left open for more. */
size_t ipvs_put_service(struct nl_msg *msg, ProtobufCBinaryData address, uint32_t protocol,
			uint32_t port, uint32_t fwmark);

/* Puts an address of 4 or 16 bytes as the 16 that the kernel wants. */
void ipvs_put_address(struct nl_msg *msg, uint16_t type, ProtobufCBinaryData address);
