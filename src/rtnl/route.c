/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "rtnl/list.h"
#include "rtnl/rtnl.h"

static void read_metrics(const struct nl_attr *metrics, struct rtnl_route *ret)
{
	struct nl_attr mtu;

	if (nl_find(nl_attrs_in(metrics), RTAX_MTU, &mtu))
		(void)nl_u32(&mtu, &ret->mtu);
}

/* The first of several ways. */
static void read_multipath(const struct nl_attr *attr, struct rtnl_route *ret)
{
	struct rtnexthop hop;
	struct nl_attrs attrs;
	struct nl_attr gateway;

	ret->multipath = true;
	if (attr->len < sizeof(hop))
		return;
	memcpy(&hop, attr->data, sizeof(hop));
	if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > attr->len)
		return;
	ret->index = hop.rtnh_ifindex;
	attrs = (struct nl_attrs){ attr->data + sizeof(hop), hop.rtnh_len - sizeof(hop) };
	if (nl_find(attrs, RTA_GATEWAY, &gateway))
		(void)rtnl_read_ip(&gateway, ret->family, &ret->gateway);
}

static void read_attr(const struct nl_attr *attr, struct rtnl_route *ret)
{
	uint32_t number = 0;

	switch (attr->type) {
	case RTA_DST:
		(void)rtnl_read_ip(attr, ret->family, &ret->dest);
		break;
	case RTA_GATEWAY:
		(void)rtnl_read_ip(attr, ret->family, &ret->gateway);
		break;
	case RTA_PREFSRC:
		(void)rtnl_read_ip(attr, ret->family, &ret->source);
		break;
	case RTA_OIF:
		if (nl_u32(attr, &number))
			ret->index = (int)number;
		break;
	case RTA_PRIORITY:
		(void)nl_u32(attr, &ret->metric);
		break;
	case RTA_TABLE:
		(void)nl_u32(attr, &ret->table);
		break;
	case RTA_METRICS:
		read_metrics(attr, ret);
		break;
	case RTA_MULTIPATH:
		read_multipath(attr, ret);
		break;
	default:
		break;
	}
}

bool rtnl_read_route(const struct nlmsghdr *message, struct rtnl_route *ret)
{
	const struct rtmsg *info = nl_header(message, sizeof(*info));
	struct nl_attrs attrs = nl_attrs_of(message, sizeof(*info));
	struct nl_attr attr;

	if (!info || (message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE))
		return false;
	if ((info->rtm_family != AF_INET && info->rtm_family != AF_INET6) ||
	    info->rtm_flags & RTM_F_CLONED)
		return false;
	*ret = (struct rtnl_route){ .family = info->rtm_family,
				    .dest_len = info->rtm_dst_len,
				    .table = info->rtm_table,
				    .flags = info->rtm_flags & RTNH_F_ONLINK,
				    .scope = info->rtm_scope,
				    .protocol = info->rtm_protocol,
				    .type = info->rtm_type };
	while (nl_next(&attrs, &attr))
		read_attr(&attr, ret);
	return ret->table != RT_TABLE_LOCAL;
}

static bool read_item(const struct nlmsghdr *message, void *ret)
{
	return rtnl_read_route(message, ret);
}

int rtnl_routes(struct netlink *nl, struct rtnl_routes *ret, struct err *err)
{
	const struct rtmsg header = { .rtm_family = AF_UNSPEC };
	void *items = NULL;
	int r = rtnl_list(nl, RTM_GETROUTE, &header, sizeof(header), sizeof(struct rtnl_route),
			  read_item, &items, &ret->n, err);

	if (r < 0)
		return err_prefix(err, "list of routes");
	ret->items = items;
	return 0;
}

void rtnl_routes_done(struct rtnl_routes *routes)
{
	free(routes->items);
	*routes = (struct rtnl_routes){ 0 };
}

static void build(struct nl_msg *msg, uint16_t type, uint16_t flags, const struct rtnl_route *route)
{
	const struct rtmsg header = { .rtm_family = (uint8_t)route->family,
				      .rtm_dst_len = (uint8_t)route->dest_len,
				      .rtm_table = route->table < 256 ? (uint8_t)route->table
								      : RT_TABLE_UNSPEC,
				      .rtm_flags = route->flags,
				      .rtm_scope = (uint8_t)route->scope,
				      .rtm_protocol = (uint8_t)route->protocol,
				      .rtm_type = (uint8_t)route->type };

	nl_begin(msg, type, flags, &header, sizeof(header));
	rtnl_put_ip(msg, RTA_DST, &route->dest);
	rtnl_put_ip(msg, RTA_GATEWAY, &route->gateway);
	rtnl_put_ip(msg, RTA_PREFSRC, &route->source);
	if (route->index)
		nl_put_u32(msg, RTA_OIF, (uint32_t)route->index);
	if (route->metric)
		nl_put_u32(msg, RTA_PRIORITY, route->metric);
	if (route->table >= 256)
		nl_put_u32(msg, RTA_TABLE, route->table);
}

int rtnl_route_add(struct netlink *nl, const struct rtnl_route *route, bool replace,
		   struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	size_t nest;

	build(&msg, RTM_NEWROUTE, NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL), route);
	if (route->mtu) {
		nest = nl_nest(&msg, RTA_METRICS | NLA_F_NESTED);
		nl_put_u32(&msg, RTAX_MTU, route->mtu);
		nl_nest_end(&msg, nest);
	}
	return netlink_call(nl, &msg, rtnl_deadline(), NULL, NULL, err);
}

int rtnl_route_delete(struct netlink *nl, const struct rtnl_route *route, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };

	build(&msg, RTM_DELROUTE, 0, route);
	return netlink_call(nl, &msg, rtnl_deadline(), NULL, NULL, err);
}
