/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plug.h - what comes into a running machine, and goes
 *
 * What is plugged in is asked of QEMU each time and kept nowhere, so that a
 * command that was killed half-way leaves nothing that the next one does not
 * see. Names derive from the caller's: removing "x" takes away whatever parts of
 * "x" there are, and none is success. One connection at a time: QEMU's monitor
 * serves one client, so the holder of the sandbox's lock uses it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

struct err;
struct plug;

/* A name that PLUG_NAME_MAX bounds: a letter, then letters, digits, '-', '.', '_'. */
#define PLUG_NAME_MAX 64u

/* How a device that was plugged in is named to the agent: "10.3/00"; see hypervisor/qemu_pci.h. */
#define PLUG_PATH_LEN 16u

/* The machine whose directory is @dir (see vm/vm.h). -EPIPE when it has ended. */
int plug_open(const char *dir, struct plug **ret, struct err *err);
void plug_close(struct plug *plug);
DEFINE_CLEANUP(struct plug *, plug_close)

/* Exactly one of the three: descriptors of a tap, a tap's name, a vhost-user socket. */
struct plug_nic {
	const char *name;
	const char *mac;
	const int *queues; /* one for each, with IFF_VNET_HDR; still the caller's */
	const int *vhost;  /* with queues: as many of /dev/vhost-net, or NULL */
	const char *tap;   /* in the network namespace of QEMU */
	const char *vhost_user;
	size_t n_queues; /* 1 to 256 */
};

/*
 * Plugs in a virtio NIC; what was done is undone when a step fails. @ret_path is
 * the PCI path for the agent. Returns 0, -EINVAL (name), -ENOSPC (no free port;
 * the error names default_root_ports), -ENOTSUP (vhost-user, and the machine's
 * memory is its own), -EIO with QEMU's own words, -ETIMEDOUT, -EPIPE.
 * The guest sees the device a moment later: the agent waits for it.
 */
int plug_nic_add(struct plug *plug, const struct plug_nic *nic, char ret_path[PLUG_PATH_LEN],
		 struct err *err);

/* -ETIMEDOUT when the guest does not let the device go: then it is all still there. */
int plug_nic_remove(struct plug *plug, const char *name, struct err *err);

/*
 * A PCI device of its own; behind the machine's controller; memory, which stays to the
 * end; a PCI device, or a controller of its own, that a program serves over a socket.
 */
enum plug_driver {
	PLUG_VIRTIO_BLK,
	PLUG_VIRTIO_SCSI,
	PLUG_NVDIMM,
	PLUG_VHOST_USER_BLK,
	PLUG_VHOST_USER_SCSI,
};

/* A block device of the host. */
struct plug_disk {
	unsigned number;  /* unique in the machine: what it is removed by */
	const char *path; /* of the device's node on the host, or of the socket */
	enum plug_driver driver;
	uint64_t bytes; /* its size; for nvdimm */
	bool read_only;
	bool cache_set; /* whether the next two say something */
	bool cache_direct;
	bool cache_no_flush;
};

/*
 * Plugs in a disk; what was done is undone when a step fails. @ret_address is
 * what the agent finds it by: the PCI path, "ID:LUN" or "pmemN". Errors as plug_nic_add(),
 * also for vhost-user.
 */
int plug_disk_add(struct plug *plug, const struct plug_disk *disk, char ret_address[PLUG_PATH_LEN],
		  struct err *err);

/* -ETIMEDOUT when the guest does not let it go: then it is still there. */
int plug_disk_remove(struct plug *plug, unsigned number, struct err *err);

/*
 * Plugs in a device of the host, which vfio-pci has: @name is its PCI address, or the UUID
 * of a mediated device. QEMU must be allowed to lock all of its memory. Errors as plug_nic_add().
 */
int plug_vfio_add(struct plug *plug, const char *name, bool mediated, char ret_path[PLUG_PATH_LEN],
		  struct err *err);

/* -ETIMEDOUT when the guest does not let it go: then it is still there. */
int plug_vfio_remove(struct plug *plug, const char *name, struct err *err);

/* What the machine has; the guest may have turned some of the vCPUs off. */
struct plug_size {
	unsigned vcpus;
	uint64_t base_bytes;    /* memory since the start */
	uint64_t plugged_bytes; /* and since then */
	bool elastic;           /* plug_request_memory() is how; else plug_memory() */
};

int plug_ask_size(struct plug *plug, struct plug_size *ret, struct err *err);

/* The threads that its vCPUs run on; owned. */
int plug_vcpu_threads(struct plug *plug, pid_t **ret, size_t *ret_n, struct err *err);

/* Adds @n vCPUs. A part of them is an error that says how many there are. */
int plug_vcpus(struct plug *plug, unsigned n, struct err *err);

/* What memory has to be a multiple of on the host's side: the size of a huge page, or 0. */
uint64_t plug_memory_unit(struct plug *plug);

/* Adds memory, a multiple of the guest's memory blocks; it takes one of memory_slots. */
int plug_memory(struct plug *plug, uint64_t bytes, struct err *err);

/*
 * Asks the guest to have @bytes of plugged memory, more or less than now; a
 * multiple of its memory blocks. It does so later; plug_wait_memory() waits for it
 * to have them, and says how much there is when it has not in time.
 */
int plug_request_memory(struct plug *plug, uint64_t bytes, struct err *err);
int plug_wait_memory(struct plug *plug, uint64_t bytes, uint64_t deadline, struct err *err);
