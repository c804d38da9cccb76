/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.h - messages to the kernel: rtnetlink, generic netlink, nfnetlink
 *
 * A message is built in memory, sent, and answered; attributes are read with
 * every length checked, since a wrong one would otherwise be our crash.
 */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"

struct err;
struct netlink;

/* --- building ---------------------------------------------------------------- */

/* { 0 } is an empty one; reset by nl_begin(), freed by nl_done(). */
struct nl_msg {
	struct buf buf;
};

/*
 * Begins a message of @type (RTM_NEWLINK, …) with @flags (NLM_F_DUMP, NLM_F_CREATE …;
 * NLM_F_REQUEST is always there). @header is the family's fixed part (struct ifinfomsg …).
 */
void nl_begin(struct nl_msg *msg, uint16_t type, uint16_t flags, const void *header, size_t len);
void nl_done(struct nl_msg *msg);

/* At most 65,531 bytes in an attribute, which is a mistake of ours to exceed. */
void nl_put(struct nl_msg *msg, uint16_t type, const void *data, size_t len);
void nl_put_u8(struct nl_msg *msg, uint16_t type, uint8_t value);
void nl_put_u16(struct nl_msg *msg, uint16_t type, uint16_t value);
void nl_put_u32(struct nl_msg *msg, uint16_t type, uint32_t value);
void nl_put_u64(struct nl_msg *msg, uint16_t type, uint64_t value);
void nl_put_string(struct nl_msg *msg, uint16_t type, const char *text); /* with its NUL */

/* Attributes put between these lie inside one of @type (give NLA_F_NESTED where it is due). */
size_t nl_nest(struct nl_msg *msg, uint16_t type);
void nl_nest_end(struct nl_msg *msg, size_t nest);

/* --- reading ----------------------------------------------------------------- */

/* Borrowed from the message. */
struct nl_attr {
	uint16_t type; /* without NLA_F_NESTED and NLA_F_NET_BYTEORDER */
	const uint8_t *data;
	size_t len;
};

/* A run of attributes: of a message, or inside one of them. */
struct nl_attrs {
	const uint8_t *at;
	size_t left;
};

/* Those of @message, behind the family's header of @header_len bytes; none when it is shorter. */
struct nl_attrs nl_attrs_of(const struct nlmsghdr *message, size_t header_len);
struct nl_attrs nl_attrs_in(const struct nl_attr *attr);

/* The family's header, or NULL when the message is too short for it. */
const void *nl_header(const struct nlmsghdr *message, size_t header_len);

/* False at the end, and at an attribute that claims more than there is. */
bool nl_next(struct nl_attrs *attrs, struct nl_attr *ret);

/* The first of @type, if it is there. */
bool nl_find(struct nl_attrs attrs, uint16_t type, struct nl_attr *ret);

/* False when the length is another: *ret stays as it is. */
bool nl_u8(const struct nl_attr *attr, uint8_t *ret);
bool nl_u16(const struct nl_attr *attr, uint16_t *ret);
bool nl_u32(const struct nl_attr *attr, uint32_t *ret);
bool nl_u64(const struct nl_attr *attr, uint64_t *ret);

/* Copies a text into @ret of @size bytes, cut and terminated. */
void nl_text(const struct nl_attr *attr, char *ret, size_t size);

/*
 * The next whole message of the @len bytes at @data: its length is within them.
 * NULL when there is none, or when it claims more. Moves @data and @len behind it.
 */
const struct nlmsghdr *nl_message(const uint8_t **data, size_t *len);

/* --- talking ----------------------------------------------------------------- */

/* @protocol is NETLINK_ROUTE, NETLINK_GENERIC or NETLINK_NETFILTER, in the network namespace of
 * now. */
int netlink_open(int protocol, struct netlink **ret, struct err *err);
void netlink_free(struct netlink *netlink);
DEFINE_CLEANUP(struct netlink *, netlink_free)

/* Called for each message that answers. A negative result is given back by netlink_call(). */
typedef int (*nl_fn)(void *data, const struct nlmsghdr *message, struct err *err);

/*
 * Sends @msg and takes what comes until the kernel's acknowledgement or the end of
 * a dump. Returns 0, the kernel's -errno with its own words where it has some,
 * -ETIMEDOUT, or -EINTR: what a dump tells has changed while it was read, so that it
 * has to be asked for again (from nothing). @fn may be NULL.
 */
int netlink_call(struct netlink *netlink, struct nl_msg *msg, uint64_t deadline, nl_fn fn,
		 void *data, struct err *err);

/*
 * Sends @n messages, none of them a dump, in one piece; they are done in order,
 * each whatever became of those before it. @results gets 0 or -errno for each.
 * Returns 0 when the kernel has answered, or -errno as netlink_call().
 */
int netlink_batch(struct netlink *netlink, struct nl_msg *msgs, size_t n, uint64_t deadline,
		  int *results, struct err *err);

/* The number of a family of generic netlink ("IPVS"); -ENOENT when the kernel has none. */
int netlink_family(struct netlink *netlink, const char *name, uint64_t deadline, uint16_t *ret,
		   struct err *err);

/* For events: what the kernel tells of @group (RTNLGRP_LINK, …) can be read from the descriptor. */
int netlink_subscribe(struct netlink *netlink, int group, struct err *err);
int netlink_fd(const struct netlink *netlink);

/*
 * Takes in what is there and gives each message to @fn, without waiting. Returns
 * 0, -ENOBUFS (events were lost: look at everything again), or what @fn returned.
 */
int netlink_events(struct netlink *netlink, nl_fn fn, void *data, struct err *err);
