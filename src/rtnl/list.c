/* SPDX-License-Identifier: Apache-2.0 */
#include "rtnl/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "rtnl/rtnl.h"

#define DUMP_TRIES 16u
#define ITEM_MAX   256u /* bytes of the largest struct of rtnl.h */

struct list {
	rtnl_read_fn read;
	size_t item_size;
	uint8_t *items;
	size_t n;
	size_t cap;
};

uint64_t rtnl_deadline(void)
{
	return deadline_in(RTNL_MS);
}

static int take(void *data, const struct nlmsghdr *message, struct err *err)
{
	struct list *list = data;
	uint8_t item[ITEM_MAX] __attribute__((aligned(8))) = { 0 };

	if (!list->read(message, item))
		return 0;
	if (list->n == RTNL_MAX)
		return err_set(err, E2BIG, "netlink: more than %u entries", RTNL_MAX);
	if (list->n == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 16;
		list->items = xrealloc(list->items, list->cap * list->item_size);
	}
	memcpy(list->items + list->n++ * list->item_size, item, list->item_size);
	return 0;
}

int rtnl_list(struct netlink *nl, uint16_t request, const void *header, size_t header_len,
	      size_t item_size, rtnl_read_fn read, void **ret_items, size_t *ret_n, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	struct list list = { .read = read, .item_size = item_size };
	int r = -EINTR;

	for (unsigned i = 0; r == -EINTR && i < DUMP_TRIES; i++) {
		list.n = 0;
		nl_begin(&msg, request, NLM_F_DUMP, header, header_len);
		r = netlink_call(nl, &msg, rtnl_deadline(), take, &list, err);
	}
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret_items = list.items;
	*ret_n = list.n;
	return 0;
}

bool rtnl_read_ip(const struct nl_attr *attr, int family, struct rtnl_ip *ret)
{
	if ((family != AF_INET && family != AF_INET6) || attr->len != rtnl_ip_len(family))
		return false;
	ret->family = family;
	memcpy(ret->bytes, attr->data, attr->len);
	return true;
}

void rtnl_put_ip(struct nl_msg *msg, uint16_t type, const struct rtnl_ip *ip)
{
	if (ip->family != 0)
		nl_put(msg, type, ip->bytes, rtnl_ip_len(ip->family));
}
