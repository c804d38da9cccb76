/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "rtnl/list.h"
#include "rtnl/rtnl.h"

bool rtnl_read_address(const struct nlmsghdr *message, struct rtnl_address *ret)
{
	const struct ifaddrmsg *info = nl_header(message, sizeof(*info));
	struct nl_attrs attrs = nl_attrs_of(message, sizeof(*info));
	struct rtnl_ip local = { 0 };
	struct nl_attr attr;

	if (!info || (message->nlmsg_type != RTM_NEWADDR && message->nlmsg_type != RTM_DELADDR))
		return false;
	*ret = (struct rtnl_address){ .index = (int)info->ifa_index,
				      .prefix_len = info->ifa_prefixlen,
				      .scope = info->ifa_scope,
				      .flags = info->ifa_flags };
	while (nl_next(&attrs, &attr)) {
		if (attr.type == IFA_ADDRESS)
			(void)rtnl_read_ip(&attr, info->ifa_family, &ret->ip);
		else if (attr.type == IFA_LOCAL)
			(void)rtnl_read_ip(&attr, info->ifa_family, &local);
		else if (attr.type == IFA_FLAGS)
			(void)nl_u32(&attr, &ret->flags);
	}
	/* On a point-to-point link IFA_ADDRESS is the peer's. */
	if (local.family)
		ret->ip = local;
	return ret->ip.family != 0;
}

static bool read_item(const struct nlmsghdr *message, void *ret)
{
	return rtnl_read_address(message, ret);
}

int rtnl_addresses(struct netlink *nl, struct rtnl_addresses *ret, struct err *err)
{
	const struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };
	void *items = NULL;
	int r = rtnl_list(nl, RTM_GETADDR, &header, sizeof(header), sizeof(struct rtnl_address),
			  read_item, &items, &ret->n, err);

	if (r < 0)
		return err_prefix(err, "list of addresses");
	ret->items = items;
	return 0;
}

void rtnl_addresses_done(struct rtnl_addresses *addresses)
{
	free(addresses->items);
	*addresses = (struct rtnl_addresses){ 0 };
}

static void build(struct nl_msg *msg, uint16_t type, uint16_t flags,
		  const struct rtnl_address *address)
{
	const struct ifaddrmsg header = { .ifa_family = (uint8_t)address->ip.family,
					  .ifa_prefixlen = (uint8_t)address->prefix_len,
					  .ifa_scope = (uint8_t)address->scope,
					  .ifa_index = (uint32_t)address->index };

	nl_begin(msg, type, flags, &header, sizeof(header));
	rtnl_put_ip(msg, IFA_LOCAL, &address->ip);
	rtnl_put_ip(msg, IFA_ADDRESS, &address->ip);
}

/* What the kernel does with 255.255.255.255 below @len bits. */
static void put_broadcast(struct nl_msg *msg, const struct rtnl_address *address)
{
	struct rtnl_ip broadcast = address->ip;

	if (address->ip.family != AF_INET || address->prefix_len > 30)
		return;
	for (unsigned bit = address->prefix_len; bit < 32; bit++)
		broadcast.bytes[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
	rtnl_put_ip(msg, IFA_BROADCAST, &broadcast);
}

int rtnl_address_add(struct netlink *nl, const struct rtnl_address *address, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };

	build(&msg, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address);
	put_broadcast(&msg, address);
	if (address->ip.family == AF_INET6)
		nl_put_u32(&msg, IFA_FLAGS, IFA_F_NODAD);
	return netlink_call(nl, &msg, rtnl_deadline(), NULL, NULL, err);
}

int rtnl_address_delete(struct netlink *nl, const struct rtnl_address *address, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };

	build(&msg, RTM_DELADDR, 0, address);
	return netlink_call(nl, &msg, rtnl_deadline(), NULL, NULL, err);
}
