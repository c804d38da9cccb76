/* SPDX-License-Identifier: Apache-2.0 */
/* disks.h - block devices of the host that come into the guest for one container */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vm/plug.h"

struct agentc_disk;
struct config;
struct container_record;
struct err;
struct oci_mount;
struct oci_spec;

#define GUEST_STORAGE "/run/kata-containers/sandbox/storage"
#define DISKS_MAX     256u /* of one container */
#define DISK_ADDRESS  16u

struct disk {
	dev_t dev;
	enum plug_driver driver;
	char *path; /* of its node on the host, or of its socket; owned */
	bool read_only;
	uint64_t bytes;
	char *container_path; /* what it is in the container; or */
	char *mount_point;    /* where the guest mounts it, */
	const char *fstype;   /* and as what */
	unsigned number;      /* in the machine */
	char address[DISK_ADDRESS];
};

struct disks {
	const struct config *config; /* borrowed; what it says of block devices counts */
	struct disk *items;
	size_t n;
};

void disks_done(struct disks *disks);

/*
 * Each decides whether something of a specification is a disk, notes it, and
 * rewrites the specification for the guest; none touches a device. They return 1
 * (it is one), 0, or -errno.
 */

/*
 * The root at @path: a mount of the whole file system of a block device, which is
 * mounted nowhere else and which the guest can mount. A part of one is none: it
 * would give the guest all of the host's disk (CVE-2026-24054). The host's mount
 * becomes read-only, for two kernels must not write to one file system.
 */
int disks_take_root(struct disks *disks, const char *path, bool read_only, const char *cid,
		    char **ret_guest, struct err *err);

/* A bind mount of a block device, with enable_blk_mount one with a file system. */
int disks_take_volume(struct disks *disks, const char *source, const char *destination,
		      bool read_only, const char *cid, char **ret_guest, struct err *err);

/* All of linux.devices. */
int disks_take_devices(struct disks *disks, const struct oci_spec *spec, struct err *err);

/* The file system in the first @len bytes of a device: a name that the guest can mount, or NULL. */
const char *disks_probe(const void *data, size_t len);

/*
 * Plugs them in. Their numbers are in @record before anything is done, for the
 * caller to write by @save: what a command that was killed has plugged in is known.
 */
int disks_plug(struct disks *disks, struct container_record *record,
	       int (*save)(void *data, struct err *err), void *data, struct err *err);

/* As the agent is told of them; owned, the strings are borrowed. */
struct agentc_disk *disks_for_agent(const struct disks *disks);

/* Takes away what the record says, but for what other containers of the sandbox use too. */
int disks_unplug(const char *sid, const char *cid, struct err *err);
