/* SPDX-License-Identifier: Apache-2.0 */
/* netns_fake.h - a network namespace of a test's own, with a pair of interfaces */
#pragma once

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/netlink.h"
#include "rtnl/rtnl.h"

/* The process moves into a new namespace and stays there. */
static inline struct netlink *new_netns(void)
{
	struct netlink *nl = NULL;
	struct err err = { 0 };

	require(unshare(CLONE_NEWNET) == 0);
	assert_int_equal(netlink_open(NETLINK_ROUTE, &nl, &err), 0);
	return nl;
}

static inline void make_veth(struct netlink *nl, const char *name, const char *peer)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct ifinfomsg header = { 0 };
	struct err err = { 0 };
	size_t info;
	size_t data;
	size_t other;

	nl_begin(&msg, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	nl_put_string(&msg, IFLA_IFNAME, name);
	info = nl_nest(&msg, IFLA_LINKINFO | NLA_F_NESTED);
	nl_put_string(&msg, IFLA_INFO_KIND, "veth");
	data = nl_nest(&msg, IFLA_INFO_DATA | NLA_F_NESTED);
	/* The peer's attribute begins with a header of its own. */
	other = nl_nest(&msg, VETH_INFO_PEER | NLA_F_NESTED);
	buf_append(&msg.buf, &header, sizeof(header));
	nl_put_string(&msg, IFLA_IFNAME, peer);
	nl_nest_end(&msg, other);
	nl_nest_end(&msg, data);
	nl_nest_end(&msg, info);
	if (netlink_call(nl, &msg, deadline_in(5000), NULL, NULL, &err) < 0)
		fail_msg("veth %s: %s", name, err.text);
}

static inline struct rtnl_link get_link(struct netlink *nl, const char *name)
{
	struct rtnl_link link = { 0 };
	struct err err = { 0 };

	if (rtnl_link_get(nl, name, &link, &err) < 0)
		fail_msg("%s", err.text);
	return link;
}

static inline void set_up(struct netlink *nl, const char *name)
{
	const struct rtnl_link_change change = { .flags = IFF_UP, .flags_mask = IFF_UP };
	struct err err = { 0 };

	if (rtnl_link_change(nl, get_link(nl, name).index, &change, &err) < 0)
		fail_msg("%s", err.text);
}
