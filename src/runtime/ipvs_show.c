/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/ipvs_show.h"

#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <stdio.h>
#include <stdlib.h>

#include "agentc/conntrack.h"
#include "agentc/ipvs.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "runtime/ipvs_rule.h"

/* "[" address "]:" port */
#define ADDRESS_SIZE (INET6_ADDRSTRLEN + 10)

static const char *ip_text(const struct ipvs_address *address, char ret[static ADDRESS_SIZE])
{
	(void)inet_ntop(address->family, &address->v4, ret, ADDRESS_SIZE);
	return ret;
}

static const char *address_text(const struct ipvs_address *address, char ret[static ADDRESS_SIZE])
{
	char ip[ADDRESS_SIZE];
	bool v6 = address->family == AF_INET6;

	(void)snprintf(ret, ADDRESS_SIZE, "%s%.*s%s:%u", v6 ? "[" : "", INET6_ADDRSTRLEN,
		       ip_text(address, ip), v6 ? "]" : "", address->port);
	return ret;
}

/* Sorting. */

/*
 * ipvsadm takes the sign of a difference of 32 bits: addresses that are more
 * than half of all apart stand the other way round. Its order is ours.
 */
static int compare_words(const void *a, const void *b, size_t n)
{
	const uint32_t *left = a;
	const uint32_t *right = b;
	int difference = 0;

	for (size_t i = 0; i < n && difference == 0; i++)
		difference = (int)(ntohl(left[i]) - ntohl(right[i]));
	return difference;
}

static int compare_addresses(const struct ipvs_address *a, const struct ipvs_address *b)
{
	int difference = compare_words(&a->v6, &b->v6, a->family == AF_INET6 ? 4 : 1);

	return difference ? difference : a->port - b->port;
}

static int compare_servers(const void *a, const void *b)
{
	const struct ipvs_entry *left = a;
	const struct ipvs_entry *right = b;

	return compare_addresses(&left->address, &right->address);
}

/* A service and the servers behind it. */
struct group {
	struct ipvs_entry *entries;
	size_t n;
};

static int compare_groups(const void *a, const void *b)
{
	const struct ipvs_entry *left = ((const struct group *)a)->entries;
	const struct ipvs_entry *right = ((const struct group *)b)->entries;

	if (left->fwmark != right->fwmark)
		return (int)(left->fwmark - right->fwmark);
	if (left->address.family != right->address.family)
		return left->address.family - right->address.family;
	if (left->protocol != right->protocol)
		return left->protocol - right->protocol;
	return compare_addresses(&left->address, &right->address);
}

/* Owned; @ret_n of them. */
static struct group *group_entries(struct ipvs_table *table, size_t *ret_n)
{
	struct group *groups = xcalloc(table->n + 1, sizeof(*groups));
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++) {
		if (!table->entries[i].is_server)
			groups[n++].entries = &table->entries[i];
		groups[n - 1].n++;
	}
	*ret_n = n;
	return groups;
}

/* Lines. */

/* Of a column of statistics. */
static void put_number(struct buf *out, uint64_t n, bool exact)
{
	static const struct {
		uint64_t below;
		uint64_t unit;
		char letter;
	} units[] = {
		{ 1000000000ull, 1000ull, 'K' },
		{ 100000000000ull, 1000000ull, 'M' },
		{ 100000000000000ull, 1000000000ull, 'G' },
		{ UINT64_MAX, 1000000000000ull, 'T' },
	};
	size_t i = 0;

	if (n < 100000000 || exact) {
		buf_printf(out, " %8llu", (unsigned long long)n);
		return;
	}
	while (n >= units[i].below && units[i].below != UINT64_MAX)
		i++;
	buf_printf(out, "%8llu%c", (unsigned long long)(n / units[i].unit), units[i].letter);
}

static void put_counters(struct buf *out, const struct ipvs_counters *counters, bool exact)
{
	put_number(out, counters->connections, exact);
	put_number(out, counters->in_packets, exact);
	put_number(out, counters->out_packets, exact);
	put_number(out, counters->in_bytes, exact);
	put_number(out, counters->out_bytes, exact);
}

static void put_title(struct buf *out, enum ipvs_show show)
{
	static const char start[] = "Prot LocalAddress:Port";
	static const char remote[] = "  -> RemoteAddress:Port\n";

	switch (show) {
	case IPVS_SHOW_STATS:
		buf_printf(out, "%-33s %8s %8s %8s %8s %8s\n%s", start, "Conns", "InPkts",
			   "OutPkts", "InBytes", "OutBytes", remote);
		break;
	case IPVS_SHOW_RATES:
		buf_printf(out, "%-33s %8s %8s %8s %8s %8s\n%s", start, "CPS", "InPPS", "OutPPS",
			   "InBPS", "OutBPS", remote);
		break;
	case IPVS_SHOW_THRESHOLDS:
		buf_printf(out, "%-33s %-10s %-10s %-10s %-10s\n%s", start, "Uthreshold",
			   "Lthreshold", "ActiveConn", "InActConn", remote);
		break;
	case IPVS_SHOW_PERSISTENT:
		buf_printf(out, "%-33s %-9s %-11s %-10s %-10s\n%s", start, "Weight", "PersistConn",
			   "ActiveConn", "InActConn", remote);
		break;
	case IPVS_SHOW_TABLE:
	case IPVS_SHOW_TIMEOUTS:
	case IPVS_SHOW_CONNECTIONS:
		buf_printf(out,
			   "%s Scheduler Flags\n  -> RemoteAddress:Port           "
			   "Forward Weight ActiveConn InActConn\n",
			   start);
		break;
	}
}

static void service_name(const struct ipvs_entry *service, char *ret, size_t size)
{
	char address[ADDRESS_SIZE];

	if (service->fwmark)
		(void)snprintf(ret, size, "FWM  %d%s", (int)service->fwmark,
			       service->address.family == AF_INET6 ? " IPv6" : "");
	else
		(void)snprintf(ret, size, "%-4s %s",
			       service->protocol == IPPROTO_TCP   ? "TCP"
			       : service->protocol == IPPROTO_UDP ? "UDP"
								  : "SCTP",
			       address_text(&service->address, address));
}

/* The flags of a scheduler, " (sh-fallback,sh-port)"; only two have names for them. */
static void put_scheduler_flags(struct buf *out, const struct ipvs_entry *service)
{
	static const char *const names[][3] = {
		{ "flag-1", "flag-2", "flag-3" },
		{ "sh-fallback", "sh-port", "flag-3" },
		{ "mh-fallback", "mh-port", "flag-3" },
	};
	static const uint32_t flags[] = { IP_VS_SVC_F_SCHED1, IP_VS_SVC_F_SCHED2,
					  IP_VS_SVC_F_SCHED3 };
	size_t known = str_eq(service->scheduler, "sh")   ? 1
		       : str_eq(service->scheduler, "mh") ? 2
							  : 0;
	const char *separator = " (";

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!(service->flags & flags[i]))
			continue;
		buf_printf(out, "%s%s", separator, names[known][i]);
		separator = ",";
	}
	if (*separator == ',')
		buf_printf(out, ")");
}

static void put_flags(struct buf *out, const struct ipvs_entry *service)
{
	char mask[ADDRESS_SIZE];

	if (service->flags & IP_VS_SVC_F_PERSISTENT) {
		buf_printf(out, " persistent %u", service->persistent);
		if (service->address.family == AF_INET && service->netmask != UINT32_MAX)
			buf_printf(out, " mask %s",
				   inet_ntop(AF_INET, &service->netmask, mask, sizeof(mask)));
		if (service->address.family == AF_INET6 && service->netmask != 128)
			buf_printf(out, " mask %i", (int)service->netmask);
		if (service->persistence_engine[0])
			buf_printf(out, " pe %s", service->persistence_engine);
	}
	if (service->flags & IP_VS_SVC_F_ONEPACKET)
		buf_printf(out, " ops");
}

static void put_service(struct buf *out, const struct ipvs_entry *service,
			const struct ipvs_command *command)
{
	char name[ADDRESS_SIZE + 8];

	service_name(service, name, sizeof(name));
	if (command->show == IPVS_SHOW_STATS || command->show == IPVS_SHOW_RATES) {
		buf_printf(out, "%-33s", name);
		put_counters(out,
			     command->show == IPVS_SHOW_STATS ? &service->stats : &service->rates,
			     command->exact);
	} else {
		buf_printf(out, "%s %s", name, service->scheduler);
		put_scheduler_flags(out, service);
		put_flags(out, service);
	}
	buf_printf(out, "\n");
}

static const char *forwarding_name(uint32_t forwarding)
{
	switch (forwarding & IP_VS_CONN_F_FWD_MASK) {
	case IP_VS_CONN_F_MASQ:
		return "Masq";
	case IP_VS_CONN_F_LOCALNODE:
		return "Local";
	case IP_VS_CONN_F_TUNNEL:
		return "Tunnel";
	case IP_VS_CONN_F_DROUTE:
		return "Route";
	default:
		return "?";
	}
}

static void put_server(struct buf *out, const struct ipvs_entry *server,
		       const struct ipvs_command *command)
{
	char name[ADDRESS_SIZE];

	buf_printf(out, "  -> %-28s", address_text(&server->address, name));
	switch (command->show) {
	case IPVS_SHOW_STATS:
		put_counters(out, &server->stats, command->exact);
		break;
	case IPVS_SHOW_RATES:
		put_counters(out, &server->rates, command->exact);
		break;
	case IPVS_SHOW_THRESHOLDS:
		buf_printf(out, " %-10u %-10u %-10u %-10u", server->upper_threshold,
			   server->lower_threshold, server->active, server->inactive);
		break;
	case IPVS_SHOW_PERSISTENT:
		buf_printf(out, " %-9u %-11u %-10u %-10u", server->weight,
			   server->persistent_connections, server->active, server->inactive);
		break;
	case IPVS_SHOW_TABLE:
	case IPVS_SHOW_TIMEOUTS:
	case IPVS_SHOW_CONNECTIONS:
		buf_printf(out, " %-7s %-6d %-10u %-10u", forwarding_name(server->forwarding),
			   (int)server->weight, server->active, server->inactive);
		break;
	}
	buf_printf(out, "\n");
}

void ipvs_show_table(struct ipvs_table *table, const struct ipvs_command *command, struct buf *out)
{
	CLEANUP(free) struct group *groups = NULL;
	size_t n = 0;

	/* One service alone has no line for IPVS itself. */
	if (!command->rule.protocol)
		buf_printf(out, "IP Virtual Server version %u.%u.%u (size=%u)\n",
			   NVERSION(table->version), table->table_size);
	put_title(out, command->show);
	groups = group_entries(table, &n);
	if (!command->unsorted)
		qsort(groups, n, sizeof(*groups), compare_groups);
	for (size_t i = 0; i < n; i++) {
		struct ipvs_entry *servers = groups[i].entries + 1;
		size_t n_servers = groups[i].n - 1;

		if (!command->unsorted)
			qsort(servers, n_servers, sizeof(*servers), compare_servers);
		put_service(out, groups[i].entries, command);
		for (size_t k = 0; k < n_servers; k++)
			put_server(out, &servers[k], command);
	}
}

void ipvs_show_timeouts(const struct ipvs_timeouts *timeouts, struct buf *out)
{
	buf_printf(out, "Timeout (tcp tcpfin udp): %u %u %u\n", timeouts->tcp, timeouts->tcp_fin,
		   timeouts->udp);
}

void ipvs_show_connections(const struct ipvs_connections *connections, struct buf *out)
{
	static const char format[] = "%-3s %-6s %-11s %-18s %-18s %s\n";

	buf_printf(out, "IPVS connection entries\n");
	buf_printf(out, format, "pro", "expire", "state", "source", "virtual", "destination");
	for (size_t i = 0; i < connections->n; i++) {
		const struct ipvs_connection *c = &connections->items[i];
		char client[ADDRESS_SIZE];
		char service[ADDRESS_SIZE];
		char server[ADDRESS_SIZE];
		char expires[24];

		(void)snprintf(expires, sizeof(expires), "%02u:%02u", c->expires / 60,
			       c->expires % 60);
		buf_printf(out, format, c->protocol, expires, c->state,
			   address_text(&c->client, client), address_text(&c->service, service),
			   address_text(&c->server, server));
	}
}

/* conntrack. */

static const char *tcp_state_name(int state)
{
	static const char *const names[] = {
		[TCP_CONNTRACK_NONE] = "NONE",         [TCP_CONNTRACK_SYN_SENT] = "SYN_SENT",
		[TCP_CONNTRACK_SYN_RECV] = "SYN_RECV", [TCP_CONNTRACK_ESTABLISHED] = "ESTABLISHED",
		[TCP_CONNTRACK_FIN_WAIT] = "FIN_WAIT", [TCP_CONNTRACK_CLOSE_WAIT] = "CLOSE_WAIT",
		[TCP_CONNTRACK_LAST_ACK] = "LAST_ACK", [TCP_CONNTRACK_TIME_WAIT] = "TIME_WAIT",
		[TCP_CONNTRACK_CLOSE] = "CLOSE",       [TCP_CONNTRACK_SYN_SENT2] = "SYN_SENT2",
	};

	return (size_t)state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

static void put_tuple(struct buf *out, const struct conntrack_tuple *tuple, bool counted)
{
	char source[ADDRESS_SIZE];
	char destination[ADDRESS_SIZE];

	buf_printf(out, "src=%s dst=%s sport=%u dport=%u ", ip_text(&tuple->source, source),
		   ip_text(&tuple->destination, destination), tuple->source.port,
		   tuple->destination.port);
	if (counted)
		buf_printf(out, "packets=%llu bytes=%llu ", (unsigned long long)tuple->packets,
			   (unsigned long long)tuple->bytes);
}

static void put_flow(struct buf *out, const struct conntrack_flow *flow)
{
	buf_printf(out, "%-8s %d ", flow->protocol == IPPROTO_TCP ? "tcp" : "udp", flow->protocol);
	if (flow->has_timeout)
		buf_printf(out, "%u ", flow->timeout);
	if (flow->tcp_state >= 0)
		buf_printf(out, "%s ", tcp_state_name(flow->tcp_state));
	put_tuple(out, &flow->original, flow->counted);
	if (!(flow->status & IPS_SEEN_REPLY))
		buf_printf(out, "[UNREPLIED] ");
	put_tuple(out, &flow->reply, flow->counted);
	if (flow->status & IPS_ASSURED)
		buf_printf(out, "[ASSURED] ");
	buf_printf(out, "mark=%u use=%u\n", flow->mark, flow->use);
}

void conntrack_show_deleted(const struct conntrack_flows *flows, struct buf *out)
{
	for (size_t i = 0; i < flows->n; i++)
		put_flow(out, &flows->items[i]);
	buf_printf(out, "conntrack v1.4.7 (conntrack-tools): %zu flow entries have been deleted.\n",
		   flows->n);
}
