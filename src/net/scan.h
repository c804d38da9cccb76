/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h - what an engine has put into the sandbox's network namespace */
#pragma once

#include <stddef.h>

#include "rtnl/rtnl.h"

struct err;
struct netlink;

enum endpoint_kind {
	ENDPOINT_VETH,     /* and what else has a MAC address of its own: macvlan, vlan, … */
	ENDPOINT_IPVLAN,   /* it shares the MAC of its parent */
	ENDPOINT_MACVTAP,  /* QEMU opens it as it is */
	ENDPOINT_TAP,      /* likewise */
	ENDPOINT_PHYSICAL, /* hardware, which the guest gets as it is */
};

/* An interface that the guest is to have. */
struct net_endpoint {
	enum endpoint_kind kind;
	struct rtnl_link link;
	struct rtnl_address *addresses; /* without the link-local ones of IPv6 */
	size_t n_addresses;
};

struct net_scan {
	struct net_endpoint *endpoints; /* in the kernel's order */
	size_t n;
	struct rtnl_routes routes;         /* of these: those without a gateway first */
	struct rtnl_neighbours neighbours; /* of these, the permanent ones */
};

#define NET_ENDPOINTS_MAX 64u

/*
 * Reads the namespace of @nl. Left out are lo, links without an address, and our own
 * ("…_kata"). -ENOTSUP names a link that a guest cannot have, and why; -E2BIG.
 */
int net_scan(struct netlink *nl, struct net_scan *ret, struct err *err);
void net_scan_done(struct net_scan *scan);
