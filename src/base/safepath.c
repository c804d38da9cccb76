/* SPDX-License-Identifier: Apache-2.0 */
#include "base/safepath.h"

#include <errno.h>
#include <fcntl.h>
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
#define RACE_TRIES     16 /* EAGAIN: a rename somewhere on the system; see openat2(2) */

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

/* One more directory below @parent, which was reached through the root. */
static int make_part(int root, int parent, const char *part, const char *so_far, mode_t mode)
{
	int fd = open_how(root, so_far, O_PATH | O_DIRECTORY, 0);

	if (fd != -ENOENT)
		return fd;
	if (mkdirat(parent, part, mode) < 0 && errno != EEXIST)
		return -errno;
	return open_how(root, so_far, O_PATH | O_DIRECTORY, 0);
}

int safe_mkdir_p(int root, const char *path, mode_t mode, struct err *err)
{
	CLEANUP(strv_free) char **parts = strv_split(path, "/");
	CLEANUP(free) char *so_far = xcalloc(1, strlen(path) + 2);
	CLEANUP(close) int fd = -1;

	if (strv_len(parts) > PATH_PARTS_MAX)
		return err_set(err, ENAMETOOLONG, "%.200s: too many components", path);
	fd = open_how(root, ".", O_PATH | O_DIRECTORY, 0);
	for (char **part = parts; fd >= 0 && part && *part; part++) {
		int next;

		if (str_eq(*part, "."))
			continue;
		strcat(strcat(so_far, "/"), *part);
		next = make_part(root, fd, *part, so_far, mode);
		close(fd);
		fd = next;
	}
	if (fd < 0) {
		errno = -fd;
		return err_errno(err, "make directory %s", path);
	}
	return take_fd(&fd);
}

int safe_touch(int root, const char *path, struct err *err)
{
	CLEANUP(free) char *parent = NULL;
	CLEANUP(close) int dir = -1;
	CLEANUP(close) int made = -1;
	int fd;

	fd = open_how(root, path, O_PATH, 0);
	if (fd >= 0)
		return fd;
	parent = xstrndup(path, (size_t)(path_base(path) - path));
	dir = safe_mkdir_p(root, parent, 0755, err);
	if (dir < 0)
		return dir;
	made = open_how(root, path, O_CREAT | O_WRONLY | O_NONBLOCK | O_NOCTTY, 0644);
	if (made >= 0)
		fd = open_how(root, path, O_PATH, 0);
	if (made < 0 || fd < 0) {
		errno = made < 0 ? -made : -fd;
		return err_errno(err, "make file %s", path);
	}
	return fd;
}
