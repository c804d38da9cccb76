/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - of sandbox/ only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "factory/factory.h"
#include "sandbox/network.h"
#include "sandbox/persist.h"
#include "sandbox/sandbox.h"

struct agentc;
struct cgroup;
struct create_params;
struct err;
struct oci_spec;
struct sandbox;

/* How long the agent may take (reference 10, section 4). */
#define REQUEST_MS          10000u
#define CREATE_CONTAINER_MS 120000u
#define KILL_FORCED_MS      5000u /* design E13 */
#define DESTROY_MS          5000u
#define DESTROY_FORCED_MS   1500u /* delete --force is done within 5 s */
#define PROCESS_END_MS      3000u /* from SIGKILL to the end */

#define SHIM_RECORD "shim.record"

/* The sandbox of container @cid; owned. -ENOENT when there is no such container. */
int mapping_find(const char *cid, char **ret_sid, struct err *err);
int mapping_add(const char *cid, const char *sid, struct err *err);
int mapping_remove(const char *cid, struct err *err);

/* A new sandbox on its way. */
struct sandbox_start {
	const struct sandbox_cgroups *cgroups;
	struct factory_base base;
	struct machine_size wanted; /* of the machine, if it boots */
	int64_t vcpus;              /* that the machine starts with */
	int64_t memory_mib;
	int dirfd; /* of the sandbox, locked; owned */
	struct vm *vm;
	struct sandbox_network network;
	struct vm_vfio *vfio; /* devices of the host that the machine starts with; owned */
	size_t n_vfio;
	char *dns; /* a name server that only the host can reach, or NULL; owned */
};

/*
 * What its virtual machine, which is to have @size in the end, is started from, and
 * with. @own_devices: it has devices of the host from the start, as no clone has.
 */
int sandbox_choose_base(const struct create_params *params, const struct machine_size *size,
			bool own_devices, struct sandbox_start *ret, struct err *err);

/* Reserves the id and makes the sandbox's files. */
int sandbox_begin(const struct create_params *params, struct sandbox_start *ret, struct err *err);

/* Starts its virtual machine, in @netns and @cgroup (NULL: ours): everything but waiting for it. */
int sandbox_boot(const struct create_params *params, int netns, const struct cgroup *cgroup,
		 struct sandbox_start *start, struct err *err);

/* Waits for the agent and makes the sandbox in the guest. */
int sandbox_finish(const struct create_params *params, struct sandbox_start *start,
		   const struct oci_spec *spec, uint64_t shm_size, struct agentc **ret_agent,
		   struct err *err);

/*
 * Removes all of a sandbox by its name alone, whatever state it is in. The
 * caller holds its lock, or knows that nobody does.
 */
int sandbox_remove(const char *sid, struct err *err);

/* Stops the guest in good order as far as it takes part, then sandbox_remove(). */
int sandbox_stop(const char *sid, bool force, struct err *err);

/*
 * Removes what nobody uses, of any sandbox: what another boot of the host has left,
 * once in each boot or again while something of it stays, and each time what a
 * killed delete has left. What fails is logged.
 */
void sandboxes_sweep(void);

/* Says in the sandbox's directory that all of it is to go: if we are killed, a sweep goes on. */
void sandbox_mark_deleting(int dirfd);

/*
 * Removes what is left under this id and nobody will use: of another boot, or the
 * last piece of what a killed command was removing. What is in use stays: that is
 * no error.
 */
int sandbox_reclaim_id(const char *id, struct err *err);

/* Whether the sandbox is known to be of another boot of the host. */
bool sandbox_is_stale(const char *sid);

/* The ids of its containers, as their directories say; owned. */
char **sandbox_members(const char *sid);

/* Connects to the agent of a sandbox whose machine is alive. */
int sandbox_connect(const char *sid, struct agentc **ret, struct err *err);

/* Connects to the agent of a container that is created, running or paused. */
int container_connect(const char *id, struct agentc **ret, struct err *err);

/* Ends every shim that left a record in the container's directory. For records of this boot. */
int shims_end(const char *sid, const char *cid, struct err *err);

/* Under the lock: the container's directory and its view, for a change. */
struct opened_container {
	int lock;
	int dirfd;
	struct container_view view;
};

#define OPENED_CONTAINER_INIT           \
	{                               \
		.lock = -1, .dirfd = -1 \
	}

/* -ESRCH: it is not running, and if its machine has ended, why. */
int container_not_running(const struct container_view *view, struct err *err);

int container_open_locked(const char *id, struct opened_container *ret, struct err *err);
/* Lets the lock go early; the view stays. */
void opened_container_unlock(struct opened_container *opened);
void opened_container_done(struct opened_container *opened);

/* Says in the trace, if there is one, which container a command is about. */
void container_trace(const struct container_record *record);

/* What is done with a container is traced when its creation was. */
void container_follow_trace(const struct container_record *record);

/* Removes the container's cgroup on the host, if its record says that it has one. */
void container_forget_cgroup(const char *sid, const char *cid);

/* Takes a member of a pod away, in the guest and on the host. The caller holds the lock. */
int container_remove(const char *sid, const char *cid, struct err *err);

/* Decimal, without a newline: engines wait for it. @path may be NULL. */
int container_write_pid_file(const char *path, pid_t pid, struct err *err);
