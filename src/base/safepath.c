/* SPDX-License-Identifier: Apache-2.0 */
#include "base/safepath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define PATH_PARTS_MAX 256u
#define LINKS_MAX      40u /* path_resolution(7) */
#define RACE_TRIES     16  /* EAGAIN: a rename somewhere on the system; see openat2(2) */

static int open_how(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC,
				.mode = mode,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	long fd = -1;

	for (int i = 0; i < RACE_TRIES; i++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

int safe_open(int root, const char *path, int flags, mode_t mode)
{
	return open_how(root, path, flags, mode);
}

int safe_open_nofollow(int root, const char *path, int flags)
{
	return open_how(root, path, flags | O_NOFOLLOW, 0);
}

/*
 * Where the dangling link @name in @parent leads, as a path from the root: the
 * kernel makes nothing through such a link. @at is the path of @parent. Owned.
 */
static char *dangling_target(int parent, const char *at, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(parent, name, target, sizeof(target) - 1);

	if (n <= 0)
		return NULL;
	target[n] = '\0';
	return *target == '/' ? xstrdup(target) : xasprintf("%s/%s", at, target);
}

static int make_dirs(int root, const char *path, mode_t mode, unsigned links);

/* One more directory below @parent, whose path from the root is @at. */
/* NOLINTNEXTLINE(misc-no-recursion): ends at LINKS_MAX */
static int make_part(int root, int parent, const char *at, const char *part, mode_t mode,
		     unsigned links)
{
	CLEANUP(free) char *path = xasprintf("%s/%s", at, part);
	CLEANUP(free) char *target = NULL;
	int fd = open_how(root, path, O_PATH | O_DIRECTORY, 0);

	if (fd != -ENOENT)
		return fd;
	if (mkdirat(parent, part, mode) < 0 && errno != EEXIST)
		return -errno;
	fd = open_how(root, path, O_PATH | O_DIRECTORY, 0);
	if (fd != -ENOENT)
		return fd;
	target = dangling_target(parent, at, part);
	return target ? make_dirs(root, target, mode, links + 1) : fd;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at LINKS_MAX */
static int make_dirs(int root, const char *path, mode_t mode, unsigned links)
{
	CLEANUP(strv_free) char **parts = strv_split(path, "/");
	CLEANUP(free) char *at = xstrdup("");
	int fd;

	if (strv_len(parts) > PATH_PARTS_MAX)
		return -ENAMETOOLONG;
	if (links > LINKS_MAX)
		return -ELOOP;
	fd = open_how(root, ".", O_PATH | O_DIRECTORY, 0);
	for (char **part = parts; fd >= 0 && part && *part; part++) {
		int next = make_part(root, fd, at, *part, mode, links);
		char *longer = xasprintf("%s/%s", at, *part);

		free(at);
		at = longer;
		close(fd);
		fd = next;
	}
	return fd;
}

int safe_mkdir_p(int root, const char *path, mode_t mode, struct err *err)
{
	int fd = make_dirs(root, path, mode, 0);

	if (fd >= 0)
		return fd;
	errno = -fd;
	return err_errno(err, "make directory %s", path);
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at LINKS_MAX */
static int touch(int root, const char *path, unsigned links)
{
	CLEANUP(free) char *parent = xstrndup(path, (size_t)(path_base(path) - path));
	CLEANUP(free) char *target = NULL;
	CLEANUP(close) int made = -1;
	CLEANUP(close) int dir = -1;
	int fd = open_how(root, path, O_PATH, 0);

	if (fd >= 0)
		return fd;
	if (links > LINKS_MAX)
		return -ELOOP;
	dir = make_dirs(root, parent, 0755, links);
	if (dir < 0)
		return dir;
	made = open_how(root, path, O_CREAT | O_WRONLY | O_NONBLOCK | O_NOCTTY, 0644);
	if (made >= 0)
		return open_how(root, path, O_PATH, 0);
	target = made == -ENOENT ? dangling_target(dir, parent, path_base(path)) : NULL;
	return target ? touch(root, target, links + 1) : made;
}

int safe_touch(int root, const char *path, struct err *err)
{
	int fd = touch(root, path, 0);

	if (fd >= 0)
		return fd;
	errno = -fd;
	return err_errno(err, "make file %s", path);
}
