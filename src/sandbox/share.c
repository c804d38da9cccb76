/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/share.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "sandbox/paths.h"
#include "vm/share.h"

int share_open(const char *sid, struct err *err)
{
	CLEANUP(free) char *share = paths_share(sid);

	return share_dir_make(share, err);
}

int share_close(const char *sid, struct err *err)
{
	CLEANUP(free) char *share = paths_share(sid);

	return share_dir_remove(share, err);
}

/* An empty directory or file as mount point below "mounts", which only we write. */
static int make_target(const char *path, bool directory, struct err *err)
{
	CLEANUP(free) char *parent = xstrndup(path, (size_t)(path_base(path) - path - 1));
	CLEANUP(close) int made = -1;
	int fd;
	int r;

	r = mkdir_p(directory ? path : parent, 0700, err);
	if (r < 0)
		return r;
	if (!directory) {
		made = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (made < 0)
			return err_errno(err, "make %s", path);
	}
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_errno(err, "open %s", path) : fd;
}

int share_add(const char *sid, const char *name, const char *source, bool recursive, bool read_only,
	      struct err *err)
{
	CLEANUP(free) char *mounts = paths_share_mounts(sid);
	CLEANUP(free) char *path = xasprintf("%s/%s", mounts, name);
	unsigned long long attr = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID;
	CLEANUP(close) int tree = -1;
	CLEANUP(close) int target = -1;
	struct stat st;
	int r;

	if (read_only)
		attr |= MOUNT_ATTR_RDONLY;
	tree = mount_clone(source, recursive, attr, err);
	if (tree < 0)
		return tree;
	if (fstat(tree, &st) < 0)
		return err_errno(err, "stat %s", source);
	target = make_target(path, S_ISDIR(st.st_mode), err);
	if (target < 0)
		return target;
	r = fault_point("share target", err);
	if (r == 0)
		r = mount_attach(tree, target, err);
	if (r < 0)
		return err_prefix(err, "share %s", source);
	return fault_point("share attached", err);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static bool belongs_to(const char *name, const char *cid)
{
	size_t len = strlen(cid);

	if (!str_starts(name, cid))
		return false;
	name += len;
	return !*name ||
	       (*name == '-' && strspn(name + 1, "0123456789abcdef") >= 16 && name[17] == '-');
}

int share_remove(const char *sid, const char *cid, struct err *err)
{
	CLEANUP(free) char *mounts = paths_share_mounts(sid);
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(mounts);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		CLEANUP(free) char *path = NULL;
		int r;

		if (!belongs_to(entry->d_name, cid))
			continue;
		path = xasprintf("%s/%s", mounts, entry->d_name);
		r = unmount_tree(path, err);
		if (r == 0)
			r = rm_tree(path, err);
		if (r < 0)
			return r;
	}
	return 0;
}
