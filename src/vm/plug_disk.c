/* SPDX-License-Identifier: Apache-2.0 */
/* The host's block devices as disks of a running machine. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "hypervisor/qemu_devices.h"
#include "hypervisor/qemu_disks.h"
#include "hypervisor/qemu_pci.h"
#include "hypervisor/qemu_size.h"
#include "vm/internal.h"
#include "vm/plug.h"

static void disk_id(unsigned number, char ret[QEMU_NODE_NAME_MAX + 1])
{
	snprintf(ret, QEMU_NODE_NAME_MAX + 1, "disk%u", number);
}

static int add_front_end(struct plug *plug, const struct plug_disk *disk, const char *id,
			 char ret_address[PLUG_PATH_LEN], struct err *err)
{
	struct pci_place place = { 0 };
	int r;

	if (disk->driver == PLUG_VIRTIO_SCSI) {
		snprintf(ret_address, PLUG_PATH_LEN, "%u:%u", disk->number / 256,
			 disk->number % 256);
		return qemu_add_scsi_disk(plug->qmp, id, disk->number, deadline_in(PLUG_MS), err);
	}
	r = qemu_pci_free_place(plug->qmp, deadline_in(PLUG_MS), &place, err);
	if (r < 0)
		return r;
	memcpy(ret_address, place.guest_path, PLUG_PATH_LEN);
	return qemu_add_virtio_blk(plug->qmp, id, &place, deadline_in(PLUG_MS), err);
}

/* The guest numbers them in the order in which they come. */
static int add_nvdimm(struct plug *plug, const struct qemu_disk *disk, uint64_t bytes,
		      char ret_address[PLUG_PATH_LEN], struct err *err)
{
	unsigned n = 0;
	int r;

	r = qemu_count_nvdimms(plug->qmp, deadline_in(PLUG_MS), &n, err);
	if (r < 0)
		return r;
	snprintf(ret_address, PLUG_PATH_LEN, "pmem%u", n);
	r = qemu_add_nvdimm(plug->qmp, disk, bytes, deadline_in(PLUG_MS), err);
	return r < 0 ? err_prefix(err,
				  "%llu MiB as memory (see [hypervisor.qemu] memory_offset and "
				  "memory_slots)",
				  (unsigned long long)bytes >> 20)
		     : 0;
}

static int add_vhost_user(struct plug *plug, const struct plug_disk *disk, const char *id,
			  char ret_address[PLUG_PATH_LEN], struct err *err)
{
	bool scsi = disk->driver == PLUG_VHOST_USER_SCSI;
	struct pci_place place = { 0 };
	bool no_msix = false;
	int r;

	r = plug_check_shared(plug, disk->path, err);
	if (r == 0)
		r = plug_lacks_msix(plug, &no_msix, err);
	if (r == 0)
		r = qemu_pci_free_place(plug->qmp, deadline_in(PLUG_MS), &place, err);
	if (r == 0)
		r = qemu_add_socket_chardev(plug->qmp, id, disk->path, deadline_in(PLUG_MS), err);
	if (r == 0)
		r = fault_point("disk socket", err);
	memcpy(ret_address, place.guest_path, PLUG_PATH_LEN);
	return r < 0 ? r
		     : qemu_add_vhost_user_disk(plug->qmp, id, scsi, no_msix, &place,
						deadline_in(PLUG_MS), err);
}

static bool is_vhost_user(enum plug_driver driver)
{
	return driver == PLUG_VHOST_USER_BLK || driver == PLUG_VHOST_USER_SCSI;
}

int plug_disk_add(struct plug *plug, const struct plug_disk *disk, char ret_address[PLUG_PATH_LEN],
		  struct err *err)
{
	const struct qemu_disk node = {
		.read_only = disk->read_only,
		.path = disk->path,
		.cache_set = disk->cache_set,
		.cache_direct = disk->cache_direct,
		.cache_no_flush = disk->cache_no_flush,
	};
	struct err ignored = { 0 };
	struct qemu_disk named = node;
	char id[QEMU_NODE_NAME_MAX + 1];
	int r;

	if (disk->driver == PLUG_VIRTIO_SCSI && disk->number >= QEMU_SCSI_DISKS)
		return err_set_as(err, ERR_PORTS_EXHAUSTED, ENOSPC,
				  "plug in %s: the machine has %u disks already", disk->path,
				  QEMU_SCSI_DISKS);
	disk_id(disk->number, id);
	named.id = id;
	if (is_vhost_user(disk->driver)) {
		r = add_vhost_user(plug, disk, id, ret_address, err);
	} else if (disk->driver == PLUG_NVDIMM) {
		r = add_nvdimm(plug, &named, disk->bytes, ret_address, err);
	} else {
		r = qemu_add_disk_node(plug->qmp, &named, deadline_in(PLUG_MS), err);
		if (r == 0)
			r = fault_point("disk node", err);
		if (r == 0)
			r = add_front_end(plug, disk, id, ret_address, err);
	}
	if (r == 0)
		r = fault_point("disk plugged", err);
	if (r == 0)
		return 0;
	(void)plug_disk_remove(plug, disk->number, &ignored);
	return err_prefix(err, "plug in %s", disk->path);
}

int plug_disk_remove(struct plug *plug, unsigned number, struct err *err)
{
	char id[QEMU_NODE_NAME_MAX + 1];
	int r;

	disk_id(number, id);
	r = qemu_remove_disk(plug->qmp, id, deadline_in(UNPLUG_MS), err);
	if (r == 0)
		r = qemu_remove_disk_node(plug->qmp, id, deadline_in(PLUG_MS), err);
	if (r == 0)
		r = qemu_remove_chardev(plug->qmp, id, deadline_in(PLUG_MS), err);
	return r < 0 ? err_prefix(err, "unplug %s", id) : fault_point("disk unplugged", err);
}
