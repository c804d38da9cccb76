/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/ipvs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentc/address_pb.h"
#include "agentc/internal.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "katac.pb-c.h"

#define RULES_PER_CALL 1024u /* the agent takes no more */
#define SERVICE        (&katac__agent_extension__descriptor)

ProtobufCBinaryData address_to_pb(const struct ipvs_address *from)
{
	ProtobufCBinaryData data = { 0 };

	if (from->family == AF_INET) {
		data.len = sizeof(from->v4);
		data.data = (uint8_t *)(uintptr_t)&from->v4;
	} else if (from->family == AF_INET6) {
		data.len = sizeof(from->v6);
		data.data = (uint8_t *)(uintptr_t)&from->v6;
	}
	return data;
}

bool address_from_pb(ProtobufCBinaryData from, uint32_t port, struct ipvs_address *ret)
{
	*ret = (struct ipvs_address){ .port = (uint16_t)port };
	if (port > UINT16_MAX)
		return false;
	if (from.len == sizeof(ret->v4)) {
		ret->family = AF_INET;
		memcpy(&ret->v4, from.data, sizeof(ret->v4));
	} else if (from.len == sizeof(ret->v6)) {
		ret->family = AF_INET6;
		memcpy(&ret->v6, from.data, sizeof(ret->v6));
	}
	return ret->family != 0;
}

void name_from_pb(const char *from, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s", from);
	(void)str_printable(ret);
}

/* Changes. */

static Katac__IpvsRule rule_to_pb(const struct ipvs_rule *from)
{
	static const Katac__IpvsRule__Operation operations[] = {
		[IPVS_ADD_SERVICE] = KATAC__IPVS_RULE__OPERATION__ADD_SERVICE,
		[IPVS_EDIT_SERVICE] = KATAC__IPVS_RULE__OPERATION__EDIT_SERVICE,
		[IPVS_DELETE_SERVICE] = KATAC__IPVS_RULE__OPERATION__DELETE_SERVICE,
		[IPVS_ADD_SERVER] = KATAC__IPVS_RULE__OPERATION__ADD_SERVER,
		[IPVS_EDIT_SERVER] = KATAC__IPVS_RULE__OPERATION__EDIT_SERVER,
		[IPVS_DELETE_SERVER] = KATAC__IPVS_RULE__OPERATION__DELETE_SERVER,
		[IPVS_CLEAR] = KATAC__IPVS_RULE__OPERATION__CLEAR,
		[IPVS_ZERO] = KATAC__IPVS_RULE__OPERATION__ZERO,
		[IPVS_SET_TIMEOUTS] = KATAC__IPVS_RULE__OPERATION__SET_TIMEOUTS,
	};
	Katac__IpvsRule to = KATAC__IPVS_RULE__INIT;

	to.operation = operations[from->operation];
	to.line = from->line;
	to.protocol = (uint32_t)from->protocol;
	to.address = address_to_pb(&from->service);
	to.port = from->service.port;
	to.scheduler = (char *)(uintptr_t)from->scheduler;
	to.persistent = from->persistent;
	to.server_address = address_to_pb(&from->server);
	to.server_port = from->server.port;
	to.weight = from->weight;
	to.timeout_tcp = from->timeouts.tcp;
	to.timeout_tcp_fin = from->timeouts.tcp_fin;
	to.timeout_udp = from->timeouts.udp;
	return to;
}

int agentc_ipvs_change(struct agentc *agent, const struct ipvs_rule *rules, size_t n,
		       uint64_t deadline, struct err *err)
{
	CLEANUP(free) Katac__IpvsRule *parts = xcalloc(RULES_PER_CALL, sizeof(*parts));
	CLEANUP(free) Katac__IpvsRule **list = xcalloc(RULES_PER_CALL, sizeof(Katac__IpvsRule *));
	Katac__IpvsChangeRequest message = KATAC__IPVS_CHANGE_REQUEST__INIT;
	int r = 0;

	message.rules = list;
	for (size_t done = 0; done < n && r == 0; done += message.n_rules) {
		size_t left = n - done;

		message.more = left > RULES_PER_CALL;
		message.n_rules = message.more ? RULES_PER_CALL : left;
		for (size_t i = 0; i < message.n_rules; i++) {
			parts[i] = rule_to_pb(&rules[done + i]);
			list[i] = &parts[i];
		}
		r = agentc_call(agent, SERVICE, "IpvsChange", &message.base, deadline, NULL, NULL,
				err);
	}
	return r;
}

/* An answer that makes no sense. */
static int nonsense(const char *method, struct err *err)
{
	return err_set_as(err, ERR_AGENT_NONSENSE, EBADMSG, "%s: the agent's answer makes no sense",
			  method);
}

/* The table. */

/* What one answer adds to. */
struct listing {
	struct ipvs_table *table;
	size_t room;
	size_t service;   /* the index of the last service */
	uint32_t servers; /* of it, that have been read */
	bool more;
};

static struct ipvs_counters counters_from_pb(const Katac__IpvsCounters *from)
{
	if (!from)
		return (struct ipvs_counters){ 0 };
	return (struct ipvs_counters){ from->connections, from->in_packets, from->out_packets,
				       from->in_bytes, from->out_bytes };
}

/* False when the guest tells nonsense. */
static bool entry_from_pb(const Katac__IpvsEntry *from, struct ipvs_entry *to)
{
	*to = (struct ipvs_entry){
		.is_server = from->is_server,
		.stats = counters_from_pb(from->stats),
		.rates = counters_from_pb(from->rates),
		.protocol = (int)(from->protocol & 0xff),
		.fwmark = from->fwmark,
		.flags = from->flags,
		.persistent = from->persistent,
		.netmask = from->netmask,
		.forwarding = from->forwarding,
		.weight = from->weight,
		.upper_threshold = from->upper_threshold,
		.lower_threshold = from->lower_threshold,
		.active = from->active,
		.inactive = from->inactive,
		.persistent_connections = from->persistent_connections,
	};
	name_from_pb(from->scheduler, to->scheduler, sizeof(to->scheduler));
	name_from_pb(from->persistence_engine, to->persistence_engine,
		     sizeof(to->persistence_engine));
	return address_from_pb(from->address, from->port, &to->address);
}

static int take_entries(struct listing *listing, const Katac__IpvsListResponse *from,
			struct err *err)
{
	struct ipvs_table *table = listing->table;

	if (table->n + from->n_entries > listing->room) {
		listing->room = 2 * (table->n + from->n_entries);
		table->entries = xrealloc(table->entries, listing->room * sizeof(*table->entries));
	}
	for (size_t i = 0; i < from->n_entries; i++) {
		struct ipvs_entry *to = &table->entries[table->n];

		/* A server needs a service before it. */
		if (!entry_from_pb(from->entries[i], to) || (to->is_server && table->n == 0))
			return nonsense("IpvsList", err);
		if (!to->is_server)
			listing->service = table->n;
		listing->servers = to->is_server ? listing->servers + 1 : 0;
		table->n++;
	}
	return 0;
}

static int take_list(void *data, const ProtobufCMessage *message, struct err *err)
{
	const Katac__IpvsListResponse *from = (const Katac__IpvsListResponse *)message;
	struct listing *listing = data;
	struct ipvs_table *table = listing->table;

	table->version = from->version;
	table->table_size = from->table_size;
	table->timeouts = (struct ipvs_timeouts){ from->timeout_tcp, from->timeout_tcp_fin,
						  from->timeout_udp };
	listing->more = from->more;
	/* An answer that says nothing cannot go on: it would never end. */
	if (from->more && from->n_entries == 0)
		return nonsense("IpvsList", err);
	if (table->n + from->n_entries > IPVS_ENTRIES_MAX)
		return err_set(err, EFBIG,
			       "the guest has more than %u services and servers; list one service",
			       IPVS_ENTRIES_MAX);
	return take_entries(listing, from, err);
}

static Katac__IpvsServiceKey key_to_pb(const struct ipvs_entry *service)
{
	Katac__IpvsServiceKey key = KATAC__IPVS_SERVICE_KEY__INIT;

	key.protocol = (uint32_t)service->protocol;
	key.address = address_to_pb(&service->address);
	key.port = service->address.port;
	key.fwmark = service->fwmark;
	return key;
}

static int read_pages(struct agentc *agent, Katac__IpvsListRequest *request, uint64_t deadline,
		      struct ipvs_table *ret, struct err *err)
{
	struct listing listing = { .table = ret };
	Katac__IpvsServiceKey after;
	int r;

	do {
		if (ret->n > 0) {
			after = key_to_pb(&ret->entries[listing.service]);
			request->after = &after;
			request->servers = listing.servers;
		}
		r = agentc_call(agent, SERVICE, "IpvsList", &request->base, deadline, take_list,
				&listing, err);
	} while (r == 0 && listing.more);
	return r;
}

int agentc_ipvs_list(struct agentc *agent, const struct ipvs_service_key *only, bool counters,
		     uint64_t deadline, struct ipvs_table *ret, struct err *err)
{
	Katac__IpvsListRequest request = KATAC__IPVS_LIST_REQUEST__INIT;
	Katac__IpvsServiceKey key = KATAC__IPVS_SERVICE_KEY__INIT;
	int r;

	*ret = (struct ipvs_table){ 0 };
	request.entries = true;
	request.counters = counters;
	if (only) {
		key.protocol = (uint32_t)only->protocol;
		key.address = address_to_pb(&only->address);
		key.port = only->address.port;
		request.only = &key;
	}
	r = read_pages(agent, &request, deadline, ret, err);
	if (r < 0)
		ipvs_table_done(ret);
	return r;
}

void ipvs_table_done(struct ipvs_table *table)
{
	free(table->entries);
	*table = (struct ipvs_table){ 0 };
}

int agentc_ipvs_timeouts(struct agentc *agent, uint64_t deadline, struct ipvs_timeouts *ret,
			 struct err *err)
{
	__attribute__((cleanup(ipvs_table_done))) struct ipvs_table table = { 0 };
	Katac__IpvsListRequest request = KATAC__IPVS_LIST_REQUEST__INIT;
	int r = read_pages(agent, &request, deadline, &table, err);

	if (r == 0)
		*ret = table.timeouts;
	return r;
}

/* Connections. */

struct connections_page {
	struct ipvs_connections *to;
	size_t room;
	bool more;
};

static int take_connections(void *data, const ProtobufCMessage *message, struct err *err)
{
	const Katac__IpvsConnectionsResponse *from =
		(const Katac__IpvsConnectionsResponse *)message;
	struct connections_page *page = data;
	struct ipvs_connections *to = page->to;

	page->more = from->more;
	if (from->more && from->n_connections == 0)
		return nonsense("IpvsConnections", err);
	if (to->n + from->n_connections > page->room) {
		page->room = 2 * (to->n + from->n_connections);
		to->items = xrealloc(to->items, page->room * sizeof(*to->items));
	}
	for (size_t i = 0; i < from->n_connections; i++) {
		const Katac__IpvsConnection *c = from->connections[i];
		struct ipvs_connection *item = &to->items[to->n++];

		*item = (struct ipvs_connection){ .expires = c->expires };
		name_from_pb(c->protocol, item->protocol, sizeof(item->protocol));
		name_from_pb(c->state, item->state, sizeof(item->state));
		if (!address_from_pb(c->client, c->client_port, &item->client) ||
		    !address_from_pb(c->service, c->service_port, &item->service) ||
		    !address_from_pb(c->server, c->server_port, &item->server))
			return nonsense("IpvsConnections", err);
	}
	return 0;
}

int agentc_ipvs_connections(struct agentc *agent, uint64_t deadline, struct ipvs_connections *ret,
			    struct err *err)
{
	Katac__IpvsConnectionsRequest request = KATAC__IPVS_CONNECTIONS_REQUEST__INIT;
	struct connections_page page = { .to = ret };
	int r;

	*ret = (struct ipvs_connections){ 0 };
	do {
		request.skip = (uint32_t)ret->n;
		r = agentc_call(agent, SERVICE, "IpvsConnections", &request.base, deadline,
				take_connections, &page, err);
		if (r == 0 && page.more && ret->n >= IPVS_CONNECTIONS_MAX)
			r = err_set(err, EFBIG, "the guest has more than %u connections to show",
				    IPVS_CONNECTIONS_MAX);
	} while (r == 0 && page.more);
	if (r < 0)
		ipvs_connections_done(ret);
	return r;
}

void ipvs_connections_done(struct ipvs_connections *connections)
{
	free(connections->items);
	*connections = (struct ipvs_connections){ 0 };
}
