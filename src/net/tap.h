/* SPDX-License-Identifier: Apache-2.0 */
/* tap.h - the host end of a guest's network card */
#pragma once

#include <net/if.h>
#include <stddef.h>

#include "base/cleanup.h"

struct err;

#define TAP_QUEUES_MAX 256u /* MAX_TAP_QUEUES in the kernel's drivers/net/tun.c */

struct tap {
	char name[IFNAMSIZ];
	size_t n_fds;            /* queues that are open */
	int fds[TAP_QUEUES_MAX]; /* owned; QEMU inherits them */
};

/*
 * Makes the tap @name in the current network namespace and opens its queues. It is
 * not persistent: it goes with its last queue.
 *
 * @name      1 to 15 bytes
 * @n_queues  1 to TAP_QUEUES_MAX, one per vCPU
 * @ret       set on success only; freed by tap_free()
 *
 * Returns 0, -EINVAL (bad argument), -EEXIST (the name is in use), or errno of
 * open(2) and TUNSETIFF. Source: kernel, Documentation/networking/tuntap.rst, 3.3.
 */
int tap_create(const char *name, size_t n_queues, struct tap **ret, struct err *err);

/* Opens queues of a tap that somebody else made, and that stays: as many as it can have. */
int tap_attach(const char *name, size_t n_queues, struct tap **ret, struct err *err);

/* The queues of the macvtap link @name with that index: /dev/tap<index>. */
int tap_open_macvtap(const char *name, int index, size_t n_queues, struct tap **ret,
		     struct err *err);

/* Closes the queues and frees @tap, which may be NULL. */
void tap_free(struct tap *tap);
DEFINE_CLEANUP(struct tap *, tap_free)
