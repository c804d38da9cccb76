/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - pods and containers
 *
 * Nothing stays in memory: each command finds what it needs on disk, acts under
 * the sandbox's lock, writes the new state and ends. What must be undone after
 * a crash is known by name: every path, socket and process record derives from
 * the ids, so that removal needs no state that a crash could have cut off.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "sandbox/persist.h"
#include "sandbox/timeline.h"

struct cgroup_stats;
struct config;
struct err;
struct oci_process;
struct oci_resources;

#define ID_MAX 200u /* a volume is named after it, within the 255 bytes of a file name */

/* -EINVAL with what is allowed. */
int id_check(const char *id, struct err *err);

/*
 * The full id of an existing container from its beginning; owned. -ENOENT when
 * none matches, -ENOTUNIQ when several do. (openEuler patch 0013)
 */
int id_resolve(const char *prefix, char **ret, struct err *err);

/* Why virtual machines are emulated although nothing asks for it; NULL otherwise. */
const char *sandbox_emulation_reason(const struct config *config);

/* Why kata-proxy relays although vsock is configured; NULL otherwise. */
const char *sandbox_vsock_reason(const struct config *config);

/* All ids, sorted; owned. */
int id_list(char ***ret, struct err *err);

struct create_params {
	struct config *config; /* which the annotations of the sandbox are put over */
	const char *id;
	const char *bundle;         /* absolute */
	const char *root;           /* --root, for the record */
	const char *console_socket; /* or NULL */
	const char *console;        /* path of a pty, or NULL */
	const char *pid_file;       /* or NULL */
	bool detach;                /* the shim must outlive our session */
	bool cgroups_optional;      /* cgroups of the host that may not be written are no error */
	struct timeline *timeline;  /* or NULL */
};

/*
 * Makes a container, and its sandbox if it is a sandbox's first. *ret_shim is
 * the process that stands for it. What fails leaves nothing behind.
 */
int container_create(const struct create_params *params, struct proc_id *ret_shim, struct err *err);

int container_start(const char *id, struct timeline *timeline, struct err *err);

/* A container as it is now: its record, and the state that its processes show. */
struct container_view {
	struct container_record *record;
	enum state state;
};

/* Without a lock (design E7). -ENOENT when there is no such container. */
int container_look(const char *id, struct container_view *ret, struct err *err);
void container_view_done(struct container_view *view);

/* Whether the container has ended, or is not there any more. */
bool container_is_over(const char *id);

/* Whether the container is there and its virtual machine has ended under it. */
bool container_is_lost(const char *id);

/* @all: every process of it. */
int container_kill(const char *id, int signo, bool all, struct err *err);

/* Stops all of its processes where they are, or lets them go on. -EINVAL when it is not so far. */
int container_freeze(const char *id, bool frozen, struct err *err);

/* Changes the limits that @resources names, and no others. */
int container_update(const char *id, const struct oci_resources *resources, struct err *err);

/*
 * Removes a container, with its sandbox if it is the sandbox's own. One that
 * runs is refused without @force (-EBUSY). With @force an id that is unknown
 * counts as removed, and whatever a crash left of it goes.
 */
int container_delete(const char *id, bool force, struct err *err);

/* Puts what the annotations of the sandbox of @cid said over @config. -ENOENT: no such container.
 */
int sandbox_override(const char *cid, struct config *config, struct err *err);

/* What a sandbox was started with: configuration, hypervisor, kernel and image. */
int sandbox_look(const char *sid, struct sandbox_record **ret, struct err *err);

struct agentc_processes;

/* The processes in a container that runs; freed by agentc_processes_done(). */
int container_processes(const char *id, struct agentc_processes *ret, struct err *err);

/* What a container that runs has used; into an empty @ret, freed by cgroup_stats_done(). */
int container_stats(const char *id, struct cgroup_stats *ret, struct err *err);

/*
 * How many processes of a container that runs were killed for memory, in *kills; with
 * @wait_ms when there are more of them than *kills was. Returns 0, -ETIMEDOUT, or what
 * makes the guest one that cannot be asked.
 */
int container_oom_kills(const char *id, uint64_t wait_ms, uint64_t *kills, struct err *err);

struct agentc_network_stats;

/* The counters of its sandbox's network; freed by agentc_network_stats_done(). */
int container_network_stats(const char *id, struct agentc_network_stats *ret, struct err *err);

/* The host's pids of its shims that are alive, of init first; *ret is owned. */
int container_shims(const char *id, pid_t **ret, size_t *ret_n, struct err *err);

struct conntrack_flows;
struct ipvs_address;
struct ipvs_connections;
struct ipvs_rule;
struct ipvs_service_key;
struct ipvs_table;
struct ipvs_timeouts;

/* Load balancing in the guest of a container that is created, running or paused: agentc/ipvs.h. */
int container_ipvs_change(const char *id, const struct ipvs_rule *rules, size_t n, struct err *err);
int container_ipvs_list(const char *id, const struct ipvs_service_key *only, bool counters,
			struct ipvs_table *ret, struct err *err);
int container_ipvs_timeouts(const char *id, struct ipvs_timeouts *ret, struct err *err);
int container_ipvs_connections(const char *id, struct ipvs_connections *ret, struct err *err);

/* Deletes tracked flows of the guest: agentc/conntrack.h. */
int container_conntrack_delete(const char *id, const struct ipvs_address *destination, int protocol,
			       struct conntrack_flows *ret, struct err *err);

struct exec_params {
	const struct config *config;
	const char *id;
	bool guest; /* not in the container: in the guest that it runs in */
	const struct oci_process *process;
	const char *console_socket;
	const char *console;
	const char *pid_file;
	bool detach;
};

int container_exec(const struct exec_params *params, struct proc_id *ret_shim, struct err *err);
