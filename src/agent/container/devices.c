/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/container/idmap.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/safepath.h"
#include "base/str.h"
#include "oci/spec.h"

/* runtime-spec, runtime-linux.md, "Dev symbolic links"; and the container's own terminals. */
static const struct {
	const char *name;
	const char *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

static int check_same(int parent, const char *name, const struct device *device, struct err *err)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno_as(err, ERR_DEVICE, "device %s: stat", device->path);
	if ((st.st_mode & S_IFMT) != (device->mode & S_IFMT) ||
	    (!S_ISFIFO(st.st_mode) && st.st_rdev != device->rdev))
		return err_set_as(err, ERR_DEVICE, EEXIST,
				  "device %s: something else is in its place", device->path);
	return 0;
}

/* The guest's own node, where it has the same path. One that is another device is refused. */
static int open_guests(const struct device *device, struct err *err)
{
	CLEANUP(close) int fd = open(device->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno_as(err, ERR_DEVICE,
				    "device %s: it cannot be made here, and to bind the guest's",
				    device->path);
	if ((st.st_mode & S_IFMT) != (device->mode & S_IFMT) || st.st_rdev != device->rdev)
		return err_set_as(
			err, ERR_DEVICE, EPERM,
			"device %s: it cannot be made here, and the guest's is another one",
			device->path);
	return mount_clone_fd(fd, false, 0, err);
}

/* An empty file to mount it on; the one of an earlier start of the container will do. */
static int open_place(int parent, const char *name, const struct device *device, struct err *err)
{
	CLEANUP(close) int fd = -1;
	struct stat st;

	if (mknodat(parent, name, S_IFREG, 0) < 0 && errno != EEXIST)
		return err_errno_as(err, ERR_DEVICE, "device %s: make a file to mount it on",
				    device->path);
	fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno_as(err, ERR_DEVICE, "device %s: open the file to mount it on",
				    device->path);
	if (!S_ISREG(st.st_mode) || st.st_size > 0)
		return err_set_as(err, ERR_DEVICE, EEXIST,
				  "device %s: something else is in its place", device->path);
	return take_fd(&fd);
}

static int bind_node(int parent, const char *name, const struct device *device, struct err *err)
{
	CLEANUP(close) int copy = open_guests(device, err);
	CLEANUP(close) int target = copy < 0 ? -1 : open_place(parent, name, device, err);

	if (copy < 0 || target < 0)
		return -err->code;
	return mount_attach(copy, target, err) < 0
		       ? err_prefix_as(err, ERR_DEVICE, "device %s", device->path)
		       : 0;
}

static bool is_file(int parent, const char *name)
{
	struct stat st;

	return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/*
 * The umask is 0 here: mknod(2) sets the mode as it is given. With @bind the
 * caller may not make nodes.
 */
static int make_node_in(int parent, const struct device *device, uid_t uid, gid_t gid, bool bind,
			struct err *err)
{
	const char *name = path_base(device->path);

	bind = bind && !S_ISFIFO(device->mode);
	if (mknodat(parent, name, device->mode, device->rdev) < 0) {
		if ((errno == EPERM && !S_ISFIFO(device->mode)) ||
		    (errno == EEXIST && bind && is_file(parent, name)))
			return bind_node(parent, name, device, err);
		return errno == EEXIST
			       ? check_same(parent, name, device, err)
			       : err_errno_as(err, ERR_DEVICE, "make device %s", device->path);
	}
	if ((uid || gid) && fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno_as(err, ERR_DEVICE, "chown device %s", device->path);
	return 0;
}

/* The directory of @path below @root, which is where @skip of the path leads. */
static int open_parent(int root, const char *path, size_t skip, struct err *err)
{
	const char *name = path_base(path);
	CLEANUP(free) char *dir = xstrndup(path + skip, (size_t)(name - path) - skip);

	return safe_mkdir_p(root, dir, 0755, err);
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return str_starts(path, dir) && (path[len] == '/' || path[len] == '\0');
}

/* Whether a mount inside /dev will cover the path, or a link of ours is there. */
static bool is_covered(const struct oci_spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		CLEANUP(free) char *at = safe_clean(spec->mounts[i].destination);

		if (!str_eq(at, "/dev") && !str_eq(at, "/") && is_below(path, at))
			return true;
	}
	return false;
}

static int prepare_one(int dev, const struct oci_spec *spec, struct device *device, struct err *err)
{
	CLEANUP(close) int parent = open_parent(dev, device->path, strlen("/dev"), err);
	uid_t root_uid = 0;
	gid_t root_gid = 0;
	uid_t uid = 0;
	gid_t gid = 0;

	if (parent < 0)
		return parent;
	if (idmap_uid(spec, device->uid, &uid, err) < 0 ||
	    idmap_gid(spec, device->gid, &gid, err) < 0 || idmap_uid(spec, 0, &root_uid, err) < 0 ||
	    idmap_gid(spec, 0, &root_gid, err) < 0)
		return err_prefix_as(err, ERR_DEVICE, "device %s", device->path);
	if (root_uid && fchownat(parent, "", root_uid, root_gid, AT_EMPTY_PATH) < 0)
		return err_errno(err, "chown the directory of %s", device->path);
	device->made = true;
	return make_node_in(parent, device, uid, gid, false, err);
}

int devices_prepare(int dev, const struct oci_spec *spec, struct device_list *list, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		struct device *device = &list->items[i];
		int r;

		if (!str_starts(device->path, "/dev/") || is_covered(spec, device->path))
			continue;
		r = prepare_one(dev, spec, device, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int make_link(int dev, const char *name, const char *target, struct err *err)
{
	if (symlinkat(target, dev, name) < 0 && errno != EEXIST)
		return err_errno(err, "link /dev/%s", name);
	return 0;
}

/* The image's own multiplexer would be that of the guest: another one than the container's. */
static int make_ptmx(int dev, struct err *err)
{
	static const char target[] = "pts/ptmx";
	char old[sizeof(target)];

	if (symlinkat(target, dev, "ptmx") == 0)
		return 0;
	if (errno != EEXIST)
		return err_errno(err, "link /dev/ptmx");
	if (readlinkat(dev, "ptmx", old, sizeof(old)) == (ssize_t)strlen(target) &&
	    memcmp(old, target, strlen(target)) == 0)
		return 0;
	if (unlinkat(dev, "ptmx", 0) < 0 || symlinkat(target, dev, "ptmx") < 0)
		return err_errno(err, "replace /dev/ptmx by a link");
	return 0;
}

static int make_links(int dev, struct err *err)
{
	int r = make_ptmx(dev, err);

	for (size_t i = 0; r == 0 && i < sizeof(links) / sizeof(links[0]); i++)
		r = make_link(dev, links[i].name, links[i].target, err);
	if (r == 0 && access("/proc/kcore", F_OK) == 0)
		r = make_link(dev, "core", "/proc/kcore", err);
	return r;
}

static bool is_dev_bound(const struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct oci_mount *mount = &spec->mounts[i];
		CLEANUP(free) char *at = safe_clean(mount->destination);

		if (str_eq(at, "/dev") && ((mount->type && str_eq(mount->type, "bind")) ||
					   strv_contains(mount->options, "bind") ||
					   strv_contains(mount->options, "rbind")))
			return true;
	}
	return false;
}

static int make_one(int root, const struct device *device, bool bind, struct err *err)
{
	CLEANUP(close) int parent = open_parent(root, device->path, 0, err);

	if (parent < 0)
		return err_prefix_as(err, ERR_DEVICE, "device %s", device->path);
	return make_node_in(parent, device, device->uid, device->gid, bind, err);
}

int devices_make(int root, const struct oci_spec *spec, struct device_list *list, struct err *err)
{
	bool bind = idmap_is_used(spec);
	CLEANUP(close) int dev = -1;
	int r = 0;

	if (is_dev_bound(spec))
		return 0;
	dev = safe_mkdir_p(root, "/dev", 0755, err);
	if (dev < 0)
		return dev;
	for (size_t i = 0; r == 0 && i < list->n; i++)
		r = list->items[i].made ? 0 : make_one(root, &list->items[i], bind, err);
	return r < 0 ? r : make_links(dev, err);
}

int devices_null_mount(int root, int *ret, struct err *err)
{
	CLEANUP(close) int null = safe_open_nofollow(root, "/dev/null", O_PATH);
	struct stat st;
	int fd;

	if (null < 0 || fstat(null, &st) < 0) {
		errno = null < 0 ? -null : errno;
		return err_errno(err, "open /dev/null");
	}
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(err, EINVAL, "/dev/null of the container is not the null device");
	fd = mount_copy(null, "", false);
	if (fd < 0) {
		errno = -fd;
		return err_errno(err, "copy the mount of /dev/null");
	}
	*ret = fd;
	return 0;
}
