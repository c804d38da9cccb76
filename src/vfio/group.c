/* SPDX-License-Identifier: Apache-2.0 */
#include "vfio/group.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fault.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

#define SMALL_FILE    4096u
#define BRIDGE_CLASS  0x06u /* base class; source: PCI Code and ID Assignment, 1.11 */
#define UUID_LEN      36u
#define DOMAIN_DIGITS 8u

struct sysfs sysfs_of_host(void)
{
	return (struct sysfs){ .root = fault_pretend_name("KATA_FAULT_SYSFS", "/sys") };
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Hex digits at @text, up to @max; the rest in *ret_end. */
static unsigned long hex(const char *text, size_t max, size_t *ret_len)
{
	unsigned long value = 0;

	*ret_len = 0;
	while (*ret_len < max && isxdigit((unsigned char)text[*ret_len])) {
		const char digit[2] = { text[*ret_len], '\0' };

		value = value << 4 | strtoul(digit, NULL, 16);
		++*ret_len;
	}
	return value;
}

bool vfio_is_address(const char *text)
{
	size_t len;

	(void)hex(text, DOMAIN_DIGITS, &len);
	if (len < 4 || text[len] != ':')
		return false;
	text += len + 1;
	(void)hex(text, 2, &len);
	if (len != 2 || text[2] != ':')
		return false;
	text += 3;
	if (hex(text, 2, &len) > 0x1f || len != 2 || text[2] != '.')
		return false;
	return text[3] >= '0' && text[3] <= '7' && !text[4];
}

static bool is_uuid(const char *text)
{
	return strlen(text) == UUID_LEN && strspn(text, "0123456789abcdefABCDEF-") == UUID_LEN;
}

/* A small file of a PCI device, without its newline; owned, NULL without one. */
static char *device_file(const struct sysfs *sysfs, const char *address, const char *file)
{
	CLEANUP(free)
	char *path = xasprintf("%s/bus/pci/devices/%s/%s", sysfs->root, address, file);
	char *text = NULL;

	if (file_read_at(AT_FDCWD, path, SMALL_FILE, &text) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* The last component of what a link of a PCI device leads to; owned, NULL without one. */
static char *device_link(const struct sysfs *sysfs, const char *address, const char *link)
{
	CLEANUP(free)
	char *path = xasprintf("%s/bus/pci/devices/%s/%s", sysfs->root, address, link);
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return NULL;
	target[n] = '\0';
	return xstrdup(path_base(target));
}

char *vfio_driver_of(const struct sysfs *sysfs, const char *address)
{
	return device_link(sysfs, address, "driver");
}

char *vfio_model_of(const struct sysfs *sysfs, const char *address)
{
	CLEANUP(free) char *vendor = device_file(sysfs, address, "vendor");
	CLEANUP(free) char *device = device_file(sysfs, address, "device");

	return xasprintf("%.6s:%.6s", vendor && str_starts(vendor, "0x") ? vendor + 2 : "????",
			 device && str_starts(device, "0x") ? device + 2 : "????");
}

static bool is_bridge(const struct sysfs *sysfs, const char *address)
{
	CLEANUP(free) char *class = device_file(sysfs, address, "class");

	return class && strtoul(class, NULL, 16) >> 16 == BRIDGE_CLASS;
}

/* Without an IOMMU the kernel shows no group at all. */
static int no_group(const struct sysfs *sysfs, unsigned number, struct err *err)
{
	CLEANUP(free) char *path = xasprintf("%s/kernel/iommu_groups", sysfs->root);
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			return err_set(err, ENODEV,
				       "the host has no IOMMU group %u; /sys/kernel/iommu_groups "
				       "lists those that there are",
				       number);
	return err_set(err, ENODEV,
		       "this host has no IOMMU in use, without which no device can be given to a "
		       "virtual machine: switch VT-d or AMD-Vi on in its firmware and, on Intel, "
		       "boot it with intel_iommu=on");
}

static int add(const struct sysfs *sysfs, const char *name, struct vfio_group *group,
	       struct err *err)
{
	struct vfio_device *device = &group->devices[group->n];

	if (!vfio_is_address(name) && !is_uuid(name))
		return err_set(err, ENOTSUP, "device %.64s of IOMMU group %u is no PCI device",
			       name, group->number);
	if (is_bridge(sysfs, name))
		return 0;
	if (group->n == VFIO_DEVICES_MAX)
		return err_set(err, E2BIG, "IOMMU group %u has more than %u devices", group->number,
			       VFIO_DEVICES_MAX);
	memcpy(device->name, name, strlen(name) + 1); /* of either form: it fits */
	device->mediated = is_uuid(name);
	group->n++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vfio_device *)a)->name, ((const struct vfio_device *)b)->name);
}

int vfio_group_read(const struct sysfs *sysfs, unsigned number, struct vfio_group *ret,
		    struct err *err)
{
	CLEANUP(free)
	char *path = xasprintf("%s/kernel/iommu_groups/%u/devices", sysfs->root, number);
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	struct vfio_group group = { .number = number };
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return no_group(sysfs, number, err);
	while (r == 0 && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			r = add(sysfs, entry->d_name, &group, err);
	if (r < 0)
		return r;
	if (group.n == 0)
		return err_set(err, ENODEV, "IOMMU group %u holds no device for a guest", number);
	qsort(group.devices, group.n, sizeof(group.devices[0]), by_name);
	*ret = group;
	return 0;
}

static int check_driver(const struct sysfs *sysfs, const char *address, unsigned group,
			struct err *err)
{
	CLEANUP(free) char *driver = vfio_driver_of(sysfs, address);
	CLEANUP(free) char *model = vfio_model_of(sysfs, address);

	if (driver && str_eq(driver, VFIO_DRIVER))
		return 0;
	return err_set(err, EBUSY,
		       "device %s (%s) of IOMMU group %u has %s%s, not " VFIO_DRIVER
		       ": all devices of a group go together; modprobe " VFIO_DRIVER
		       ", and driverctl set-override %s " VFIO_DRIVER,
		       address, model, group, driver ? "the driver " : "no driver",
		       driver ? driver : "", address);
}

static int check_mediated(const struct sysfs *sysfs, const char *uuid, struct err *err)
{
	CLEANUP(free)
	char *path = xasprintf("%s/bus/mdev/devices/%s/mdev_type/device_api", sysfs->root, uuid);
	CLEANUP(free) char *api = NULL;

	if (file_read_at(AT_FDCWD, path, SMALL_FILE, &api) < 0)
		api = xstrdup("none");
	api[strcspn(api, "\n")] = '\0';
	if (str_eq(api, VFIO_DRIVER))
		return 0;
	return err_set(err, ENOTSUP,
		       "mediated device %s has the interface %.32s; only " VFIO_DRIVER " is one",
		       uuid, api);
}

int vfio_group_check(const struct sysfs *sysfs, const struct vfio_group *group, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < group->n; i++)
		r = group->devices[i].mediated
			    ? check_mediated(sysfs, group->devices[i].name, err)
			    : check_driver(sysfs, group->devices[i].name, group->number, err);
	return r;
}

bool vfio_parse_group(const char *text, unsigned *ret)
{
	uint64_t number = 0;

	if (str_to_u64(text, 0, VFIO_GROUP_NUMBER, &number) < 0)
		return false;
	*ret = (unsigned)number;
	return true;
}

int vfio_group_of(const struct sysfs *sysfs, const char *address, unsigned *ret, struct err *err)
{
	CLEANUP(free) char *number = device_link(sysfs, address, "iommu_group");

	if (number && vfio_parse_group(number, ret))
		return 0;
	return err_set(err, ENODEV,
		       "device %s is in no IOMMU group, without which it cannot be given to a "
		       "virtual machine: switch VT-d or AMD-Vi on in the host's firmware and, on "
		       "Intel, boot it with intel_iommu=on",
		       address);
}

bool vfio_group_of_file(const struct sysfs *sysfs, unsigned major, unsigned minor, unsigned *ret)
{
	CLEANUP(free)
	char *path = xasprintf("%s/dev/char/%u:%u/uevent", sysfs->root, major, minor);
	CLEANUP(strv_free) char **lines = NULL;
	CLEANUP(free) char *text = NULL;

	if (file_read_at(AT_FDCWD, path, SMALL_FILE, &text) < 0)
		return false;
	lines = strv_split(text, "\n");
	for (char **line = lines; line && *line; line++)
		if (str_starts(*line, "DEVNAME=vfio/"))
			return vfio_parse_group(*line + strlen("DEVNAME=vfio/"), ret);
	return false;
}
