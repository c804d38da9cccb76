/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/disks.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mountinfo.h"
#include "base/str.h"
#include "config/config.h"
#include "oci/check.h"
#include "oci/spec.h"
#include "sandbox/vhost_store.h"

#define FLOPPY_MAJOR 2u
#define CDROM_MAJOR  11u
#define SECTOR       512u /* of sysfs, whatever the disk's own is */
#define PROBE_LEN    4096u

void disks_done(struct disks *disks)
{
	for (size_t i = 0; i < disks->n; i++) {
		free(disks->items[i].path);
		free(disks->items[i].container_path);
		free(disks->items[i].mount_point);
	}
	free(disks->items);
	disks->items = NULL;
	disks->n = 0;
}

/* "/sys/dev/block/7:0/FILE", without its newline; owned, NULL when there is none. */
static char *sysfs_of(dev_t dev, const char *file)
{
	CLEANUP(free)
	char *path = xasprintf("/sys/dev/block/%u:%u/%s", major(dev), minor(dev), file);
	char *text = NULL;

	if (file_read_at(AT_FDCWD, path, 4096, &text) < 0)
		return NULL;
	return text;
}

/* The kernel's own name for it is in /dev, whatever links lead there. */
static int find_node(dev_t dev, char **ret, struct err *err)
{
	CLEANUP(free) char *uevent = sysfs_of(dev, "uevent");
	CLEANUP(strv_free) char **lines = uevent ? strv_split(uevent, "\n") : NULL;
	CLEANUP(free) char *path = NULL;
	struct stat st;

	for (char **line = lines; line && *line; line++)
		if (str_starts(*line, "DEVNAME="))
			path = xasprintf("/dev/%s", *line + strlen("DEVNAME="));
	if (!path && (major(dev) == VHOST_STORE_BLK || major(dev) == VHOST_STORE_SCSI))
		return err_set_as(err, ERR_DEVICE, ENODEV,
				  "the host has no block device %u:%u; a disk of vhost-user needs "
				  "[hypervisor.qemu] enable_vhost_user_store = true",
				  major(dev), minor(dev));
	if (!path)
		return err_set_as(err, ERR_DEVICE, ENODEV, "the host has no block device %u:%u",
				  major(dev), minor(dev));
	if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode) || st.st_rdev != dev)
		return err_set_as(err, ERR_DEVICE, ENODEV, "%s is not the block device %u:%u", path,
				  major(dev), minor(dev));
	*ret = take_ptr(path);
	return 0;
}

static enum plug_driver driver_of(const struct config *config)
{
	if (str_eq(config->hypervisor.block_device_driver, "nvdimm"))
		return PLUG_NVDIMM;
	return str_eq(config->hypervisor.block_device_driver, "virtio-scsi") ? PLUG_VIRTIO_SCSI
									     : PLUG_VIRTIO_BLK;
}

static int add(struct disks *disks, dev_t dev, bool read_only, struct disk **ret, struct err *err)
{
	enum plug_driver driver = driver_of(disks->config);
	CLEANUP(free) char *sectors = sysfs_of(dev, "size");
	CLEANUP(free) char *locked = sysfs_of(dev, "ro");
	CLEANUP(free) char *path = NULL;
	struct disk *disk;
	int r;

	if (major(dev) == FLOPPY_MAJOR || major(dev) == CDROM_MAJOR)
		return err_set_as(err, ERR_DEVICE, ENOTSUP,
				  "block device %u:%u: disks only, no floppy disks and no CD-ROMs",
				  major(dev), minor(dev));
	if (disks->n >= DISKS_MAX)
		return err_set_as(err, ERR_DEVICE, E2BIG, "a container has at most %u disks",
				  DISKS_MAX);
	r = vhost_store_find(disks->config, dev, &driver, &path, err);
	if (r == 0)
		r = find_node(dev, &path, err);
	if (r < 0)
		return r;
	disks->items = xrealloc(disks->items, (disks->n + 1) * sizeof(*disks->items));
	disk = &disks->items[disks->n++];
	*disk = (struct disk){ .dev = dev, .driver = driver, .path = take_ptr(path) };
	disk->bytes = sectors ? strtoull(sectors, NULL, 10) * SECTOR : 0;
	disk->read_only = read_only || (locked && *locked == '1');
	*ret = disk;
	return 0;
}

const char *disks_probe(const void *data, size_t len)
{
	static const struct {
		size_t offset;
		const char *magic;
		size_t len;
		const char *name;
	} types[] = {
		{ 0x438, "\x53\xef", 2, "ext4" },
		{ 0, "hsqs", 4, "squashfs" },
		{ 1024, "\xe2\xe1\xf5\xe0", 4, "erofs" },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (len >= types[i].offset + types[i].len &&
		    memcmp((const char *)data + types[i].offset, types[i].magic, types[i].len) == 0)
			return types[i].name;
	return NULL;
}

static const char *probe(const char *path)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char data[PROBE_LEN];
	ssize_t n = fd < 0 ? -1 : pread(fd, data, sizeof(data), 0);

	return n > 0 ? disks_probe(data, (size_t)n) : NULL;
}

/* Where the host has a file system of the device mounted; NULL: nowhere. Borrowed. */
static const struct mount_entry *mounted_at(const struct mount_table *table, dev_t dev,
					    const struct mount_entry *but)
{
	for (size_t i = 0; i < table->n; i++)
		if (table->items[i].dev == dev && &table->items[i] != but)
			return &table->items[i];
	return NULL;
}

/* The mount at @path if all of a block device's file system is there, and there only. */
static const struct mount_entry *whole_disk(const struct mount_table *table, const char *path)
{
	const struct mount_entry *entry = mount_table_find(table, path);
	struct stat st;

	if (!entry || !str_eq(entry->root, "/") || stat(entry->source, &st) < 0 ||
	    !S_ISBLK(st.st_mode) || st.st_rdev != entry->dev ||
	    mounted_at(table, entry->dev, entry))
		return NULL;
	return entry;
}

int disks_take_root(struct disks *disks, const char *path, bool read_only, const char *cid,
		    char **ret_guest, struct err *err)
{
	__attribute__((cleanup(mount_table_done))) struct mount_table table = { 0 };
	CLEANUP(free) char *real = realpath(path, NULL);
	const struct mount_entry *entry;
	const char *fstype;
	struct disk *disk = NULL;
	int r;

	if (disks->config->hypervisor.disable_block_device_use || !real)
		return 0;
	r = mount_table_read(&table, err);
	if (r < 0)
		return r;
	entry = whole_disk(&table, real);
	fstype = entry ? probe(entry->source) : NULL;
	if (!fstype)
		return 0; /* shared, as any directory */
	r = mount_make_read_only(real, err);
	if (r < 0) {
		log_debug("root.path: %s stays a shared directory: %s", real, err->text);
		return 0; /* somebody on the host writes to it */
	}
	r = add(disks, entry->dev, read_only, &disk, err);
	if (r < 0)
		return err_prefix(err, "root.path: %s", path);
	assert(disk);
	disk->fstype = fstype;
	disk->mount_point = xasprintf(GUEST_STORAGE "/%s-rootfs", cid);
	*ret_guest = xstrdup(disk->mount_point);
	return 1;
}

static int take_mounted(struct disks *disks, const char *source, dev_t dev, bool read_only,
			const char *cid, char **ret_guest, struct err *err)
{
	__attribute__((cleanup(mount_table_done))) struct mount_table table = { 0 };
	const struct mount_entry *entry;
	const char *fstype = probe(source);
	struct disk *disk = NULL;
	int r;

	if (!fstype)
		return err_set_as(
			err, ERR_DEVICE, EINVAL,
			"%s holds no file system that the guest can mount (ext4, squashfs, "
			"erofs); with enable_blk_mount = false it becomes a device file",
			source);
	r = mount_table_read(&table, err);
	if (r < 0)
		return r;
	entry = mounted_at(&table, dev, NULL);
	if (entry)
		return err_set_as(
			err, ERR_DEVICE, EBUSY,
			"%s is mounted on the host, at %s: two kernels must not use one file "
			"system; unmount it, or give that folder as the volume",
			source, entry->point);
	r = add(disks, dev, read_only, &disk, err);
	if (r < 0)
		return r;
	assert(disk);
	disk->fstype = fstype;
	disk->mount_point = xasprintf(GUEST_STORAGE "/%s-%zu", cid, disks->n);
	*ret_guest = xstrdup(disk->mount_point);
	return 1;
}

int disks_take_volume(struct disks *disks, const char *source, const char *destination,
		      bool read_only, const char *cid, char **ret_guest, struct err *err)
{
	struct disk *disk = NULL;
	struct stat st;
	int r;

	if (stat(source, &st) < 0 || !S_ISBLK(st.st_mode))
		return 0;
	/* What a program serves has no file system that the host could look for. */
	if (disks->config->agent.enable_blk_mount && !vhost_store_has(disks->config, st.st_rdev))
		return take_mounted(disks, source, st.st_rdev, read_only, cid, ret_guest, err);
	r = add(disks, st.st_rdev, read_only, &disk, err);
	if (r < 0)
		return r;
	assert(disk);
	disk->container_path = xstrdup(destination);
	return 1;
}

/* Whether a rule for this very device lets the container write. */
static bool may_write(const struct oci_spec *spec, const struct oci_device *device)
{
	bool named = false;
	bool writes = false;

	for (size_t i = 0; i < spec->resources.n_device_rules; i++) {
		const struct oci_device_rule *rule = &spec->resources.device_rules[i];

		if (rule->type != 'b' || rule->major != device->major ||
		    rule->minor != device->minor || !rule->allow)
			continue;
		named = true;
		writes |= memchr(rule->access, 'w', sizeof(rule->access)) != NULL;
	}
	return writes || !named;
}

int disks_take_devices(struct disks *disks, const struct oci_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->n_devices; i++) {
		const struct oci_device *device = &spec->devices[i];
		struct disk *disk = NULL;
		int r;

		if (!str_eq(device->type, "b"))
			continue;
		r = add(disks, makedev((unsigned)device->major, (unsigned)device->minor),
			!may_write(spec, device), &disk, err);
		if (r < 0)
			return err_prefix(err, "linux.devices: %s", device->path);
		assert(disk);
		disk->container_path = xstrdup(device->path);
	}
	return 0;
}

struct agentc_disk *disks_for_agent(const struct disks *disks)
{
	static const char *const drivers[] = { [PLUG_VIRTIO_BLK] = "blk",
					       [PLUG_VIRTIO_SCSI] = "scsi",
					       [PLUG_NVDIMM] = "nvdimm",
					       [PLUG_VHOST_USER_BLK] = "blk",
					       [PLUG_VHOST_USER_SCSI] = "vhost-user-scsi" };
	struct agentc_disk *list = xcalloc(disks->n + 1, sizeof(*list));

	for (size_t i = 0; i < disks->n; i++)
		list[i] = (struct agentc_disk){
			.driver = drivers[disks->items[i].driver],
			.address = disks->items[i].address,
			.container_path = disks->items[i].container_path,
			.mount_point = disks->items[i].mount_point,
			.fstype = disks->items[i].fstype,
			.read_only = disks->items[i].read_only,
		};
	return list;
}
