/* SPDX-License-Identifier: Apache-2.0 */
#include "net/scan.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define OWN_SUFFIX "_kata"

void net_scan_done(struct net_scan *scan)
{
	for (size_t i = 0; i < scan->n; i++)
		free(scan->endpoints[i].addresses);
	free(scan->endpoints);
	rtnl_routes_done(&scan->routes);
	rtnl_neighbours_done(&scan->neighbours);
	*scan = (struct net_scan){ 0 };
}

static bool is_own(const char *name)
{
	size_t len = strlen(name);

	return len >= strlen(OWN_SUFFIX) && str_eq(name + len - strlen(OWN_SUFFIX), OWN_SUFFIX);
}

/* A guest makes its own link-local addresses, from the same MAC. */
static bool is_for_guest(const struct rtnl_address *address)
{
	return !(address->ip.family == AF_INET6 && address->scope == RT_SCOPE_LINK);
}

static bool has_address(const struct rtnl_addresses *all, int index)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->items[i].index == index && is_for_guest(&all->items[i]))
			return true;
	return false;
}

static int kind_of(const struct rtnl_link *link, enum endpoint_kind *ret, struct err *err)
{
	if (link->type != ARPHRD_ETHER || !link->has_mac)
		return err_set_as(err, ERR_NETWORK, ENOTSUP,
				  "network: %s (%s) is no Ethernet device, which is all that a "
				  "virtual machine can have",
				  link->name, *link->kind ? link->kind : "hardware");
	if (str_eq(link->kind, ""))
		*ret = ENDPOINT_PHYSICAL;
	else if (str_eq(link->kind, "ipvlan"))
		*ret = ENDPOINT_IPVLAN;
	else if (str_eq(link->kind, "macvtap"))
		*ret = ENDPOINT_MACVTAP;
	else if (str_eq(link->kind, "tun"))
		*ret = ENDPOINT_TAP;
	else
		*ret = ENDPOINT_VETH;
	return 0;
}

static void take_addresses(struct net_endpoint *endpoint, const struct rtnl_addresses *all)
{
	endpoint->addresses = xcalloc(all->n, sizeof(*endpoint->addresses));
	for (size_t i = 0; i < all->n; i++)
		if (all->items[i].index == endpoint->link.index && is_for_guest(&all->items[i]))
			endpoint->addresses[endpoint->n_addresses++] = all->items[i];
}

static int take_links(const struct rtnl_links *links, const struct rtnl_addresses *addresses,
		      struct net_scan *scan, struct err *err)
{
	scan->endpoints = xcalloc(links->n + 1, sizeof(*scan->endpoints));
	for (size_t i = 0; i < links->n; i++) {
		const struct rtnl_link *link = &links->items[i];
		struct net_endpoint *endpoint = &scan->endpoints[scan->n];
		int r;

		if (link->flags & IFF_LOOPBACK || is_own(link->name) ||
		    !has_address(addresses, link->index))
			continue;
		if (scan->n == NET_ENDPOINTS_MAX)
			return err_set_as(err, ERR_NETWORK, E2BIG,
					  "network: more than %u interfaces in the sandbox's "
					  "network namespace",
					  NET_ENDPOINTS_MAX);
		r = kind_of(link, &endpoint->kind, err);
		if (r < 0)
			return r;
		endpoint->link = *link;
		take_addresses(endpoint, addresses);
		scan->n++;
	}
	return 0;
}

static bool is_endpoint(const struct net_scan *scan, int index)
{
	for (size_t i = 0; i < scan->n; i++)
		if (scan->endpoints[i].link.index == index)
			return true;
	return false;
}

static bool is_wanted_route(const struct net_scan *scan, const struct rtnl_route *route)
{
	return route->protocol != RTPROT_KERNEL && route->protocol != RTPROT_RA &&
	       route->table == RT_TABLE_MAIN && route->type == RTN_UNICAST &&
	       is_endpoint(scan, route->index);
}

/* A gateway must be reachable when its route comes: what leads there directly goes first. */
static int by_gateway(const void *a, const void *b)
{
	const struct rtnl_route *x = a;
	const struct rtnl_route *y = b;

	return (x->gateway.family != 0) - (y->gateway.family != 0);
}

static int take_routes(struct netlink *nl, struct net_scan *scan, struct err *err)
{
	struct rtnl_routes *routes = &scan->routes;
	size_t n = 0;
	int r = rtnl_routes(nl, routes, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < routes->n; i++)
		if (is_wanted_route(scan, &routes->items[i]))
			routes->items[n++] = routes->items[i];
	routes->n = n;
	if (n > 1)
		qsort(routes->items, n, sizeof(*routes->items), by_gateway);
	return 0;
}

static int take_neighbours(struct netlink *nl, struct net_scan *scan, struct err *err)
{
	struct rtnl_neighbours *all = &scan->neighbours;
	size_t n = 0;
	int r = rtnl_neighbours(nl, all, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < all->n; i++)
		if (all->items[i].state & NUD_PERMANENT && all->items[i].has_mac &&
		    is_endpoint(scan, all->items[i].index))
			all->items[n++] = all->items[i];
	all->n = n;
	return 0;
}

static int scan_all(struct netlink *nl, const struct rtnl_links *links, struct net_scan *ret,
		    struct err *err)
{
	__attribute__((cleanup(rtnl_addresses_done))) struct rtnl_addresses addresses = { 0 };
	int r;

	/* Only lo: there is nothing to ask for. */
	if (links->n <= 1)
		return 0;
	r = rtnl_addresses(nl, &addresses, err);
	if (r == 0)
		r = take_links(links, &addresses, ret, err);
	if (r == 0 && ret->n > 0)
		r = take_routes(nl, ret, err);
	if (r == 0 && ret->n > 0)
		r = take_neighbours(nl, ret, err);
	return r;
}

int net_scan(struct netlink *nl, struct net_scan *ret, struct err *err)
{
	__attribute__((cleanup(net_scan_done))) struct net_scan scan = { 0 };
	__attribute__((cleanup(rtnl_links_done))) struct rtnl_links links = { 0 };
	int r;

	r = rtnl_links(nl, &links, err);
	if (r == 0)
		r = scan_all(nl, &links, &scan, err);
	if (r < 0)
		return r;
	*ret = scan;
	scan = (struct net_scan){ 0 };
	return 0;
}
