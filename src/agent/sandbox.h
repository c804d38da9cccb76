/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - the containers of the pod, inside the guest */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"

struct agent;
struct cgroup;
struct oci_process;
struct oci_spec;
struct process;
struct ttrpc_request;

#define CONTAINER_PROCESSES_MAX 4096u

struct container {
	struct container *next;
	struct agent *agent; /* borrowed */
	char *id;
	struct oci_spec *spec; /* owned */
	char *bundle;          /* as its hooks are told; owned */
	struct cgroup *cgroup; /* owned */
	char **mounts;         /* of its disks, in the guest; owned */
	bool frozen;
	unsigned jobs;      /* helpers that are at work on it: it must not go before they end */
	struct watch oom;   /* of oom_fd */
	int oom_fd;         /* owned; -1: not watched */
	uint64_t oom_kills; /* that have been told */
	struct ttrpc_request *oom_waiters; /* WaitOOM */
	struct process *init;              /* one of processes */
	bool is_guest;                     /* debug_console.h: without init and cgroup, */
	int guest_pidfd;                   /* and this is what its processes are started beside */
	struct process *processes;         /* owned */
	struct ttrpc_request *remover;     /* RemoveContainer that waits */
	bool removing;
	struct err removal; /* how it went */
};

/* Both name what they looked for: -ENOENT. */
int container_find(struct agent *agent, const char *id, struct container **ret, struct err *err);

/* An empty @exec_id, or the container's own id, is init. */
int container_find_process(struct container *container, const char *exec_id, struct process **ret,
			   struct err *err);

/*
 * Starts to create a container and takes @spec over; @req is answered when it
 * is ready or failed.
 *
 * @mounts         of its disks (container_disks.h), unmounted when it goes; copied
 * @sandbox_pidns  its processes live in the pid namespace of the sandbox's own container
 */
int container_create(struct agent *agent, const char *id, struct oci_spec *spec,
		     char *const *mounts, bool sandbox_pidns, struct ttrpc_request *req,
		     struct err *err);
int container_exec(struct container *container, const char *exec_id, const struct oci_process *spec,
		   struct ttrpc_request *req, struct err *err);

/* Kills what is left and forgets the container; @req (or NULL) is answered when that is done. */
int container_remove(struct container *container, struct ttrpc_request *req, struct err *err);

/* Every process of the container; SIGKILL at once, others one by one. */
int container_signal_all(struct container *container, int signo, struct err *err);

/* Its first process waits for the start; it runs. What the guest's own hooks are for. */
void container_ready(struct container *container);
void container_started(struct container *container);

/* Work on the container by a helper, as job_start(); the container stays until it is done. */
void container_job_begin(struct container *container);
void container_job_end(struct container *container);

/* Children have ended: collects them all. */
void sandbox_reap(struct agent *agent);

/* Ends and removes all containers, and answers. */
void sandbox_destroy(struct agent *agent, struct ttrpc_request *req);
