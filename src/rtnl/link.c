/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "rtnl/list.h"
#include "rtnl/rtnl.h"

static void read_kind(const struct nl_attr *info, char ret[RTNL_KIND_LEN])
{
	struct nl_attr kind;

	if (nl_find(nl_attrs_in(info), IFLA_INFO_KIND, &kind))
		nl_text(&kind, ret, RTNL_KIND_LEN);
}

static void read_attr(const struct nl_attr *attr, struct rtnl_link *ret)
{
	uint32_t number = 0;

	switch (attr->type) {
	case IFLA_IFNAME:
		nl_text(attr, ret->name, sizeof(ret->name));
		break;
	case IFLA_ADDRESS:
		ret->has_mac = attr->len == RTNL_MAC_LEN;
		if (ret->has_mac)
			memcpy(ret->mac, attr->data, RTNL_MAC_LEN);
		break;
	case IFLA_MTU:
		(void)nl_u32(attr, &ret->mtu);
		break;
	case IFLA_LINK:
		if (nl_u32(attr, &number))
			ret->parent = (int)number;
		break;
	case IFLA_MASTER:
		if (nl_u32(attr, &number))
			ret->master = (int)number;
		break;
	case IFLA_NUM_TX_QUEUES:
		(void)nl_u32(attr, &ret->queues);
		break;
	case IFLA_LINKINFO:
		read_kind(attr, ret->kind);
		break;
	default:
		break;
	}
}

bool rtnl_read_link(const struct nlmsghdr *message, struct rtnl_link *ret)
{
	const struct ifinfomsg *info = nl_header(message, sizeof(*info));
	struct nl_attrs attrs = nl_attrs_of(message, sizeof(*info));
	struct nl_attr attr;

	if (!info || (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK))
		return false;
	/* A bridge tells of its ports in messages of its own family. */
	if (info->ifi_family != AF_UNSPEC)
		return false;
	*ret = (struct rtnl_link){ .index = info->ifi_index,
				   .type = info->ifi_type,
				   .flags = info->ifi_flags };
	while (nl_next(&attrs, &attr))
		read_attr(&attr, ret);
	return ret->index > 0;
}

static bool read_item(const struct nlmsghdr *message, void *ret)
{
	return rtnl_read_link(message, ret);
}

int rtnl_links(struct netlink *nl, struct rtnl_links *ret, struct err *err)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	void *items = NULL;
	int r = rtnl_list(nl, RTM_GETLINK, &header, sizeof(header), sizeof(struct rtnl_link),
			  read_item, &items, &ret->n, err);

	if (r < 0)
		return err_prefix(err, "list of links");
	ret->items = items;
	return 0;
}

void rtnl_links_done(struct rtnl_links *links)
{
	free(links->items);
	*links = (struct rtnl_links){ 0 };
}

const struct rtnl_link *rtnl_link_by_index(const struct rtnl_links *links, int index)
{
	for (size_t i = 0; i < links->n; i++)
		if (links->items[i].index == index)
			return &links->items[i];
	return NULL;
}

const struct rtnl_link *rtnl_link_by_name(const struct rtnl_links *links, const char *name)
{
	for (size_t i = 0; i < links->n; i++)
		if (str_eq(links->items[i].name, name))
			return &links->items[i];
	return NULL;
}

const struct rtnl_link *rtnl_link_by_mac(const struct rtnl_links *links,
					 const uint8_t mac[RTNL_MAC_LEN])
{
	for (size_t i = 0; i < links->n; i++)
		if (links->items[i].has_mac && memcmp(links->items[i].mac, mac, RTNL_MAC_LEN) == 0)
			return &links->items[i];
	return NULL;
}

static int take_link(void *data, const struct nlmsghdr *message,
		     struct err *err __attribute__((unused)))
{
	(void)rtnl_read_link(message, data);
	return 0;
}

int rtnl_link_get(struct netlink *nl, const char *name, struct rtnl_link *ret, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct rtnl_link link = { 0 };
	int r;

	if (strlen(name) >= IFNAMSIZ)
		return err_set(err, ENODEV, "link %s: a name has at most %d bytes", name,
			       IFNAMSIZ - 1);
	nl_begin(&msg, RTM_GETLINK, 0, &header, sizeof(header));
	nl_put_string(&msg, IFLA_IFNAME, name);
	r = netlink_call(nl, &msg, rtnl_deadline(), take_link, &link, err);
	if (r == 0 && link.index == 0)
		r = err_set(err, ENODEV, "no such link");
	if (r < 0)
		return err_prefix(err, "link %s", name);
	*ret = link;
	return 0;
}

int rtnl_link_change(struct netlink *nl, int index, const struct rtnl_link_change *change,
		     struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct ifinfomsg header = { .ifi_index = index,
					  .ifi_flags = change->flags,
					  .ifi_change = change->flags_mask };

	nl_begin(&msg, RTM_NEWLINK, 0, &header, sizeof(header));
	if (change->name)
		nl_put_string(&msg, IFLA_IFNAME, change->name);
	if (change->mac)
		nl_put(&msg, IFLA_ADDRESS, change->mac, RTNL_MAC_LEN);
	if (change->mtu)
		nl_put_u32(&msg, IFLA_MTU, change->mtu);
	if (change->master || change->no_master)
		nl_put_u32(&msg, IFLA_MASTER, (uint32_t)change->master);
	if (change->moves)
		nl_put_u32(&msg, IFLA_NET_NS_FD, (uint32_t)change->netns);
	return netlink_call(nl, &msg, rtnl_deadline(), NULL, NULL, err);
}

int rtnl_link_delete(struct netlink *nl, int index, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct ifinfomsg header = { .ifi_index = index };

	nl_begin(&msg, RTM_DELLINK, 0, &header, sizeof(header));
	return netlink_call(nl, &msg, rtnl_deadline(), NULL, NULL, err);
}
