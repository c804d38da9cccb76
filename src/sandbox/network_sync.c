/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/network_sync.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "agentc/network.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/enter.h"
#include "sandbox/netns.h"
#include "sandbox/network.h"
#include "sandbox/paths.h"
#include "vm/plug.h"

struct sync {
	const char *sid;
	int dirfd;
	struct agentc *agent;
	struct netlink *nl;
	struct network_record record;
	struct net_scan scan;
};

static void sync_done(struct sync *sync)
{
	net_scan_done(&sync->scan);
	network_record_done(&sync->record);
	netlink_free(sync->nl);
}

static int unplug(const struct sync *sync, const struct wire *wire, struct err *err)
{
	CLEANUP(free) char *dir = paths_vm(sync->sid);
	CLEANUP(plug_close) struct plug *plug = NULL;
	CLEANUP(free) char *name = network_plug_name(wire);
	int r = plug_open(dir, &plug, err);

	return r < 0 ? r : plug_nic_remove(plug, name, err);
}

/* One that was there from the start is still in the guest: it must not answer any more. */
static int take_addresses(const struct sync *sync, const struct wire *wire, struct err *err)
{
	struct agentc_interfaces all = { 0 };
	char mac[RTNL_TEXT_LEN];
	int r = agentc_list_interfaces(sync->agent, deadline_in(AGENTC_NETWORK_MS), &all, err);

	(void)rtnl_mac_text(wire->mac, mac, sizeof(mac));
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		const struct agentc_interface bare = { .name = all.items[i].name,
						       .mac = all.items[i].mac };

		if (strcasecmp(all.items[i].mac, mac) == 0)
			r = agentc_update_interface(sync->agent, &bare,
						    deadline_in(AGENTC_NETWORK_MS), NULL, err);
	}
	agentc_interfaces_done(&all);
	return r;
}

/* Each step can be done again, so that a command that is killed leaves it to the next one. */
static int forget(struct sync *sync, size_t i, struct err *err)
{
	struct network_record *record = &sync->record;
	struct wire *wire = &record->wires[i];
	int r = unplug(sync, wire, err);

	if (r == 0)
		r = take_addresses(sync, wire, err);
	if (r == 0)
		r = fault_point("interface unplugged", err);
	if (r == 0)
		r = wire_disconnect(sync->nl, wire, err);
	if (r == 0)
		r = fault_point("interface disconnected", err);
	if (r < 0)
		return err_prefix(err, "network: %s has gone", wire->name);
	wire_done(wire);
	record->n--;
	for (; i < record->n; i++)
		record->wires[i] = record->wires[i + 1];
	return network_record_write(sync->dirfd, record, err);
}

static int forget_gone(struct sync *sync, struct err *err)
{
	struct rtnl_links links = { 0 };
	int r = rtnl_links(sync->nl, &links, err);
	size_t i = 0;

	while (r == 0 && i < sync->record.n) {
		/* Hardware has left the namespace to be the guest's: it stays there. */
		if (sync->record.wires[i].model == WIRE_PHYSICAL ||
		    rtnl_link_by_index(&links, sync->record.wires[i].index))
			i++;
		else
			r = forget(sync, i, err);
	}
	rtnl_links_done(&links);
	return r;
}

static const struct wire *wire_of(const struct sync *sync, const struct net_endpoint *endpoint)
{
	for (size_t i = 0; i < sync->record.n; i++)
		if (sync->record.wires[i].index == endpoint->link.index)
			return &sync->record.wires[i];
	return NULL;
}

static int tell_interfaces(const struct sync *sync, char ***ret_devices, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sync->scan.n; i++) {
		const struct net_endpoint *endpoint = &sync->scan.endpoints[i];
		const struct wire *wire = wire_of(sync, endpoint);

		if (!wire)
			continue; /* of kata-network, or it came while we were at it */
		r = network_tell_interface(endpoint, wire, NULL, 0, sync->agent, err);
		strv_add(ret_devices, endpoint->link.name);
	}
	return r;
}

static int tell_routes(const struct sync *sync, char *const *devices, struct err *err)
{
	__attribute__((cleanup(agentc_routes_done))) struct agentc_routes routes = { 0 };
	const struct rtnl_routes *from = &sync->scan.routes;

	if (strv_len(devices) == 0)
		return 0;
	routes.items = xcalloc(from->n, sizeof(*routes.items));
	for (size_t i = 0; i < from->n; i++) {
		for (size_t k = 0; k < sync->scan.n; k++) {
			const struct rtnl_link *link = &sync->scan.endpoints[k].link;

			if (link->index == from->items[i].index &&
			    strv_contains(devices, link->name))
				network_route(&from->items[i], link->name,
					      &routes.items[routes.n++]);
		}
	}
	return agentc_replace_routes_of(sync->agent, devices, routes.items, routes.n,
					deadline_in(AGENTC_NETWORK_MS), err);
}

/* The record and the namespace anew: with those that have just been plugged in. */
static int tell(struct sync *sync, struct err *err)
{
	CLEANUP(strv_free) char **devices = NULL;
	int r;

	network_record_done(&sync->record);
	sync->record = (struct network_record){ 0 };
	r = network_record_read(sync->dirfd, &sync->record, err);
	if (r == 0)
		r = net_scan(sync->nl, &sync->scan, err);
	if (r == 0)
		r = tell_interfaces(sync, &devices, err);
	return r == 0 ? tell_routes(sync, devices, err) : r;
}

int network_sync(const char *sid, int dirfd, struct agentc *agent, struct err *err)
{
	__attribute__((cleanup(sync_done))) struct sync sync = { .sid = sid,
								 .dirfd = dirfd,
								 .agent = agent };
	CLEANUP(close) int netns = -1;
	int r = network_record_read(dirfd, &sync.record, err);

	if (r == -ENOENT || (r == 0 && !sync.record.settings.scanned))
		return 0;
	if (r < 0)
		return r;
	netns = netns_of(sid, err);
	r = netns < 0 ? netns : netns_netlink(netns, &sync.nl, err);
	if (r == 0)
		r = forget_gone(&sync, err);
	if (r == 0)
		r = network_add_late(sid, dirfd, agent, err);
	return r == 0 ? tell(&sync, err) : r;
}
