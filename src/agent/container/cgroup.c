/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

/* What a child may be given; a kernel without one of them does not stop us. */
static const char all_controllers[] = "+cpu +cpuset +io +memory +pids +hugetlb";

static void delegate(const char *dir)
{
	CLEANUP(free) char *path = xasprintf("%s/cgroup.subtree_control", dir);
	CLEANUP(strv_free) char **words = NULL;
	struct err ignored = { 0 };

	if (file_write(path, all_controllers, &ignored) == 0)
		return;
	words = strv_split(all_controllers, " ");
	for (char **word = words; word && *word; word++)
		(void)file_write(path, *word, &ignored);
}

int cgroup_prepare_root(struct err *err)
{
	if (access(CGROUP_ROOT "/cgroup.subtree_control", W_OK) < 0)
		return err_errno(err, CGROUP_ROOT " is not a cgroup v2 hierarchy");
	delegate(CGROUP_ROOT);
	return 0;
}

char *cgroup_path(const char *cgroups_path, const char *id)
{
	CLEANUP(strv_free) char **parts = NULL;
	CLEANUP(free) char *joined = NULL;

	if (str_empty(cgroups_path))
		return xasprintf("%s/%s", CGROUP_ROOT, id);
	if (*cgroups_path != '/' && strchr(cgroups_path, ':')) {
		/* systemd's "slice:prefix:name": the slice is the host's matter. */
		const char *rest = strchr(cgroups_path, ':') + 1;

		parts = strv_split(rest, ":/");
	} else {
		parts = strv_split(cgroups_path, "/");
	}
	if (strv_contains(parts, "..") || strv_len(parts) == 0)
		return NULL;
	joined = strv_join(parts, "/");
	return xasprintf("%s/%s", CGROUP_ROOT, joined);
}

static int write_limit(const char *path, const char *file, const char *value, struct err *err)
{
	CLEANUP(free) char *full = xasprintf("%s/%s", path, file);

	return file_write(full, value, err);
}

static int write_number(const char *path, const char *file, int64_t value, struct err *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, value);
	return write_limit(path, file, value < 0 ? "max" : text, err);
}

static int set_cpu(const char *path, const struct oci_resources *limits, struct err *err)
{
	uint64_t period = limits->cpu_period ? limits->cpu_period : 100000;
	char text[64];
	int r = 0;

	if (limits->cpu_shares) {
		uint64_t shares = limits->cpu_shares < 2 ? 2 : limits->cpu_shares;

		if (shares > 262144)
			shares = 262144;
		/* The same curve as runc and crun: 2..262144 to 1..10000. */
		r = write_number(path, "cpu.weight", (int64_t)(1 + (shares - 2) * 9999 / 262142),
				 err);
	}
	if (r == 0 && (limits->cpu_quota || limits->cpu_period)) {
		if (limits->cpu_quota > 0)
			snprintf(text, sizeof(text), "%" PRId64 " %" PRIu64, limits->cpu_quota,
				 period);
		else
			snprintf(text, sizeof(text), "max %" PRIu64, period);
		r = write_limit(path, "cpu.max", text, err);
	}
	if (r == 0 && !str_empty(limits->cpuset_cpus))
		r = write_limit(path, "cpuset.cpus", limits->cpuset_cpus, err);
	if (r == 0 && !str_empty(limits->cpuset_mems))
		r = write_limit(path, "cpuset.mems", limits->cpuset_mems, err);
	return r;
}

static int set_limits(const char *path, const struct oci_resources *limits, struct err *err)
{
	int r = set_cpu(path, limits, err);

	if (r == 0 && limits->memory_limit)
		r = write_number(path, "memory.max", limits->memory_limit, err);
	if (r == 0 && limits->pids_limit)
		r = write_number(path, "pids.max", limits->pids_limit, err);
	return r;
}

static int make_dirs(const char *path, struct err *err)
{
	CLEANUP(free) char *copy = xstrdup(path);

	for (char *p = copy + strlen(CGROUP_ROOT) + 1;; p++) {
		char saved = *p;

		if (saved != '/' && saved != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return err_errno(err, "make cgroup %s", copy);
		if (saved == '\0')
			return 0;
		delegate(copy);
		*p = saved;
	}
}

int cgroup_create(const char *path, const struct oci_resources *limits, struct err *err)
{
	int fd;
	int r;

	r = make_dirs(path, err);
	if (r < 0)
		return r;
	r = set_limits(path, limits, err);
	if (r < 0) {
		(void)rmdir(path); /* it was just made, and nothing is in it */
		return err_prefix(err, "cgroup");
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_errno(err, "open cgroup %s", path) : fd;
}

int cgroup_kill(int fd)
{
	CLEANUP(close) int file = openat(fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);

	if (file < 0)
		return -errno;
	return write_full(file, "1", 1);
}

static bool is_populated(const char *path)
{
	CLEANUP(free) char *file = xasprintf("%s/cgroup.events", path);
	CLEANUP(free) char *text = NULL;

	return file_read_at(AT_FDCWD, file, 4096, &text) == 0 && strstr(text, "populated 1");
}

/* cgroup.events tells by inotify when the last process has gone. */
static void wait_until_empty(const char *path, uint64_t deadline)
{
	CLEANUP(free) char *file = xasprintf("%s/cgroup.events", path);
	CLEANUP(close) int fd = inotify_init1(IN_CLOEXEC);
	char events[1024];

	if (fd < 0 || inotify_add_watch(fd, file, IN_MODIFY) < 0)
		return;
	while (is_populated(path) && wait_fd(fd, POLLIN, deadline) == 0)
		(void)!read(fd, events, sizeof(events));
}

int cgroup_remove(const char *path, unsigned long long deadline, struct err *err)
{
	CLEANUP(free) char *copy = xstrdup(path);

	wait_until_empty(path, deadline);
	if (rmdir(path) < 0 && errno != ENOENT)
		return err_errno(err, "remove cgroup %s", path);
	for (char *slash = strrchr(copy, '/'); slash - copy > (ptrdiff_t)strlen(CGROUP_ROOT);
	     slash = strrchr(copy, '/')) {
		*slash = '\0';
		if (rmdir(copy) < 0)
			break; /* somebody else's as well */
	}
	return 0;
}
