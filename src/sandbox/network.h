/* SPDX-License-Identifier: Apache-2.0 */
/* network.h - what the sandbox's network namespace holds becomes the guest's */
#pragma once

#include <stddef.h>

#include "sandbox/network_record.h"
#include "vm/plug.h"
#include "vm/vm.h"

struct agentc;
struct agentc_route;
struct config;
struct err;
struct tap;

struct sandbox_network {
	struct net_scan scan;
	struct network_record record; /* a wire for each endpoint */
	struct tap **taps;            /* of each, NULL of hardware; owned */
	size_t n_connected;
	char (*paths)[VM_PATH_LEN]; /* of each, where the guest finds it: of hardware alone, or */
	bool plugged;               /* of all: they were plugged in */
	struct vm_nic *nics;        /* for the hypervisor; what they point to is ours */
	size_t n;
	int *vhost; /* descriptors, for all queues; owned */
	size_t n_vhost;
};

/* As the configuration has it. @path is the engine's name for the namespace, or NULL. */
void network_choose(const struct config *config, const char *path, struct network_settings *ret);

/*
 * Finds what an engine has put into the namespace @netns and connects it with taps,
 * which QEMU is to inherit, as the settings in @network's record say.
 * What was made when it fails is for network_undo(). Nothing there is success.
 */
int network_connect(struct sandbox_network *network, int dirfd, int netns, struct err *err);

/*
 * The hardware among them, with which the machine starts: network_n_vfio() into @ret,
 * and where the guest finds it from it.
 */
size_t network_n_vfio(const struct sandbox_network *network);
void network_for_vm(const struct sandbox_network *network, struct vm_vfio *ret);
void network_from_vm(struct sandbox_network *network, const struct vm_vfio *from);
/* For a machine that has started without its NICs: puts them in. */
int network_plug(struct sandbox_network *network, const char *sid, struct err *err);

/* Gives the guest's interfaces their names, addresses, routes and neighbours. */
int network_tell(const struct sandbox_network *network, struct agentc *agent, struct err *err);
void network_done(struct sandbox_network *network);

/*
 * What has appeared in the namespace since: engines connect a container between
 * create and start as well (Docker since 23, CNI). It is plugged in.
 */
int network_add_late(const char *sid, int dirfd, struct agentc *agent, struct err *err);

/* For network_sync.c: one interface, found by its MAC address or @pci_path; one route. */
int network_tell_interface(const struct net_endpoint *endpoint, const struct wire *wire,
			   char *pci_path, size_t n_queues, struct agentc *agent, struct err *err);
void network_route(const struct rtnl_route *route, const char *device, struct agentc_route *ret);
/* What a late one is called in QEMU; owned. */
char *network_plug_name(const struct wire *wire);

/* Undoes it in a namespace that stays, from the record in @dirfd. What fails is logged. */
void network_undo(int dirfd);
