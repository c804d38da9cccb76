/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kata_network.h - the operations of kata-network on a running container's sandbox
 *
 * Each takes a full id and checks first that the container runs and that its
 * guest answers. Those that change something hold the sandbox's lock. What fails
 * has changed nothing. NICs that are not kata-network's are neither listed by
 * kata_network_own() nor removed.
 * Source: reference 03.
 */
#pragma once

#include "sandbox/nic_records.h"

struct config;

/* @config: what the sandbox's annotations say is put over it. */
int kata_network_add(const char *id, struct config *config, struct nic_request *nic,
		     struct agentc_interface *ret, struct err *err);

/* A name that kata-network did not put in is success, as the original has it. */
int kata_network_remove(const char *id, const char *name, struct err *err);

/* Replaces the addresses of an interface, of any kind. */
int kata_network_update(const char *id, const struct agentc_interface *update,
			struct agentc_interface *ret, struct err *err);

/* What kata-network has put in, as it was asked for; without the guest's help. */
int kata_network_own(const char *id, struct nic_records *ret, struct err *err);

/* What the guest has, lo included. */
int kata_network_interfaces(const char *id, struct agentc_interfaces *ret, struct err *err);

/*
 * For kata-netmon: see network_sync.h. The container may be created only, or paused.
 * -ESRCH when there is none any more.
 */
int kata_network_sync(const char *id, struct err *err);

int kata_network_routes(const char *id, struct agentc_routes *ret, struct err *err);
int kata_network_add_route(const char *id, const struct agentc_route *route,
			   struct agentc_routes *ret, struct err *err);
/* -ESRCH when no route fits: see agentc_delete_routes(). */
int kata_network_delete_route(const char *id, const struct agentc_route *route,
			      struct agentc_routes *ret, struct err *err);
int kata_network_set_routes(const char *id, const struct agentc_routes *routes,
			    struct agentc_routes *ret, struct err *err);
