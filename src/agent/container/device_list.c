/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/safepath.h"
#include "base/str.h"
#include "oci/check.h"
#include "oci/spec.h"

#define DEV_DEPTH_MAX 8u
#define MAJOR_MAX     ((1 << 12) - 1) /* MINORBITS of the kernel's include/linux/kdev_t.h */
#define MINOR_MAX     ((1 << 20) - 1)

/* runtime-spec, config-linux.md, "Default Devices"; /dev/console and /dev/ptmx are made elsewhere.
 */
static const struct {
	const char *path;
	unsigned major;
	unsigned minor;
} defaults[] = {
	{ "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static struct device *find(const struct device_list *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->items[i].path, path))
			return &list->items[i];
	return NULL;
}

static bool is_denied(mode_t mode, dev_t rdev, const dev_t *denied, size_t n_denied)
{
	for (size_t i = 0; S_ISBLK(mode) && i < n_denied; i++)
		if (denied[i] == rdev)
			return true;
	return false;
}

/* Grows in powers of two. Takes device->path. */
static void add(struct device_list *list, const struct device *device)
{
	if ((list->n & (list->n - 1)) == 0)
		list->items =
			xrealloc(list->items, (list->n ? list->n * 2 : 1) * sizeof(*list->items));
	list->items[list->n++] = *device;
}

static int mode_of(const struct oci_device *device, mode_t *ret, struct err *err)
{
	const char *type = device->type;

	if (str_eq(type, "c") || str_eq(type, "u"))
		*ret = S_IFCHR;
	else if (str_eq(type, "b"))
		*ret = S_IFBLK;
	else if (str_eq(type, "p"))
		*ret = S_IFIFO;
	else
		return err_set(err, EINVAL, "device %s: type '%s' is not c, b, u or p",
			       device->path, type);
	*ret |= device->file_mode & 07777;
	return 0;
}

static int check_numbers(const struct oci_device *device, struct err *err)
{
	if (device->major < 0 || device->major > MAJOR_MAX || device->minor < 0 ||
	    device->minor > MINOR_MAX)
		return err_set(err, EINVAL, "device %s: %lld:%lld is not within 0:0 and %d:%d",
			       device->path, (long long)device->major, (long long)device->minor,
			       MAJOR_MAX, MINOR_MAX);
	return 0;
}

/* Whether the kernel has a driver for it; without sysfs nobody can tell. */
static bool is_in_guest(mode_t mode, dev_t rdev)
{
	CLEANUP(free)
	char *path = xasprintf("/sys/dev/%s/%u:%u", S_ISBLK(mode) ? "block" : "char", major(rdev),
			       minor(rdev));

	return S_ISFIFO(mode) || access(path, F_OK) == 0 || access("/sys/dev", F_OK) < 0;
}

/* Of two entries for the same device the last one says mode and owner. */
static int add_from_spec(const struct oci_device *from, bool privileged, const dev_t *denied,
			 size_t n_denied, struct device_list *list, struct err *err)
{
	struct device device = { .uid = from->uid, .gid = from->gid };
	CLEANUP(free) char *path = safe_clean(from->path);
	struct device *old = find(list, path);
	int r;

	r = mode_of(from, &device.mode, err);
	if (r == 0 && !S_ISFIFO(device.mode))
		r = check_numbers(from, err);
	if (r < 0)
		return r;
	if (str_eq(path, "/"))
		return err_set(err, EINVAL, "device '%s': the path names no file", from->path);
	if (!S_ISFIFO(device.mode))
		device.rdev = makedev((unsigned)from->major, (unsigned)from->minor);
	if (is_denied(device.mode, device.rdev, denied, n_denied))
		return err_set(err, EPERM, "device %s: %u:%u is a disk of the guest itself",
			       from->path, major(device.rdev), minor(device.rdev));
	if (!is_in_guest(device.mode, device.rdev) && privileged) {
		log_debug("device %s: the guest has none, left out", from->path);
		return 0;
	}
	if (!is_in_guest(device.mode, device.rdev))
		return err_set(err, ENODEV,
			       "device %s (%s %u:%u): the guest has no such device; "
			       "a virtual machine cannot use the host's",
			       from->path, S_ISBLK(device.mode) ? "block" : "character",
			       major(device.rdev), minor(device.rdev));
	if (old && (old->rdev != device.rdev || (old->mode ^ device.mode) & S_IFMT))
		return err_set(err, EINVAL, "device %s: it is in linux.devices twice, differently",
			       from->path);
	device.path = old ? old->path : take_ptr(path);
	if (old)
		*old = device;
	else
		add(list, &device);
	return 0;
}

struct walk {
	struct device_list *list;
	const dev_t *denied;
	size_t n_denied;
	struct err *err;
};

/* File systems and terminals that are the guest's alone. */
static bool is_skipped(const char *name, unsigned depth)
{
	static const char *const names[] = { "pts",     "shm",  "mqueue", "fd",
					     "console", "ptmx", "core",   "hugepages" };

	if (str_eq(name, ".") || str_eq(name, ".."))
		return true;
	for (size_t i = 0; depth == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

static int walk_dir(struct walk *walk, int parent, const char *name, const char *path,
		    unsigned depth);

/* NOLINTNEXTLINE(misc-no-recursion): ends at DEV_DEPTH_MAX */
static int walk_entry(struct walk *walk, int dir, const char *name, const char *at, unsigned depth)
{
	CLEANUP(free) char *path = xasprintf("%s/%s", at, name);
	struct device device = { 0 };
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_errno(walk->err, "stat %s", path);
	if (S_ISDIR(st.st_mode))
		return walk_dir(walk, dir, name, path, depth + 1);
	if ((!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)) || find(walk->list, path) ||
	    is_denied(st.st_mode, st.st_rdev, walk->denied, walk->n_denied))
		return 0;
	if (walk->list->n >= DEVICES_MAX)
		return err_set(walk->err, E2BIG, "the guest has more than %u devices", DEVICES_MAX);
	device = (struct device){ .mode = st.st_mode, .rdev = st.st_rdev, .uid = st.st_uid };
	device.gid = st.st_gid;
	device.path = take_ptr(path);
	add(walk->list, &device);
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at DEV_DEPTH_MAX */
static int walk_dir(struct walk *walk, int parent, const char *name, const char *path,
		    unsigned depth)
{
	struct dirent *entry;
	int r = 0;
	int fd;
	DIR *dir;

	if (depth > DEV_DEPTH_MAX)
		return 0;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(walk->err, "open %s", path);
	dir = fdopendir(fd); /* takes it */
	if (!dir)
		return err_errno(walk->err, "open %s", path);
	while (r == 0 && (entry = readdir(dir)))
		if (!is_skipped(entry->d_name, depth))
			r = walk_entry(walk, fd, entry->d_name, path, depth);
	closedir(dir);
	return r;
}

int devices_of_guest(const char *dir, const dev_t *denied, size_t n_denied,
		     struct device_list *list, struct err *err)
{
	struct walk walk = { list, denied, n_denied, err };

	return walk_dir(&walk, AT_FDCWD, dir, "/dev", 0);
}

int devices_list(const struct oci_spec *spec, const dev_t *denied, size_t n_denied,
		 struct device_list *ret, struct err *err)
{
	bool privileged = oci_allows_all_devices(&spec->resources);
	int r = 0;

	if (spec->n_devices > DEVICES_MAX)
		return err_set(err, E2BIG, "linux.devices: %zu entries, at most %u",
			       spec->n_devices, DEVICES_MAX);
	for (size_t i = 0; r == 0 && i < spec->n_devices; i++)
		r = add_from_spec(&spec->devices[i], privileged, denied, n_denied, ret, err);
	for (size_t i = 0; r == 0 && i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		struct device device = { .mode = S_IFCHR | 0666,
					 .rdev = makedev(defaults[i].major, defaults[i].minor) };

		if (find(ret, defaults[i].path))
			continue;
		device.path = xstrdup(defaults[i].path);
		add(ret, &device);
	}
	if (r == 0 && privileged)
		r = devices_of_guest("/dev", denied, n_denied, ret, err);
	return r;
}

void devices_done(struct device_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i].path);
	free(list->items);
	*list = (struct device_list){ 0 };
}
