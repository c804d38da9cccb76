/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - of vm/ only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/proc.h"

struct err;

#define VM_LAST_WORDS "last-words"
#define VM_VSOCK_CID  "vsock-cid" /* decimal; not there without vsock */

struct vm {
	char *dir;
	int dirfd;
	char *proxy_socket;
	char *kernel; /* for messages */
	char *initrd;
	uint64_t dial_ms; /* how long its agent may take to answer */
	int state_fd;     /* of the machine that it is a clone of and has not become yet, or -1 */
	int stderr_fd;    /* QEMU's standard error, which the proxy reads as well */
	struct proc_id qemu;
	struct proc_id proxy;
	struct proc_id virtiofsd;
};

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
