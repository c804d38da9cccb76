/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - of vm/ only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/proc.h"
#include "hypervisor/machine.h"

struct config;
struct err;
struct image;
struct qmp;
struct vm_params;

#define VM_LAST_WORDS     "last-words"
#define VM_LAST_WORDS_MAX (256u << 10)
#define VM_VSOCK_CID      "vsock-cid" /* decimal; not there without vsock */
#define VM_QEMU_RECORD    "qemu.record"
#define VM_PROXY_RECORD   "proxy.record"
#define VM_SHARE_RECORD   "virtiofsd.record"

struct vm {
	char *dir;
	int dirfd;
	char *proxy_socket;
	char *kernel;      /* for messages */
	char *image;       /* or initrd */
	uint64_t start_ms; /* how long QEMU may take until its monitor answers */
	uint64_t dial_ms;  /* and its agent, from then on */
	int state_fd;      /* of the machine that it is a clone of and has not become yet, or -1 */
	bool ready;        /* it was started for a cache, and has answered */
	int stderr_fd;     /* QEMU's standard error, which the proxy reads as well */
	struct proc_id qemu;
	struct proc_id proxy;
	struct proc_id virtiofsd;
};

/* With nothing open or started yet. */
struct vm *vm_new(const struct vm_params *params);
int vm_open_dir(struct vm *vm, struct err *err);

/* Starts one of them with its record, as @params say. What it says goes to @output, the last words.
 */
int vm_start_program(const struct vm_params *params, struct vm *vm, int output, const char *name,
		     char **argv, const int *fds, size_t n_fds, struct proc_id *ret,
		     struct err *err);

/* @listening: its socket; or -1: the agent is reached by the vsock @cid. */
int vm_start_proxy(const struct vm_params *params, struct vm *vm, int output, int listening,
		   uint32_t cid, struct err *err);

/* Ends kata-proxy and waits until the agent is ready for another. */
int vm_end_session(struct vm *vm, struct qmp *qmp, struct err *err);

struct plug {
	struct qmp *qmp;
};

/* -ENOTSUP names the key by which the machine's memory is shared with the program at @socket. */
int plug_check_shared(struct plug *plug, const char *socket, struct err *err);
/* QEMU 7.2 dies of message-signalled interrupts with vhost-user under emulation. */
int plug_lacks_msix(struct plug *plug, bool *ret, struct err *err);

#define UNPLUG_MS 8000u  /* the guest has to take part; under the 10 s that commands may take */
#define VFIO_MS   60000u /* the host locks all of the guest's memory, and resets the device */
#define PLUG_MS   5000u  /* for all commands of one step: QEMU answers in milliseconds */

/*
 * Whether the configuration can be: programs, files, memory. One line that names the
 * key. @ret_image is set where there is one.
 */
int vm_check(const struct vm_params *params, struct image *ret_image, struct err *err);

/* Of vm_check(): whether the host has @mib of the kind of memory that is configured. */
int vm_memory_check(const struct config *config, uint64_t mib, struct err *err);

/* How many PCI bridges the machine has. */
unsigned vm_bridges(const struct config *config);

/* Whether it runs on KVM of a host that is a virtual machine, and is to mind that. */
bool vm_is_nested(const struct config *config);

enum memory_lock vm_memory_lock(const struct config *config);
