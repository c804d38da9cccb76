/* SPDX-License-Identifier: Apache-2.0 */
/* conntrack.h - the tracked flows of the guest */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentc/ipvs.h"

/* One direction of a tracked flow. */
struct conntrack_tuple {
	struct ipvs_address source;
	struct ipvs_address destination;
	uint64_t packets;
	uint64_t bytes;
};

struct conntrack_flow {
	int protocol;
	uint32_t timeout; /* s; 0 when the kernel does not tell */
	bool has_timeout;
	int tcp_state;   /* enum tcp_conntrack of the kernel, or -1 */
	uint32_t status; /* enum ip_conntrack_status */
	bool counted;
	struct conntrack_tuple original;
	struct conntrack_tuple reply;
	uint32_t mark;
	uint32_t use;
};

#define CONNTRACK_FLOWS_MAX 262144u /* more are not deleted at once: nf_conntrack_max is that */

struct conntrack_flows {
	struct conntrack_flow *items;
	size_t n;
};

/*
 * Deletes the flows of @protocol (IPPROTO_TCP or IPPROTO_UDP) whose original
 * destination is @destination, whatever its port, and tells which they were.
 */
int agentc_conntrack_delete(struct agentc *agent, const struct ipvs_address *destination,
			    int protocol, uint64_t deadline, struct conntrack_flows *ret,
			    struct err *err);
void conntrack_flows_done(struct conntrack_flows *flows);
