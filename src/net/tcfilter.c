/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tcfilter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/netlink.h"
#include "rtnl/rtnl.h"

#define INGRESS_HANDLE 0xffff0000u /* "ffff:" */
#define PRIORITY       1u
#define FIRST_ACTION   1u
#define DUMP_TRIES     16u

static int add_ingress(struct netlink *nl, int index, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct tcmsg header = { .tcm_ifindex = index,
				      .tcm_parent = TC_H_INGRESS,
				      .tcm_handle = INGRESS_HANDLE };

	nl_begin(&msg, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	nl_put_string(&msg, TCA_KIND, "ingress");
	return netlink_call(nl, &msg, deadline_in(RTNL_MS), NULL, NULL, err);
}

/* One key whose mask is nothing: it matches everything. */
static void put_match_all(struct nl_msg *msg)
{
	const struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL, .nkeys = 1 };
	uint8_t match[sizeof(sel) + sizeof(struct tc_u32_key)] = { 0 };

	memcpy(match, &sel, sizeof(sel));
	nl_put(msg, TCA_U32_SEL, match, sizeof(match));
}

static void put_redirect(struct nl_msg *msg, int to)
{
	const struct tc_mirred mirred = { .action = TC_ACT_STOLEN,
					  .eaction = TCA_EGRESS_REDIR,
					  .ifindex = (uint32_t)to };
	size_t actions = nl_nest(msg, TCA_U32_ACT | NLA_F_NESTED);
	size_t first = nl_nest(msg, FIRST_ACTION | NLA_F_NESTED);
	size_t options;

	nl_put_string(msg, TCA_ACT_KIND, "mirred");
	options = nl_nest(msg, TCA_ACT_OPTIONS | NLA_F_NESTED);
	nl_put(msg, TCA_MIRRED_PARMS, &mirred, sizeof(mirred));
	nl_nest_end(msg, options);
	nl_nest_end(msg, first);
	nl_nest_end(msg, actions);
}

static int add_filter(struct netlink *nl, int from, int to, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct tcmsg header = { .tcm_ifindex = from,
				      .tcm_parent = INGRESS_HANDLE,
				      .tcm_info = TC_H_MAKE(PRIORITY << 16, htons(ETH_P_ALL)) };
	size_t options;

	nl_begin(&msg, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	nl_put_string(&msg, TCA_KIND, "u32");
	options = nl_nest(&msg, TCA_OPTIONS | NLA_F_NESTED);
	put_match_all(&msg);
	put_redirect(&msg, to);
	nl_nest_end(&msg, options);
	return netlink_call(nl, &msg, deadline_in(RTNL_MS), NULL, NULL, err);
}

struct search {
	int index;
	bool found;
};

static int look_for_ingress(void *data, const struct nlmsghdr *message,
			    struct err *err __attribute__((unused)))
{
	const struct tcmsg *info = nl_header(message, sizeof(*info));
	struct search *search = data;

	if (info && info->tcm_ifindex == search->index && info->tcm_parent == TC_H_INGRESS)
		search->found = true;
	return 0;
}

int tcfilter_has_ingress(struct netlink *nl, int index, bool *ret, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct tcmsg header = { .tcm_ifindex = index };
	struct search search = { .index = index };
	int r = -EINTR;

	for (unsigned i = 0; r == -EINTR && i < DUMP_TRIES; i++) {
		search.found = false;
		nl_begin(&msg, RTM_GETQDISC, NLM_F_DUMP, &header, sizeof(header));
		r = netlink_call(nl, &msg, deadline_in(RTNL_MS), look_for_ingress, &search, err);
	}
	*ret = search.found;
	return r;
}

int tcfilter_redirect(struct netlink *nl, int from, int to, struct err *err)
{
	int r = add_ingress(nl, from, err);

	return r < 0 ? r : add_filter(nl, from, to, err);
}

int tcfilter_clear(struct netlink *nl, int index, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct tcmsg header = { .tcm_ifindex = index,
				      .tcm_parent = TC_H_INGRESS,
				      .tcm_handle = INGRESS_HANDLE };
	int r;

	nl_begin(&msg, RTM_DELQDISC, 0, &header, sizeof(header));
	nl_put_string(&msg, TCA_KIND, "ingress"); /* clsact would go as well */
	r = netlink_call(nl, &msg, deadline_in(RTNL_MS), NULL, NULL, err);
	/* Without an ingress queue the kernel says either. */
	return r == -ENOENT || r == -EINVAL || r == -ENODEV ? 0 : r;
}
