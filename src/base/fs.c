/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/mountinfo.h"
#include "base/str.h"

#define TREE_DEPTH_MAX 64u /* deeper than anything that we make */

int mkdir_p(const char *path, mode_t mode, struct err *err)
{
	CLEANUP(free) char *copy = xstrdup(path);
	struct stat st;

	for (char *p = *copy ? copy + 1 : copy;; p++) {
		char saved = *p;

		if (saved != '/' && saved != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_errno(err, "mkdir %s", copy);
		if (saved == '\0')
			break;
		*p = saved;
	}
	if (stat(path, &st) < 0)
		return err_errno(err, "mkdir %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "mkdir %s: it is there and is no directory", path);
	return 0;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int open_dir_here(int parent, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, parent, name, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int remove_entry(int parent, const char *name, unsigned depth);

/* NOLINTNEXTLINE(misc-no-recursion): ends at TREE_DEPTH_MAX */
static int empty_dir(int fd, unsigned depth)
{
	__attribute__((cleanup(close_dir))) DIR *dir = NULL;
	struct dirent *entry;
	int own = dup(fd);

	if (own < 0)
		return -errno;
	dir = fdopendir(own);
	if (!dir) {
		close(own);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		int r;

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		r = remove_entry(fd, entry->d_name, depth + 1);
		if (r < 0)
			return r;
	}
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at TREE_DEPTH_MAX */
static int remove_entry(int parent, const char *name, unsigned depth)
{
	CLEANUP(close) int fd = -1;
	int r;

	if (depth > TREE_DEPTH_MAX)
		return -ELOOP;
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	fd = open_dir_here(parent, name);
	if (fd == -EXDEV)
		return -EBUSY;
	if (fd < 0)
		return fd;
	r = empty_dir(fd, depth);
	if (r < 0)
		return r;
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int rm_tree(const char *path, struct err *err)
{
	CLEANUP(free) char *dir = xasprintf("%.*s.", (int)(path_base(path) - path), path);
	CLEANUP(close) int parent = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (parent < 0 && errno == ENOENT)
		return 0;
	/* Only the last component may be no mount: on the way there may be some. */
	r = parent < 0 ? -errno : remove_entry(parent, path_base(path), 0);
	if (r == 0)
		return 0;
	errno = -r;
	return err_errno(err, "remove %s", path);
}

/* Mount points at or below @path, in the order in which they were mounted. */
static int list_mounts(const char *path, char ***ret)
{
	__attribute__((cleanup(mount_table_done))) struct mount_table table = { 0 };
	struct err ignored = { 0 };
	size_t len = strlen(path);
	int r;

	r = mount_table_read(&table, &ignored);
	for (size_t i = 0; r == 0 && i < table.n; i++) {
		const char *point = table.items[i].point;

		if (str_starts(point, path) && (point[len] == '/' || !point[len]))
			strv_add(ret, point);
	}
	return r;
}

int unmount_tree(const char *path, struct err *err)
{
	CLEANUP(strv_free) char **mounts = NULL;
	CLEANUP(free) char *real = realpath(path, NULL);
	int r;

	if (!real)
		return 0;
	r = list_mounts(real, &mounts);
	if (r < 0) {
		errno = -r;
		return err_errno(err, "read /proc/self/mountinfo");
	}
	for (size_t n = strv_len(mounts); n > 0; n--) {
		/* EINVAL: gone already, with the mount that it was propagated from. */
		if (umount2(mounts[n - 1], MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL &&
		    errno != ENOENT)
			return err_errno(err, "unmount %s", mounts[n - 1]);
	}
	return 0;
}

bool is_mount_point(const char *path)
{
	CLEANUP(strv_free) char **mounts = NULL;

	return list_mounts(path, &mounts) == 0 && strv_contains(mounts, path);
}

int mount_copy(int dirfd, const char *path, bool recursive)
{
	unsigned flags = recursive ? AT_RECURSIVE : 0;
	int fd = (int)syscall(SYS_open_tree, dirfd, path,
			      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags);

	return fd < 0 ? -errno : fd;
}

static int change_mount(int fd, bool recursive, const struct mount_change *change)
{
	struct mount_attr attr = { .attr_set = change->set,
				   .attr_clr = change->clear,
				   .propagation = change->propagation };
	unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	if (!(change->set | change->clear | change->propagation))
		return 0;
	return syscall(SYS_mount_setattr, fd, "", flags, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

int mount_change(int fd, bool recursive, const struct mount_change *change, struct err *err)
{
	int r = change_mount(fd, recursive, change);

	if (r == 0)
		return 0;
	errno = -r;
	return err_errno(err, "change mount flags");
}

static int clone_at(int dirfd, const char *path, bool recursive, unsigned long long attr_set)
{
	struct mount_change change = { .set = attr_set, .propagation = MS_PRIVATE };
	CLEANUP(close) int fd = mount_copy(dirfd, path, recursive);
	int r = fd < 0 ? fd : change_mount(fd, recursive, &change);

	return r < 0 ? r : take_fd(&fd);
}

int mount_clone(const char *source, bool recursive, unsigned long long attr_set, struct err *err)
{
	int fd = clone_at(AT_FDCWD, source, recursive, attr_set);

	if (fd >= 0)
		return fd;
	errno = -fd;
	return err_errno(err, "mount source %s", source);
}

int mount_clone_fd(int fd, bool recursive, unsigned long long attr_set, struct err *err)
{
	int clone = clone_at(fd, "", recursive, attr_set);

	if (clone >= 0)
		return clone;
	errno = -clone;
	return err_errno(err, "mount source");
}

int mount_attach(int mount_fd, int target_fd, struct err *err)
{
	if (syscall(SYS_move_mount, mount_fd, "", target_fd, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_errno(err, "attach mount");
	return 0;
}

int mount_new_tmpfs(uint64_t size, struct err *err)
{
	CLEANUP(free) char *text = xasprintf("%" PRIu64, size);
	CLEANUP(close) int fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "size", text, 0) < 0 ||
	    syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0 ||
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_errno(err, "make a tmpfs of %s bytes", text);
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
			  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? err_errno(err, "mount a tmpfs of %s bytes", text) : fd;
}

int mount_make_read_only(const char *point, struct err *err)
{
	CLEANUP(close) int fd = (int)syscall(SYS_fspick, AT_FDCWD, point, FSPICK_CLOEXEC);

	if (fd < 0 || syscall(SYS_fsconfig, fd, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
	    syscall(SYS_fsconfig, fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		return err_errno(err, "make the file system at %s read-only", point);
	return 0;
}
