/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/device_wait.h"
#include "agent/pci.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

#define SCSI_HOST "/sys/class/scsi_host/host0" /* the machine has one controller */

int disk_check_driver(const char *driver, struct err *err)
{
	static const char *const drivers[] = { "blk", "scsi", "nvdimm", "vhost-user-scsi" };

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (str_eq(driver, drivers[i]))
			return 0;
	return err_set(err, ENOSYS,
		       "disk driver '%.32s' is not one of blk, scsi, nvdimm, vhost-user-scsi",
		       driver);
}

static int parse_scsi(const char *address, uint64_t *ret_id, uint64_t *ret_lun, struct err *err)
{
	CLEANUP(strv_free) char **words = strv_split(address, ":");

	if (strv_len(words) == 2 && str_to_u64(words[0], 0, 255, ret_id) == 0 &&
	    str_to_u64(words[1], 0, 255, ret_lun) == 0)
		return 0;
	return err_set(err, EINVAL, "'%.32s' is not ID:LUN of a SCSI disk", address);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int find_scsi(const char *address, char **ret, struct err *err)
{
	__attribute__((cleanup(close_dir))) DIR *dir = NULL;
	CLEANUP(free) char *path = NULL;
	CLEANUP(free) char *scan = NULL;
	struct err ignored = { 0 };
	struct dirent *entry;
	uint64_t lun = 0;
	uint64_t id = 0;
	int r;

	r = parse_scsi(address, &id, &lun, err);
	if (r < 0)
		return r;
	path = xasprintf("/sys/bus/scsi/devices/0:0:%u:%u/block", (unsigned)id, (unsigned)lun);
	dir = opendir(path);
	if (!dir) {
		/* The controller's event may have come before the kernel listened to it. */
		scan = xasprintf("0 %u %u", (unsigned)id, (unsigned)lun);
		(void)file_write(SCSI_HOST "/scan", scan, &ignored);
		dir = opendir(path);
	}
	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		*ret = xstrdup(entry->d_name);
		return 1;
	}
	return 0;
}

/* Its name is its address: the host knows the order in which they came. */
static int find_pmem(const char *address, char **ret, struct err *err)
{
	CLEANUP(free) char *path = xasprintf("/sys/class/block/%.16s", address);
	uint64_t number;

	if (!str_starts(address, "pmem") ||
	    str_to_u64(address + strlen("pmem"), 0, UINT32_MAX, &number) < 0)
		return err_set(err, EINVAL, "'%.32s' is not the name of an nvdimm", address);
	if (access(path, F_OK) < 0)
		return 0;
	*ret = xstrdup(address);
	return 1;
}

int disk_find(const char *driver, const char *address, char **ret_name, struct err *err)
{
	if (str_eq(driver, "vhost-user-scsi"))
		return pci_find_scsi_disk(PCI_SYSFS, address, ret_name, err);
	if (str_eq(driver, "nvdimm"))
		return find_pmem(address, ret_name, err);
	return str_eq(driver, "scsi") ? find_scsi(address, ret_name, err)
				      : pci_find(PCI_SYSFS, address, "block", ret_name, err);
}

struct wanted {
	const char *driver;
	const char *address;
	char **name;
};

static int look(void *data, struct err *err)
{
	const struct wanted *wanted = data;
	CLEANUP(close) int fd = -1;
	CLEANUP(free) char *name = NULL;
	CLEANUP(free) char *node = NULL;
	int r;

	r = disk_find(wanted->driver, wanted->address, &name, err);
	if (r <= 0)
		return r;
	/* It is in sysfs a moment before it can be opened; then the kernel tells of it. */
	node = xasprintf("/dev/%s", name);
	fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;
	*wanted->name = take_ptr(name);
	return 1;
}

int disk_wait(const char *driver, const char *address, uint64_t timeout_ms, char **ret_name,
	      struct err *err)
{
	struct wanted wanted = { driver, address, ret_name };
	CLEANUP(free) char *what = xasprintf("%.16s %.32s", driver, address);

	return device_wait(what, look, &wanted, timeout_ms, err);
}

int disk_number(const char *name, dev_t *ret, struct err *err)
{
	CLEANUP(free) char *path = xasprintf("/sys/class/block/%s/dev", name);
	CLEANUP(free) char *text = NULL;

	if (file_read_at(AT_FDCWD, path, 64, &text) < 0)
		return err_set_as(err, ERR_HOTPLUG, ENODEV, "disk %s has gone", name);
	text[strcspn(text, "\n")] = '\0';
	return str_to_dev(text, ret) < 0 ? err_set(err, EIO, "%s: '%s'", path, text) : 0;
}
