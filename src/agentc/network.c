/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent.pb-c.h"
#include "agentc/internal.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "katac.pb-c.h"

#define AGENT     (&grpc__agent_service__descriptor)
#define EXTENSION (&katac__agent_extension__descriptor)

void agentc_interface_done(struct agentc_interface *interface)
{
	free(interface->name);
	free(interface->mac);
	free(interface->pci_path);
	free(interface->type);
	strv_free(interface->addresses);
	*interface = (struct agentc_interface){ 0 };
}

void agentc_interfaces_done(struct agentc_interfaces *interfaces)
{
	for (size_t i = 0; i < interfaces->n; i++)
		agentc_interface_done(&interfaces->items[i]);
	free(interfaces->items);
	*interfaces = (struct agentc_interfaces){ 0 };
}

void agentc_routes_done(struct agentc_routes *routes)
{
	for (size_t i = 0; i < routes->n; i++) {
		free(routes->items[i].dest);
		free(routes->items[i].gateway);
		free(routes->items[i].device);
		free(routes->items[i].source);
	}
	free(routes->items);
	*routes = (struct agentc_routes){ 0 };
}

/* To the agent. */

/* "192.0.2.1/24" in parts; the buffer of *ret holds both. */
struct address_pb {
	Types__IPAddress message;
	char text[64];
};

static int address_to_pb(const char *text, struct address_pb *ret, struct err *err)
{
	size_t len = strcspn(text, "/");

	if (strlen(text) >= sizeof(ret->text) || text[len] != '/')
		return err_set(err, EINVAL, "address '%.64s': it has no mask", text);
	memcpy(ret->text, text, strlen(text) + 1);
	ret->text[len] = '\0';
	ret->message = (Types__IPAddress)TYPES__IPADDRESS__INIT;
	ret->message.family = strchr(text, ':') ? TYPES__IPFAMILY__v6 : TYPES__IPFAMILY__v4;
	ret->message.address = ret->text;
	ret->message.mask = ret->text + len + 1;
	return 0;
}

static void route_to_pb(const struct agentc_route *from, Types__Route *ret)
{
	*ret = (Types__Route)TYPES__ROUTE__INIT;
	ret->dest = agentc_text(from->dest);
	ret->gateway = agentc_text(from->gateway);
	ret->device = agentc_text(from->device);
	ret->source = agentc_text(from->source);
	ret->scope = from->scope;
	ret->flags = from->flags;
	ret->mtu = from->mtu;
	ret->family = from->ipv6 || strchr(ret->dest, ':') || strchr(ret->gateway, ':')
			      ? TYPES__IPFAMILY__v6
			      : TYPES__IPFAMILY__v4;
}

/* From the agent. */

static char *printable(const char *text)
{
	return str_printable(xstrdup(text));
}

static int too_many(const char *what, size_t n, struct err *err)
{
	return err_set_as(err, ERR_AGENT_NONSENSE, EBADMSG,
			  "the agent tells of %zu %s, allowed are %u", n, what, AGENTC_NETWORK_MAX);
}

static int take_interface(void *data, const ProtobufCMessage *message, struct err *err)
{
	const Types__Interface *from = (const Types__Interface *)message;
	struct agentc_interface *to = data;

	if (!to)
		return 0;
	if (from->n_ipaddresses > AGENTC_NETWORK_MAX)
		return too_many("addresses", from->n_ipaddresses, err);
	to->name = printable(from->name);
	to->mac = printable(from->hwaddr);
	to->pci_path = printable(from->devicepath);
	to->type = printable(from->type);
	to->mtu = from->mtu > UINT32_MAX ? UINT32_MAX : (uint32_t)from->mtu;
	to->flags = from->raw_flags;
	for (size_t i = 0; i < from->n_ipaddresses; i++)
		strv_take(&to->addresses,
			  str_printable(xasprintf("%s/%s", from->ipaddresses[i]->address,
						  from->ipaddresses[i]->mask)));
	return 0;
}

static int take_interfaces(void *data, const ProtobufCMessage *message, struct err *err)
{
	const Grpc__Interfaces *from = (const Grpc__Interfaces *)message;
	struct agentc_interfaces *to = data;
	int r = 0;

	if (from->n_interfaces > AGENTC_NETWORK_MAX)
		return too_many("interfaces", from->n_interfaces, err);
	to->items = xcalloc(from->n_interfaces, sizeof(*to->items));
	while (r == 0 && to->n < from->n_interfaces) {
		r = take_interface(&to->items[to->n], &from->interfaces[to->n]->base, err);
		to->n++;
	}
	return r;
}

static void route_from_pb(const Types__Route *from, struct agentc_route *to)
{
	to->dest = printable(from->dest);
	to->gateway = printable(from->gateway);
	to->device = printable(from->device);
	to->source = printable(from->source);
	to->scope = from->scope;
	to->flags = from->flags;
	to->mtu = from->mtu;
	to->ipv6 = from->family == TYPES__IPFAMILY__v6;
}

static int take_routes(void *data, const ProtobufCMessage *message, struct err *err)
{
	const Grpc__Routes *from = (const Grpc__Routes *)message;
	struct agentc_routes *to = data;

	if (!to)
		return 0;
	if (from->n_routes > AGENTC_NETWORK_MAX)
		return too_many("routes", from->n_routes, err);
	to->items = xcalloc(from->n_routes, sizeof(*to->items));
	for (; to->n < from->n_routes; to->n++)
		route_from_pb(from->routes[to->n], &to->items[to->n]);
	return 0;
}

static int take_extended_routes(void *data, const ProtobufCMessage *message, struct err *err)
{
	const Katac__Routes *from = (const Katac__Routes *)message;
	const Types__Route empty = TYPES__ROUTE__INIT;
	struct agentc_routes *to = data;

	if (!to)
		return 0;
	if (from->n_routes > AGENTC_NETWORK_MAX)
		return too_many("routes", from->n_routes, err);
	to->items = xcalloc(from->n_routes, sizeof(*to->items));
	for (; to->n < from->n_routes; to->n++) {
		const Katac__Route *route = from->routes[to->n];

		route_from_pb(route->route ? route->route : &empty, &to->items[to->n]);
		to->items[to->n].metric = route->metric;
	}
	return 0;
}

/* The calls. */

static int fail_with_interface(int r, struct agentc_interface *ret)
{
	if (r < 0 && ret)
		agentc_interface_done(ret);
	return r;
}

static int fail_with_routes(int r, struct agentc_routes *ret)
{
	if (r < 0 && ret)
		agentc_routes_done(ret);
	return r;
}

int agentc_update_interface(struct agentc *agent, const struct agentc_interface *interface,
			    uint64_t deadline, struct agentc_interface *ret, struct err *err)
{
	Grpc__UpdateInterfaceRequest standard = GRPC__UPDATE_INTERFACE_REQUEST__INIT;
	Katac__UpdateInterfaceRequest extended = KATAC__UPDATE_INTERFACE_REQUEST__INIT;
	Types__Interface message = TYPES__INTERFACE__INIT;
	size_t n = strv_len(interface->addresses);
	CLEANUP(free) struct address_pb *parts = xcalloc(n, sizeof(*parts));
	CLEANUP(free) Types__IPAddress **list = xcalloc(n, sizeof(*list));
	int r;

	for (size_t i = 0; i < n; i++) {
		r = address_to_pb(interface->addresses[i], &parts[i], err);
		if (r < 0)
			return r;
		list[i] = &parts[i].message;
	}
	message.device = agentc_text(interface->name);
	message.name = agentc_text(interface->name);
	message.hwaddr = agentc_text(interface->mac);
	message.devicepath = agentc_text(interface->pci_path);
	message.type = agentc_text(interface->type);
	message.mtu = interface->mtu;
	message.raw_flags = interface->flags;
	message.n_ipaddresses = n;
	message.ipaddresses = list;
	standard.interface = &message;
	extended.interface = &message;
	extended.queues = interface->queues;
	if (ret)
		*ret = (struct agentc_interface){ 0 };
	r = interface->queues == 0
		    ? agentc_call(agent, AGENT, "UpdateInterface", &standard.base, deadline,
				  take_interface, ret, err)
		    : agentc_call(agent, EXTENSION, "UpdateInterface", &extended.base, deadline,
				  take_interface, ret, err);
	return fail_with_interface(r, ret);
}

/* For which 3.x's message has no field. */
static bool any_metric(const struct agentc_route *routes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (routes[i].metric != 0)
			return true;
	return false;
}

static int set_routes(struct agentc *agent, Types__Route **list, size_t n, uint64_t deadline,
		      struct agentc_routes *ret, struct err *err)
{
	Grpc__UpdateRoutesRequest message = GRPC__UPDATE_ROUTES_REQUEST__INIT;
	Grpc__Routes routes = GRPC__ROUTES__INIT;

	routes.n_routes = n;
	routes.routes = list;
	message.routes = &routes;
	return agentc_call(agent, AGENT, "UpdateRoutes", &message.base, deadline, take_routes, ret,
			   err);
}

static int set_extended_routes(struct agentc *agent, const struct agentc_route *from,
			       Types__Route **list, size_t n, bool increment, char *const *devices,
			       uint64_t deadline, struct agentc_routes *ret, struct err *err)
{
	Katac__UpdateRoutesRequest message = KATAC__UPDATE_ROUTES_REQUEST__INIT;
	CLEANUP(free) Katac__Route *parts = xcalloc(n, sizeof(*parts));
	CLEANUP(free) Katac__Route **routes = xcalloc(n, sizeof(*routes));

	for (size_t i = 0; i < n; i++) {
		parts[i] = (Katac__Route)KATAC__ROUTE__INIT;
		parts[i].route = list[i];
		parts[i].metric = from[i].metric;
		routes[i] = &parts[i];
	}
	message.n_routes = n;
	message.routes = routes;
	message.increment = increment;
	message.n_devices = strv_len(devices);
	message.devices = (char **)(uintptr_t)devices;
	return agentc_call(agent, EXTENSION, "UpdateRoutes", &message.base, deadline,
			   take_extended_routes, ret, err);
}

static int update_routes(struct agentc *agent, const struct agentc_route *routes, size_t n_routes,
			 bool increment, char *const *devices, uint64_t deadline,
			 struct agentc_routes *ret, struct err *err)
{
	CLEANUP(free) Types__Route *parts = xcalloc(n_routes, sizeof(*parts));
	CLEANUP(free) Types__Route **list = xcalloc(n_routes, sizeof(*list));
	int r;

	for (size_t i = 0; i < n_routes; i++) {
		route_to_pb(&routes[i], &parts[i]);
		list[i] = &parts[i];
	}
	if (ret)
		*ret = (struct agentc_routes){ 0 };
	r = increment || devices || any_metric(routes, n_routes)
		    ? set_extended_routes(agent, routes, list, n_routes, increment, devices,
					  deadline, ret, err)
		    : set_routes(agent, list, n_routes, deadline, ret, err);
	return fail_with_routes(r, ret);
}

int agentc_update_routes(struct agentc *agent, const struct agentc_route *routes, size_t n_routes,
			 bool increment, uint64_t deadline, struct agentc_routes *ret,
			 struct err *err)
{
	return update_routes(agent, routes, n_routes, increment, NULL, deadline, ret, err);
}

int agentc_replace_routes_of(struct agentc *agent, char *const *devices,
			     const struct agentc_route *routes, size_t n_routes, uint64_t deadline,
			     struct err *err)
{
	return update_routes(agent, routes, n_routes, false, devices, deadline, NULL, err);
}

int agentc_delete_routes(struct agentc *agent, const char *dest, const char *gateway,
			 const char *device, uint64_t deadline, struct agentc_routes *ret,
			 struct err *err)
{
	Katac__DeleteRoutesRequest message = KATAC__DELETE_ROUTES_REQUEST__INIT;

	message.dest = agentc_text(dest);
	message.gateway = agentc_text(gateway);
	message.device = agentc_text(device);
	if (ret)
		*ret = (struct agentc_routes){ 0 };
	return fail_with_routes(agentc_call(agent, EXTENSION, "DeleteRoutes", &message.base,
					    deadline, take_extended_routes, ret, err),
				ret);
}

int agentc_add_neighbours(struct agentc *agent, const struct agentc_neighbour *neighbours,
			  size_t n_neighbours, uint64_t deadline, struct err *err)
{
	Grpc__AddARPNeighborsRequest message = GRPC__ADD_ARPNEIGHBORS_REQUEST__INIT;
	Grpc__ARPNeighbors all = GRPC__ARPNEIGHBORS__INIT;
	CLEANUP(free) Types__IPAddress *addresses = xcalloc(n_neighbours, sizeof(*addresses));
	CLEANUP(free) Types__ARPNeighbor *parts = xcalloc(n_neighbours, sizeof(*parts));
	CLEANUP(free) Types__ARPNeighbor **list = xcalloc(n_neighbours, sizeof(*list));

	for (size_t i = 0; i < n_neighbours; i++) {
		const struct agentc_neighbour *from = &neighbours[i];

		addresses[i] = (Types__IPAddress)TYPES__IPADDRESS__INIT;
		addresses[i].family = from->ipv6 ? TYPES__IPFAMILY__v6 : TYPES__IPFAMILY__v4;
		addresses[i].address = agentc_text(from->address);
		parts[i] = (Types__ARPNeighbor)TYPES__ARPNEIGHBOR__INIT;
		parts[i].toipaddress = &addresses[i];
		parts[i].device = agentc_text(from->device);
		parts[i].lladdr = agentc_text(from->mac);
		parts[i].state = (int32_t)from->state;
		parts[i].flags = (int32_t)from->flags;
		list[i] = &parts[i];
	}
	all.n_arpneighbors = n_neighbours;
	all.arpneighbors = list;
	message.neighbors = &all;
	return agentc_call(agent, AGENT, "AddARPNeighbors", &message.base, deadline, NULL, NULL,
			   err);
}

int agentc_list_interfaces(struct agentc *agent, uint64_t deadline, struct agentc_interfaces *ret,
			   struct err *err)
{
	Grpc__ListInterfacesRequest message = GRPC__LIST_INTERFACES_REQUEST__INIT;
	int r;

	*ret = (struct agentc_interfaces){ 0 };
	r = agentc_call(agent, AGENT, "ListInterfaces", &message.base, deadline, take_interfaces,
			ret, err);
	if (r < 0)
		agentc_interfaces_done(ret);
	return r;
}

int agentc_list_routes(struct agentc *agent, uint64_t deadline, struct agentc_routes *ret,
		       struct err *err)
{
	Grpc__ListRoutesRequest message = GRPC__LIST_ROUTES_REQUEST__INIT;

	*ret = (struct agentc_routes){ 0 };
	return fail_with_routes(agentc_call(agent, AGENT, "ListRoutes", &message.base, deadline,
					    take_routes, ret, err),
				ret);
}

void agentc_network_stats_done(struct agentc_network_stats *stats)
{
	for (size_t i = 0; i < stats->n_interfaces; i++)
		free(stats->interfaces[i].name);
	free(stats->interfaces);
	*stats = (struct agentc_network_stats){ 0 };
}

/* What is missing counts as nothing. */
static void take_counts(uint64_t *ret, size_t n, const uint64_t *from, size_t n_from)
{
	for (size_t i = 0; i < n && i < n_from; i++)
		ret[i] = from[i];
}

static int take_network_stats(void *data, const ProtobufCMessage *response, struct err *err)
{
	const Katac__NetworkStatsResponse *from = (const Katac__NetworkStatsResponse *)response;
	struct agentc_network_stats *ret = data;

	if (from->n_interfaces > AGENTC_NETWORK_MAX)
		return err_set_as(err, ERR_AGENT_NONSENSE, EBADMSG,
				  "NetworkStats: %zu interfaces, allowed are %u",
				  from->n_interfaces, AGENTC_NETWORK_MAX);
	ret->interfaces = xcalloc(from->n_interfaces + 1, sizeof(*ret->interfaces));
	for (size_t i = 0; i < from->n_interfaces; i++) {
		const Katac__InterfaceStats *interface = from->interfaces[i];

		ret->interfaces[ret->n_interfaces].name = str_printable(xstrdup(interface->name));
		take_counts(ret->interfaces[ret->n_interfaces++].counters, 8, interface->counters,
			    interface->n_counters);
	}
	take_counts(ret->tcp[0], AGENTC_TCP_STATES, from->tcp, from->n_tcp);
	take_counts(ret->tcp[1], AGENTC_TCP_STATES, from->tcp6, from->n_tcp6);
	take_counts(ret->udp[0], AGENTC_UDP_COUNTS, from->udp, from->n_udp);
	take_counts(ret->udp[1], AGENTC_UDP_COUNTS, from->udp6, from->n_udp6);
	return 0;
}

int agentc_network_stats(struct agentc *agent, uint64_t deadline, struct agentc_network_stats *ret,
			 struct err *err)
{
	Katac__NetworkStatsRequest message = KATAC__NETWORK_STATS_REQUEST__INIT;
	int r;

	*ret = (struct agentc_network_stats){ 0 };
	r = agentc_call(agent, EXTENSION, "NetworkStats", &message.base, deadline,
			take_network_stats, ret, err);
	if (r < 0)
		agentc_network_stats_done(ret);
	return r;
}
