/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/copyup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/safepath.h"
#include "base/str.h"

#define XATTR_NAMES_MAX 65536u /* XATTR_LIST_MAX of limits.h in the kernel */
#define XATTR_VALUE_MAX 65536u

struct copy {
	unsigned entries;
	uint64_t bytes;
	struct err *err;
};

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* A tmpfs does not have every kind of attribute (before Linux 6.6 no "user."): those stay behind.
 */
static int copy_xattr(int from, int to, const char *name, struct err *err)
{
	CLEANUP(free) char *value = xmalloc(XATTR_VALUE_MAX);
	ssize_t n = fgetxattr(from, name, value, XATTR_VALUE_MAX);

	if (n < 0 && errno == ENODATA)
		return 0;
	if (n < 0 || (fsetxattr(to, name, value, (size_t)n, 0) < 0 && errno != EOPNOTSUPP))
		return err_errno(err, "copy attribute %s", name);
	return 0;
}

static int copy_xattrs(int from, int to, struct err *err)
{
	CLEANUP(free) char *names = NULL;
	ssize_t n = flistxattr(from, NULL, 0);

	if (n == 0 || (n < 0 && errno == EOPNOTSUPP))
		return 0;
	names = xmalloc(XATTR_NAMES_MAX);
	n = flistxattr(from, names, XATTR_NAMES_MAX);
	if (n < 0)
		return err_errno(err, "list attributes");
	for (char *name = names; name < names + n; name += strlen(name) + 1) {
		int r = copy_xattr(from, to, name, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The mode after the owner, which takes set-user-id bits away. */
static int copy_attributes(int from, int to, const struct stat *st, struct err *err)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(to, st->st_uid, st->st_gid) < 0)
		return err_errno(err, "set the owner %u:%u", st->st_uid, st->st_gid);
	if (fchmod(to, st->st_mode & 07777) < 0)
		return err_errno(err, "set the mode");
	if (copy_xattrs(from, to, err) < 0)
		return -err->code;
	return futimens(to, times) < 0 ? err_errno(err, "set the times") : 0;
}

static int copy_data(struct copy *copy, int from, int to)
{
	for (;;) {
		ssize_t n = sendfile(to, from, NULL, 1u << 20);

		if (n < 0)
			return err_errno(copy->err, "copy");
		if (n == 0)
			return 0;
		copy->bytes += (uint64_t)n;
		if (copy->bytes > COPYUP_BYTES_MAX)
			return err_set(copy->err, EFBIG, "there are more than %u MiB to be copied",
				       COPYUP_BYTES_MAX >> 20);
	}
}

/* What was a file when it was looked at may be another thing now: it is not waited for. */
static int copy_file(struct copy *copy, int from_dir, int to_dir, const char *name)
{
	CLEANUP(close)
	int from =
		safe_open_same_mount(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	CLEANUP(close) int to = -1;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0) {
		errno = from < 0 ? -from : errno;
		return err_errno(copy->err, "open");
	}
	if (!S_ISREG(st.st_mode))
		return err_set(copy->err, EAGAIN, "it has been replaced meanwhile");
	to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return err_errno(copy->err, "make");
	r = copy_data(copy, from, to);
	return r < 0 ? r : copy_attributes(from, to, &st, copy->err);
}

static int copy_link(struct copy *copy, int from_dir, int to_dir, const char *name,
		     const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_errno(copy->err, "read the link");
	target[n] = '\0';
	if (symlinkat(target, to_dir, name) < 0 ||
	    fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(copy->err, "make the link");
	return 0;
}

/* A FIFO, socket or device. Nobody else can write to the new tmpfs: its names are safe. */
static int copy_node(struct copy *copy, int to_dir, const char *name, const struct stat *st)
{
	if (mknodat(to_dir, name, st->st_mode & (S_IFMT | 07777), st->st_rdev) < 0 ||
	    fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(to_dir, name, st->st_mode & 07777, 0) < 0)
		return err_errno(copy->err, "make");
	return 0;
}

static int copy_dir(struct copy *copy, int from, int to, unsigned depth);

/* A directory that something else is mounted on is as empty as the image made it. */
/* NOLINTNEXTLINE(misc-no-recursion): ends at COPYUP_DEPTH_MAX */
static int copy_subdir(struct copy *copy, int from_dir, int to_dir, const char *name,
		       unsigned depth)
{
	CLEANUP(close)
	int from = safe_open_same_mount(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	CLEANUP(close) int to = -1;

	if (from < 0 && from != -EXDEV) {
		errno = -from;
		return err_errno(copy->err, "open");
	}
	if (mkdirat(to_dir, name, 0755) < 0)
		return err_errno(copy->err, "make");
	if (from == -EXDEV)
		return 0;
	to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return err_errno(copy->err, "open the copy");
	return copy_dir(copy, from, to, depth + 1);
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at COPYUP_DEPTH_MAX */
static int copy_entry(struct copy *copy, int from_dir, int to_dir, const char *name, unsigned depth)
{
	struct stat st;

	if (++copy->entries > COPYUP_ENTRIES_MAX)
		return err_set(copy->err, EFBIG, "there are more than %u files to be copied",
			       COPYUP_ENTRIES_MAX);
	if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_errno(copy->err, "stat");
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return copy_subdir(copy, from_dir, to_dir, name, depth);
	case S_IFREG:
		return copy_file(copy, from_dir, to_dir, name);
	case S_IFLNK:
		return copy_link(copy, from_dir, to_dir, name, &st);
	default:
		return copy_node(copy, to_dir, name, &st);
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at COPYUP_DEPTH_MAX */
static int copy_entries(struct copy *copy, DIR *dir, int from, int to, unsigned depth)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		int r;

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		r = copy_entry(copy, from, to, entry->d_name, depth);
		if (r < 0)
			return err_prefix(copy->err, "%s", entry->d_name);
	}
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at COPYUP_DEPTH_MAX */
static int copy_dir(struct copy *copy, int from, int to, unsigned depth)
{
	__attribute__((cleanup(close_dir))) DIR *dir = NULL;
	struct stat st;
	int own;
	int r;

	if (depth > COPYUP_DEPTH_MAX)
		return err_set(copy->err, EFBIG, "more than %u directories in each other",
			       COPYUP_DEPTH_MAX);
	if (fstat(from, &st) < 0)
		return err_errno(copy->err, "stat");
	own = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own < 0)
		return err_errno(copy->err, "open directory");
	dir = fdopendir(own); /* takes it */
	if (!dir)
		return err_errno(copy->err, "open directory");
	r = copy_entries(copy, dir, from, to, depth);
	return r < 0 ? r : copy_attributes(from, to, &st, copy->err);
}

int copyup(int from, int to, struct err *err)
{
	struct copy copy = { .err = err };
	CLEANUP(close) int source = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(close) int target = openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (source < 0 || target < 0)
		return err_errno(err, "open");
	return copy_dir(&copy, source, target, 0);
}
