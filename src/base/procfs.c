/* SPDX-License-Identifier: Apache-2.0 */
#include "base/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define PROC_ROOT_INODE 1 /* PROC_ROOT_INO in the kernel's include/linux/proc_ns.h */
#define RACE_TRIES      16

/* Never leaves @proc, neither by a link nor by a mount. */
static int open_below(int proc, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV |
					   RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS };
	long fd = -1;

	for (int i = 0; i < RACE_TRIES; i++) {
		fd = syscall(SYS_openat2, proc, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

/* A new instance, attached nowhere. */
static int mount_own(void)
{
	CLEANUP(close) int context = fsopen("proc", FSOPEN_CLOEXEC);
	int fd;

	if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(context, FSMOUNT_CLOEXEC,
		     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -errno : fd;
}

/* A part of procfs bound over /proc would be a procfs too: so the inode. */
static bool is_proc_root(int fd)
{
	struct statfs fs;
	struct stat st;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC && fstat(fd, &st) == 0 &&
	       st.st_ino == PROC_ROOT_INODE;
}

int procfs_open(struct err *err)
{
	CLEANUP(close) int fd = mount_own();

	if (fd >= 0)
		return take_fd(&fd);
	fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "open /proc");
	if (!is_proc_root(fd))
		return err_set(err, EXDEV, "/proc is not the root of a procfs");
	return take_fd(&fd);
}

/* Where the link "self" or "thread-self" leads, as a path below @proc; owned, or NULL. */
static char *read_self(int proc, const char *name)
{
	CLEANUP(close) int fd = open_below(proc, name, O_PATH | O_NOFOLLOW);
	char target[64];
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = readlinkat(fd, "", target, sizeof(target));
	return n > 0 && n < (ssize_t)sizeof(target) ? xstrndup(target, (size_t)n) : NULL;
}

/* @path with a leading "self" made the number that it stands for. Owned, or NULL. */
static char *without_self(int proc, const char *path)
{
	static const char *const names[] = { "self", "thread-self" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);
		CLEANUP(free) char *target = NULL;

		if (!str_starts(path, names[i]) || path[len] != '/')
			continue;
		target = read_self(proc, names[i]);
		return target ? xasprintf("%s%s", target, path + len) : NULL;
	}
	return xstrdup(path);
}

int procfs_open_file(int proc, const char *path, int flags, struct err *err)
{
	CLEANUP(free) char *real = without_self(proc, path);
	int fd;

	if (!real)
		return err_set(err, ESRCH, "procfs: %s: this process is not in it", path);
	fd = open_below(proc, real, flags);
	if (fd == -EXDEV)
		return err_set(err, EXDEV, "procfs: %s: something else is mounted there", path);
	if (fd < 0) {
		errno = -fd;
		return err_errno(err, "procfs: open %s", path);
	}
	return fd;
}

int procfs_write(int proc, const char *path, const char *text, struct err *err)
{
	CLEANUP(close) int fd = procfs_open_file(proc, path, O_WRONLY, err);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return fd;
	/* In one piece: each write to such a file is a setting of its own. */
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, "procfs: write '%s' to %s", text, path);
	if ((size_t)n != len)
		return err_set(err, EIO, "procfs: %s took %zd of %zu bytes", path, n, len);
	return 0;
}
