/* SPDX-License-Identifier: Apache-2.0 */
/* network.h - interfaces, routes and neighbours in the guest */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct agentc;
struct err;

#define AGENTC_NETWORK_MS  10000u /* what such a call may take */
#define AGENTC_NETWORK_MAX 1024u  /* interfaces, addresses, routes or neighbours of one call */

/*
 * To the agent, strings may be NULL. From it they never are, and what they hold
 * is printable and no more: the guest may say anything.
 */
struct agentc_interface {
	char *name;
	char *mac;        /* to find it by; without one it is found by its name */
	char *pci_path;   /* it is waited for there: vm/plug.h. Or NULL */
	char *type;       /* "veth", "tap"; for information */
	char **addresses; /* "192.0.2.1/24": all that it is to have */
	uint32_t mtu;     /* 0: as it is */
	uint32_t flags;   /* IFF_NOARP, others are ignored */
	uint32_t queues;  /* pairs of them, 0: as they are */
};

struct agentc_route {
	char *dest;    /* "192.0.2.0/24", "" or "default" */
	char *gateway; /* or "" */
	char *device;
	char *source;   /* or "" */
	uint32_t scope; /* RT_SCOPE_… */
	uint32_t flags; /* RTNH_F_ONLINK */
	uint32_t mtu;
	uint32_t metric;
	bool ipv6; /* for a default without gateway */
};

struct agentc_neighbour {
	const char *address;
	const char *device;
	const char *mac;
	uint32_t state; /* NUD_PERMANENT */
	uint32_t flags; /* NTF_… */
	bool ipv6;
};

struct agentc_interfaces {
	struct agentc_interface *items;
	size_t n;
};

struct agentc_routes {
	struct agentc_route *items;
	size_t n;
};

/* Counters of the whole guest. Names are printable. */
#define AGENTC_TCP_STATES 11u
#define AGENTC_UDP_COUNTS 4u
struct agentc_network_stats {
	struct agentc_interface_stats {
		char *name;
		uint64_t counters[8]; /* rx: bytes, packets, errors, dropped; tx: the same */
	} * interfaces;
	size_t n_interfaces;
	uint64_t tcp[2][AGENTC_TCP_STATES]; /* IPv4 and IPv6: established … closing */
	uint64_t udp[2][AGENTC_UDP_COUNTS]; /* sockets, dropped, to be read, to be sent */
};

int agentc_network_stats(struct agentc *agent, uint64_t deadline, struct agentc_network_stats *ret,
			 struct err *err);
void agentc_network_stats_done(struct agentc_network_stats *stats);

void agentc_interface_done(struct agentc_interface *interface);
void agentc_interfaces_done(struct agentc_interfaces *interfaces);
void agentc_routes_done(struct agentc_routes *routes);

/*
 * Gives an interface its name, addresses and the rest, and brings it up. When it
 * fails the interface is as before. *ret is what the guest has then; NULL: no matter.
 */
int agentc_update_interface(struct agentc *agent, const struct agentc_interface *interface,
			    uint64_t deadline, struct agentc_interface *ret, struct err *err);

/*
 * @increment: adds the routes, or replaces those to the same destination with
 * the same metric; else these are all that the guest is to have, but for the
 * kernel's and lo's. When it fails the routes are as before. @ret as above.
 */
int agentc_update_routes(struct agentc *agent, const struct agentc_route *routes, size_t n_routes,
			 bool increment, uint64_t deadline, struct agentc_routes *ret,
			 struct err *err);

/* As agentc_update_routes(), for routes over @devices (at least one) alone: the others stay. */
int agentc_replace_routes_of(struct agentc *agent, char *const *devices,
			     const struct agentc_route *routes, size_t n_routes, uint64_t deadline,
			     struct err *err);

/*
 * Removes each route to @dest ("default" too); @gateway and @device, when given
 * (not NULL or ""), have to be its own. -ESRCH: there is none.
 */
int agentc_delete_routes(struct agentc *agent, const char *dest, const char *gateway,
			 const char *device, uint64_t deadline, struct agentc_routes *ret,
			 struct err *err);

/* Adds or replaces them. */
int agentc_add_neighbours(struct agentc *agent, const struct agentc_neighbour *neighbours,
			  size_t n_neighbours, uint64_t deadline, struct err *err);

int agentc_list_interfaces(struct agentc *agent, uint64_t deadline, struct agentc_interfaces *ret,
			   struct err *err);
int agentc_list_routes(struct agentc *agent, uint64_t deadline, struct agentc_routes *ret,
		       struct err *err);
