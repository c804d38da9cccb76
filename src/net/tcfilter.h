/* SPDX-License-Identifier: Apache-2.0 */
/* tcfilter.h - all that comes in at one link goes out at another */
#pragma once

struct err;
struct netlink;

/*
 * Gives the link @from an ingress queue with one filter: everything is
 * redirected to the link @to. -EEXIST when it has an ingress queue already.
 * Source: tc-u32(8), tc-mirred(8); linux/pkt_cls.h.
 */
int tcfilter_redirect(struct netlink *nl, int from, int to, struct err *err);

/* Takes the ingress queue away, with its filters; success when there is none. */
int tcfilter_clear(struct netlink *nl, int index, struct err *err);
