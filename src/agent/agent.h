/* SPDX-License-Identifier: Apache-2.0 */
/* agent.h - everything that the agent of one virtual machine holds */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"
#include "base/loop.h"
#include "oci/spec.h"

struct container;
struct dns;
struct guest_log;
struct network_job;
struct ipvs_staged;
struct tracing;
struct ttrpc_request;

#define AGENT_DISKS_MAX 8u

struct agent {
	struct loop *loop;
	struct channel *channel;
	uint64_t main_ns;         /* CLOCK_BOOTTIME when it began, */
	uint64_t ready_ns;        /* and when it could be called */
	enum log_level log_level; /* agent.log */
	unsigned first_blocks;    /* of memory, that were online at the start */
	uint64_t hotplug_ms;      /* agent.hotplug_timeout: how long a device is waited for */
	int pipe_size; /* agent.container_pipe_size: of the containers' standard streams, or 0 */
	bool sandbox_started;
	char *sandbox_id;                 /* owned; the id of the pod's own container too */
	dev_t own_disks[AGENT_DISKS_MAX]; /* what the guest runs from: no container's to open */
	size_t n_own_disks;
	char **oom_events;                            /* ids, oldest first; owned */
	struct ttrpc_request *oom_reader;             /* GetOOMEvent that waits */
	struct container *containers;                 /* owned */
	struct container *console;                    /* debug_console.h; NULL: it is off; owned */
	struct ttrpc_request *destroyer;              /* DestroySandbox that waits */
	struct oci_hooks guest_hooks[OCI_HOOK_KINDS]; /* see guest_hooks.h; owned */
	struct network_job *network_jobs;             /* changes, one after the other; owned */
	struct ipvs_staged *ipvs_staged; /* the one restore whose rules come in parts */
	struct dns *dns;                 /* NULL: nobody carries queries; owned */
	struct tracing *tracing;         /* NULL: it never was on; owned */
	struct guest_log *log;
	struct watch signals;
};

extern const struct ttrpc_service *const agent_services[];
