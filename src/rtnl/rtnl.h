/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnl.h - links, addresses, routes and neighbours of a network namespace
 *
 * Both ends use it: the host reads what an engine has made, the guest makes the
 * same. Every call works in the namespace in which @nl (NETLINK_ROUTE) was opened,
 * and ends within RTNL_MS.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netlink.h"

struct err;

#define RTNL_MS       5000u
#define RTNL_MAX      16384u /* items of a list; more are -E2BIG */
#define RTNL_MAC_LEN  6u
#define RTNL_IP_MAX   16u
#define RTNL_TEXT_LEN 64u /* "xxxx:…:xxxx/128" and its NUL */
#define RTNL_KIND_LEN 16u

/* An address of either family, in network byte order. family 0: none. */
struct rtnl_ip {
	int family; /* AF_INET, AF_INET6 */
	uint8_t bytes[RTNL_IP_MAX];
};

size_t rtnl_ip_len(int family); /* 4 or 16 */
bool rtnl_ip_equal(const struct rtnl_ip *a, const struct rtnl_ip *b);

/* "192.0.2.1" or "2001:db8::1". Returns 0 or -EINVAL, without an error text. */
int rtnl_ip_parse(const char *text, struct rtnl_ip *ret);
/* "192.0.2.1/24"; without "/…" the whole length. Returns 0 or -EINVAL. */
int rtnl_prefix_parse(const char *text, struct rtnl_ip *ret, unsigned *ret_len);
/* @size at least RTNL_TEXT_LEN; returns @ret. */
char *rtnl_ip_text(const struct rtnl_ip *ip, char *ret, size_t size);
char *rtnl_prefix_text(const struct rtnl_ip *ip, unsigned len, char *ret, size_t size);

/* "02:42:ac:11:00:02", lower case. Returns 0 or -EINVAL. */
int rtnl_mac_parse(const char *text, uint8_t ret[RTNL_MAC_LEN]);
char *rtnl_mac_text(const uint8_t mac[RTNL_MAC_LEN], char *ret, size_t size);

/* --- links ------------------------------------------------------------------- */

struct rtnl_link {
	int index;
	char name[IFNAMSIZ];
	char kind[RTNL_KIND_LEN]; /* "veth", "tun", …; "" of hardware and lo */
	unsigned short type;      /* ARPHRD_ETHER, … */
	bool has_mac;
	uint8_t mac[RTNL_MAC_LEN];
	uint32_t mtu;
	uint32_t flags;  /* IFF_UP, IFF_NOARP, IFF_LOOPBACK … */
	int parent;      /* IFLA_LINK: of macvlan, ipvlan, vlan; 0: none */
	int master;      /* the bridge it is in; 0: none */
	uint32_t queues; /* of transmission */
};

struct rtnl_links {
	struct rtnl_link *items;
	size_t n;
};

int rtnl_links(struct netlink *nl, struct rtnl_links *ret, struct err *err);
void rtnl_links_done(struct rtnl_links *links);
const struct rtnl_link *rtnl_link_by_index(const struct rtnl_links *links, int index);
const struct rtnl_link *rtnl_link_by_name(const struct rtnl_links *links, const char *name);
const struct rtnl_link *rtnl_link_by_mac(const struct rtnl_links *links,
					 const uint8_t mac[RTNL_MAC_LEN]);

/* One link by its name: -ENODEV when there is none. */
int rtnl_link_get(struct netlink *nl, const char *name, struct rtnl_link *ret, struct err *err);

/* What stays as it is: NULL, 0. */
struct rtnl_link_change {
	const char *name; /* the link must be down */
	const uint8_t *mac;
	uint32_t mtu;
	uint32_t flags; /* of those in @flags_mask: IFF_UP, IFF_NOARP */
	uint32_t flags_mask;
	int master;
	bool no_master;
	bool moves; /* into the namespace @netns, under @name; the link must be down */
	int netns;
};

int rtnl_link_change(struct netlink *nl, int index, const struct rtnl_link_change *change,
		     struct err *err);
int rtnl_link_delete(struct netlink *nl, int index, struct err *err);

/* --- addresses --------------------------------------------------------------- */

struct rtnl_address {
	int index; /* of the link */
	struct rtnl_ip ip;
	unsigned prefix_len;
	unsigned scope; /* RT_SCOPE_… */
	uint32_t flags; /* IFA_F_… */
};

struct rtnl_addresses {
	struct rtnl_address *items;
	size_t n;
};

/* Of every link and both families. */
int rtnl_addresses(struct netlink *nl, struct rtnl_addresses *ret, struct err *err);
void rtnl_addresses_done(struct rtnl_addresses *addresses);

/* -EEXIST when it is there. IPv6: usable at once, duplicates are not looked for. */
int rtnl_address_add(struct netlink *nl, const struct rtnl_address *address, struct err *err);
int rtnl_address_delete(struct netlink *nl, const struct rtnl_address *address, struct err *err);

/* --- routes ------------------------------------------------------------------ */

struct rtnl_route {
	int family;
	struct rtnl_ip dest; /* family 0: the default route */
	unsigned dest_len;
	struct rtnl_ip gateway;
	struct rtnl_ip source; /* preferred */
	int index;             /* of the link; 0: none */
	uint32_t metric;
	uint32_t mtu; /* RTAX_MTU; 0: the link's */
	uint32_t table;
	uint32_t flags; /* RTNH_F_ONLINK */
	unsigned scope;
	unsigned protocol; /* RTPROT_… */
	unsigned type;     /* RTN_UNICAST, … */
	bool multipath;    /* over several links: the rest is that of the first */
};

struct rtnl_routes {
	struct rtnl_route *items;
	size_t n;
};

/* Of every table and both families, without the kernel's own of the table "local". */
int rtnl_routes(struct netlink *nl, struct rtnl_routes *ret, struct err *err);
void rtnl_routes_done(struct rtnl_routes *routes);

/* @replace: in the place of one to the same destination with the same metric, else -EEXIST. */
int rtnl_route_add(struct netlink *nl, const struct rtnl_route *route, bool replace,
		   struct err *err);
/* -ESRCH when there is none. */
int rtnl_route_delete(struct netlink *nl, const struct rtnl_route *route, struct err *err);

/* --- neighbours -------------------------------------------------------------- */

struct rtnl_neighbour {
	int index; /* of the link */
	struct rtnl_ip ip;
	bool has_mac;
	uint8_t mac[RTNL_MAC_LEN];
	unsigned state; /* NUD_PERMANENT, … */
	unsigned flags; /* NTF_… */
};

struct rtnl_neighbours {
	struct rtnl_neighbour *items;
	size_t n;
};

int rtnl_neighbours(struct netlink *nl, struct rtnl_neighbours *ret, struct err *err);
void rtnl_neighbours_done(struct rtnl_neighbours *neighbours);
/* Adds or replaces. */
int rtnl_neighbour_set(struct netlink *nl, const struct rtnl_neighbour *neighbour, struct err *err);

/* --- what events tell: netlink_events() -------------------------------------- */

/* Reads an RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE …; false when it is none, or not well-formed. */
bool rtnl_read_link(const struct nlmsghdr *message, struct rtnl_link *ret);
bool rtnl_read_address(const struct nlmsghdr *message, struct rtnl_address *ret);
bool rtnl_read_route(const struct nlmsghdr *message, struct rtnl_route *ret);
bool rtnl_read_neighbour(const struct nlmsghdr *message, struct rtnl_neighbour *ret);
