/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentc/network.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "net/enter.h"
#include "net/tap.h"
#include "net/vhost.h"
#include "sandbox/netns.h"
#include "sandbox/nic_physical.h"
#include "sandbox/nic_records.h"
#include "sandbox/paths.h"
#include "vfio/memlock.h"
#include "vm/plug.h"

#define MAC_LEN 18u /* "02:42:ac:11:00:02" and its NUL */

void network_done(struct sandbox_network *network)
{
	for (size_t i = 0; network->taps && i < network->record.n; i++)
		tap_free(network->taps[i]);
	free(network->taps);
	free(network->paths);
	for (size_t i = 0; i < network->n; i++)
		free((void *)(uintptr_t)network->nics[i].mac);
	free(network->nics);
	while (network->n_vhost > 0)
		close(network->vhost[--network->n_vhost]);
	free(network->vhost);
	net_scan_done(&network->scan);
	network_record_done(&network->record);
	*network = (struct sandbox_network){ 0 };
}

void network_choose(const struct config *config, const char *path, struct network_settings *ret)
{
	const char *model = config->runtime.internetworking_model;

	ret->netns = path ? xstrdup(path) : NULL;
	ret->scanned = !str_eq(model, "none") && !config->runtime.disable_new_netns;
	if (wire_model_parse(model, &ret->model) < 0)
		ret->model = WIRE_TCFILTER; /* "default" */
	ret->vhost = !config->hypervisor.disable_vhost_net;
	ret->n_queues = (uint32_t)config->hypervisor.default_vcpus;
	if (ret->n_queues > TAP_QUEUES_MAX)
		ret->n_queues = TAP_QUEUES_MAX;
}

static void note_netns(struct network_record *record, int netns)
{
	struct stat st;

	record->netns_ino = fstat(netns, &st) == 0 ? st.st_ino : 0;
}

/* A wire for an endpoint that has none yet; its record is written before anything is made. */
static int plan(int netns, struct netlink *nl, const struct net_scan *scan, size_t i,
		struct network_record *record, struct err *err)
{
	const struct sysfs sysfs = sysfs_of_host();
	uint16_t from = record->n > 0 ? (uint16_t)(record->wires[record->n - 1].number + 1) : 0;
	uint16_t number = 0;
	int r = wire_free_number(nl, from, &number, err);

	if (r < 0)
		return r;
	record->wires = xrealloc(record->wires, (record->n + 1) * sizeof(*record->wires));
	wire_plan(scan, i, record->settings.model, number, &record->wires[record->n]);
	r = wire_check(nl, &record->wires[record->n], err);
	if (r == 0 && record->wires[record->n].model == WIRE_PHYSICAL)
		r = nic_physical_plan(&sysfs, netns, &record->wires[record->n], err);
	if (r < 0)
		wire_done(&record->wires[record->n]);
	else
		record->n++;
	return r;
}

/* As many as a tap has queues. */
static const int *open_vhost(struct sandbox_network *network, size_t n)
{
	size_t first = network->n_vhost;

	if (!network->record.settings.vhost || !vhost_net_open(n, network->vhost + first))
		return NULL;
	network->n_vhost += n;
	return network->vhost + first;
}

static int connect_one(struct sandbox_network *network, struct netlink *nl, int netns, size_t i,
		       struct err *err)
{
	const struct wire *wire = &network->record.wires[i];
	const struct rtnl_link *link = &network->scan.endpoints[i].link;
	const struct sysfs sysfs = sysfs_of_host();
	struct vm_nic *nic = &network->nics[network->n];
	int r = 0;

	network->n_connected++;
	if (wire->model == WIRE_PHYSICAL) {
		r = nic_physical_take(&sysfs, wire, err);
		return r == 0 ? fault_point("interface connected", err) : r;
	}
	r = wire_connect(netns, nl, wire, link->mtu, network->record.settings.n_queues,
			 &network->taps[i], err);
	if (r < 0)
		return r;
	nic->mac = rtnl_mac_text(wire->mac, xcalloc(1, MAC_LEN), MAC_LEN);
	nic->queues = network->taps[i]->fds;
	nic->n_queues = network->taps[i]->n_fds;
	nic->vhost = open_vhost(network, nic->n_queues);
	network->n++;
	return fault_point("interface connected", err);
}

static int connect_all(struct sandbox_network *network, struct netlink *nl, int netns, int dirfd,
		       struct err *err)
{
	struct net_scan *scan = &network->scan;
	int r = net_scan(nl, scan, err);

	if (r < 0 || scan->n == 0)
		return r;
	note_netns(&network->record, netns);
	for (size_t i = 0; r == 0 && i < scan->n; i++)
		r = plan(netns, nl, scan, i, &network->record, err);
	if (r == 0)
		r = network_record_write(dirfd, &network->record, err);
	if (r == 0)
		r = fault_point("network record", err);
	if (r < 0)
		return r;
	network->taps = xcalloc(scan->n + 1, sizeof(struct tap *));
	network->paths = xcalloc(scan->n + 1, sizeof(*network->paths));
	network->nics = xcalloc(scan->n + 1, sizeof(*network->nics));
	network->vhost = xcalloc(scan->n * network->record.settings.n_queues + 1, sizeof(int));
	for (size_t i = 0; r == 0 && i < scan->n; i++)
		r = connect_one(network, nl, netns, i, err);
	return r;
}

int network_connect(struct sandbox_network *network, int dirfd, int netns, struct err *err)
{
	CLEANUP(netlink_free) struct netlink *nl = NULL;
	int r;

	if (!network->record.settings.scanned)
		return 0;
	r = netns_netlink(netns, &nl, err);
	return r == 0 ? connect_all(network, nl, netns, dirfd, err) : r;
}

size_t network_n_vfio(const struct sandbox_network *network)
{
	size_t n = 0;

	for (size_t i = 0; i < network->n_connected; i++)
		n += network->record.wires[i].model == WIRE_PHYSICAL;
	return n;
}

void network_for_vm(const struct sandbox_network *network, struct vm_vfio *ret)
{
	for (size_t i = 0; i < network->n_connected; i++)
		if (network->record.wires[i].model == WIRE_PHYSICAL)
			*ret++ = (struct vm_vfio){ .name = network->record.wires[i].pci };
}

void network_from_vm(struct sandbox_network *network, const struct vm_vfio *from)
{
	for (size_t i = 0; i < network->n_connected; i++)
		if (network->record.wires[i].model == WIRE_PHYSICAL)
			memcpy(network->paths[i], (from++)->path, sizeof(network->paths[i]));
}

/* --- in the guest -------------------------------------------------------------- */

int network_tell_interface(const struct net_endpoint *endpoint, const struct wire *wire,
			   char *pci_path, size_t n_queues, struct agentc *agent, struct err *err)
{
	CLEANUP(strv_free) char **addresses = NULL;
	char text[RTNL_TEXT_LEN];
	char mac[MAC_LEN];
	struct rtnl_link link = endpoint->link;
	const struct agentc_interface interface = {
		.name = link.name,
		/* Hardware has its own, whatever the host had made of it. */
		.mac = wire->model == WIRE_PHYSICAL ? NULL
						    : rtnl_mac_text(wire->mac, mac, sizeof(mac)),
		.pci_path = pci_path,
		.type = link.kind,
		.mtu = link.mtu,
		.flags = link.flags & IFF_NOARP,
		.queues = n_queues > 1 ? (uint32_t)n_queues : 0,
	};
	struct agentc_interface with = interface;
	int r;

	for (size_t i = 0; i < endpoint->n_addresses; i++)
		strv_add(&addresses,
			 rtnl_prefix_text(&endpoint->addresses[i].ip,
					  endpoint->addresses[i].prefix_len, text, sizeof(text)));
	with.addresses = addresses;
	r = agentc_update_interface(agent, &with, deadline_in(AGENTC_NETWORK_MS), NULL, err);
	return r < 0 ? err_prefix(err, "network: %s", link.name) : 0;
}

static const struct net_endpoint *endpoint_of(const struct net_scan *scan, int index)
{
	for (size_t i = 0; i < scan->n; i++)
		if (scan->endpoints[i].link.index == index)
			return &scan->endpoints[i];
	return NULL;
}

void network_route(const struct rtnl_route *route, const char *device, struct agentc_route *ret)
{
	char text[RTNL_TEXT_LEN];

	*ret = (struct agentc_route){
		.dest = xstrdup(route->dest.family ? rtnl_prefix_text(&route->dest, route->dest_len,
								      text, sizeof(text))
						   : ""),
		.gateway = xstrdup(rtnl_ip_text(&route->gateway, text, sizeof(text))),
		.device = xstrdup(device),
		.source = xstrdup(rtnl_ip_text(&route->source, text, sizeof(text))),
		.scope = route->scope,
		.flags = route->flags,
		.mtu = route->mtu,
		.metric = route->metric,
		.ipv6 = route->family == AF_INET6,
	};
}

/* Those over interfaces from @first of the scan on. */
static int tell_routes(const struct net_scan *scan, const bool *told, struct agentc *agent,
		       struct err *err)
{
	__attribute__((cleanup(agentc_routes_done))) struct agentc_routes routes = { 0 };

	routes.items = xcalloc(scan->routes.n + 1, sizeof(*routes.items));
	for (size_t i = 0; i < scan->routes.n; i++) {
		const struct rtnl_route *route = &scan->routes.items[i];
		const struct net_endpoint *endpoint = endpoint_of(scan, route->index);

		if (endpoint && route->multipath)
			log_warn("network: a route over several links: the guest gets the one over "
				 "%s",
				 endpoint->link.name);
		if (endpoint && told[endpoint - scan->endpoints])
			network_route(route, endpoint->link.name, &routes.items[routes.n++]);
	}
	if (routes.n == 0)
		return 0;
	return agentc_update_routes(agent, routes.items, routes.n, true,
				    deadline_in(AGENTC_NETWORK_MS), NULL, err);
}

static int tell_neighbours(const struct net_scan *scan, const bool *told, struct agentc *agent,
			   struct err *err)
{
	struct agentc_neighbour *list = xcalloc(scan->neighbours.n + 1, sizeof(*list));
	char(*texts)[RTNL_TEXT_LEN] = xcalloc(2 * scan->neighbours.n + 1, sizeof(*texts));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < scan->neighbours.n; i++) {
		const struct rtnl_neighbour *neighbour = &scan->neighbours.items[i];
		const struct net_endpoint *endpoint = endpoint_of(scan, neighbour->index);

		if (!endpoint || !told[endpoint - scan->endpoints])
			continue;
		list[n++] = (struct agentc_neighbour){
			.address = rtnl_ip_text(&neighbour->ip, texts[2 * i], RTNL_TEXT_LEN),
			.mac = rtnl_mac_text(neighbour->mac, texts[2 * i + 1], RTNL_TEXT_LEN),
			.device = endpoint->link.name,
			.state = neighbour->state,
			.flags = neighbour->flags,
			.ipv6 = neighbour->ip.family == AF_INET6,
		};
	}
	if (n > 0)
		r = agentc_add_neighbours(agent, list, n, deadline_in(AGENTC_NETWORK_MS), err);
	free(list);
	free(texts);
	return r;
}

int network_tell(const struct sandbox_network *network, struct agentc *agent, struct err *err)
{
	const struct net_scan *scan = &network->scan;
	bool told[NET_ENDPOINTS_MAX] = { false };
	int r = 0;

	for (size_t i = 0; r == 0 && i < network->n_connected; i++) {
		struct tap *tap = network->taps[i];

		r = network_tell_interface(&scan->endpoints[i], &network->record.wires[i],
					   tap && !network->plugged ? NULL : network->paths[i],
					   tap ? tap->n_fds : 0, agent, err);
		told[i] = true;
	}
	if (r == 0)
		r = tell_routes(scan, told, agent, err);
	if (r == 0)
		r = tell_neighbours(scan, told, agent, err);
	return r;
}

/* --- later --------------------------------------------------------------------- */

static bool is_connected(const struct network_record *record, int index)
{
	for (size_t i = 0; i < record->n; i++)
		if (record->wires[i].index == index)
			return true;
	return false;
}

/* What the late ones need, one after the other. */
struct late {
	const char *sid;
	int dirfd;
	int netns;
	struct agentc *agent;
	struct netlink *nl;
	struct nic_records others; /* kata-network's, whose taps are there too */
	struct sandbox_network network;
};

char *network_plug_name(const struct wire *wire)
{
	return xasprintf("late%u", wire->number);
}

static int plug_in(const char *sid, const struct wire *wire, const struct tap *tap,
		   const int *vhost, char ret_path[PLUG_PATH_LEN], struct err *err)
{
	CLEANUP(free) char *dir = paths_vm(sid);
	CLEANUP(free) char *name = network_plug_name(wire);
	CLEANUP(plug_close) struct plug *plug = NULL;
	char mac[MAC_LEN];
	const struct plug_nic nic = { .name = name,
				      .mac = rtnl_mac_text(wire->mac, mac, sizeof(mac)),
				      .queues = tap->fds,
				      .n_queues = tap->n_fds,
				      .vhost = vhost };
	int r = plug_open(dir, &plug, err);

	return r == 0 ? plug_nic_add(plug, &nic, ret_path, err) : r;
}

/* Hardware, which vfio has already. */
static int plug_hardware(const char *sid, const struct wire *wire, char ret_path[PLUG_PATH_LEN],
			 struct err *err)
{
	CLEANUP(free) char *dir = paths_vm(sid);
	CLEANUP(plug_close) struct plug *plug = NULL;
	struct proc_id qemu = { 0 };
	int r;

	if (vm_process(dir, &qemu) < 0)
		return err_set(err, EPIPE, "the virtual machine has ended");
	r = vfio_lift_memlock(qemu.pid, err);
	if (r == 0)
		r = plug_open(dir, &plug, err);
	return r == 0 ? plug_vfio_add(plug, wire->pci, false, ret_path, err) : r;
}

int network_plug(struct sandbox_network *network, const char *sid, struct err *err)
{
	size_t nic = 0;
	int r = 0;

	network->plugged = true;
	for (size_t i = 0; r == 0 && i < network->n_connected; i++) {
		const struct wire *wire = &network->record.wires[i];

		if (network->taps[i])
			r = plug_in(sid, wire, network->taps[i], network->nics[nic++].vhost,
				    network->paths[i], err);
		else
			r = plug_hardware(sid, wire, network->paths[i], err);
	}
	return r;
}

/* Hardware that came late. */
static int plug_physical(const struct late *late, const struct wire *wire,
			 char ret_path[PLUG_PATH_LEN], struct err *err)
{
	const struct sysfs sysfs = sysfs_of_host();
	int r = nic_physical_take(&sysfs, wire, err);

	if (r == 0)
		r = fault_point("late interface connected", err);
	return r == 0 ? plug_hardware(late->sid, wire, ret_path, err) : r;
}

static int plug_virtual(struct late *late, const struct wire *wire, uint32_t mtu,
			char ret_path[PLUG_PATH_LEN], size_t *ret_queues, struct err *err)
{
	CLEANUP(tap_free) struct tap *tap = NULL;
	int r = wire_connect(late->netns, late->nl, wire, mtu,
			     late->network.record.settings.n_queues, &tap, err);

	if (r == 0)
		r = fault_point("late interface connected", err);
	if (r < 0)
		return r;
	*ret_queues = tap->n_fds;
	return plug_in(late->sid, wire, tap, open_vhost(&late->network, tap->n_fds), ret_path, err);
}

static int add_late(struct late *late, size_t i, struct err *err)
{
	const struct net_scan *scan = &late->network.scan;
	const struct net_endpoint *endpoint = &scan->endpoints[i];
	struct network_record *record = &late->network.record;
	char path[PLUG_PATH_LEN] = "";
	const struct wire *wire;
	size_t queues = 0;
	int r;

	r = plan(late->netns, late->nl, scan, i, record, err);
	if (r == 0)
		r = network_record_write(late->dirfd, record, err);
	if (r == 0)
		r = fault_point("late interface recorded", err);
	if (r < 0)
		return r;
	wire = &record->wires[record->n - 1];
	r = wire->model == WIRE_PHYSICAL
		    ? plug_physical(late, wire, path, err)
		    : plug_virtual(late, wire, endpoint->link.mtu, path, &queues, err);
	if (r == 0)
		r = fault_point("late interface plugged in", err);
	return r == 0 ? network_tell_interface(endpoint, wire, path, queues, late->agent, err) : r;
}

static int add_all_late(struct late *late, struct err *err)
{
	struct net_scan *scan = &late->network.scan;
	bool told[NET_ENDPOINTS_MAX] = { false };
	size_t n = 0;
	int r = net_scan(late->nl, scan, err);

	for (size_t i = 0; r == 0 && i < scan->n; i++) {
		if (is_connected(&late->network.record, scan->endpoints[i].link.index) ||
		    nic_records_use(&late->others, scan->endpoints[i].link.name))
			continue;
		late->network.vhost =
			xrealloc(late->network.vhost,
				 (late->network.n_vhost + TAP_QUEUES_MAX) * sizeof(int));
		r = add_late(late, i, err);
		told[i] = true;
		n++;
	}
	if (r == 0 && n > 0)
		r = tell_routes(scan, told, late->agent, err);
	if (r == 0 && n > 0)
		r = tell_neighbours(scan, told, late->agent, err);
	return r;
}

int network_add_late(const char *sid, int dirfd, struct agentc *agent, struct err *err)
{
	CLEANUP(netlink_free) struct netlink *nl = NULL;
	CLEANUP(close) int netns = -1;
	struct late late = { .sid = sid, .dirfd = dirfd, .agent = agent };
	int r = network_record_read(dirfd, &late.network.record, err);

	if (r == 0)
		r = nic_records_read(dirfd, &late.others, err);
	if (r == 0 && late.network.record.settings.scanned) {
		netns = netns_of(sid, err);
		r = netns < 0 ? netns : netns_netlink(netns, &nl, err);
		late.netns = netns;
		late.nl = nl;
		note_netns(&late.network.record, netns);
		if (r == 0)
			r = add_all_late(&late, err);
	}
	network_done(&late.network);
	nic_records_done(&late.others);
	return r == -ENOENT ? 0 : r;
}

/* --- the end ------------------------------------------------------------------- */

/* A namespace of the engine's that is still what it was: one of ours is gone by now. */
static int open_named(const struct network_record *record)
{
	struct stat st;
	CLEANUP(close) int fd = -1;

	if (!record->settings.netns || record->n == 0)
		return -1;
	fd = open(record->settings.netns, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_ino != record->netns_ino)
		return -1;
	return take_fd(&fd);
}

/* Whatever became of the namespace: the host has its hardware again. */
static void undo_physical(const struct wire *wire, int netns)
{
	const struct sysfs sysfs = sysfs_of_host();
	CLEANUP(netlink_free) struct netlink *host = NULL;
	struct err err = { 0 };
	int r = netlink_open(NETLINK_ROUTE, &host, &err);

	if (r == 0)
		r = nic_physical_give_back(&sysfs, wire, host, netns, &err);
	if (r < 0)
		log_warn("%s", err.text);
}

void network_undo(int dirfd)
{
	__attribute__((cleanup(network_record_done))) struct network_record record = { 0 };
	CLEANUP(netlink_free) struct netlink *nl = NULL;
	CLEANUP(close) int netns = -1;
	struct err err = { 0 };
	int r = network_record_read(dirfd, &record, &err);

	if (r == 0)
		netns = open_named(&record);
	if (netns >= 0)
		r = netns_netlink(netns, &nl, &err);
	for (size_t i = 0; i < record.n; i++) {
		const struct wire *wire = &record.wires[i];

		if (wire->model == WIRE_PHYSICAL) {
			undo_physical(wire, netns);
		} else if (nl) {
			r = wire_disconnect(nl, wire, &err);
			if (r < 0)
				log_warn("network: %s stays as it is: %s", wire->name, err.text);
		}
	}
	if (r < 0 && !nl && r != -ENOENT)
		log_warn("network: %s", err.text);
}
