/* SPDX-License-Identifier: Apache-2.0 */
/* list.h - of rtnl/ only: what every dump has in common */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/netlink.h"

struct err;

/* Reads one message into @ret of the list's size. False: it is not one of them. */
typedef bool (*rtnl_read_fn)(const struct nlmsghdr *message, void *ret);

/*
 * Asks again and again until nothing changed while it was read. *ret_items is
 * owned. -E2BIG when there are more than RTNL_MAX.
 */
int rtnl_list(struct netlink *nl, uint16_t request, const void *header, size_t header_len,
	      size_t item_size, rtnl_read_fn read, void **ret_items, size_t *ret_n,
	      struct err *err);

/* The deadline of a call from now on. */
uint64_t rtnl_deadline(void);

/* An address attribute of @family into @ret; false when its length is another. */
struct rtnl_ip;
bool rtnl_read_ip(const struct nl_attr *attr, int family, struct rtnl_ip *ret);
void rtnl_put_ip(struct nl_msg *msg, uint16_t type, const struct rtnl_ip *ip);
