/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/safepath.h"
#include "base/str.h"
#include "oci/mount_options.h"
#include "oci/spec.h"

static int fs_config(int fs, unsigned command, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fs, command, key, value, 0);
}

/* What failed, with the sentence that the kernel left for us: "e tmpfs: Bad value for 'size'". */
static int fs_error(int fs, const char *type, const char *what, struct err *err)
{
	int code = errno;
	char text[256];
	ssize_t n = read(fs, text, sizeof(text) - 1);

	if (n > 2) {
		text[n] = '\0';
		text[strcspn(text, "\n")] = '\0';
		return err_set(err, code, "%s %s: %s", type, what, text + 2);
	}
	errno = code;
	return err_errno(err, "%s %s", type, what);
}

static int fs_option(int fs, const char *word)
{
	const char *equals = strchr(word, '=');
	CLEANUP(free) char *key = NULL;

	if (!equals)
		return fs_config(fs, FSCONFIG_SET_FLAG, word, NULL);
	key = xstrndup(word, (size_t)(equals - word));
	return fs_config(fs, FSCONFIG_SET_STRING, key, equals + 1);
}

int mount_new(const char *type, const char *source, char *const *data, uint64_t attr, int *ret,
	      struct err *err)
{
	CLEANUP(close) int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return err_errno(err, "file system type '%s'", type);
	if (source && fs_config(fs, FSCONFIG_SET_STRING, "source", source) < 0)
		return fs_error(fs, type, "source", err);
	for (; data && *data; data++)
		if (fs_option(fs, *data) < 0)
			return fs_error(fs, type, *data, err);
	if (fs_config(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return fs_error(fs, type, "create", err);
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, (unsigned)attr);
	if (fd < 0)
		return fs_error(fs, type, "mount", err);
	*ret = fd;
	return 0;
}

static int clone_source(const struct oci_mount *mount, const struct mount_options *options,
			int *ret, struct err *err)
{
	int fd = mount_clone(mount->source, options->recursive, options->attr_set, err);

	if (fd < 0)
		return fd;
	*ret = fd;
	return 0;
}

/* The guest has one hierarchy; engines ask for "cgroup" whichever version it is. */
static const char *real_type(const char *type)
{
	return str_eq(type, "cgroup") ? "cgroup2" : type;
}

static int make_mount(const struct oci_mount *mount, const struct mount_options *options, int *ret,
		      struct err *err)
{
	if (options->bind || (mount->type && str_eq(mount->type, "bind"))) {
		if (str_empty(mount->source))
			return err_set(err, EINVAL, "a bind mount needs a source");
		return clone_source(mount, options, ret, err);
	}
	if (str_empty(mount->type))
		return err_set(err, EINVAL, "type: missing");
	return mount_new(real_type(mount->type), mount->source ? mount->source : mount->type,
			 options->data, options->attr_set, ret, err);
}

static int open_target(int root, int mount_fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(mount_fd, &st) < 0)
		return err_errno(err, "stat the mount");
	if (S_ISDIR(st.st_mode))
		return safe_mkdir_p(root, path, 0755, err);
	return safe_touch(root, path, err);
}

static int set_propagation(int mount_fd, unsigned propagation, struct err *err)
{
	struct mount_attr attr = { .propagation = propagation & ~(unsigned)MS_REC };
	unsigned flags = propagation & MS_REC ? AT_RECURSIVE : 0;

	if (syscall(SYS_mount_setattr, mount_fd, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr)) <
	    0)
		return err_errno(err, "set propagation");
	return 0;
}

int mount_into(int root, const struct oci_mount *mount, struct err *err)
{
	__attribute__((cleanup(mount_options_done))) struct mount_options options = { 0 };
	CLEANUP(close) int target = -1;
	CLEANUP(close) int fd = -1;
	int r;

	r = mount_options_parse(mount->options, &options, err);
	if (r < 0)
		return r;
	r = make_mount(mount, &options, &fd, err);
	if (r < 0)
		return r;
	target = open_target(root, fd, mount->destination, err);
	if (target < 0)
		return target;
	r = mount_attach(fd, target, err);
	if (r < 0)
		return r;
	return options.propagation ? set_propagation(fd, options.propagation, err) : 0;
}
