/* SPDX-License-Identifier: Apache-2.0 */
/* network_queues.h - how many queues a NIC uses, as ethtool -L sets it */
#pragma once

#include <stdint.h>

struct err;

#define NETWORK_QUEUES_MAX 256u /* MAX_TAP_QUEUES in the kernel's drivers/net/tun.c */

/*
 * @n pairs of queues, 1 to NETWORK_QUEUES_MAX, for the interface @name. Returns 0,
 * -EINVAL when it has fewer, or errno of SIOCETHTOOL.
 */
int network_set_queues(const char *name, uint32_t n, struct err *err);

/* How many it uses; 0 when it cannot tell. */
uint32_t network_queues(const char *name);
