/* SPDX-License-Identifier: Apache-2.0 */
/* disk.h - disks that the host has plugged in */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct err;

/* -ENOSYS for a driver that is neither "blk", "scsi", "nvdimm" nor "vhost-user-scsi". */
int disk_check_driver(const char *driver, struct err *err);

/*
 * The disk at @address: "blk" has a PCI path, "scsi" has "ID:LUN", "nvdimm" the name itself,
 * "vhost-user-scsi" the PCI path of a controller, whose first disk it is.
 * *ret_name is the kernel's name, "vda"; owned. Returns 1 (it is there), 0 (not yet), or -EINVAL.
 */
int disk_find(const char *driver, const char *address, char **ret_name, struct err *err);

/* The same, waiting for it up to @timeout_ms: for helpers. */
int disk_wait(const char *driver, const char *address, uint64_t timeout_ms, char **ret_name,
	      struct err *err);

/* Major and minor of a disk that is there. */
int disk_number(const char *name, dev_t *ret, struct err *err);
