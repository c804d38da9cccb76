/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.h - devices of the host that can go to a virtual machine, as sysfs tells
 *
 * The IOMMU keeps groups of devices apart: what is given away is a whole group. Each
 * has a number, and a file /dev/vfio/NUMBER by which VFIO gives its devices.
 * Source: kernel, Documentation/driver-api/vfio.rst; reference 07, section 6.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct err;

/* sysfs of the host, or what stands for it in a test. */
struct sysfs {
	const char *root;
	/* In a test: what the kernel does when @text is written to @path. NULL: it is written. */
	int (*write)(void *data, const char *path, const char *text, struct err *err);
	void *data;
};

/* A test of all programs together has one of its own: KATA_FAULT_SYSFS (base/fault.h). */
struct sysfs sysfs_of_host(void);

#define VFIO_DRIVER       "vfio-pci"
#define VFIO_NAME_LEN     40u    /* of a UUID, or "ffffffff:ff:1f.7", and its NUL */
#define VFIO_DEVICES_MAX  32u    /* of one group */
#define VFIO_GROUP_NUMBER 65535u /* the highest */

struct vfio_device {
	char name[VFIO_NAME_LEN]; /* its address, "0000:01:00.0", or the UUID of a mediated device
				   */
	bool mediated;            /* a part of a device, which the host's driver keeps */
};

struct vfio_group {
	unsigned number;
	struct vfio_device devices[VFIO_DEVICES_MAX];
	size_t n;
};

/* Whether @text is a PCI address: domain, bus, device and function in hex. */
bool vfio_is_address(const char *text);

/*
 * The devices of group @number that a guest gets: bridges are left out, which the
 * kernel takes care of. -ENODEV says what the host lacks when there is no such group.
 */
int vfio_group_read(const struct sysfs *sysfs, unsigned number, struct vfio_group *ret,
		    struct err *err);

/* -EBUSY names the first of them that a driver of the host has, and how to change that. */
int vfio_group_check(const struct sysfs *sysfs, const struct vfio_group *group, struct err *err);

/* The group of the PCI device @address; -ENODEV when it is in none. */
int vfio_group_of(const struct sysfs *sysfs, const char *address, unsigned *ret, struct err *err);

/* The driver of the PCI device @address; owned, NULL when it has none. */
char *vfio_driver_of(const struct sysfs *sysfs, const char *address);

/* "8086:1572" of a PCI device, for messages; owned. */
char *vfio_model_of(const struct sysfs *sysfs, const char *address);

/* The group whose file is the character device @major:@minor: true, or it is none. */
bool vfio_group_of_file(const struct sysfs *sysfs, unsigned major, unsigned minor, unsigned *ret);

/* "12", and nothing else: a group's number. */
bool vfio_parse_group(const char *text, unsigned *ret);
