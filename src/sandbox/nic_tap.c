/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/nic_tap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/netlink.h"
#include "base/str.h"
#include "net/enter.h"
#include "net/vhost.h"
#include "rtnl/rtnl.h"
#include "sandbox/netns.h"
#include "sandbox/network_input.h"

#define TAP_MTU_MIN 68u /* ETH_MIN_MTU */
#define INDEXES_MAX 8192u

void nic_tap_done(struct nic_tap *tap)
{
	tap_free(tap->tap);
	while (tap->n_vhost > 0)
		close(tap->vhost[--tap->n_vhost]);
}

/* The first name of this form that no link here has; owned. */
static char *free_device(void)
{
	char name[IFNAMSIZ];

	for (unsigned i = 0; i < INDEXES_MAX; i++) {
		snprintf(name, sizeof(name), "tap%u_kata", i);
		if (if_nametoindex(name) == 0)
			return xstrdup(name);
	}
	return NULL;
}

struct opening {
	size_t n_queues;
	struct nic_request *nic;
	struct tap **ret;
};

static int attach(const struct opening *opening, const struct rtnl_link *link, struct err *err)
{
	const char *device = opening->nic->device;
	int r;

	if (!str_eq(link->kind, "tun"))
		return err_set(err, EEXIST,
			       "device: %s is there and no tap, allowed is a tap or a name that is "
			       "not used",
			       device);
	r = tap_attach(device, opening->n_queues, opening->ret, err);
	if (r == -EBUSY)
		return err_set(err, EBUSY,
			       "device: the tap %s is used by another program, allowed is one that "
			       "none uses",
			       device);
	return r < 0 ? err_prefix(err, "device") : 0;
}

/* In the network namespace of the sandbox. */
static int open_here(void *data, struct err *err)
{
	const struct rtnl_link_change up = { .flags = IFF_UP, .flags_mask = IFF_UP };
	struct rtnl_link_change mtu = { 0 };
	CLEANUP(netlink_free) struct netlink *nl = NULL;
	struct opening *opening = data;
	struct nic_request *nic = opening->nic;
	struct rtnl_link link;
	int r;

	if (!nic->device)
		nic->device = free_device();
	if (!nic->device)
		return err_set(err, ENOSPC, "device: there are %u taps; name one", INDEXES_MAX);
	r = netlink_open(NETLINK_ROUTE, &nl, err);
	if (r < 0)
		return r;
	if (rtnl_link_get(nl, nic->device, &link, &(struct err){ 0 }) == 0)
		r = attach(opening, &link, err);
	else
		r = tap_create(nic->device, opening->n_queues, opening->ret, err);
	if (r == 0)
		r = rtnl_link_get(nl, nic->device, &link, err);
	mtu.mtu = nic->guest.mtu;
	if (r == 0)
		r = rtnl_link_change(nl, link.index, &mtu, err);
	return r == 0 ? rtnl_link_change(nl, link.index, &up, err) : r;
}

int nic_tap_open(const char *sid, size_t n_queues, bool vhost, struct nic_request *nic,
		 struct nic_tap *ret, struct err *err)
{
	struct opening opening = { n_queues < TAP_QUEUES_MAX ? n_queues : TAP_QUEUES_MAX, nic,
				   &ret->tap };
	CLEANUP(close) int netns = -1;
	int r;

	if (nic->guest.mtu < TAP_MTU_MIN)
		return err_set(err, EINVAL, "mtu: %u, a tap of Linux has at least %u",
			       nic->guest.mtu, TAP_MTU_MIN);
	netns = netns_of(sid, err);
	if (netns < 0)
		return netns;
	r = netns_run(netns, open_here, &opening, err);
	if (r == 0 && vhost && vhost_net_open(ret->tap->n_fds, ret->vhost))
		ret->n_vhost = ret->tap->n_fds;
	return r;
}
