/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/mount_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "agent/container/mount.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

#define CGROUP_DIR      "/sys/fs/cgroup"
#define CGROUP_TEXT_MAX (64u << 10)

/* A line of /proc/self/cgroup, "4:cpu,cpuacct:/a/b". Points into the text. */
struct hierarchy {
	char *controllers; /* "": version 2; or "name=systemd" */
	char *path;
};

static char *read_own_cgroups(struct err *err)
{
	char *text = NULL;
	int r = file_read_at(AT_FDCWD, "/proc/self/cgroup", CGROUP_TEXT_MAX, &text);

	if (r == 0)
		return text;
	(void)err_set(err, -r, "read /proc/self/cgroup: %s", strerror(-r));
	return NULL;
}

static bool parse_line(char *line, struct hierarchy *ret)
{
	char *first = strchr(line, ':');
	char *second = first ? strchr(first + 1, ':') : NULL;

	if (!second)
		return false;
	*second = '\0';
	*ret = (struct hierarchy){ .controllers = first + 1, .path = second + 1 };
	return true;
}

static bool is_unified(void)
{
	struct statfs fs;

	return statfs(CGROUP_DIR, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* The directory that the agent has mounted the hierarchy at: "cpu,cpuacct", "systemd". */
static const char *dir_name(const struct hierarchy *of)
{
	return str_starts(of->controllers, "name=") ? of->controllers + strlen("name=")
						    : of->controllers;
}

static int bind_own(const char *base, const char *path, uint64_t attr, int *ret, struct err *err)
{
	CLEANUP(free) char *source = xasprintf("%s%s", base, str_eq(path, "/") ? "" : path);
	int fd = mount_clone(source, false, attr, err);

	if (fd < 0)
		return fd;
	*ret = fd;
	return 0;
}

static int bind_own_v2(uint64_t attr, int *ret, struct err *err)
{
	CLEANUP(free) char *text = read_own_cgroups(err);
	struct hierarchy found;
	char *save = NULL;

	if (!text)
		return -err->code;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (parse_line(line, &found) && !*found.controllers)
			return bind_own(is_unified() ? CGROUP_DIR : CGROUP_DIR "/unified",
					found.path, attr, ret, err);
	return err_set(err, ENODEV, "there is no hierarchy of cgroup version 2");
}

/* Without a namespace of its own, the options of the one file system would be changed for all. */
static int open_v2(const struct oci_spec *spec, struct mount_handle *handle, struct err *err)
{
	uint64_t attr = handle->options.attr_set | handle->options.r_attr_set;
	int r;

	if (oci_spec_namespace(spec, "cgroup")) {
		r = mount_new("cgroup2", "cgroup", handle->options.data, attr, &handle->fd, err);
		if (r != -EPERM && r != -EBUSY)
			return r;
		*err = (struct err){ 0 };
	}
	return bind_own_v2(attr, &handle->fd, err);
}

int mount_cgroup_open(const struct oci_spec *spec, struct mount_handle *handle, bool *ret_fill,
		      struct err *err)
{
	char *const small[] = { (char[]){ "mode=755" }, (char[]){ "size=64k" }, NULL };
	uint64_t attr = handle->options.attr_set | handle->options.r_attr_set;

	*ret_fill = str_eq(handle->mount->type, "cgroup") && !is_unified();
	if (!*ret_fill)
		return open_v2(spec, handle, err);
	handle->read_only_later = handle->options.read_only;
	return mount_new("tmpfs", "tmpfs", small, attr & ~(uint64_t)MOUNT_ATTR_RDONLY, &handle->fd,
			 err);
}

static int open_hierarchy(const struct oci_spec *spec, const struct hierarchy *of, uint64_t attr,
			  int *ret, struct err *err)
{
	CLEANUP(strv_free) char **data = strv_split(of->controllers, ",");
	CLEANUP(free) char *base = NULL;

	if (oci_spec_namespace(spec, "cgroup")) {
		if (str_starts(of->controllers, "name="))
			strv_add(&data, "none");
		return mount_new("cgroup", "cgroup", data, attr, ret, err);
	}
	base = xasprintf("%s/%s", CGROUP_DIR, dir_name(of));
	return bind_own(base, of->path, attr | MOUNT_ATTR_RDONLY, ret, err);
}

static int link_controllers(int dir, const struct hierarchy *of, struct err *err)
{
	CLEANUP(strv_free) char **names = strv_split(of->controllers, ",");

	if (strv_len(names) < 2)
		return 0;
	for (char **name = names; *name; name++)
		if (symlinkat(of->controllers, dir, *name) < 0)
			return err_errno(err, "link %s", *name);
	return 0;
}

static int fill_one(const struct oci_spec *spec, const struct mount_handle *handle,
		    const struct hierarchy *of, struct err *err)
{
	uint64_t attr = handle->options.attr_set | handle->options.r_attr_set;
	CLEANUP(close) int target = -1;
	CLEANUP(close) int fd = -1;
	int r;

	if (mkdirat(handle->fd, dir_name(of), 0755) < 0)
		return err_errno(err, "make directory %s", dir_name(of));
	target = openat(handle->fd, dir_name(of), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return err_errno(err, "open %s", dir_name(of));
	r = open_hierarchy(spec, of, attr, &fd, err);
	if (r == 0)
		r = mount_attach(fd, target, err);
	if (r < 0)
		return err_prefix(err, "%s", dir_name(of));
	return link_controllers(handle->fd, of, err);
}

int mount_cgroup_fill(const struct oci_spec *spec, const struct mount_handle *handle,
		      struct err *err)
{
	CLEANUP(free) char *text = read_own_cgroups(err);
	struct hierarchy of;
	char *save = NULL;
	int r = text ? 0 : -err->code;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line && r == 0;
	     line = strtok_r(NULL, "\n", &save))
		if (parse_line(line, &of) && *of.controllers)
			r = fill_one(spec, handle, &of, err);
	return r;
}
