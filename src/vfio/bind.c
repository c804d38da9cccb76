/* SPDX-License-Identifier: Apache-2.0 */
#include "vfio/bind.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

static int put(const struct sysfs *sysfs, const char *path, const char *text, struct err *err)
{
	return sysfs->write ? sysfs->write(sysfs->data, path, text, err)
			    : file_write(path, text, err);
}

/* Which driver may have the device; "\n" is any that knows it. */
static int set_override(const struct sysfs *sysfs, const char *address, const char *driver,
			struct err *err)
{
	CLEANUP(free)
	char *path = xasprintf("%s/bus/pci/devices/%s/driver_override", sysfs->root, address);

	return put(sysfs, path, driver, err);
}

/* The driver that it has lets it go; then the kernel looks for the one that may have it. */
static int change_driver(const struct sysfs *sysfs, const char *address, const char *wanted,
			 struct err *err)
{
	CLEANUP(free) char *driver = vfio_driver_of(sysfs, address);
	CLEANUP(free) char *probe = xasprintf("%s/bus/pci/drivers_probe", sysfs->root);
	CLEANUP(free)
	char *unbind = xasprintf("%s/bus/pci/devices/%s/driver/unbind", sysfs->root, address);
	CLEANUP(free) char *now = NULL;
	int r = 0;

	if (driver && str_eq(driver, wanted))
		return 0;
	if (driver)
		r = put(sysfs, unbind, address, err);
	if (r == 0 && *wanted)
		r = put(sysfs, probe, address, err);
	if (r < 0)
		return r;
	now = vfio_driver_of(sysfs, address);
	if (str_eq(now ? now : "", wanted))
		return 0;
	if (!*wanted)
		return err_set(err, EBUSY, "device %s: its driver does not let it go", address);
	return err_set(err, ENODEV, "device %s: the driver %s does not take it; see dmesg", address,
		       wanted);
}

static bool is_there(const struct sysfs *sysfs, const char *address)
{
	CLEANUP(free) char *path = xasprintf("%s/bus/pci/devices/%s", sysfs->root, address);

	return access(path, F_OK) == 0;
}

/* The others of the group: the kernel gives none of it away while the host uses one. */
static int check_others(const struct sysfs *sysfs, const char *address,
			const struct vfio_group *group, struct err *err)
{
	for (size_t i = 0; i < group->n; i++) {
		const char *other = group->devices[i].name;
		CLEANUP(free) char *driver = NULL;

		if (group->devices[i].mediated || str_eq(other, address))
			continue;
		driver = vfio_driver_of(sysfs, other);
		if (driver && !str_eq(driver, VFIO_DRIVER))
			return err_set(err, EBUSY,
				       "device %s shares IOMMU group %u with %s, which the host's "
				       "driver %s has: they can only go together; unbind that one, "
				       "or put this one into another slot",
				       address, group->number, other, driver);
	}
	return 0;
}

int vfio_bind_check(const struct sysfs *sysfs, const char *address, struct err *err)
{
	CLEANUP(free) char *path = xasprintf("%s/bus/pci/drivers/" VFIO_DRIVER, sysfs->root);
	struct vfio_group group = { 0 };
	unsigned number = 0;
	int r;

	r = vfio_group_of(sysfs, address, &number, err);
	if (r == 0)
		r = vfio_group_read(sysfs, number, &group, err);
	if (r == 0)
		r = check_others(sysfs, address, &group, err);
	if (r == 0 && access(path, F_OK) < 0)
		r = err_set(err, ENOENT,
			    "the host has not loaded " VFIO_DRIVER ", which device %s needs to go "
			    "to a virtual machine; modprobe " VFIO_DRIVER,
			    address);
	return r;
}

int vfio_bind(const struct sysfs *sysfs, const char *address, struct err *err)
{
	int r = set_override(sysfs, address, VFIO_DRIVER, err);

	return r == 0 ? change_driver(sysfs, address, VFIO_DRIVER, err) : r;
}

int vfio_give_back(const struct sysfs *sysfs, const char *address, const char *driver,
		   struct err *err)
{
	struct err ignored = { 0 };
	int r;

	if (!is_there(sysfs, address))
		return 0;
	/* By name: several may know it. */
	r = set_override(sysfs, address, *driver ? driver : "\n", err);
	if (r == 0)
		r = change_driver(sysfs, address, driver, err);
	if (r == 0)
		return set_override(sysfs, address, "\n", err);
	(void)set_override(sysfs, address, "\n", &ignored);
	return r;
}
