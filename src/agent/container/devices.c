/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/safepath.h"
#include "base/str.h"
#include "oci/spec.h"

/* runtime-spec, config-linux.md, "Default Devices"; /dev/console and /dev/ptmx are made elsewhere.
 */
static const struct oci_device defaults[] = {
	{ (char[]){ "/dev/null" }, (char[]){ "c" }, 1, 3, 0666, 0, 0 },
	{ (char[]){ "/dev/zero" }, (char[]){ "c" }, 1, 5, 0666, 0, 0 },
	{ (char[]){ "/dev/full" }, (char[]){ "c" }, 1, 7, 0666, 0, 0 },
	{ (char[]){ "/dev/random" }, (char[]){ "c" }, 1, 8, 0666, 0, 0 },
	{ (char[]){ "/dev/urandom" }, (char[]){ "c" }, 1, 9, 0666, 0, 0 },
	{ (char[]){ "/dev/tty" }, (char[]){ "c" }, 5, 0, 0666, 0, 0 },
};

/* runtime-spec, runtime-linux.md, "Dev symbolic links"; and the container's own terminals. */
static const struct {
	const char *name;
	const char *target;
} links[] = {
	{ "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },
};

static int mode_of(const struct oci_device *device, mode_t *ret, struct err *err)
{
	mode_t type;

	switch (device->type[0]) {
	case 'c':
	case 'u':
		type = S_IFCHR;
		break;
	case 'b':
		type = S_IFBLK;
		break;
	case 'p':
		type = S_IFIFO;
		break;
	default:
		return err_set(err, EINVAL, "device %s: type '%s' is not c, b, u or p",
			       device->path, device->type);
	}
	*ret = type | (device->file_mode & 07777);
	return 0;
}

/* The umask is 0 here: mknod(2) sets the mode as it is given. */
static int make_node_in(int parent, const char *name, const struct oci_device *device,
			struct err *err)
{
	dev_t rdev = makedev((unsigned)device->major, (unsigned)device->minor);
	mode_t mode = 0;
	int r;

	r = mode_of(device, &mode, err);
	if (r < 0)
		return r;
	if (mknodat(parent, name, mode, rdev) < 0) {
		struct stat st;

		if (errno != EEXIST)
			return err_errno(err, "make device %s", device->path);
		if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    (st.st_mode & S_IFMT) != (mode & S_IFMT) || st.st_rdev != rdev)
			return err_set(err, EEXIST, "device %s: something else is in its place",
				       device->path);
	}
	if ((device->uid || device->gid) &&
	    fchownat(parent, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "chown device %s", device->path);
	return 0;
}

static int make_node(int root, const struct oci_device *device, struct err *err)
{
	const char *name = path_base(device->path);
	CLEANUP(free) char *dir = xstrndup(device->path, (size_t)(name - device->path));
	CLEANUP(close) int parent = safe_mkdir_p(root, dir, 0755, err);

	return parent < 0 ? parent : make_node_in(parent, name, device, err);
}

static int make_link(int dev, const char *name, const char *target, struct err *err)
{
	if (symlinkat(target, dev, name) < 0 && errno != EEXIST)
		return err_errno(err, "link /dev/%s", name);
	return 0;
}

int devices_make(int root, const struct oci_spec *spec, struct err *err)
{
	CLEANUP(close) int dev = safe_mkdir_p(root, "/dev", 0755, err);
	int r = dev < 0 ? dev : 0;

	for (size_t i = 0; r == 0 && i < sizeof(defaults) / sizeof(defaults[0]); i++)
		r = make_node_in(dev, path_base(defaults[i].path), &defaults[i], err);
	for (size_t i = 0; r == 0 && i < spec->n_devices; i++)
		r = make_node(root, &spec->devices[i], err);
	for (size_t i = 0; r == 0 && i < sizeof(links) / sizeof(links[0]); i++)
		r = make_link(dev, links[i].name, links[i].target, err);
	return r;
}

int devices_null_mount(int root, int *ret, struct err *err)
{
	CLEANUP(close) int null = safe_open_nofollow(root, "/dev/null", O_PATH);
	struct stat st;
	int r;

	if (null < 0 || fstat(null, &st) < 0) {
		errno = null < 0 ? -null : errno;
		return err_errno(err, "open /dev/null");
	}
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(err, EINVAL, "/dev/null of the container is not the null device");
	r = mount_clone_fd(null, false, 0, err);
	if (r < 0)
		return r;
	*ret = r;
	return 0;
}
