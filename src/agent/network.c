/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/network.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/device_wait.h"
#include "agent/network_queues.h"
#include "agent/pci.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "rpc/pb.h"
#include "rtnl/rtnl.h"

#define MTU_MIN 46u /* reference 03; what a NIC takes is the kernel's to say */
#define MTU_MAX 65535u

/* What the host wants, checked. */
struct wanted {
	char name[IFNAMSIZ];
	bool has_mac;
	uint8_t mac[RTNL_MAC_LEN];
	const char *pci_path; /* or "" */
	uint32_t mtu;         /* 0: as it is */
	bool noarp;
	uint32_t queues; /* 0: as they are */
	struct rtnl_address *addresses;
	size_t n_addresses;
};

static int check_name(const char *field, const char *name, char ret[IFNAMSIZ], struct err *err)
{
	size_t len = strlen(name);
	bool good = len >= 1 && len < IFNAMSIZ && !str_eq(name, ".") && !str_eq(name, "..");

	for (const char *c = name; good && *c; c++)
		good = isgraph((unsigned char)*c) && !strchr("/:%", *c);
	if (!good) {
		CLEANUP(free) char *shown = str_printable(xstrndup(name, 40));

		return err_set(err, EINVAL,
			       "%s: '%s', allowed is 1 to 15 printable characters without '/', "
			       "':', '%%'",
			       field, shown);
	}
	memcpy(ret, name, len + 1);
	return 0;
}

static int read_mac(const char *field, const char *text, uint8_t ret[RTNL_MAC_LEN], struct err *err)
{
	if (rtnl_mac_parse(text, ret) == 0 && !(ret[0] & 1))
		return 0;
	return err_set(err, EINVAL,
		       "%s: '%.40s', allowed is a unicast address such as "
		       "02:42:20:6f:a2:80",
		       field, text);
}

static int read_address(const Types__IPAddress *from, struct rtnl_address *ret, struct err *err)
{
	unsigned max = strchr(from->address, ':') ? 128 : 32;
	uint64_t prefix = max;

	*ret = (struct rtnl_address){ 0 };
	if (rtnl_ip_parse(from->address, &ret->ip) < 0)
		return err_set(err, EINVAL, "IPAddresses: '%.64s' is not an IP address",
			       from->address);
	if (*from->mask && str_to_u64(from->mask, 0, max, &prefix) < 0)
		return err_set(err, EINVAL, "IPAddresses: %.64s: mask '%.20s', allowed is 0 to %u",
			       from->address, from->mask, max);
	ret->prefix_len = (unsigned)prefix;
	return 0;
}

static void wanted_done(struct wanted *wanted)
{
	free(wanted->addresses);
}

static int read_addresses(const Types__Interface *from, struct wanted *ret, struct err *err)
{
	if (from->n_ipaddresses > NETWORK_ITEMS_MAX)
		return err_set(err, EINVAL, "IPAddresses: %zu, allowed are %u", from->n_ipaddresses,
			       NETWORK_ITEMS_MAX);
	ret->addresses = xcalloc(from->n_ipaddresses, sizeof(*ret->addresses));
	for (; ret->n_addresses < from->n_ipaddresses; ret->n_addresses++) {
		int r = read_address(from->ipaddresses[ret->n_addresses],
				     &ret->addresses[ret->n_addresses], err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_wanted(const Types__Interface *from, uint32_t queues, struct wanted *ret,
		       struct err *err)
{
	int r = check_name("name", from->name, ret->name, err);

	if (r < 0)
		return r;
	if (str_eq(ret->name, "lo"))
		return err_set(err, EINVAL, "name: lo is the guest's own");
	if (*from->hwaddr) {
		ret->has_mac = true;
		r = read_mac("hwAddr", from->hwaddr, ret->mac, err);
	}
	if (r == 0 && from->mtu != 0 && (from->mtu < MTU_MIN || from->mtu > MTU_MAX))
		r = err_set(err, EINVAL, "mtu: %llu, allowed is %u to %u",
			    (unsigned long long)from->mtu, MTU_MIN, MTU_MAX);
	if (r == 0 && queues > NETWORK_QUEUES_MAX)
		r = err_set(err, EINVAL, "queues: %u, allowed is 0 to %u", queues,
			    NETWORK_QUEUES_MAX);
	if (r < 0)
		return r;
	ret->pci_path = from->devicepath;
	ret->mtu = (uint32_t)from->mtu;
	ret->noarp = from->raw_flags & IFF_NOARP;
	ret->queues = queues;
	return read_addresses(from, ret, err);
}

/* Finding it. */

struct pci_look {
	const char *path;
	char *name; /* owned, when it is there */
};

static int look_pci(void *data, struct err *err)
{
	struct pci_look *look = data;

	return pci_find(PCI_SYSFS, look->path, "net", &look->name, err);
}

static bool has_mac(const struct rtnl_link *link, const uint8_t mac[RTNL_MAC_LEN])
{
	return link->has_mac && memcmp(link->mac, mac, RTNL_MAC_LEN) == 0;
}

/*
 * A bridge or VLAN that a container has made has the address of a NIC below it:
 * the NIC is meant, which has no kind. *ret_n is how many there are.
 */
static const struct rtnl_link *link_with_mac(const struct rtnl_links *links,
					     const uint8_t mac[RTNL_MAC_LEN], size_t *ret_n)
{
	const struct rtnl_link *found = NULL;

	*ret_n = 0;
	for (size_t i = 0; i < links->n; i++) {
		const struct rtnl_link *link = &links->items[i];

		if (!has_mac(link, mac))
			continue;
		if (found && (!*found->kind) > (!*link->kind))
			continue;
		if (!found || (!*found->kind) < (!*link->kind))
			*ret_n = 0;
		found = link;
		++*ret_n;
	}
	return found;
}

static int find_link(const struct rtnl_links *links, const struct wanted *wanted,
		     const char *pci_name, const struct rtnl_link **ret, struct err *err)
{
	char mac[RTNL_TEXT_LEN];
	size_t n = 1;

	(void)rtnl_mac_text(wanted->mac, mac, sizeof(mac));
	if (pci_name)
		*ret = rtnl_link_by_name(links, pci_name);
	else if (wanted->has_mac)
		*ret = link_with_mac(links, wanted->mac, &n);
	else
		*ret = rtnl_link_by_name(links, wanted->name);
	if (!*ret)
		return err_set(err, ENODEV, "the guest has no interface %s",
			       pci_name          ? pci_name
			       : wanted->has_mac ? mac
						 : wanted->name);
	if (n > 1)
		return err_set(err, EEXIST, "hwAddr: %s is that of %zu interfaces", mac, n);
	if (!wanted->has_mac || !pci_name)
		return 0;
	if (!has_mac(*ret, wanted->mac))
		return err_set(err, EINVAL, "hwAddr: the interface at %s has another than %s",
			       wanted->pci_path, mac);
	(void)link_with_mac(links, wanted->mac, &n);
	return n > 1 ? err_set(err, EEXIST, "hwAddr: %s is that of %zu interfaces", mac, n) : 0;
}

/* A change, with what there was before. */

struct change {
	struct netlink *nl;
	const struct wanted *wanted;
	struct rtnl_link before;
	struct rtnl_addresses addresses; /* of the link, before */
	struct rtnl_routes routes;       /* likewise: they go when it is down */
	uint32_t queues;                 /* before; 0: it cannot tell */
	int displaced;                   /* index of who had the name; 0: nobody */
};

static void change_done(struct change *change)
{
	rtnl_addresses_done(&change->addresses);
	rtnl_routes_done(&change->routes);
}

static bool same_address(const struct rtnl_address *a, const struct rtnl_address *b)
{
	return rtnl_ip_equal(&a->ip, &b->ip) && a->prefix_len == b->prefix_len;
}

static bool contains(const struct rtnl_address *list, size_t n, const struct rtnl_address *address)
{
	for (size_t i = 0; i < n; i++)
		if (same_address(&list[i], address))
			return true;
	return false;
}

/* The kernel gives it to each interface that is up. */
static bool is_link_local(const struct rtnl_address *address)
{
	return address->ip.family == AF_INET6 && address->ip.bytes[0] == 0xfe &&
	       (address->ip.bytes[1] & 0xc0) == 0x80;
}

/* The link has these addresses and no others from now on. */
static int set_addresses(struct netlink *nl, int index, const struct rtnl_address *list, size_t n,
			 struct err *err)
{
	struct rtnl_addresses there = { 0 };
	int r = rtnl_addresses(nl, &there, err);

	for (size_t i = 0; r == 0 && i < there.n; i++) {
		const struct rtnl_address *address = &there.items[i];

		if (address->index != index || contains(list, n, address) || is_link_local(address))
			continue;
		r = rtnl_address_delete(nl, address, err);
		if (r == -EADDRNOTAVAIL)
			r = 0; /* it went with another of the same network */
	}
	rtnl_addresses_done(&there);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct rtnl_address address = list[i];

		address.index = index;
		r = rtnl_address_add(nl, &address, err);
		if (r == -EEXIST)
			r = 0;
	}
	return r;
}

static int rename_link(struct netlink *nl, int index, const char *name, struct err *err)
{
	return rtnl_link_change(nl, index, &(struct rtnl_link_change){ .name = name }, err);
}

static int set_flags(struct netlink *nl, int index, uint32_t flags, uint32_t mask, struct err *err)
{
	const struct rtnl_link_change change = { .flags = flags & mask, .flags_mask = mask };

	return rtnl_link_change(nl, index, &change, err);
}

static int set_mtu(struct netlink *nl, int index, uint32_t mtu, struct err *err)
{
	return rtnl_link_change(nl, index, &(struct rtnl_link_change){ .mtu = mtu }, err);
}

/* The name is free, or its owner is down and takes the one that the link gives away. */
static int take_name(struct change *change, struct err *err)
{
	const struct rtnl_link *link = &change->before;
	char aside[IFNAMSIZ];
	int r = 0;

	if (change->displaced) {
		snprintf(aside, sizeof(aside), "kata-%d", change->displaced);
		r = rename_link(change->nl, change->displaced, aside, err);
	}
	if (r == 0)
		r = rename_link(change->nl, link->index, change->wanted->name, err);
	if (r == 0 && change->displaced)
		r = rename_link(change->nl, change->displaced, link->name, err);
	return r;
}

static void give_name_back(const struct change *change)
{
	struct err ignored = { 0 };
	char aside[IFNAMSIZ];

	snprintf(aside, sizeof(aside), "kata-%d", change->displaced);
	if (change->displaced)
		(void)rename_link(change->nl, change->displaced, aside, &ignored);
	(void)rename_link(change->nl, change->before.index, change->before.name, &ignored);
	if (change->displaced)
		(void)rename_link(change->nl, change->displaced, change->wanted->name, &ignored);
}

static bool renames(const struct change *change)
{
	return !str_eq(change->before.name, change->wanted->name);
}

/* What went with the interface being down; the kernel's own routes come back by themselves. */
static void restore_routes(const struct change *change)
{
	struct err ignored = { 0 };

	for (int gateways = 0; gateways < 2; gateways++)
		for (size_t i = 0; i < change->routes.n; i++)
			if ((change->routes.items[i].gateway.family != 0) == (gateways == 1))
				(void)rtnl_route_add(change->nl, &change->routes.items[i], true,
						     &ignored);
}

static int apply(struct change *change, struct err *err)
{
	const struct wanted *wanted = change->wanted;
	const struct rtnl_link *before = &change->before;
	bool was_up = before->flags & IFF_UP;
	int r = 0;

	/* Linux 6.1 renames only what is down. */
	if (renames(change) && was_up)
		r = set_flags(change->nl, before->index, 0, IFF_UP, err);
	if (r == 0 && renames(change))
		r = take_name(change, err);
	if (r == 0 && wanted->mtu && wanted->mtu != before->mtu)
		r = set_mtu(change->nl, before->index, wanted->mtu, err);
	if (r == 0 && wanted->queues)
		r = network_set_queues(wanted->name, wanted->queues, err);
	if (r == 0)
		r = set_flags(change->nl, before->index, IFF_UP | (wanted->noarp ? IFF_NOARP : 0u),
			      IFF_UP | IFF_NOARP, err);
	if (r == 0)
		r = set_addresses(change->nl, before->index, wanted->addresses, wanted->n_addresses,
				  err);
	if (r == 0 && renames(change) && was_up)
		restore_routes(change);
	return r;
}

static void undo(struct change *change)
{
	const struct rtnl_link *before = &change->before;
	struct err ignored = { 0 };

	if (renames(change)) {
		(void)set_flags(change->nl, before->index, 0, IFF_UP, &ignored);
		give_name_back(change);
	}
	(void)set_mtu(change->nl, before->index, before->mtu, &ignored);
	if (change->wanted->queues && change->queues)
		(void)network_set_queues(before->name, change->queues, &ignored);
	(void)set_addresses(change->nl, before->index, change->addresses.items, change->addresses.n,
			    &ignored);
	(void)set_flags(change->nl, before->index, before->flags, IFF_UP | IFF_NOARP, &ignored);
	restore_routes(change);
}

/* The link as it is, for when it has to be so again. */
static int remember(struct change *change, const struct rtnl_link *link, struct err *err)
{
	struct rtnl_addresses *addresses = &change->addresses;
	struct rtnl_routes *routes = &change->routes;
	size_t n = 0;
	int r;

	change->before = *link;
	change->queues = network_queues(link->name);
	r = rtnl_addresses(change->nl, addresses, err);
	if (r == 0)
		r = rtnl_routes(change->nl, routes, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < addresses->n; i++)
		if (addresses->items[i].index == link->index)
			addresses->items[n++] = addresses->items[i];
	addresses->n = n;
	n = 0;
	for (size_t i = 0; i < routes->n; i++)
		if (routes->items[i].index == link->index && !routes->items[i].multipath &&
		    routes->items[i].protocol != RTPROT_KERNEL)
			routes->items[n++] = routes->items[i];
	routes->n = n;
	return 0;
}

static int check_name_owner(const struct rtnl_links *links, struct change *change, struct err *err)
{
	const struct rtnl_link *owner = rtnl_link_by_name(links, change->wanted->name);

	if (!owner || owner->index == change->before.index)
		return 0;
	if (owner->flags & IFF_UP)
		return err_set(err, EEXIST, "name: %s is that of another interface", owner->name);
	change->displaced = owner->index;
	return 0;
}

/* The answer. */

static Types__Interface *to_pb(const struct rtnl_link *link)
{
	Types__Interface *pb = PB_NEW(Types__Interface, TYPES__INTERFACE__INIT);
	char mac[RTNL_TEXT_LEN] = "";

	if (link->has_mac && !(link->flags & IFF_LOOPBACK))
		(void)rtnl_mac_text(link->mac, mac, sizeof(mac));
	pb->device = xstrdup(link->name);
	pb->name = xstrdup(link->name);
	pb->hwaddr = xstrdup(mac);
	pb->mtu = link->mtu;
	pb->raw_flags = link->flags & IFF_NOARP;
	pb->type = xstrdup(link->kind);
	return pb;
}

static void add_address_pb(Types__Interface *pb, const struct rtnl_address *address)
{
	Types__IPAddress *to = PB_NEW(Types__IPAddress, TYPES__IPADDRESS__INIT);
	char text[RTNL_TEXT_LEN];

	(void)rtnl_ip_text(&address->ip, text, sizeof(text));
	to->family = address->ip.family == AF_INET6 ? TYPES__IPFAMILY__v6 : TYPES__IPFAMILY__v4;
	to->address = xstrdup(text);
	to->mask = xasprintf("%u", address->prefix_len);
	pb->ipaddresses =
		xrealloc(pb->ipaddresses, (pb->n_ipaddresses + 1) * sizeof(*pb->ipaddresses));
	pb->ipaddresses[pb->n_ipaddresses++] = to;
}

/* What link @name is now, without the addresses that the kernel gave it. */
static int answer(struct netlink *nl, const struct wanted *wanted, Types__Interface **ret,
		  struct err *err)
{
	struct rtnl_addresses addresses = { 0 };
	struct rtnl_link link;
	int r = rtnl_link_get(nl, wanted->name, &link, err);

	if (r == 0)
		r = rtnl_addresses(nl, &addresses, err);
	if (r < 0)
		return r;
	*ret = to_pb(&link);
	(*ret)->devicepath = xstrdup(wanted->pci_path);
	for (size_t i = 0; i < addresses.n; i++)
		if (addresses.items[i].index == link.index && !is_link_local(&addresses.items[i]))
			add_address_pb(*ret, &addresses.items[i]);
	rtnl_addresses_done(&addresses);
	return 0;
}

static int update_link(struct netlink *nl, const struct rtnl_links *links,
		       const struct wanted *wanted, const char *pci_name, Types__Interface **ret,
		       struct err *err)
{
	__attribute__((cleanup(change_done))) struct change change = { .nl = nl, .wanted = wanted };
	const struct rtnl_link *link = NULL;
	int r;

	r = find_link(links, wanted, pci_name, &link, err);
	if (r == 0)
		r = remember(&change, link, err);
	if (r == 0)
		r = check_name_owner(links, &change, err);
	if (r < 0)
		return r;
	r = apply(&change, err);
	if (r == 0)
		r = answer(nl, wanted, ret, err);
	if (r < 0)
		undo(&change);
	return r;
}

int network_update_interface(const Types__Interface *interface, uint32_t queues,
			     uint64_t timeout_ms, Types__Interface **ret, struct err *err)
{
	__attribute__((cleanup(wanted_done))) struct wanted wanted = { 0 };
	struct pci_look look = { .path = interface->devicepath };
	CLEANUP(netlink_free) struct netlink *nl = NULL;
	struct rtnl_links links = { 0 };
	int r;

	r = read_wanted(interface, queues, &wanted, err);
	if (r == 0 && *look.path)
		r = device_wait(look.path, look_pci, &look, timeout_ms, err);
	if (r == 0)
		r = netlink_open(NETLINK_ROUTE, &nl, err);
	if (r == 0)
		r = rtnl_links(nl, &links, err);
	if (r == 0)
		r = update_link(nl, &links, &wanted, look.name, ret, err);
	rtnl_links_done(&links);
	free(look.name);
	return r < 0 ? err_prefix_as(err, ERR_NETWORK, "interface %.15s", wanted.name) : 0;
}

int network_list_interfaces(Grpc__Interfaces **ret, struct err *err)
{
	CLEANUP(netlink_free) struct netlink *nl = NULL;
	struct rtnl_addresses addresses = { 0 };
	struct rtnl_links links = { 0 };
	Grpc__Interfaces *all;
	int r;

	r = netlink_open(NETLINK_ROUTE, &nl, err);
	if (r == 0)
		r = rtnl_links(nl, &links, err);
	if (r == 0)
		r = rtnl_addresses(nl, &addresses, err);
	if (r == 0 && (links.n > NETWORK_ITEMS_MAX || addresses.n > NETWORK_ITEMS_MAX))
		r = err_set(
			err, E2BIG,
			"the guest has %zu interfaces with %zu addresses, more than the %u that "
			"can be listed",
			links.n, addresses.n, NETWORK_ITEMS_MAX);
	if (r == 0) {
		all = PB_NEW(Grpc__Interfaces, GRPC__INTERFACES__INIT);
		all->interfaces = xcalloc(links.n, sizeof(*all->interfaces));
		for (size_t i = 0; i < links.n; i++) {
			all->interfaces[all->n_interfaces] = to_pb(&links.items[i]);
			for (size_t k = 0; k < addresses.n; k++)
				if (addresses.items[k].index == links.items[i].index)
					add_address_pb(all->interfaces[i], &addresses.items[k]);
			all->n_interfaces++;
		}
		*ret = all;
	}
	rtnl_addresses_done(&addresses);
	rtnl_links_done(&links);
	return r;
}

static int read_neighbour(const Types__ARPNeighbor *from, const struct rtnl_links *links,
			  struct rtnl_neighbour *ret, struct err *err)
{
	const struct rtnl_link *link = rtnl_link_by_name(links, from->device);

	*ret = (struct rtnl_neighbour){ .state = NUD_PERMANENT, .has_mac = true };
	if (!link)
		return err_set(err, ENODEV, "device: the guest has no interface '%.20s'",
			       from->device);
	if (!from->toipaddress || rtnl_ip_parse(from->toipaddress->address, &ret->ip) < 0)
		return err_set(err, EINVAL, "toIPAddress: '%.64s' is not an IP address",
			       from->toipaddress ? from->toipaddress->address : "");
	if (rtnl_mac_parse(from->lladdr, ret->mac) < 0)
		return err_set(err, EINVAL,
			       "lladdr: '%.40s' is not an address such as 02:42:20:6f:a2:80",
			       from->lladdr);
	if (from->state != 0)
		ret->state = (uint16_t)from->state;
	ret->flags = (uint8_t)from->flags;
	ret->index = link->index;
	return 0;
}

int network_add_neighbours(const Grpc__ARPNeighbors *neighbours, struct err *err)
{
	size_t n = neighbours ? neighbours->n_arpneighbors : 0;
	CLEANUP(free) struct rtnl_neighbour *list = xcalloc(n, sizeof(*list));
	CLEANUP(netlink_free) struct netlink *nl = NULL;
	struct rtnl_links links = { 0 };
	int r;

	if (n > NETWORK_ITEMS_MAX)
		return err_set(err, EINVAL, "ARPNeighbors: %zu, allowed are %u", n,
			       NETWORK_ITEMS_MAX);
	r = netlink_open(NETLINK_ROUTE, &nl, err);
	if (r == 0)
		r = rtnl_links(nl, &links, err);
	/* All are read before the first is set. */
	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_neighbour(neighbours->arpneighbors[i], &links, &list[i], err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = rtnl_neighbour_set(nl, &list[i], err);
	rtnl_links_done(&links);
	return r < 0 ? err_prefix_as(err, ERR_NETWORK, "neighbours") : 0;
}
