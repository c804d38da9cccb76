/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two steps, because a container with a user namespace may not do all of it:
 * rootfs_prepare() opens detached mounts with the agent's rights, and
 * rootfs_enter() puts them together in the container's namespaces. Until the
 * root is switched, the agent's own file system is there too, and nothing that
 * is resolved inside the container's root can lead out to it.
 */
#include "agent/container/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/container/devices.h"
#include "agent/container/mount.h"
#include "agent/container/sysctl.h"
#include "agent/container/tty.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/safepath.h"
#include "base/str.h"
#include "oci/spec.h"

static int open_root(const struct oci_spec *spec, int *ret, struct err *err)
{
	struct mount_change change = { .propagation = mount_base_propagation(spec) };
	CLEANUP(close) int root = -1;
	struct stat st;
	int r;

	/* pivot_root(2) wants a root that is not shared: it may become so again later. */
	if (!change.propagation)
		change.propagation = MS_SLAVE;
	root = mount_copy(AT_FDCWD, spec->root_path, true);
	if (root < 0 || fstat(root, &st) < 0) {
		errno = root < 0 ? -root : errno;
		return err_errno(err, "root %s", spec->root_path);
	}
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "root %s: not a directory", spec->root_path);
	r = mount_change(root, true, &change, err);
	if (r < 0)
		return err_prefix_as(err, ERR_ROOTFS, "root %s", spec->root_path);
	*ret = take_fd(&root);
	return 0;
}

static int check_propagation(const struct oci_spec *spec, struct err *err)
{
	const char *word = spec->rootfs_propagation;

	if (str_empty(word) || mount_propagation(word))
		return 0;
	return err_set(err, EINVAL,
		       "linux.rootfsPropagation: '%s' is not private, slave, shared or unbindable, "
		       "or one of these with an r before it",
		       word);
}

static int prepare_mounts(const struct oci_spec *spec, struct rootfs_handles *handles,
			  struct err *err)
{
	handles->mounts = xcalloc(spec->n_mounts + 1, sizeof(*handles->mounts));
	for (size_t i = 0; i < spec->n_mounts; i++) {
		struct mount_handle *handle = &handles->mounts[handles->n_mounts++];
		int r = mount_prepare(spec, &spec->mounts[i], handle, err);

		if (r == 0 && mount_is_dev(handle))
			r = devices_prepare(handle->fd, spec, &handles->devices, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int prepare(const struct oci_spec *spec, const struct rootfs_options *options,
		   struct rootfs_handles *handles, struct err *err)
{
	int r = check_propagation(spec, err);

	if (r == 0)
		r = open_root(spec, &handles->root, err);
	if (r == 0)
		r = devices_list(spec, options->denied, options->n_denied, &handles->devices, err);
	return r < 0 ? r : prepare_mounts(spec, handles, err);
}

int rootfs_prepare(const struct oci_spec *spec, const struct rootfs_options *options,
		   struct rootfs_handles *ret, struct err *err)
{
	mode_t mask = umask(0); /* nodes get the modes that they are given */
	int r;

	*ret = (struct rootfs_handles){ .opened = true,
					.root = -1,
					.pod_namespaces = options->pod_namespaces };
	r = prepare(spec, options, ret, err);
	(void)umask(mask);
	if (r < 0)
		rootfs_handles_done(ret);
	return r;
}

void rootfs_handles_done(struct rootfs_handles *handles)
{
	if (!handles->opened)
		return;
	for (size_t i = 0; i < handles->n_mounts; i++)
		mount_handle_done(&handles->mounts[i]);
	free(handles->mounts);
	devices_done(&handles->devices);
	if (handles->root >= 0)
		close(handles->root);
	*handles = (struct rootfs_handles){ 0 };
}

/*
 * The new root hangs over "/" meanwhile: a place that can be reached whatever
 * the rights of the directories on the way to root.path are.
 */
static int attach_root(int root, struct err *err)
{
	CLEANUP(close) int at = -1;

	/* Nothing that is done here shall be seen, or undone, in the agent's mounts. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_errno(err, "make mounts private");
	at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return err_errno(err, "open /");
	return mount_attach(root, at, err) < 0 ? err_prefix_as(err, ERR_ROOTFS, "root") : 0;
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

/* After the switch, as runc: before, it would be the agent's mounts that are changed. */
static int set_propagation(const struct oci_spec *spec, struct err *err)
{
	unsigned flag = str_empty(spec->rootfs_propagation)
				? 0
				: mount_propagation(spec->rootfs_propagation);

	if (!flag || (flag & MS_PRIVATE))
		return 0;
	if (mount(NULL, "/", NULL, flag, NULL) < 0)
		return err_errno(err, "linux.rootfsPropagation: %s", spec->rootfs_propagation);
	return 0;
}

static int fill_root(const struct oci_spec *spec, struct rootfs_handles *handles, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < handles->n_mounts; i++)
		r = mount_enter(handles->root, spec, &handles->mounts[i], err);
	if (r == 0)
		r = devices_make(handles->root, spec, &handles->devices, err);
	if (r == 0 && spec->process.terminal) {
		CLEANUP(close) int console = tty_console_open(handles->root, err);

		r = console < 0 ? console : 0;
	}
	for (size_t i = 0; r == 0 && i < handles->n_mounts; i++)
		r = mount_finish(&handles->mounts[i], err);
	return r;
}

int rootfs_enter(const struct oci_spec *spec, struct rootfs_handles *handles, struct err *err)
{
	int r = attach_root(handles->root, err);

	if (r == 0)
		r = fill_root(spec, handles, err);
	return r == 0 ? sysctl_set(spec, handles->pod_namespaces, err) : r;
}

int rootfs_switch(const struct oci_spec *spec, const struct rootfs_handles *handles,
		  struct err *err)
{
	int r = switch_root(handles->root, err);

	return r < 0 ? r : set_propagation(spec, err);
}

/* What hides paths: one empty file system for all directories, copied for each. */
struct covers {
	int root;
	int empty; /* the first one; -1: not needed yet */
};

static int copy_mount(int fd, int *ret, struct err *err)
{
	int copy = mount_copy(fd, "", false);

	if (copy < 0) {
		errno = -copy;
		return err_errno(err, "copy the mount");
	}
	*ret = copy;
	return 0;
}

/* The first is attached itself: Linux before 6.15 copies no mount that is detached. */
static int cover_directory(struct covers *covers, int *ret, struct err *err)
{
	char *const no_files[] = { (char[]){ "nr_inodes=1" }, NULL };
	uint64_t attr =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	int r;

	/* A mount can be copied once it is attached: before Linux 6.15, not earlier. */
	if (covers->empty >= 0)
		return copy_mount(covers->empty, ret, err);
	r = mount_new("tmpfs", "tmpfs", no_files, attr, &covers->empty, err);
	if (r < 0)
		return r;
	*ret = fcntl(covers->empty, F_DUPFD_CLOEXEC, 0);
	return *ret < 0 ? err_errno(err, "dup") : 0;
}

static bool is_missing(int r)
{
	return r == -ENOENT || r == -ENOTDIR;
}

/*
 * Hides a file behind the null device, a directory behind an empty tmpfs. Links
 * are followed, inside the root: what they lead to is what has to be hidden.
 */
static int mask(struct covers *covers, const char *path, struct err *err)
{
	CLEANUP(close) int target = safe_open(covers->root, path, O_PATH, 0);
	CLEANUP(close) int cover = -1;
	struct stat st;
	int r;

	/* EACCES: root of a user namespace does not reach it, and neither will anybody else. */
	if (is_missing(target) || target == -EACCES)
		return 0;
	if (target < 0 || fstat(target, &st) < 0) {
		errno = target < 0 ? -target : errno;
		return err_errno(err, "open");
	}
	if (S_ISDIR(st.st_mode))
		r = cover_directory(covers, &cover, err);
	else
		r = devices_null_mount(covers->root, &cover, err);
	return r < 0 ? r : mount_attach(cover, target, err);
}

/* The flags that the mounts have already are kept. */
static int make_read_only(struct covers *covers, const char *path, struct err *err)
{
	struct mount_change read_only = { .set = MOUNT_ATTR_RDONLY };
	CLEANUP(close) int target = safe_open(covers->root, path, O_PATH, 0);
	CLEANUP(close) int copy = -1;
	int r;

	if (is_missing(target))
		return 0;
	if (target < 0) {
		errno = -target;
		return err_errno(err, "open");
	}
	copy = mount_copy(target, "", true);
	if (copy < 0) {
		errno = -copy;
		return err_errno(err, "copy the mount");
	}
	r = mount_change(copy, true, &read_only, err);
	return r < 0 ? r : mount_attach(copy, target, err);
}

static int for_each_path(struct covers *covers, char *const *paths, const char *what,
			 int (*fn)(struct covers *covers, const char *path, struct err *err),
			 struct err *err)
{
	for (; paths && *paths; paths++) {
		int r = fn(covers, *paths, err);

		if (r < 0)
			return err_prefix(err, "%s %s", what, *paths);
	}
	return 0;
}

static int seal(const struct oci_spec *spec, struct covers *covers, struct err *err)
{
	struct mount_change read_only = { .set = MOUNT_ATTR_RDONLY };
	int r;

	if (spec->root_readonly) {
		r = mount_change(covers->root, false, &read_only, err);
		if (r < 0)
			return err_prefix(err, "make the root read-only");
	}
	r = for_each_path(covers, spec->readonly_paths, "read-only path", make_read_only, err);
	return r < 0 ? r : for_each_path(covers, spec->masked_paths, "masked path", mask, err);
}

int rootfs_seal(const struct oci_spec *spec, struct err *err)
{
	struct covers covers = { .root = -1, .empty = -1 };
	int r;

	covers.root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (covers.root < 0)
		return err_errno(err, "open /");
	r = seal(spec, &covers, err);
	close(covers.root);
	if (covers.empty >= 0)
		close(covers.empty);
	return r;
}
