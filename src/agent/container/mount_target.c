/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/mount_target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "agent/container/mount.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/safepath.h"
#include "base/str.h"

/* Source: runc, libcontainer/rootfs_linux.go, checkProcMount(). */
static const char *const emulated[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/meminfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/uptime",
	"/proc/loadavg",
	"/proc/slabinfo",
	"/proc/net/dev",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/sys/crypto/fips_enabled",
};

static bool is_emulated(const char *path)
{
	for (size_t i = 0; i < sizeof(emulated) / sizeof(emulated[0]); i++)
		if (str_eq(emulated[i], path))
			return true;
	return false;
}

static int check_name(const char *path, const struct mount_nature *nature, struct err *err)
{
	if (str_eq(path, "/"))
		return err_set(err, EINVAL, "the root of the container cannot be mounted over");
	if (str_eq(path, "/proc") && !nature->procfs)
		return err_set(err, EPERM, "a %s is no procfs, the only thing that /proc may be",
			       nature->type);
	if (str_starts(path, "/proc/") && !is_emulated(path))
		return err_set(err, EPERM, "nothing may be mounted inside /proc here");
	return 0;
}

/* By now a name in the container may have been a link to anywhere in it. */
static int check_place(int root, int target, const char *path, struct err *err)
{
	struct statx root_stat;
	struct statx stat;
	struct statfs fs;

	if (fstatfs(target, &fs) < 0)
		return err_errno(err, "stat the destination");
	if (fs.f_type == PROC_SUPER_MAGIC && !str_starts(path, "/proc/") && !str_eq(path, "/proc"))
		return err_set(err, EPERM, "the destination leads into a procfs");
	if (statx(root, "", AT_EMPTY_PATH, STATX_MNT_ID | STATX_INO, &root_stat) < 0 ||
	    statx(target, "", AT_EMPTY_PATH, STATX_MNT_ID | STATX_INO, &stat) < 0)
		return err_errno(err, "stat the destination");
	if (stat.stx_mnt_id == root_stat.stx_mnt_id && stat.stx_ino == root_stat.stx_ino)
		return err_set(err, EINVAL,
			       "the destination is the root of the container, which cannot be "
			       "mounted over");
	return 0;
}

/* A plain directory at exactly that place. */
static int open_plain(int root, const char *path, const char *type, struct err *err)
{
	int fd = safe_open_plain(root, path, O_PATH | O_DIRECTORY);

	if (fd == -ENOENT) {
		CLEANUP(close) int made = safe_mkdir_p(root, path, 0755, err);

		if (made < 0)
			return made;
		fd = safe_open_plain(root, path, O_PATH | O_DIRECTORY);
	}
	if (fd == -ELOOP || fd == -ENOTDIR)
		return err_set(err, -fd, "a %s must be mounted on an ordinary directory", type);
	if (fd < 0) {
		errno = -fd;
		return err_errno(err, "open the destination");
	}
	return fd;
}

int mount_target_open(int root, const struct mount_handle *handle,
		      const struct mount_nature *nature, struct err *err)
{
	CLEANUP(close) int fd = -1;
	int r;

	r = check_name(handle->path, nature, err);
	if (r < 0)
		return r;
	if (nature->procfs || str_eq(nature->type, "sysfs"))
		fd = open_plain(root, handle->path, nature->type, err);
	else if (nature->directory)
		fd = safe_mkdir_p(root, handle->path, 0755, err);
	else
		fd = safe_touch(root, handle->path, err);
	if (fd < 0)
		return fd;
	r = check_place(root, fd, handle->path, err);
	return r < 0 ? r : take_fd(&fd);
}
