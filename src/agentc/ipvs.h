/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipvs.h - load balancing in the guest: rules, what is listed, and the calls for them
 *
 * Addresses are in network order, ports in host order.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct agentc;
struct err;

#define IPVS_RULES_MAX      20000u   /* openEuler: services and servers together */
#define IPVS_PERSISTENT_MAX 2678400u /* s, 31 days: seed, table 2 */
#define IPVS_WEIGHT_MAX     65535u
#define IPVS_TIMEOUT_MAX    1296000u /* s, 15 days */
#define IPVS_NAME_SIZE      16u      /* IP_VS_SCHEDNAME_MAXLEN of linux/ip_vs.h, with its NUL */

struct ipvs_address {
	int family; /* AF_INET, AF_INET6; 0: none */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	uint16_t port;
};

enum ipvs_operation {
	IPVS_ADD_SERVICE,
	IPVS_EDIT_SERVICE,
	IPVS_DELETE_SERVICE,
	IPVS_ADD_SERVER,
	IPVS_EDIT_SERVER,
	IPVS_DELETE_SERVER,
	IPVS_CLEAR,
	IPVS_ZERO, /* the counters, of one service or of all */
	IPVS_SET_TIMEOUTS,
};

struct ipvs_timeouts { /* seconds; to set: 0 leaves it as it is */
	uint32_t tcp;
	uint32_t tcp_fin;
	uint32_t udp;
};

/* One change. Servers are reached by NAT. */
struct ipvs_rule {
	enum ipvs_operation operation;
	unsigned line; /* of a rule file, from 1; 0: it is not from one */
	int protocol;  /* IPPROTO_TCP, IPPROTO_UDP; 0: no service */
	struct ipvs_address service;
	char scheduler[IPVS_NAME_SIZE];
	uint32_t persistent; /* s; 0: not persistent */
	struct ipvs_address server;
	uint32_t weight;
	struct ipvs_timeouts timeouts;
};

/*
 * Makes the changes. More than one is all or nothing, and may only add: if the
 * guest refuses any, those that were made before are taken back.
 *
 * Errors: the kernel's errno, with the rule and its line in the text; -ENOSPC
 * when there would be more than IPVS_RULES_MAX.
 */
int agentc_ipvs_change(struct agentc *agent, const struct ipvs_rule *rules, size_t n,
		       uint64_t deadline, struct err *err);

struct ipvs_counters { /* in the order in which ipvsadm shows them */
	uint64_t connections;
	uint64_t in_packets;
	uint64_t out_packets;
	uint64_t in_bytes;
	uint64_t out_bytes;
};

/* A virtual service, or one of its servers, as the kernel has it. */
struct ipvs_entry {
	bool is_server; /* of the service before it */
	struct ipvs_address address;
	struct ipvs_counters stats; /* since the start, or since they were zeroed */
	struct ipvs_counters rates; /* per second */
	/* Of a service. */
	int protocol;
	uint32_t fwmark; /* not 0: it has no address and no protocol */
	char scheduler[IPVS_NAME_SIZE];
	char persistence_engine[IPVS_NAME_SIZE];
	uint32_t flags; /* IP_VS_SVC_F_… */
	uint32_t persistent;
	uint32_t netmask; /* IPv4: network order; IPv6: prefix length */
	/* Of a server. */
	uint32_t forwarding; /* IP_VS_CONN_F_FWD_MASK */
	uint32_t weight;
	uint32_t upper_threshold;
	uint32_t lower_threshold;
	uint32_t active;
	uint32_t inactive;
	uint32_t persistent_connections;
};

struct ipvs_table {
	uint32_t version;    /* of IPVS in the guest's kernel: 0x010201 is 1.2.1 */
	uint32_t table_size; /* of its table of connections */
	struct ipvs_timeouts timeouts;
	struct ipvs_entry *entries; /* each service, its servers behind it */
	size_t n;
};

#define IPVS_ENTRIES_MAX 65536u /* more are not listed at once */

/* A service that is to be listed alone. */
struct ipvs_service_key {
	int protocol;
	struct ipvs_address address;
};

/*
 * Reads the table in the kernel's order, without its counters if @counters is
 * false; @only: one service, or NULL. *ret is freed by ipvs_table_done().
 * -ENOENT: there is no such service. -EFBIG: more than IPVS_ENTRIES_MAX.
 */
int agentc_ipvs_list(struct agentc *agent, const struct ipvs_service_key *only, bool counters,
		     uint64_t deadline, struct ipvs_table *ret, struct err *err);
void ipvs_table_done(struct ipvs_table *table);

/* The three timeouts alone. */
int agentc_ipvs_timeouts(struct agentc *agent, uint64_t deadline, struct ipvs_timeouts *ret,
			 struct err *err);

/* A connection that is being balanced. */
struct ipvs_connection {
	char protocol[8];
	char state[IPVS_NAME_SIZE];
	struct ipvs_address client;
	struct ipvs_address service;
	struct ipvs_address server;
	uint32_t expires; /* s */
};

#define IPVS_CONNECTIONS_MAX 262144u /* more are not shown */

struct ipvs_connections {
	struct ipvs_connection *items;
	size_t n;
};

int agentc_ipvs_connections(struct agentc *agent, uint64_t deadline, struct ipvs_connections *ret,
			    struct err *err);
void ipvs_connections_done(struct ipvs_connections *connections);
