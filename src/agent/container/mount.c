/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "agent/container/copyup.h"
#include "agent/container/idmap.h"
#include "agent/container/mount_cgroup.h"
#include "agent/container/mount_target.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/safepath.h"
#include "base/str.h"
#include "oci/spec.h"

#define PROC_ROOT_INO 1 /* the kernel's include/linux/proc_ns.h */

static bool is_bind(const struct mount_handle *handle)
{
	const char *type = handle->mount->type;

	return handle->options.bind || (type && str_eq(type, "bind"));
}

static bool is_type(const struct mount_handle *handle, const char *type)
{
	return !is_bind(handle) && !handle->options.remount && handle->mount->type &&
	       str_eq(handle->mount->type, type);
}

bool mount_is_dev(const struct mount_handle *handle)
{
	return is_type(handle, "tmpfs") && str_eq(handle->path, "/dev");
}

unsigned mount_base_propagation(const struct oci_spec *spec)
{
	const char *word = spec->rootfs_propagation;
	unsigned flag = str_empty(word) ? 0 : mount_propagation(word) & ~(unsigned)MS_REC;

	if (flag == MS_SHARED)
		return 0; /* stays in the peer group of its source */
	return flag == MS_PRIVATE ? MS_PRIVATE : MS_SLAVE;
}

/* A namespace that is new is not the one of who prepares. */
static bool is_new(const struct oci_spec *spec, const char *type)
{
	const struct oci_namespace *ns = oci_spec_namespace(spec, type);

	return ns && str_empty(ns->path);
}

/*
 * Whether the container has to make it itself: because it shows namespaces that
 * are made for the container, or because the root of its user namespace is to
 * own it. Everything else may need rights that are lost there.
 */
static bool is_made_inside(const struct oci_spec *spec, const struct mount_handle *handle)
{
	static const char *const own[] = { "proc", "devpts", "cgroup", "cgroup2" };
	static const char *const with_user[] = { "tmpfs", "overlay" };

	if (is_bind(handle) || mount_is_dev(handle))
		return false;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (is_type(handle, own[i]))
			return true;
	for (size_t i = 0; i < sizeof(with_user) / sizeof(with_user[0]); i++)
		if (is_type(handle, with_user[i]))
			return idmap_is_used(spec);
	if (is_type(handle, "mqueue"))
		return is_new(spec, "ipc");
	return is_type(handle, "sysfs") && is_new(spec, "network");
}

/* A superblock of these is shared with others, or read-only only once all is made in it. */
static bool has_disk(const char *type)
{
	static const char *const virtual[] = { "tmpfs",  "ramfs",  "proc",    "sysfs",   "devpts",
					       "mqueue", "cgroup", "cgroup2", "overlay", NULL };

	for (const char *const *v = virtual; *v; v++)
		if (str_eq(*v, type))
			return false;
	return true;
}

static bool has_key(char *const *data, const char *key)
{
	size_t len = strlen(key);

	for (; data && *data; data++)
		if (str_starts(*data, key) && (*data)[len] == '=')
			return true;
	return false;
}

/* What is made in /dev by the agent belongs to the container's root all the same. */
static int own_dev(const struct oci_spec *spec, char ***data, struct err *err)
{
	uint32_t uid = 0;
	uint32_t gid = 0;
	int r;

	if (!idmap_is_used(spec))
		return 0;
	r = idmap_uid(spec, 0, &uid, err);
	if (r == 0)
		r = idmap_gid(spec, 0, &gid, err);
	if (r < 0)
		return r;
	if (!has_key(*data, "uid"))
		strv_addf(data, "uid=%u", uid);
	if (!has_key(*data, "gid"))
		strv_addf(data, "gid=%u", gid);
	return 0;
}

/* A tmpfs becomes read-only when all is made in it; a disk must never be written to. */
static int make_new(struct mount_handle *handle, struct err *err)
{
	struct mount_options *options = &handle->options;
	uint64_t attr = options->attr_set | options->r_attr_set;
	const char *source = handle->mount->source;
	const char *type = handle->mount->type;

	if (options->read_only && is_type(handle, "tmpfs")) {
		handle->read_only_later = true;
		attr &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	}
	if (options->read_only && has_disk(type))
		strv_add(&options->data, "ro");
	return mount_new(type, source ? source : type, options->data, attr, &handle->fd, err);
}

/*
 * Flags for the whole tree first, then those for its top. A copy leaves the
 * peer group of the agent's mount before it may become a shared one by itself.
 */
static int change_copy(const struct oci_spec *spec, const struct mount_options *options, int fd,
		       struct err *err)
{
	struct mount_change tree = { options->r_attr_set, options->r_attr_clear,
				     mount_base_propagation(spec) };
	struct mount_change top = { options->attr_set, options->attr_clear, 0 };
	struct mount_change named = { .propagation = options->propagation & ~(unsigned)MS_REC };
	bool all = options->recursive && options->propagation & MS_REC;
	int r;

	if (named.propagation && named.propagation != MS_SHARED && all == options->recursive) {
		tree.propagation = named.propagation;
		named.propagation = 0;
	}
	if (!options->recursive && !(tree.set | tree.clear)) {
		top.propagation = tree.propagation;
		tree.propagation = 0;
	}
	r = mount_change(fd, options->recursive, &tree, err);
	if (r == 0)
		r = mount_change(fd, false, &top, err);
	return r < 0 ? r : mount_change(fd, all, &named, err);
}

static int copy_source(const struct oci_spec *spec, struct mount_handle *handle, struct err *err)
{
	const char *source = handle->mount->source;
	CLEANUP(close) int fd = -1;
	int r;

	if (str_empty(source))
		return err_set(err, EINVAL, "a bind mount needs a source");
	r = mount_options_check_bind(&handle->options, err);
	if (r < 0)
		return r;
	fd = mount_copy(AT_FDCWD, source, handle->options.recursive);
	if (fd < 0) {
		errno = -fd;
		return err_errno(err, "mount source %s", source);
	}
	r = change_copy(spec, &handle->options, fd, err);
	if (r == 0)
		handle->fd = take_fd(&fd);
	return r;
}

static int prepare(const struct oci_spec *spec, struct mount_handle *handle, struct err *err)
{
	struct mount_options *options = &handle->options;
	int r;

	r = mount_options_parse(handle->mount->options, options, err);
	if (r < 0 || options->remount)
		return r;
	if (is_bind(handle))
		return copy_source(spec, handle, err);
	if (str_empty(handle->mount->type))
		return err_set(err, EINVAL, "type: missing");
	if (options->copy_up && !is_type(handle, "tmpfs"))
		return err_set(err, EINVAL, "mount option 'tmpcopyup': the type is %s, not tmpfs",
			       handle->mount->type);
	if (is_made_inside(spec, handle))
		return 0;
	if (mount_is_dev(handle)) {
		r = own_dev(spec, &options->data, err);
		if (r < 0)
			return r;
	}
	return make_new(handle, err);
}

int mount_prepare(const struct oci_spec *spec, const struct oci_mount *mount,
		  struct mount_handle *ret, struct err *err)
{
	int r;

	*ret = (struct mount_handle){ .mount = mount, .fd = -1 };
	if (str_empty(mount->destination))
		return err_set(err, EINVAL, "mount: destination: missing");
	ret->path = safe_clean(mount->destination);
	r = prepare(spec, ret, err);
	return r < 0 ? err_prefix_as(err, ERR_MOUNT, "mount %s", mount->destination) : 0;
}

/* Only what is named changes: flags that the mount has already are kept. */
static int remount(int root, const struct mount_handle *handle, struct err *err)
{
	const struct mount_options *options = &handle->options;
	struct mount_change tree = { options->r_attr_set, options->r_attr_clear, 0 };
	struct mount_change top = { options->attr_set, options->attr_clear,
				    options->propagation & ~(unsigned)MS_REC };
	CLEANUP(close) int target = safe_open(root, handle->path, O_PATH, 0);
	struct statx st;
	int r;

	if (target < 0) {
		errno = -target;
		return err_errno(err, "open the mount to be changed");
	}
	if (statx(target, "", AT_EMPTY_PATH, STATX_TYPE, &st) < 0)
		return err_errno(err, "stat the mount to be changed");
	if (!(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return err_set(err, EINVAL, "mount option 'remount': nothing is mounted there");
	r = mount_change(target, true, &tree, err);
	if (r == 0)
		r = mount_change(target, options->propagation & MS_REC, &top, err);
	if (r < 0 || options->bind || !options->data)
		return r;
	return mount_reconfigure(target, options->data, err);
}

/* As runc: a tmpfs over a directory of the image looks like it. */
static int keep_mode(int root, const struct mount_handle *handle, struct err *err)
{
	CLEANUP(close) int below = -1;
	struct stat st;

	if (!is_type(handle, "tmpfs") || has_key(handle->options.data, "mode"))
		return 0;
	below = safe_open(root, handle->path, O_PATH | O_DIRECTORY, 0);
	if (below < 0)
		return 0; /* it will be made */
	if (fstat(below, &st) < 0 || fchmodat(handle->fd, ".", st.st_mode & 07777, 0) < 0)
		return err_errno(err, "set the mode of the directory below it");
	return 0;
}

static int nature_of(const struct mount_handle *handle, struct mount_nature *ret, struct err *err)
{
	struct statfs fs;
	struct stat st;

	if (fstat(handle->fd, &st) < 0 || fstatfs(handle->fd, &fs) < 0)
		return err_errno(err, "stat the mount");
	ret->type = is_bind(handle) ? "bind mount" : handle->mount->type;
	ret->directory = S_ISDIR(st.st_mode);
	ret->procfs = fs.f_type == PROC_SUPER_MAGIC && st.st_ino == PROC_ROOT_INO;
	return 0;
}

/* The owner before the mode, which it would take set-group-id from. */
static int copy_up(const struct mount_handle *handle, int target, struct err *err)
{
	char *const *data = handle->options.data;
	struct stat given;
	struct stat now;
	int r;

	if (fstat(handle->fd, &given) < 0)
		return err_errno(err, "stat");
	r = copyup(target, handle->fd, err);
	if (r < 0)
		return r;
	if (fstat(handle->fd, &now) < 0)
		return err_errno(err, "stat");
	if (fchownat(handle->fd, ".", has_key(data, "uid") ? given.st_uid : now.st_uid,
		     has_key(data, "gid") ? given.st_gid : now.st_gid, 0) < 0 ||
	    fchmodat(handle->fd, ".", (has_key(data, "mode") ? given.st_mode : now.st_mode) & 07777,
		     0) < 0)
		return err_errno(err, "set what the options say");
	return 0;
}

static int attach(int root, struct mount_handle *handle, struct err *err)
{
	struct mount_nature nature;
	CLEANUP(close) int target = -1;
	int r;

	r = nature_of(handle, &nature, err);
	if (r == 0)
		r = keep_mode(root, handle, err);
	if (r < 0)
		return r;
	target = mount_target_open(root, handle, &nature, err);
	if (target < 0)
		return target;
	if (handle->options.copy_up) {
		r = copy_up(handle, target, err);
		if (r < 0)
			return err_prefix_as(err, ERR_MOUNT, "tmpcopyup");
	}
	return mount_attach(handle->fd, target, err);
}

static int enter(int root, const struct oci_spec *spec, struct mount_handle *handle,
		 struct err *err)
{
	bool fill = false;
	int r = 0;

	if (handle->options.remount)
		return remount(root, handle, err);
	if (is_type(handle, "cgroup") || is_type(handle, "cgroup2"))
		r = mount_cgroup_open(spec, handle, &fill, err);
	else if (handle->fd < 0)
		r = make_new(handle, err);
	if (r == 0)
		r = attach(root, handle, err);
	return r == 0 && fill ? mount_cgroup_fill(spec, handle, err) : r;
}

int mount_enter(int root, const struct oci_spec *spec, struct mount_handle *handle, struct err *err)
{
	int r = enter(root, spec, handle, err);

	return r < 0 ? err_prefix_as(err, ERR_MOUNT, "mount %s", handle->mount->destination) : 0;
}

int mount_finish(const struct mount_handle *handle, struct err *err)
{
	struct mount_change read_only = { .set = MOUNT_ATTR_RDONLY };
	int r;

	if (!handle->read_only_later)
		return 0;
	r = mount_change(handle->fd, false, &read_only, err);
	return r < 0 ? err_prefix_as(err, ERR_MOUNT, "mount %s", handle->mount->destination) : 0;
}

void mount_handle_done(struct mount_handle *handle)
{
	mount_options_done(&handle->options);
	free(handle->path);
	if (handle->fd >= 0)
		close(handle->fd);
	*handle = (struct mount_handle){ .fd = -1 };
}
