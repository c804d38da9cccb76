/* SPDX-License-Identifier: Apache-2.0 */
/* tcfilter.h - all that comes in at one link goes out at another */
#pragma once

#include <stdbool.h>

struct err;
struct netlink;

/*
 * Gives the link @from an ingress queue with one filter: everything is
 * redirected to the link @to. -EEXIST when it has an ingress queue already.
 * Source: tc-u32(8), tc-mirred(8); linux/pkt_cls.h.
 */
int tcfilter_redirect(struct netlink *nl, int from, int to, struct err *err);

/* Whether a link has an ingress queue, ours or (as clsact too) somebody else's. */
int tcfilter_has_ingress(struct netlink *nl, int index, bool *ret, struct err *err);

/* Takes our ingress queue away, with its filters; success when there is none. */
int tcfilter_clear(struct netlink *nl, int index, struct err *err);
