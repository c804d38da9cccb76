/* SPDX-License-Identifier: Apache-2.0 */
/* devices.h - the device nodes and links of a container's /dev */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct oci_device;
struct oci_spec;

#define DEVICES_MAX 4096u /* of one container; the guest's own are a few hundred */

struct device {
	char *path; /* in the container, absolute and without ".."; owned */
	mode_t mode;
	dev_t rdev;
	uid_t uid; /* as the container sees them */
	gid_t gid;
	bool made;
};

struct device_list {
	struct device *items;
	size_t n;
};

/*
 * The devices of linux.devices, the default devices of the runtime-spec that
 * are not among them, and for a privileged container all others of the guest.
 * A device that the guest does not have is made all the same: opening it fails
 * with ENXIO, as on a host without it. One of @denied, the guest's own disks,
 * is -EPERM (CVE-2020-2023).
 */
int devices_list(const struct oci_spec *spec, const dev_t *denied, size_t n_denied,
		 struct device_list *ret, struct err *err);
void devices_done(struct device_list *list);

/* Adds all nodes below @dir, the guest's /dev, that are not @denied or in @list already. */
int devices_of_guest(const char *dir, const dev_t *denied, size_t n_denied,
		     struct device_list *list, struct err *err);

/* Makes those that are in the fresh tmpfs @dev, and stay visible when all else is mounted. */
int devices_prepare(int dev, const struct oci_spec *spec, struct device_list *list,
		    struct err *err);

/*
 * Makes the rest below @root, and the links of /dev. Where a node cannot be made
 * (in a user namespace) the guest's own is mounted there. Nothing at all is done
 * to a /dev that is a bind mount: it is somebody else's.
 */
int devices_make(int root, const struct oci_spec *spec, struct device_list *list, struct err *err);

/*
 * A detached mount of the container's null device, checked to be one: an image
 * can put a link in its place (CVE-2025-31133).
 */
int devices_null_mount(int root, int *ret, struct err *err);
