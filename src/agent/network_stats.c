/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/network_stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/network.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "rpc/pb.h"

#define LINE_LEN 512u /* the kernel's are of some 150 bytes */

static void close_file(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

/* Of "sl: local_address rem_address st tx_queue:rx_queue … drops". */
enum { STATE = 3, QUEUES = 4, SOCKET_WORDS = 5 };

void network_stats_tcp_line(const char *line, uint64_t counts[TCP_STATES])
{
	CLEANUP(strv_free) char **words = strv_split(line, " \n");
	unsigned long state;

	if (strv_len(words) < SOCKET_WORDS || !strchr(words[0], ':'))
		return;
	state = strtoul(words[STATE], NULL, 16);
	if (state >= 1 && state <= TCP_STATES)
		counts[state - 1]++;
}

void network_stats_udp_line(const char *line, uint64_t counts[UDP_COUNTS])
{
	CLEANUP(strv_free) char **words = strv_split(line, " \n");
	uint64_t dropped = 0;
	char *colon = NULL;
	uint64_t tx;

	if (strv_len(words) < SOCKET_WORDS || !strchr(words[0], ':'))
		return;
	tx = strtoull(words[QUEUES], &colon, 16);
	if (*colon != ':')
		return;
	(void)str_to_u64(words[strv_len(words) - 1], 0, UINT64_MAX, &dropped);
	counts[0]++;
	counts[1] += dropped;
	counts[2] += strtoull(colon + 1, NULL, 16);
	counts[3] += tx;
}

int network_stats_dev_line(const char *line, char **ret_name, uint64_t counters[INTERFACE_COUNTERS])
{
	/* bytes packets errs drop fifo frame compressed multicast, and for tx the first four */
	static const size_t columns[INTERFACE_COUNTERS] = { 0, 1, 2, 3, 8, 9, 10, 11 };
	const char *colon = strchr(line, ':');
	CLEANUP(strv_free) char **words = NULL;

	if (!colon)
		return -EINVAL;
	words = strv_split(colon + 1, " \n");
	if (strv_len(words) < 12)
		return -EINVAL;
	for (size_t i = 0; i < INTERFACE_COUNTERS; i++)
		if (str_to_u64(words[columns[i]], 0, UINT64_MAX, &counters[i]) < 0)
			return -EINVAL;
	line += strspn(line, " ");
	*ret_name = xstrndup(line, (size_t)(colon - line));
	return 0;
}

static int read_interfaces(Katac__NetworkStatsResponse *ret, struct err *err)
{
	__attribute__((cleanup(close_file))) FILE *file = fopen("/proc/net/dev", "re");
	uint64_t counters[INTERFACE_COUNTERS];
	char line[LINE_LEN];
	char *name = NULL;

	if (!file)
		return err_errno(err, "open /proc/net/dev");
	ret->interfaces = xcalloc(NETWORK_ITEMS_MAX, sizeof(*ret->interfaces));
	while (fgets(line, sizeof(line), file)) {
		Katac__InterfaceStats *interface;

		if (network_stats_dev_line(line, &name, counters) < 0)
			continue; /* a headline */
		if (ret->n_interfaces == NETWORK_ITEMS_MAX) {
			free(name);
			return err_set(err, E2BIG, "more than %u interfaces", NETWORK_ITEMS_MAX);
		}
		interface = PB_NEW(Katac__InterfaceStats, KATAC__INTERFACE_STATS__INIT);
		interface->name = name;
		interface->counters = xmemdup(counters, sizeof(counters));
		interface->n_counters = INTERFACE_COUNTERS;
		ret->interfaces[ret->n_interfaces++] = interface;
	}
	return 0;
}

/* A family that the kernel does not have counts nothing. */
static void read_sockets(const char *path, void (*take)(const char *line, uint64_t *counts),
			 size_t n, uint64_t **ret, size_t *ret_n)
{
	__attribute__((cleanup(close_file))) FILE *file = fopen(path, "re");
	uint64_t *counts = xcalloc(n, sizeof(*counts));
	char line[LINE_LEN];

	while (file && fgets(line, sizeof(line), file))
		take(line, counts);
	*ret = counts;
	*ret_n = n;
}

int network_stats_read(Katac__NetworkStatsResponse **ret, struct err *err)
{
	Katac__NetworkStatsResponse *stats =
		PB_NEW(Katac__NetworkStatsResponse, KATAC__NETWORK_STATS_RESPONSE__INIT);
	int r = read_interfaces(stats, err);

	if (r < 0) {
		pb_free(&stats->base);
		return r;
	}
	read_sockets("/proc/net/tcp", network_stats_tcp_line, TCP_STATES, &stats->tcp,
		     &stats->n_tcp);
	read_sockets("/proc/net/tcp6", network_stats_tcp_line, TCP_STATES, &stats->tcp6,
		     &stats->n_tcp6);
	read_sockets("/proc/net/udp", network_stats_udp_line, UDP_COUNTS, &stats->udp,
		     &stats->n_udp);
	read_sockets("/proc/net/udp6", network_stats_udp_line, UDP_COUNTS, &stats->udp6,
		     &stats->n_udp6);
	*ret = stats;
	return 0;
}
