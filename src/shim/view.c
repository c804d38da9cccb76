/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/view.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/safepath.h"

#define LIST_MAX (1u << 20)

/* The root's mount, hung over itself so that it can become "/". Returns its descriptor. */
static int attach_root(const char *path, struct err *err)
{
	CLEANUP(close) int tree = mount_clone(path, true, 0, err);
	CLEANUP(close) int target = -1;
	int r;

	if (tree < 0)
		return tree;
	target = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return err_errno(err, "open %s", path);
	r = mount_attach(tree, target, err);
	return r < 0 ? r : take_fd(&tree);
}

/* A new file system of @type, mounted nowhere. Returns its descriptor or -errno. */
static int new_mount(const char *type, unsigned attr)
{
	CLEANUP(close) int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	int tree;

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	tree = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attr);
	return tree < 0 ? -errno : tree;
}

/* For a container whose files are on a disk that only the guest may use: nothing but /proc. */
static int empty_root(struct err *err)
{
	CLEANUP(close) int tree = new_mount("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	/* Any place will do that is there on every host: it becomes "/". */
	CLEANUP(close) int target = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (tree < 0 || target < 0 || mkdirat(tree, "proc", 0555) < 0)
		return err_set(err, EIO, "make an empty root for the host's view");
	r = mount_attach(tree, target, err);
	return r < 0 ? r : take_fd(&tree);
}

/* Links in the container's root lead nowhere but into it. */
static int attach_at(int tree, int root, const char *place, struct err *err)
{
	CLEANUP(close) int target = safe_open(root, place, O_PATH | O_CLOEXEC, 0);

	if (target < 0) {
		errno = -target;
		return err_errno(err, "open %s", place);
	}
	return mount_attach(tree, target, err);
}

static void attach_volume(int root, const char *source, const char *place)
{
	struct err err = { 0 };
	CLEANUP(close) int tree = mount_clone(source, true, 0, &err);

	if (tree < 0 || attach_at(tree, root, place, &err) < 0)
		log_warn("%s is not where the host's tools look for it: %s", place, err.text);
}

static void attach_proc(int root)
{
	struct err err = { 0 };
	CLEANUP(close)
	int tree = new_mount("proc", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);

	if (tree < 0)
		log_warn("/proc of the host's view: %s", strerror(-tree));
	else if (attach_at(tree, root, "/proc", &err) < 0)
		log_debug("/proc of the host's view: %s", err.text); /* an image without it */
}

static int pivot(int root, struct err *err)
{
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_errno(err, "make the container's root the host's view");
	return 0;
}

static const char *next(const char *word)
{
	return word + strlen(word) + 1;
}

int view_enter(int list_fd, struct err *err)
{
	CLEANUP(free) char *path = xasprintf("/proc/self/fd/%d", list_fd);
	CLEANUP(free) char *list = NULL;
	CLEANUP(close) int root = -1;
	const char *word;
	const char *end;
	size_t len = 0;
	int r = file_read(path, LIST_MAX, &list, &len, err);

	if (r < 0)
		return err_prefix(err, "-files-fd");
	if (len == 0)
		return err_set(err, EINVAL, "-files-fd: %d: it names no root", list_fd);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_errno(err, "make a mount namespace");
	root = *list ? attach_root(list, err) : empty_root(err);
	if (root < 0)
		return root;
	end = list + len;
	/* There is a zero byte behind the list in any case. */
	for (word = next(list); word < end && next(word) < end; word = next(next(word)))
		attach_volume(root, word, next(word));
	attach_proc(root);
	return pivot(root, err);
}
