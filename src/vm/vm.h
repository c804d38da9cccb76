/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm.h - one virtual machine: boot it, wait for its agent, stop it
 *
 * Everything about it lies in one directory: the sockets, and a record of each
 * program that was started for it (base/proc). A machine whose starter was
 * killed at any point is taken away by vm_destroy() from what lies there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "vm/sha256.h"

struct agentc;
struct cgroup;
struct config;
struct err;
struct vm;

#define VM_PATH_LEN 16u

/* A network card that is there from the start; all of it stays the caller's. */
struct vm_nic {
	const char *mac;
	const int *queues; /* of a tap, one for each; QEMU inherits them */
	const int *vhost;  /* of /dev/vhost-net, as many, or NULL */
	size_t n_queues;
};

/* A device of the host that is there from the start. */
struct vm_vfio {
	const char *name; /* its PCI address, or the UUID of a mediated device */
	bool mediated;
	char path[VM_PATH_LEN]; /* set by vm_boot(): where the agent finds it, as in plug.h */
};

/*
 * Memory and state of a machine that was saved, by descriptors that stay the
 * caller's. Its clones share the memory, and each has what it writes itself.
 */
struct vm_image {
	int memory; /* open for reading and writing */
	int state;  /* at its beginning; -1: the machine boots, and is to be saved */
};

/* In the machine's directory, for a process that somebody else starts and that ends with it. */
#define VM_NETMON_RECORD "netmon.record"

struct vm_params {
	const struct config *config; /* all strings are borrowed for the call */
	const char *id;
	const char *dir;              /* made here */
	const char *proxy_socket;     /* where kata-proxy is to listen */
	const char *share;            /* the directory that the guest sees */
	unsigned vcpus;               /* to start with: of a clone, what the image has */
	uint64_t memory_mib;          /* the same */
	const struct vm_image *image; /* or NULL; the machine then has no NICs */
	bool temporary;               /* its programs end with us */
	int netns;                    /* where its programs run, or -1 */
	const struct cgroup *cgroup;  /* what its programs are put into, or NULL */
	const char *dns;              /* a name server on the lo of @netns, or NULL */
	int trace_fd;                 /* for the proxy: where the agent's spans go, or 0 */
	const struct vm_nic *nics;
	size_t n_nics;
	struct vm_vfio *vfio;
	size_t n_vfio;
};

/*
 * Starts virtiofsd, QEMU and kata-proxy and returns while the guest boots. On
 * failure what was started is still there, for vm_destroy().
 */
int vm_boot(const struct vm_params *params, struct vm **ret, struct err *err);
void vm_free(struct vm *vm);
DEFINE_CLEANUP(struct vm *, vm_free)

/*
 * Waits until the agent answers. When it does not, the error says why as far as
 * QEMU's standard error and the guest's console tell. A clone gets the time and random
 * numbers of its own before anything else.
 */
int vm_wait_agent(struct vm *vm, struct agentc **ret, struct err *err);

/*
 * Ends the kata-proxy of a machine that was started with an image, waits until its
 * agent is ready for another, and writes its state to @state_fd. What was shared with
 * the guest must not be mounted there. Only vm_destroy() is left to do then.
 */
int vm_save(struct vm *vm, int state_fd, struct err *err);

/*
 * Ends the kata-proxy of a machine that has answered, and waits until its agent is ready
 * for another: it waits for vm_adopt(), under whatever name its directory has then.
 */
int vm_park(struct vm *vm, struct err *err);

/*
 * The machine at @params->dir, which was parked, as if vm_boot() had started it: QEMU and
 * virtiofsd go to @params->cgroup, and kata-proxy is started. Its namespaces are those
 * that it was started in. On failure it is there for vm_destroy().
 */
int vm_adopt(const struct vm_params *params, struct vm **ret, struct err *err);

/*
 * A digest of all that a machine of this configuration is, but for its sizes and what
 * is in the files that the configuration names.
 */
int vm_digest(const struct config *config, char ret[SHA256_TEXT], struct err *err);

/*
 * Where the agent of the machine of @dir is reached, for dial(): by its vsock, or
 * through kata-proxy at @proxy_socket. Owned.
 */
char *vm_agent_url(const char *dir, const char *proxy_socket);

/* Why the agent is reached through the proxy although vsock is configured; NULL otherwise. */
const char *vm_vsock_warning(const struct config *config);

/* What the machine of @dir is about, from its records alone. */
bool vm_is_alive(const char *dir);

/* The VMM's process; -ENOENT when it was never started. */
int vm_process(const char *dir, struct proc_id *ret);
/* The same of kata-proxy, which is always in the sandbox's network namespace; and of virtiofsd. */
int vm_proxy_process(const char *dir, struct proc_id *ret);
int vm_share_process(const char *dir, struct proc_id *ret);

/* Kills all programs of the machine, without waiting for their end. */
void vm_kill(const char *dir);

/* Kills all programs of the machine and removes @dir. Success when there is none. */
int vm_destroy(const char *dir, uint64_t deadline, struct err *err);

/* The most vCPUs and memory that a machine of this configuration can get. */
void vm_max_size(const struct config *config, unsigned *ret_vcpus, uint64_t *ret_mib);

/* Once per program: why emulation is used although nothing forced it; NULL otherwise. */
const char *vm_accelerator_warning(const struct config *config);
