/* SPDX-License-Identifier: Apache-2.0 */
/* vhost.h - the host's kernel carries the packets of a tap, instead of QEMU */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define VHOST_NET "/dev/vhost-net"

/*
 * Opens VHOST_NET once for each of @n queues. False, and nothing is open, where it
 * cannot be: QEMU carries the packets itself then, which is slower and as good.
 */
bool vhost_net_open(size_t n, int *ret);
