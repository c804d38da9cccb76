/* SPDX-License-Identifier: Apache-2.0 */
/* network_sync.h - the guest follows the sandbox's network namespace; under its lock */
#pragma once

struct agentc;
struct err;

/*
 * Compares the namespace with the guest and makes the guest the same: interfaces
 * that have gone are unplugged, new ones plugged in, addresses, MTUs and routes
 * those of the host. What kata-network has put in, and its routes, stay. An interface
 * that was there when the machine was started cannot be unplugged: it loses its
 * addresses. With macvtap and bridged the host's interfaces have no addresses, so
 * the guest's stay what they were.
 */
int network_sync(const char *sid, int dirfd, struct agentc *agent, struct err *err);
