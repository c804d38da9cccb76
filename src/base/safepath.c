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
/* EAGAIN: ".." met a rename or mount somewhere on the system; see openat2(2). */
#define RACE_TRIES 128

static int open_resolved(int root, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC,
				.mode = mode,
				.resolve = resolve | RESOLVE_NO_MAGICLINKS };
	long fd = -1;

	for (int i = 0; i < RACE_TRIES; i++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

static int open_how(int root, const char *path, int flags, mode_t mode)
{
	return open_resolved(root, path, flags, mode, RESOLVE_IN_ROOT);
}

int safe_open(int root, const char *path, int flags, mode_t mode)
{
	return open_how(root, path, flags, mode);
}

int safe_open_nofollow(int root, const char *path, int flags)
{
	return open_how(root, path, flags | O_NOFOLLOW, 0);
}

int safe_open_plain(int root, const char *path, int flags)
{
	return open_resolved(root, path, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

int safe_open_same_mount(int dir, const char *path, int flags)
{
	return open_resolved(dir, path, flags, 0,
			     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

char *safe_clean(const char *path)
{
	char *out = xcalloc(strlen(path) + 2, 1);
	size_t len = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && strncmp(path, "..", n) == 0) {
			while (len > 0 && out[--len] != '/')
				;
		} else if (n > 0 && !(n == 1 && *path == '.')) {
			out[len++] = '/';
			memcpy(out + len, path, n);
			len += n;
		}
		path += n + strspn(path + n, "/");
	}
	if (len == 0)
		out[len++] = '/';
	out[len] = '\0';
	return out;
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
	CLEANUP(strv_free) char **parts = NULL;
	CLEANUP(free) char *at = NULL;
	int fd = open_how(root, path, O_PATH | O_DIRECTORY, 0);

	if (fd != -ENOENT)
		return fd;
	parts = strv_split(path, "/");
	at = xstrdup("");
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
	CLEANUP(close) int dir = -1;
	int fd = open_how(root, path, O_PATH, 0);

	if (fd >= 0)
		return fd;
	if (links > LINKS_MAX)
		return -ELOOP;
	dir = make_dirs(root, parent, 0755, links);
	if (dir < 0)
		return dir;
	/* mknod follows no link and opens nothing that somebody else has put there meanwhile. */
	if (mknodat(dir, path_base(path), S_IFREG | 0644, 0) < 0 && errno != EEXIST)
		return -errno;
	fd = open_how(root, path, O_PATH, 0);
	target = fd == -ENOENT ? dangling_target(dir, parent, path_base(path)) : NULL;
	return target ? touch(root, target, links + 1) : fd;
}

int safe_touch(int root, const char *path, struct err *err)
{
	int fd = touch(root, path, 0);

	if (fd >= 0)
		return fd;
	errno = -fd;
	return err_errno(err, "make file %s", path);
}
