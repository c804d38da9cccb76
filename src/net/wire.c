/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/enter.h"
#include "net/tap.h"
#include "net/tcfilter.h"

/*
 * /dev/tap<index> is named after the index of the link, which is unique in its
 * namespace only: random ones far above the usual keep namespaces apart.
 */
#define MACVTAP_INDEX_MIN 8192
#define MACVTAP_TRIES     128u
#define NUMBERS_MAX       1024u

static const char *const model_names[WIRE_MODELS] = { "tcfilter", "macvtap", "bridged", "direct",
						      "physical" };

const char *wire_model_name(enum wire_model model)
{
	return model < WIRE_MODELS ? model_names[model] : "";
}

int wire_model_parse(const char *name, enum wire_model *ret)
{
	for (size_t i = 0; i < WIRE_MODELS; i++) {
		if (!str_eq(name, model_names[i]))
			continue;
		*ret = (enum wire_model)i;
		return 0;
	}
	return -EINVAL;
}

static bool moves_addresses(enum wire_model model)
{
	return model == WIRE_MACVTAP || model == WIRE_BRIDGED || model == WIRE_PHYSICAL;
}

static void take_routes(const struct rtnl_routes *all, struct wire *wire)
{
	wire->routes = xcalloc(all->n + 1, sizeof(*wire->routes));
	for (size_t i = 0; i < all->n; i++)
		if (all->items[i].index == wire->index)
			wire->routes[wire->n_routes++] = all->items[i];
}

void wire_plan(const struct net_scan *scan, size_t i, enum wire_model model, uint16_t number,
	       struct wire *ret)
{
	const struct net_endpoint *endpoint = &scan->endpoints[i];

	if (endpoint->kind == ENDPOINT_MACVTAP || endpoint->kind == ENDPOINT_TAP)
		model = WIRE_DIRECT;
	else if (endpoint->kind == ENDPOINT_IPVLAN)
		model = WIRE_TCFILTER; /* a second MAC would not be let through */
	else if (endpoint->kind == ENDPOINT_PHYSICAL)
		model = WIRE_PHYSICAL;
	*ret = (struct wire){ .model = model, .number = number, .index = endpoint->link.index };
	memcpy(ret->name, endpoint->link.name, sizeof(ret->name));
	memcpy(ret->mac, endpoint->link.mac, sizeof(ret->mac));
	ret->mtu = endpoint->link.mtu;
	ret->was_up = endpoint->link.flags & IFF_UP;
	if (!moves_addresses(model))
		return;
	take_routes(&scan->routes, ret);
	if (endpoint->n_addresses == 0)
		return;
	ret->addresses = xcalloc(endpoint->n_addresses, sizeof(*ret->addresses));
	ret->n_addresses = endpoint->n_addresses;
	memcpy(ret->addresses, endpoint->addresses,
	       endpoint->n_addresses * sizeof(*ret->addresses));
}

void wire_done(struct wire *wire)
{
	free(wire->addresses);
	free(wire->routes);
	wire->addresses = NULL;
	wire->routes = NULL;
	wire->n_addresses = 0;
	wire->n_routes = 0;
}

int wire_check(struct netlink *nl, const struct wire *wire, struct err *err)
{
	bool taken = false;
	int r;

	if (wire->model != WIRE_TCFILTER)
		return 0;
	r = tcfilter_has_ingress(nl, wire->index, &taken, err);
	if (r == 0 && taken)
		r = err_set_as(
			err, ERR_NETWORK, EBUSY,
			"network: %s has an ingress queue (tc qdisc) of somebody else, where "
			"internetworking_model = \"tcfilter\" needs its own; remove it, or "
			"choose \"macvtap\" or \"bridged\"",
			wire->name);
	return r;
}

static void tap_name(const struct wire *wire, char ret[IFNAMSIZ])
{
	(void)snprintf(ret, IFNAMSIZ, "tap%u_kata", wire->number);
}

static void bridge_name(const struct wire *wire, char ret[IFNAMSIZ])
{
	(void)snprintf(ret, IFNAMSIZ, "br%u_kata", wire->number);
}

int wire_free_number(struct netlink *nl, uint16_t from, uint16_t *ret, struct err *err)
{
	for (unsigned i = 0; i < NUMBERS_MAX; i++) {
		const uint16_t number = (uint16_t)(from + i);
		const struct wire wire = { .number = number };
		char names[2][IFNAMSIZ];
		struct rtnl_link link;
		int r;

		tap_name(&wire, names[0]);
		bridge_name(&wire, names[1]);
		r = rtnl_link_get(nl, names[0], &link, err);
		if (r == -ENODEV)
			r = rtnl_link_get(nl, names[1], &link, err);
		if (r == -ENODEV) {
			*ret = number;
			return 0;
		}
		if (r < 0)
			return r;
	}
	return err_set_as(err, ERR_NETWORK, ENOSPC,
			  "network: tap%u_kata to tap%u_kata are all in use", from,
			  from + NUMBERS_MAX - 1);
}

/* What has to be opened inside the namespace. */
struct opening {
	char name[IFNAMSIZ];
	int macvtap; /* its index, else 0 */
	bool attach;
	size_t n_queues;
	struct tap *tap;
};

static int open_tap(void *data, struct err *err)
{
	struct opening *o = data;

	if (o->macvtap)
		return tap_open_macvtap(o->name, o->macvtap, o->n_queues, &o->tap, err);
	return o->attach ? tap_attach(o->name, o->n_queues, &o->tap, err)
			 : tap_create(o->name, o->n_queues, &o->tap, err);
}

static int set_up(struct netlink *nl, const char *name, uint32_t mtu, int master, int *ret_index,
		  struct err *err)
{
	/*
	 * What the guest listens to only the guest knows: a macvtap would keep multicast from it,
	 * and with it IPv6's search for neighbours.
	 */
	const struct rtnl_link_change change = { .mtu = mtu,
						 .master = master,
						 .flags = IFF_UP | IFF_ALLMULTI,
						 .flags_mask = IFF_UP | IFF_ALLMULTI };
	struct rtnl_link link;
	int r = rtnl_link_get(nl, name, &link, err);

	if (r == 0)
		r = rtnl_link_change(nl, link.index, &change, err);
	if (r < 0)
		return err_prefix(err, "bring %s up", name);
	*ret_index = link.index;
	return 0;
}

static int connect_tcfilter(int netns, struct netlink *nl, const struct wire *wire, uint32_t mtu,
			    struct opening *opening, struct err *err)
{
	int tap = 0;
	int r;

	tap_name(wire, opening->name);
	r = netns_run(netns, open_tap, opening, err);
	if (r == 0)
		r = set_up(nl, opening->name, mtu, 0, &tap, err);
	if (r == 0)
		r = tcfilter_redirect(nl, wire->index, tap, err);
	if (r == 0)
		r = tcfilter_redirect(nl, tap, wire->index, err);
	return r;
}

/* The guest takes over MAC and addresses: the host must not answer for them too. */
static int give_away(struct netlink *nl, const struct wire *wire, struct err *err)
{
	struct rtnl_link_change change = { .flags = IFF_UP, .flags_mask = IFF_UP };
	uint8_t mac[RTNL_MAC_LEN];
	int r;

	(void)!getrandom(mac, sizeof(mac), 0);
	mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02); /* locally administered, no multicast */
	change.mac = mac;
	r = rtnl_link_change(nl, wire->index, &change, err);
	for (size_t i = 0; r == 0 && i < wire->n_addresses; i++)
		r = rtnl_address_delete(nl, &wire->addresses[i], err);
	return r;
}

static int add_macvtap(struct netlink *nl, const struct wire *wire, const char *name, int index,
		       struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct ifinfomsg header = { .ifi_index = index };
	size_t info;
	size_t data;

	nl_begin(&msg, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	nl_put_string(&msg, IFLA_IFNAME, name);
	nl_put_u32(&msg, IFLA_LINK, (uint32_t)wire->index);
	nl_put(&msg, IFLA_ADDRESS, wire->mac, RTNL_MAC_LEN);
	info = nl_nest(&msg, IFLA_LINKINFO | NLA_F_NESTED);
	nl_put_string(&msg, IFLA_INFO_KIND, "macvtap");
	data = nl_nest(&msg, IFLA_INFO_DATA | NLA_F_NESTED);
	nl_put_u32(&msg, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	nl_nest_end(&msg, data);
	nl_nest_end(&msg, info);
	return netlink_call(nl, &msg, deadline_in(RTNL_MS), NULL, NULL, err);
}

static int connect_macvtap(int netns, struct netlink *nl, const struct wire *wire, uint32_t mtu,
			   struct opening *opening, struct err *err)
{
	int r = give_away(nl, wire, err);

	if (r < 0)
		return r;
	tap_name(wire, opening->name);
	r = -EBUSY;
	for (unsigned i = 0; (r == -EBUSY || r == -EEXIST) && i < MACVTAP_TRIES; i++) {
		uint16_t random = 0;

		(void)!getrandom(&random, sizeof(random), 0);
		r = add_macvtap(nl, wire, opening->name, MACVTAP_INDEX_MIN + random, err);
	}
	if (r == 0)
		r = set_up(nl, opening->name, mtu, 0, &opening->macvtap, err);
	return r == 0 ? netns_run(netns, open_tap, opening, err) : r;
}

static int add_bridge(struct netlink *nl, const char *name, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct ifinfomsg header = { 0 };
	size_t info;

	nl_begin(&msg, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	nl_put_string(&msg, IFLA_IFNAME, name);
	info = nl_nest(&msg, IFLA_LINKINFO | NLA_F_NESTED);
	nl_put_string(&msg, IFLA_INFO_KIND, "bridge");
	nl_nest_end(&msg, info);
	return netlink_call(nl, &msg, deadline_in(RTNL_MS), NULL, NULL, err);
}

static int connect_bridged(int netns, struct netlink *nl, const struct wire *wire, uint32_t mtu,
			   struct opening *opening, struct err *err)
{
	char bridge[IFNAMSIZ];
	int bridge_index = 0;
	int tap_index = 0;
	int r;

	tap_name(wire, opening->name);
	bridge_name(wire, bridge);
	r = netns_run(netns, open_tap, opening, err);
	if (r == 0)
		r = give_away(nl, wire, err);
	if (r == 0)
		r = add_bridge(nl, bridge, err);
	if (r == 0)
		r = set_up(nl, bridge, mtu, 0, &bridge_index, err);
	if (r == 0)
		r = set_up(nl, opening->name, mtu, bridge_index, &tap_index, err);
	if (r == 0)
		r = set_up(nl, wire->name, 0, bridge_index, &tap_index, err);
	return r;
}

static int connect_direct(int netns, struct netlink *nl, const struct wire *wire,
			  struct opening *opening, struct err *err)
{
	struct rtnl_link link;
	int r = rtnl_link_get(nl, wire->name, &link, err);

	if (r < 0)
		return r;
	memcpy(opening->name, wire->name, sizeof(opening->name));
	opening->attach = true;
	opening->macvtap = str_eq(link.kind, "macvtap") ? link.index : 0;
	return netns_run(netns, open_tap, opening, err);
}

int wire_connect(int netns, struct netlink *nl, const struct wire *wire, uint32_t mtu,
		 size_t n_queues, struct tap **ret, struct err *err)
{
	struct opening opening = { .n_queues = n_queues };
	int r;

	switch (wire->model) {
	case WIRE_TCFILTER:
		r = connect_tcfilter(netns, nl, wire, mtu, &opening, err);
		break;
	case WIRE_MACVTAP:
		r = connect_macvtap(netns, nl, wire, mtu, &opening, err);
		break;
	case WIRE_BRIDGED:
		r = connect_bridged(netns, nl, wire, mtu, &opening, err);
		break;
	case WIRE_DIRECT:
	case WIRE_PHYSICAL:
	case WIRE_MODELS:
	default:
		r = connect_direct(netns, nl, wire, &opening, err);
		break;
	}
	if (r < 0) {
		tap_free(opening.tap);
		return err_prefix(err, "network: %s (%s)", wire->name,
				  wire_model_name(wire->model));
	}
	*ret = opening.tap;
	return 0;
}

/* The link of that name, if it is one of ours that was made for a wire. */
static int remove_own(struct netlink *nl, const char *name, struct err *err)
{
	struct rtnl_link link;
	int r = rtnl_link_get(nl, name, &link, err);

	if (r == 0)
		r = rtnl_link_delete(nl, link.index, err);
	return r == -ENODEV ? 0 : r;
}

int wire_restore(struct netlink *nl, const struct wire *wire, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < wire->n_addresses; i++) {
		r = rtnl_address_add(nl, &wire->addresses[i], err);
		r = r == -EEXIST ? 0 : r;
	}
	for (size_t i = 0; r == 0 && i < wire->n_routes; i++) {
		r = rtnl_route_add(nl, &wire->routes[i], false, err);
		r = r == -EEXIST ? 0 : r;
	}
	return r;
}

static int give_back(struct netlink *nl, const struct wire *wire, struct err *err)
{
	const struct rtnl_link_change change = { .mac = wire->mac };
	int r = rtnl_link_change(nl, wire->index, &change, err);

	return r == 0 ? wire_restore(nl, wire, err) : r;
}

int wire_disconnect(struct netlink *nl, const struct wire *wire, struct err *err)
{
	struct rtnl_link link;
	char name[IFNAMSIZ];
	int r = 0;

	if (wire->model == WIRE_DIRECT || wire->model == WIRE_PHYSICAL)
		return 0;
	if (wire->model == WIRE_BRIDGED) {
		bridge_name(wire, name);
		r = remove_own(nl, name, err);
	}
	tap_name(wire, name);
	if (r == 0)
		r = remove_own(nl, name, err);
	if (r < 0)
		return r;
	r = rtnl_link_get(nl, wire->name, &link, err);
	if (r == -ENODEV || (r == 0 && link.index != wire->index))
		return 0;
	if (r == 0)
		r = wire->model == WIRE_TCFILTER ? tcfilter_clear(nl, wire->index, err)
						 : give_back(nl, wire, err);
	return r;
}
