/* SPDX-License-Identifier: Apache-2.0 */
/* nic_tap.h - the host's end of a NIC of kata-network */
#pragma once

#include <stddef.h>

struct config;
struct err;
struct nic_request;

#define NIC_QUEUES_MAX 256u /* MAX_TAP_QUEUES in the kernel's drivers/net/tun.c */

struct nic_tap {
	int queues[NIC_QUEUES_MAX]; /* owned */
	int vhost[NIC_QUEUES_MAX];
	size_t n;
	size_t n_vhost;
};

#define NIC_TAP_INIT    \
	{               \
		.n = 0, \
	}

/*
 * Opens the tap nic->device in the network namespace of the sandbox with up to
 * @n_queues queues, gives it the MTU and brings it up. One that is there is used as
 * it is, and stays; else one is made, which goes with its last descriptor. Without
 * a device it is tap<N>_kata, and nic->device is set.
 *
 * -EEXIST when the device is no tap, -EBUSY when somebody has it open.
 */
int nic_tap_open(const char *sid, const struct config *config, size_t n_queues,
		 struct nic_request *nic, struct nic_tap *ret, struct err *err);
void nic_tap_done(struct nic_tap *tap);
