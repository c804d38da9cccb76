/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "rtnl/list.h"
#include "rtnl/rtnl.h"

bool rtnl_read_neighbour(const struct nlmsghdr *message, struct rtnl_neighbour *ret)
{
	const struct ndmsg *info = nl_header(message, sizeof(*info));
	struct nl_attrs attrs = nl_attrs_of(message, sizeof(*info));
	struct nl_attr attr;

	if (!info || (message->nlmsg_type != RTM_NEWNEIGH && message->nlmsg_type != RTM_DELNEIGH))
		return false;
	*ret = (struct rtnl_neighbour){ .index = info->ndm_ifindex,
					.state = info->ndm_state,
					.flags = info->ndm_flags };
	while (nl_next(&attrs, &attr)) {
		if (attr.type == NDA_DST)
			(void)rtnl_read_ip(&attr, info->ndm_family, &ret->ip);
		if (attr.type == NDA_LLADDR && attr.len == RTNL_MAC_LEN) {
			ret->has_mac = true;
			memcpy(ret->mac, attr.data, RTNL_MAC_LEN);
		}
	}
	return ret->ip.family != 0;
}

static bool read_item(const struct nlmsghdr *message, void *ret)
{
	return rtnl_read_neighbour(message, ret);
}

int rtnl_neighbours(struct netlink *nl, struct rtnl_neighbours *ret, struct err *err)
{
	const struct ndmsg header = { .ndm_family = AF_UNSPEC };
	void *items = NULL;
	int r = rtnl_list(nl, RTM_GETNEIGH, &header, sizeof(header), sizeof(struct rtnl_neighbour),
			  read_item, &items, &ret->n, err);

	if (r < 0)
		return err_prefix(err, "list of neighbours");
	ret->items = items;
	return 0;
}

void rtnl_neighbours_done(struct rtnl_neighbours *neighbours)
{
	free(neighbours->items);
	*neighbours = (struct rtnl_neighbours){ 0 };
}

int rtnl_neighbour_set(struct netlink *nl, const struct rtnl_neighbour *neighbour, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct ndmsg header = { .ndm_family = (uint8_t)neighbour->ip.family,
				      .ndm_ifindex = neighbour->index,
				      .ndm_state = (uint16_t)neighbour->state,
				      .ndm_flags = (uint8_t)neighbour->flags };

	nl_begin(&msg, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	rtnl_put_ip(&msg, NDA_DST, &neighbour->ip);
	if (neighbour->has_mac)
		nl_put(&msg, NDA_LLADDR, neighbour->mac, RTNL_MAC_LEN);
	return netlink_call(nl, &msg, rtnl_deadline(), NULL, NULL, err);
}
