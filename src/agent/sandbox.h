/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - the containers of the pod, inside the guest */
#pragma once

#include <stdbool.h>

struct agent;
struct err;
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
	char *cgroup_path;
	int cgroup_fd;
	struct process *init;          /* one of processes */
	struct process *processes;     /* owned */
	struct ttrpc_request *remover; /* RemoveContainer that waits */
	bool removing;
};

/* Both name what they looked for: -ENOENT. */
int container_find(struct agent *agent, const char *id, struct container **ret, struct err *err);

/* An empty @exec_id, or the container's own id, is init. */
int container_find_process(struct container *container, const char *exec_id, struct process **ret,
			   struct err *err);

/* Starts to create a container and takes @spec over; @req is answered when it is ready or failed.
 */
int container_create(struct agent *agent, const char *id, struct oci_spec *spec,
		     struct ttrpc_request *req, struct err *err);
int container_exec(struct container *container, const char *exec_id, const struct oci_process *spec,
		   struct ttrpc_request *req, struct err *err);

/* Kills what is left and forgets the container; @req (or NULL) is answered when that is done. */
int container_remove(struct container *container, struct ttrpc_request *req, struct err *err);

/* Every process of the container; SIGKILL at once, others one by one. */
int container_signal_all(struct container *container, int signo, struct err *err);

/* Children have ended: collects them all. */
void sandbox_reap(struct agent *agent);

/* Ends and removes all containers, and answers. */
void sandbox_destroy(struct agent *agent, struct ttrpc_request *req);
