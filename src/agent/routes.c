/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/routes.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "agent/network.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "rpc/pb.h"
#include "rtnl/rtnl.h"

#define METRIC_V6 1024u /* IP6_RT_PRIO_USER: what the kernel makes of 0 */

/* The guest as it is. */
struct state {
	struct netlink *nl;
	char *const *devices; /* whose routes are replaced: n_devices, 0 for all */
	size_t n_devices;
	struct rtnl_links links;
	struct rtnl_routes routes; /* those that routes_list() tells */
};

static void state_done(struct state *state)
{
	rtnl_links_done(&state->links);
	rtnl_routes_done(&state->routes);
	netlink_free(state->nl);
}

static bool is_on_lo(const struct rtnl_route *route, const struct rtnl_links *links)
{
	const struct rtnl_link *link = rtnl_link_by_index(links, route->index);

	return !link || link->flags & IFF_LOOPBACK;
}

/* Of the main table, by one way, and of lo none that the kernel made. */
static bool is_told(const struct rtnl_route *route, const struct rtnl_links *links)
{
	return route->index != 0 && route->table == RT_TABLE_MAIN && route->type == RTN_UNICAST &&
	       !route->multipath && (route->protocol != RTPROT_KERNEL || !is_on_lo(route, links));
}

static int list_routes(struct state *state, struct rtnl_routes *ret, struct err *err)
{
	size_t n = 0;
	int r = rtnl_routes(state->nl, ret, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ret->n; i++)
		if (is_told(&ret->items[i], &state->links))
			ret->items[n++] = ret->items[i];
	ret->n = n;
	return 0;
}

static int state_read(struct state *state, struct err *err)
{
	int r = netlink_open(NETLINK_ROUTE, &state->nl, err);

	if (r == 0)
		r = rtnl_links(state->nl, &state->links, err);
	return r == 0 ? list_routes(state, &state->routes, err) : r;
}

/* From the host. */

static int read_ip(const char *field, const char *text, struct rtnl_ip *ret, struct err *err)
{
	if (!*text || rtnl_ip_parse(text, ret) == 0)
		return 0;
	return err_set(err, EINVAL, "%s: '%.64s' is not an IP address", field, text);
}

/* "" and "default" are the default route; its family is what the rest is. */
static int read_dest(const char *text, struct rtnl_ip *ret, unsigned *ret_len, struct err *err)
{
	*ret = (struct rtnl_ip){ 0 };
	*ret_len = 0;
	if (!*text || str_eq(text, "default"))
		return 0;
	if (rtnl_prefix_parse(text, ret, ret_len) < 0)
		return err_set(
			err, EINVAL,
			"dest: '%.64s', allowed is default, an address, or one with its mask",
			text);
	/* The kernel takes no bits behind the mask. */
	for (unsigned i = *ret_len; i < 8 * rtnl_ip_len(ret->family); i++)
		ret->bytes[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	return 0;
}

static int check_family(struct rtnl_route *route, const struct rtnl_ip *ip, struct err *err)
{
	if (ip->family == 0 || ip->family == route->family)
		return 0;
	if (route->family == 0) {
		route->family = ip->family;
		return 0;
	}
	return err_set(err, EINVAL, "a route is of IPv4 or of IPv6, not of both");
}

/* "0.0.0.0/0" and "::/0" are the default route too. */
static void forget_empty_dest(struct rtnl_route *route)
{
	if (route->dest_len == 0)
		route->dest = (struct rtnl_ip){ 0 };
}

static int read_route(const Types__Route *from, uint32_t metric, const struct rtnl_links *links,
		      struct rtnl_route *ret, struct err *err)
{
	const struct rtnl_link *link = rtnl_link_by_name(links, from->device);
	int r;

	*ret = (struct rtnl_route){ .metric = metric,
				    .mtu = from->mtu,
				    .table = RT_TABLE_MAIN,
				    .flags = from->flags & RTNH_F_ONLINK,
				    .scope = from->scope & 0xff,
				    .protocol = RTPROT_BOOT,
				    .type = RTN_UNICAST };
	if (!link)
		return err_set(err, ENODEV, "device: the guest has no interface '%.20s'",
			       from->device);
	ret->index = link->index;
	r = read_dest(from->dest, &ret->dest, &ret->dest_len, err);
	if (r == 0)
		r = read_ip("gateway", from->gateway, &ret->gateway, err);
	if (r == 0)
		r = read_ip("source", from->source, &ret->source, err);
	if (r == 0)
		r = check_family(ret, &ret->dest, err);
	if (r == 0)
		r = check_family(ret, &ret->gateway, err);
	if (r == 0)
		r = check_family(ret, &ret->source, err);
	if (r < 0)
		return r;
	if (ret->family == 0)
		ret->family = from->family == TYPES__IPFAMILY__v6 ? AF_INET6 : AF_INET;
	forget_empty_dest(ret);
	/* As ip(8): what has no gateway is on the link. */
	if (ret->family == AF_INET && ret->gateway.family == 0 && ret->scope == RT_SCOPE_UNIVERSE)
		ret->scope = link->flags & IFF_LOOPBACK ? RT_SCOPE_HOST : RT_SCOPE_LINK;
	if (ret->family == AF_INET6 && metric == 0)
		ret->metric = METRIC_V6;
	return 0;
}

/* To the host. */

static char *dest_text(const struct rtnl_route *route)
{
	char text[RTNL_TEXT_LEN];

	if (route->dest.family == 0)
		return xstrdup("");
	return xstrdup(rtnl_prefix_text(&route->dest, route->dest_len, text, sizeof(text)));
}

static char *ip_text(const struct rtnl_ip *ip)
{
	char text[RTNL_TEXT_LEN];

	return xstrdup(ip->family ? rtnl_ip_text(ip, text, sizeof(text)) : "");
}

static Types__Route *to_pb(const struct rtnl_route *route, const struct rtnl_links *links)
{
	const struct rtnl_link *link = rtnl_link_by_index(links, route->index);
	Types__Route *pb = PB_NEW(Types__Route, TYPES__ROUTE__INIT);

	pb->dest = dest_text(route);
	pb->gateway = ip_text(&route->gateway);
	pb->source = ip_text(&route->source);
	pb->device = xstrdup(link ? link->name : "");
	pb->scope = route->scope;
	pb->flags = route->flags;
	pb->mtu = route->mtu;
	pb->family = route->family == AF_INET6 ? TYPES__IPFAMILY__v6 : TYPES__IPFAMILY__v4;
	return pb;
}

static Grpc__Routes *list_to_pb(const struct rtnl_route *routes, size_t n,
				const struct rtnl_links *links)
{
	Grpc__Routes *pb = PB_NEW(Grpc__Routes, GRPC__ROUTES__INIT);

	pb->routes = xcalloc(n, sizeof(*pb->routes));
	for (; pb->n_routes < n; pb->n_routes++)
		pb->routes[pb->n_routes] = to_pb(&routes[pb->n_routes], links);
	return pb;
}

static Katac__Routes *list_to_extended_pb(const struct rtnl_route *routes, size_t n,
					  const struct rtnl_links *links)
{
	Katac__Routes *pb = PB_NEW(Katac__Routes, KATAC__ROUTES__INIT);

	pb->routes = xcalloc(n, sizeof(*pb->routes));
	for (; pb->n_routes < n; pb->n_routes++) {
		Katac__Route *route = PB_NEW(Katac__Route, KATAC__ROUTE__INIT);

		route->route = to_pb(&routes[pb->n_routes], links);
		route->metric = routes[pb->n_routes].metric;
		pb->routes[pb->n_routes] = route;
	}
	return pb;
}

/* Changes. */

static bool same_route(const struct rtnl_route *a, const struct rtnl_route *b)
{
	return a->family == b->family && a->dest_len == b->dest_len && a->index == b->index &&
	       a->metric == b->metric && (a->dest_len == 0 || rtnl_ip_equal(&a->dest, &b->dest)) &&
	       a->gateway.family == b->gateway.family &&
	       (a->gateway.family == 0 || rtnl_ip_equal(&a->gateway, &b->gateway));
}

static bool contains(const struct rtnl_route *list, size_t n, const struct rtnl_route *route)
{
	for (size_t i = 0; i < n; i++)
		if (same_route(&list[i], route))
			return true;
	return false;
}

static int name_route(const struct rtnl_route *route, struct err *err)
{
	CLEANUP(free) char *gateway = ip_text(&route->gateway);
	CLEANUP(free) char *dest = dest_text(route);

	return err_prefix_as(err, ERR_NETWORK, "route to %s%s%s", *dest ? dest : "default",
			     *gateway ? " by gateway " : "", gateway);
}

static int add_route(struct netlink *nl, const struct rtnl_route *route, struct err *err)
{
	return rtnl_route_add(nl, route, true, err) < 0 ? name_route(route, err) : 0;
}

/* Those without a gateway first: gateways are reached by them. */
static int add_all(struct netlink *nl, const struct rtnl_route *list, size_t n, struct err *err)
{
	int r = 0;

	for (int gateways = 0; gateways < 2; gateways++)
		for (size_t i = 0; r == 0 && i < n; i++)
			if ((list[i].gateway.family != 0) == (gateways == 1))
				r = add_route(nl, &list[i], err);
	return r;
}

static bool is_concerned(const struct state *state, const struct rtnl_route *route)
{
	const struct rtnl_link *link = rtnl_link_by_index(&state->links, route->index);

	if (!link || link->flags & IFF_LOOPBACK)
		return false;
	for (size_t i = 0; i < state->n_devices; i++)
		if (str_eq(state->devices[i], link->name))
			return true;
	return state->n_devices == 0;
}

/* What the kernel has made by itself comes and goes with addresses. */
static int remove_others(struct state *state, const struct rtnl_route *list, size_t n,
			 struct err *err)
{
	struct rtnl_routes there = { 0 };
	int r = list_routes(state, &there, err);

	for (size_t i = 0; r == 0 && i < there.n; i++) {
		const struct rtnl_route *route = &there.items[i];

		if (route->protocol == RTPROT_KERNEL || !is_concerned(state, route) ||
		    contains(list, n, route))
			continue;
		r = rtnl_route_delete(state->nl, route, err);
		if (r == -ESRCH)
			r = 0; /* it went with another */
	}
	rtnl_routes_done(&there);
	return r;
}

static int become(struct state *state, const struct rtnl_route *list, size_t n, bool increment,
		  struct err *err)
{
	int r = add_all(state->nl, list, n, err);

	return r == 0 && !increment ? remove_others(state, list, n, err) : r;
}

static void restore(struct state *state)
{
	struct rtnl_routes *before = &state->routes;
	struct err ignored = { 0 };
	size_t n = 0;

	/* One by one: what cannot come back must not keep the next from it. */
	for (size_t i = 0; i < before->n; i++)
		if (before->items[i].protocol != RTPROT_KERNEL)
			before->items[n++] = before->items[i];
	before->n = n;
	(void)remove_others(state, before->items, n, &ignored);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n; i++)
			if ((before->items[i].gateway.family != 0) == (pass == 1))
				(void)rtnl_route_add(state->nl, &before->items[i], true, &ignored);
}

static int check_number(size_t n, struct err *err)
{
	return n <= NETWORK_ITEMS_MAX
		       ? 0
		       : err_set(err, EINVAL, "%zu routes, allowed are %u", n, NETWORK_ITEMS_MAX);
}

static int change(struct state *state, const struct rtnl_route *list, size_t n, bool increment,
		  struct err *err)
{
	int r = become(state, list, n, increment, err);

	if (r < 0)
		restore(state);
	return r;
}

int routes_replace(const Grpc__Routes *wanted, Grpc__Routes **ret, struct err *err)
{
	size_t n = wanted ? wanted->n_routes : 0;
	__attribute__((cleanup(state_done))) struct state state = { 0 };
	CLEANUP(free) struct rtnl_route *list = NULL;
	int r = check_number(n, err);

	if (r == 0)
		r = state_read(&state, err);
	if (r < 0)
		return r;
	list = xcalloc(n, sizeof(*list));
	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_route(wanted->routes[i], 0, &state.links, &list[i], err);
	if (r == 0)
		r = change(&state, list, n, false, err);
	if (r == 0)
		*ret = list_to_pb(list, n, &state.links);
	return r;
}

int routes_update(const Katac__UpdateRoutesRequest *wanted, Katac__Routes **ret, struct err *err)
{
	__attribute__((cleanup(state_done))) struct state state = { .devices = wanted->devices,
								    .n_devices =
									    wanted->n_devices };
	CLEANUP(free) struct rtnl_route *list = NULL;
	size_t n = wanted->n_routes;
	int r = check_number(n, err);

	if (r == 0)
		r = state_read(&state, err);
	if (r < 0)
		return r;
	list = xcalloc(n, sizeof(*list));
	for (size_t i = 0; r == 0 && i < n; i++) {
		const Katac__Route *route = wanted->routes[i];

		r = route->route
			    ? read_route(route->route, route->metric, &state.links, &list[i], err)
			    : err_set(err, EINVAL, "route: missing");
	}
	if (r == 0)
		r = change(&state, list, n, wanted->increment, err);
	if (r == 0)
		*ret = list_to_extended_pb(list, n, &state.links);
	return r;
}

/* What a route has to have. */
struct match {
	struct rtnl_ip dest; /* family 0: the default route */
	unsigned dest_len;
	struct rtnl_ip gateway; /* family 0: any */
	int index;              /* 0: any */
};

static int read_match(const Katac__DeleteRoutesRequest *from, const struct rtnl_links *links,
		      struct match *ret, struct err *err)
{
	const struct rtnl_link *link = NULL;
	int r = read_dest(from->dest, &ret->dest, &ret->dest_len, err);

	if (r == 0)
		r = read_ip("gateway", from->gateway, &ret->gateway, err);
	if (r < 0 || !*from->device)
		return r;
	link = rtnl_link_by_name(links, from->device);
	if (!link)
		return err_set(err, ENODEV, "device: the guest has no interface '%.20s'",
			       from->device);
	ret->index = link->index;
	return 0;
}

/* "0.0.0.0/0" is the default route of one family, "default" that of both. */
static bool matches(const struct match *match, const struct rtnl_route *route)
{
	if (route->dest_len != match->dest_len)
		return false;
	if (match->dest.family != 0 && match->dest.family != route->family)
		return false;
	if (match->dest_len > 0 && !rtnl_ip_equal(&match->dest, &route->dest))
		return false;
	if (match->gateway.family != 0 && !rtnl_ip_equal(&match->gateway, &route->gateway))
		return false;
	return match->index == 0 || match->index == route->index;
}

static int no_such_route(const Katac__DeleteRoutesRequest *match, struct err *err)
{
	return err_set(err, ESRCH, "route%s%.20s%s%.64s with destination %.64s is not found",
		       *match->device ? " of device " : "", match->device,
		       *match->gateway ? " by gateway " : "", match->gateway,
		       *match->dest ? match->dest : "default");
}

int routes_delete(const Katac__DeleteRoutesRequest *request, Katac__Routes **ret, struct err *err)
{
	__attribute__((cleanup(state_done))) struct state state = { 0 };
	CLEANUP(free) struct rtnl_route *list = NULL;
	struct match match = { 0 };
	struct err ignored = { 0 };
	size_t n = 0;
	int r = state_read(&state, err);

	if (r == 0)
		r = read_match(request, &state.links, &match, err);
	if (r < 0)
		return r;
	list = xcalloc(state.routes.n, sizeof(*list));
	for (size_t i = 0; r == 0 && i < state.routes.n; i++) {
		if (!matches(&match, &state.routes.items[i]))
			continue;
		r = rtnl_route_delete(state.nl, &state.routes.items[i], err);
		if (r == 0)
			list[n++] = state.routes.items[i];
	}
	if (r < 0)
		(void)add_all(state.nl, list, n, &ignored);
	else if (n == 0)
		r = no_such_route(request, err);
	else
		*ret = list_to_extended_pb(list, n, &state.links);
	return r;
}

int routes_list(Grpc__Routes **ret, struct err *err)
{
	__attribute__((cleanup(state_done))) struct state state = { 0 };
	int r = state_read(&state, err);

	if (r == 0 && state.routes.n > NETWORK_ITEMS_MAX)
		r = err_set(err, E2BIG,
			    "the guest has %zu routes, more than the %u that can be listed",
			    state.routes.n, NETWORK_ITEMS_MAX);
	if (r == 0)
		*ret = list_to_pb(state.routes.items, state.routes.n, &state.links);
	return r;
}
