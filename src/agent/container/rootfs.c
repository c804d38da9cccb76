/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/container/devices.h"
#include "agent/container/mount.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/safepath.h"
#include "base/str.h"
#include "oci/spec.h"

/* Opens the root as a mount of its own, attached where it lies. */
static int open_root(const struct oci_spec *spec, int *ret, struct err *err)
{
	CLEANUP(close) int root = -1;
	CLEANUP(close) int at = -1;
	int r;

	root = mount_clone(spec->root_path, true, 0, err);
	if (root < 0)
		return root;
	at = open(spec->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return err_errno(err, "open root %s", spec->root_path);
	r = mount_attach(root, at, err);
	if (r < 0)
		return r;
	*ret = take_fd(&root);
	return 0;
}

static int switch_root(int root, struct err *err)
{
	if (fchdir(root) < 0)
		return err_errno(err, "enter the root");
	/* The old root ends up below the new one at the same place, and is taken away from there.
	 */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_errno(err, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		return err_errno(err, "unmount the old root");
	return chdir("/") < 0 ? err_errno(err, "chdir /") : 0;
}

int rootfs_enter(const struct oci_spec *spec, struct err *err)
{
	CLEANUP(close) int root = -1;
	int r;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_errno(err, "make mounts private");
	r = open_root(spec, &root, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < spec->n_mounts; i++) {
		r = mount_into(root, &spec->mounts[i], err);
		if (r < 0)
			return err_prefix(err, "mount %s", spec->mounts[i].destination);
	}
	r = devices_make(root, spec, err);
	if (r < 0)
		return r;
	return switch_root(root, err);
}

/* "net.ipv4.ip_forward=1" into a procfs that is one. */
static int set_sysctl(int root, const char *word, struct err *err)
{
	CLEANUP(free) char *path = xasprintf("/proc/sys/%s", word);
	char *value = strchr(path, '=');
	CLEANUP(close) int fd = -1;
	struct statfs fs;
	int r;

	if (!value)
		return err_set(err, EINVAL, "linux.sysctl: '%s' is not key=value", word);
	*value++ = '\0';
	for (char *p = path + strlen("/proc/sys/"); *p; p++)
		if (*p == '.')
			*p = '/';
	fd = safe_open(root, path, O_WRONLY | O_NOCTTY, 0);
	if (fd < 0) {
		errno = -fd;
		return err_errno(err, "linux.sysctl: %s", path);
	}
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return err_set(err, EINVAL, "linux.sysctl: %s is not in a procfs", path);
	r = write_full(fd, value, strlen(value));
	if (r < 0) {
		errno = -r;
		return err_errno(err, "linux.sysctl: write '%s' to %s", value, path);
	}
	return 0;
}

/* Hides a file behind the null device, a directory behind an empty tmpfs. */
static int mask(int root, const char *path, struct err *err)
{
	CLEANUP(close) int target = safe_open(root, path, O_PATH, 0);
	CLEANUP(close) int cover = -1;
	struct stat st;
	int r;

	if (target == -ENOENT || target == -ENOTDIR || target == -EACCES)
		return 0;
	if (target < 0 || fstat(target, &st) < 0) {
		errno = target < 0 ? -target : errno;
		return err_errno(err, "open");
	}
	if (S_ISDIR(st.st_mode))
		r = mount_new("tmpfs", "tmpfs", NULL, MOUNT_ATTR_RDONLY, &cover, err);
	else
		r = devices_null_mount(root, &cover, err);
	return r < 0 ? r : mount_attach(cover, target, err);
}

static int make_read_only(int root, const char *path, struct err *err)
{
	CLEANUP(close) int target = safe_open(root, path, O_PATH, 0);
	CLEANUP(close) int copy = -1;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0) {
		errno = -target;
		return err_errno(err, "open");
	}
	copy = mount_clone_fd(target, true, MOUNT_ATTR_RDONLY, err);
	return copy < 0 ? copy : mount_attach(copy, target, err);
}

static int for_each_path(int root, char *const *paths, const char *what,
			 int (*fn)(int root, const char *path, struct err *err), struct err *err)
{
	for (; paths && *paths; paths++) {
		int r = fn(root, *paths, err);

		if (r < 0)
			return err_prefix(err, "%s %s", what, *paths);
	}
	return 0;
}

int rootfs_seal(const struct oci_spec *spec, struct err *err)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	CLEANUP(close) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (root < 0)
		return err_errno(err, "open /");
	for (char **word = spec->sysctl; word && *word; word++) {
		r = set_sysctl(root, *word, err);
		if (r < 0)
			return r;
	}
	r = for_each_path(root, spec->readonly_paths, "read-only path", make_read_only, err);
	if (r < 0)
		return r;
	r = for_each_path(root, spec->masked_paths, "masked path", mask, err);
	if (r < 0)
		return r;
	if (spec->root_readonly &&
	    syscall(SYS_mount_setattr, root, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0)
		return err_errno(err, "make the root read-only");
	return 0;
}
