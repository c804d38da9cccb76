/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.h - the guest's interfaces, as the host wants them
 *
 * For helpers (agent/job.h): these block. The host may be wrong: everything is
 * checked, and a change that fails leaves what was there before.
 */
#pragma once

#include <stdint.h>

#include "agent.pb-c.h"

struct err;

#define NETWORK_ITEMS_MAX 1024u /* interfaces, addresses of one, routes or neighbours of a call */

/*
 * Finds the interface by its PCI path, for which it is waited @timeout_ms; else by
 * its MAC address; else by its name. Gives it the name, the MTU (0: as it is),
 * IFF_NOARP, @queues pairs of queues (0: as they are), and these addresses instead of
 * those it has, and brings it up. A name that an interface has which is down is
 * taken from it; from one that is up it is not. *ret is what there is then, for
 * pb_free().
 *
 * -EINVAL (the field and what is allowed), -ENODEV (there is none), -EEXIST (the MAC
 * address or the name is another's), -ETIMEDOUT, or what the kernel said.
 */
int network_update_interface(const Types__Interface *interface, uint32_t queues,
			     uint64_t timeout_ms, Types__Interface **ret, struct err *err);

/* All, lo included. -E2BIG when there are more than NETWORK_ITEMS_MAX. */
int network_list_interfaces(Grpc__Interfaces **ret, struct err *err);

/* Adds or replaces each of them; state 0 is NUD_PERMANENT. */
int network_add_neighbours(const Grpc__ARPNeighbors *neighbours, struct err *err);
