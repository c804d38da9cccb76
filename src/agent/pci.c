/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pci.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define DEPTH_MAX 8u

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The first entry of @path whose name starts with @prefix; owned, NULL without one. */
static char *first_entry(const char *path, const char *prefix)
{
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.' && str_starts(entry->d_name, prefix))
			return xstrdup(entry->d_name);
	return NULL;
}

/* "1f.7" or "1f". */
static int parse_component(const char *text, unsigned *ret_slot, unsigned *ret_function)
{
	size_t digits = strspn(text, "0123456789abcdefABCDEF");
	const char *rest = text + digits;

	if (digits < 1 || digits > 2)
		return -EINVAL;
	*ret_slot = (unsigned)strtoul(text, NULL, 16);
	*ret_function = 0;
	if (*rest == '.' && rest[1] >= '0' && rest[1] <= '7') {
		*ret_function = (unsigned)(rest[1] - '0');
		rest += 2;
	}
	return *rest || *ret_slot > 0x1f ? -EINVAL : 0;
}

/* The directory of the device behind the bridges, owned; NULL while one of them is not there. */
static char *follow(const char *sysfs, char *const *components)
{
	CLEANUP(free) char *bus = xstrdup("0000:00");
	CLEANUP(free) char *dir = NULL;

	for (; *components; components++) {
		CLEANUP(free) char *buses = NULL;
		unsigned function = 0;
		unsigned slot = 0;

		if (dir) {
			buses = xasprintf("%s/pci_bus", dir);
			free(bus);
			bus = first_entry(buses, "");
		}
		if (!bus || parse_component(*components, &slot, &function) < 0)
			return NULL;
		free(dir);
		dir = xasprintf("%s/%s:%02x.%x", sysfs, bus, slot, function);
	}
	return take_ptr(dir);
}

static int check_path(const char *path, char *const *components, struct err *err)
{
	size_t n = strv_len(components);
	unsigned function;
	unsigned slot;
	bool good = n >= 1 && n <= DEPTH_MAX;

	for (size_t i = 0; good && i < n; i++)
		good = parse_component(components[i], &slot, &function) == 0;
	return good ? 0 : err_set(err, EINVAL, "'%.64s' is not a PCI path such as 10.3/00", path);
}

int pci_directory(const char *sysfs, const char *path, char **ret, struct err *err)
{
	CLEANUP(strv_free) char **components = strv_split(path, "/");
	CLEANUP(free) char *dir = NULL;
	int r = check_path(path, components, err);

	if (r < 0)
		return r;
	dir = follow(sysfs, components);
	if (!dir || access(dir, F_OK) < 0)
		return 0;
	*ret = take_ptr(dir);
	return 1;
}

int pci_find(const char *sysfs, const char *path, const char *class, char **ret, struct err *err)
{
	CLEANUP(strv_free) char **components = strv_split(path, "/");
	CLEANUP(free) char *virtio = NULL;
	CLEANUP(free) char *list = NULL;
	CLEANUP(free) char *dir = NULL;
	CLEANUP(free) char *name = NULL;
	int r;

	r = check_path(path, components, err);
	if (r < 0)
		return r;
	dir = follow(sysfs, components);
	if (!dir)
		return 0;
	virtio = first_entry(dir, "virtio");
	list = xasprintf("%s/%s/%s", dir, virtio ? virtio : ".", class);
	name = first_entry(list, "");
	if (!name)
		return 0;
	*ret = take_ptr(name);
	return 1;
}

/* The first disk of the SCSI controller at @dir: "virtio2/host3/target3:0:0/3:0:0:0/block/sda". */
static char *first_scsi_disk(const char *dir)
{
	CLEANUP(free) char *virtio = first_entry(dir, "virtio");
	CLEANUP(free) char *controller = xasprintf("%s/%s", dir, virtio ? virtio : ".");
	CLEANUP(free) char *host = first_entry(controller, "host");
	CLEANUP(free) char *number = xasprintf("%s:", host ? host + strlen("host") : "");
	CLEANUP(free) char *targets = xasprintf("%s/%s", controller, host ? host : "none");
	CLEANUP(free) char *target = first_entry(targets, "target");
	CLEANUP(free) char *units = xasprintf("%s/%s", targets, target ? target : "none");
	CLEANUP(free) char *unit = first_entry(units, number);
	CLEANUP(free) char *disks = xasprintf("%s/%s/block", units, unit ? unit : "none");

	return first_entry(disks, "");
}

int pci_find_scsi_disk(const char *sysfs, const char *path, char **ret, struct err *err)
{
	CLEANUP(free) char *dir = NULL;
	CLEANUP(free) char *name = NULL;
	int r = pci_directory(sysfs, path, &dir, err);

	if (r <= 0)
		return r;
	name = first_scsi_disk(dir);
	if (!name)
		return 0;
	*ret = take_ptr(name);
	return 1;
}
