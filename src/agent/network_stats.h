/* SPDX-License-Identifier: Apache-2.0 */
/* network_stats.h - counters of the guest's network; for helpers (agent/job.h): it may take a while
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "katac.pb-c.h"

struct err;

/* *ret is for pb_free(). -E2BIG when there are more than NETWORK_ITEMS_MAX interfaces. */
int network_stats_read(Katac__NetworkStatsResponse **ret, struct err *err);

/* Of one line of /proc/net/tcp or udp; others, as the first, count nothing. */
#define TCP_STATES 11u /* TCP_ESTABLISHED to TCP_CLOSING */
#define UDP_COUNTS 4u
void network_stats_tcp_line(const char *line, uint64_t counts[TCP_STATES]);
void network_stats_udp_line(const char *line, uint64_t counts[UDP_COUNTS]);

/* "  eth0: 1 2 …" of /proc/net/dev. Returns 0 and the name, owned, or -EINVAL. */
#define INTERFACE_COUNTERS 8u
int network_stats_dev_line(const char *line, char **ret_name,
			   uint64_t counters[INTERFACE_COUNTERS]);
