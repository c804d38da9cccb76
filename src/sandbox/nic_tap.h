/* SPDX-License-Identifier: Apache-2.0 */
/* nic_tap.h - the host's end of a NIC of kata-network */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "net/tap.h"

struct err;
struct nic_request;

struct nic_tap {
	struct tap *tap;
	int vhost[TAP_QUEUES_MAX]; /* of each of its queues, or none */
	size_t n_vhost;
};

/*
 * Opens the tap nic->device in the network namespace of the sandbox with up to
 * @n_queues queues, gives it the MTU and brings it up. One that is there is used as
 * it is, and stays; else one is made, which goes with its last descriptor. Without
 * a device it is tap<N>_kata, and nic->device is set.
 *
 * @vhost  with the kernel's own copying of packets, where there is one
 *
 * -EEXIST when the device is no tap, -EBUSY when somebody has it open.
 */
int nic_tap_open(const char *sid, size_t n_queues, bool vhost, struct nic_request *nic,
		 struct nic_tap *ret, struct err *err);
void nic_tap_done(struct nic_tap *tap);
