/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - what stands between an interface of the sandbox's namespace and QEMU
 *
 * tcfilter  a tap beside the interface, and all that comes in at one goes out at the other
 * macvtap   a macvtap on top of it
 * bridged   a bridge with the interface and a tap
 * direct    the interface is a tap or macvtap itself
 * physical  nothing: the hardware goes to the guest (sandbox/nic_physical.h)
 *
 * With macvtap and bridged the MAC and the addresses are the guest's: the interface on
 * the host gets another MAC and loses its addresses, and with them its routes, until
 * the end.
 * Source: Kata Containers' "Architecture", networking; reference 06, section 1.
 */
#pragma once

#include "net/scan.h"

struct err;
struct netlink;
struct tap;

#define WIRE_PCI_LEN    32u /* ETHTOOL_BUSINFO_LEN */
#define WIRE_DRIVER_LEN 64u

enum wire_model {
	WIRE_TCFILTER,
	WIRE_MACVTAP,
	WIRE_BRIDGED,
	WIRE_DIRECT,
	WIRE_PHYSICAL,
	WIRE_MODELS
};

/* "tcfilter", …; returns 0 or -EINVAL, without a text. */
const char *wire_model_name(enum wire_model model);
int wire_model_parse(const char *name, enum wire_model *ret);

/* Enough to undo it, by whoever comes later. */
struct wire {
	enum wire_model model;
	uint16_t number; /* in the names of what is made: tap0_kata */
	int index;       /* of the interface */
	char name[IFNAMSIZ];
	uint8_t mac[RTNL_MAC_LEN];
	struct rtnl_address *addresses; /* owned; with macvtap and bridged */
	size_t n_addresses;
	struct rtnl_route *routes; /* likewise: over this interface, in the order to add them */
	size_t n_routes;
	/* physical only: */
	char pci[WIRE_PCI_LEN];       /* its address, "0000:01:00.0" */
	char driver[WIRE_DRIVER_LEN]; /* of the host, or "" */
	uint32_t mtu;
	bool was_up;
};

/* How endpoint @i of @scan is to be connected when @model is configured. */
void wire_plan(const struct net_scan *scan, size_t i, enum wire_model model, uint16_t number,
	       struct wire *ret);
void wire_done(struct wire *wire);

/*
 * Whether what @wire would make is somebody else's already, which undoing would take
 * away: asked before it is written down. -EBUSY names it.
 */
int wire_check(struct netlink *nl, const struct wire *wire, struct err *err);

/* The first number from @from on whose names are free in the namespace of @nl. */
int wire_free_number(struct netlink *nl, uint16_t from, uint16_t *ret, struct err *err);

/*
 * Makes it, in the namespace @netns of @nl. @ret is what QEMU gets. What was made
 * when it fails is for wire_disconnect().
 */
int wire_connect(int netns, struct netlink *nl, const struct wire *wire, uint32_t mtu,
		 size_t n_queues, struct tap **ret, struct err *err);

/* The interface, which is up, has its addresses and routes again. */
int wire_restore(struct netlink *nl, const struct wire *wire, struct err *err);

/*
 * Undoes it, however far it came, while or after QEMU has the tap. An interface
 * that is not there any more, or that is another one by now, is left alone.
 */
int wire_disconnect(struct netlink *nl, const struct wire *wire, struct err *err);
