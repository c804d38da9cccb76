/* SPDX-License-Identifier: Apache-2.0 */
/* qemu_disks.h - disks of a running QEMU, one monitor command each */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;
struct pci_place;
struct qmp;

#define QEMU_NODE_NAME_MAX 31u    /* bytes of a block node's name */
#define QEMU_SCSI_DISKS    65536u /* 256 ids of 256 logical units */

/* The host's block device behind a disk. */
struct qemu_disk {
	const char *id;   /* of the node; the device on top has "ID-dev" */
	const char *path; /* on the host */
	bool read_only;
	bool cache_set; /* whether the next two say something */
	bool cache_direct;
	bool cache_no_flush;
};

int qemu_add_disk_node(struct qmp *qmp, const struct qemu_disk *disk, uint64_t deadline,
		       struct err *err);
/* Success when there is none. */
int qemu_remove_disk_node(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err);

/* What the guest sees of the node @id. */
int qemu_add_virtio_blk(struct qmp *qmp, const char *id, const struct pci_place *place,
			uint64_t deadline, struct err *err);
/* @number gives id and logical unit behind the controller of the machine. */
int qemu_add_scsi_disk(struct qmp *qmp, const char *id, unsigned number, uint64_t deadline,
		       struct err *err);
/*
 * A disk, or a SCSI controller (@scsi), that a program serves over the socket of the
 * character device @id.
 */
int qemu_add_vhost_user_disk(struct qmp *qmp, const char *id, bool scsi, bool no_msix,
			     const struct pci_place *place, uint64_t deadline, struct err *err);
/*
 * The whole of @disk as memory of the guest, without a node: its cache is the host's
 * page cache. It cannot be taken away again: QEMU 7.2 has no unplugging of it.
 */
int qemu_add_nvdimm(struct qmp *qmp, const struct qemu_disk *disk, uint64_t bytes,
		    uint64_t deadline, struct err *err);

/* Waits until the guest has let it go. Success when there is none. */
int qemu_remove_disk(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err);
