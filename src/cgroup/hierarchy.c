/* SPDX-License-Identifier: Apache-2.0 */
/* hierarchy.c - which controllers there are and where they are mounted */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define MOUNTINFO_MAX (4u << 20)

static const struct {
	const char *v1;
	const char *v2;
} controller_names[CTL_COUNT] = {
	[CTL_CPU] = { "cpu", "cpu" },
	[CTL_CPUACCT] = { "cpuacct", NULL },
	[CTL_CPUSET] = { "cpuset", "cpuset" },
	[CTL_MEMORY] = { "memory", "memory" },
	[CTL_DEVICES] = { "devices", NULL },
	[CTL_FREEZER] = { "freezer", NULL },
	[CTL_IO] = { "blkio", "io" },
	[CTL_PIDS] = { "pids", "pids" },
	[CTL_HUGETLB] = { "hugetlb", "hugetlb" },
	[CTL_NET_CLS] = { "net_cls", NULL },
	[CTL_NET_PRIO] = { "net_prio", NULL },
	[CTL_PERF_EVENT] = { "perf_event", "perf_event" },
	[CTL_RDMA] = { "rdma", "rdma" },
	[CTL_MISC] = { "misc", "misc" },
	[CTL_FILES] = { "files", NULL },
};

const char *controller_name(enum controller controller, bool v2)
{
	return v2 ? controller_names[controller].v2 : controller_names[controller].v1;
}

unsigned controllers_parse(const char *words, const char *separators, bool v2)
{
	CLEANUP(strv_free) char **list = strv_split(words, separators);
	unsigned found = 0;

	for (unsigned i = 0; i < CTL_COUNT; i++) {
		const char *name = controller_name((enum controller)i, v2);

		if (name && strv_contains(list, name))
			found |= CTL_BIT(i);
	}
	return found;
}

/* mountinfo writes blanks and the like as \040. In place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
		    from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0');
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/*
 * 31 23 0:28 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
 * 0     2    3 4                  5           6…         +1     +2     +3
 * Source: proc(5), /proc/PID/mountinfo.
 */
static bool parse_line(const char *line, struct cgroup_mount *ret)
{
	CLEANUP(strv_free) char **words = strv_split(line, " ");
	struct cgroup_mount mount = { 0 };
	size_t dash = 6;

	if (strv_len(words) < 10)
		return false;
	while (words[dash] && !str_eq(words[dash], "-"))
		dash++;
	if (strv_len(words + dash) < 4 || str_to_dev(words[2], &mount.dev) < 0)
		return false;
	mount.v2 = str_eq(words[dash + 1], "cgroup2");
	if (!mount.v2 && !str_eq(words[dash + 1], "cgroup"))
		return false;
	if (!mount.v2)
		mount.controllers = controllers_parse(words[dash + 3], ",", false);
	if (!mount.v2 && !mount.controllers)
		return false; /* a name alone, such as systemd's */
	unescape(words[4]);
	mount.point = xstrdup(words[4]);
	*ret = mount;
	return true;
}

size_t cgroup_mounts_parse(const char *mountinfo, struct cgroup_mount *mounts, size_t max)
{
	CLEANUP(strv_free) char **lines = strv_split(mountinfo, "\n");
	size_t n = 0;

	for (char **line = lines; line && *line && n < max; line++)
		n += parse_line(*line, &mounts[n]);
	return n;
}

static bool is_known(const struct hierarchies *hierarchies, const struct cgroup_mount *mount)
{
	for (size_t i = 0; i < hierarchies->n; i++) {
		const struct hierarchy *known = &hierarchies->list[i];

		if (known->v2 == mount->v2 &&
		    (mount->v2 || (known->controllers & mount->controllers)))
			return true;
	}
	return false;
}

/* The first mount of each that can be reached: another may have been mounted over it. */
static void add_mount(struct hierarchies *to, const struct cgroup_mount *mount)
{
	CLEANUP(close) int root = -1;
	struct stat st;

	if (to->n == CGROUP_HIERARCHIES || is_known(to, mount))
		return;
	root = open(mount->point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || fstat(root, &st) < 0 || st.st_dev != mount->dev)
		return;
	to->list[to->n].v2 = mount->v2;
	to->list[to->n].controllers = mount->controllers;
	to->list[to->n].root = take_fd(&root);
	to->n++;
}

int hierarchies_open(struct hierarchies *ret, struct err *err)
{
	struct cgroup_mount mounts[4 * CGROUP_HIERARCHIES];
	CLEANUP(free) char *text = NULL;
	size_t n;
	int r;

	*ret = (struct hierarchies){ .swaps = "/proc/swaps" };
	r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text);
	if (r < 0) {
		errno = -r;
		return err_errno(err, "read /proc/self/mountinfo");
	}
	n = cgroup_mounts_parse(text, mounts, sizeof(mounts) / sizeof(mounts[0]));
	for (size_t i = 0; i < n; i++) {
		add_mount(ret, &mounts[i]);
		free(mounts[i].point);
	}
	if (ret->n == 0)
		return err_set_as(err, ERR_CGROUP_MISSING, ENOTSUP,
				  "no cgroup hierarchy is mounted: neither cgroup2 nor "
				  "cgroup with a controller");
	return 0;
}

void hierarchies_close(struct hierarchies *hierarchies)
{
	while (hierarchies->n > 0)
		close(hierarchies->list[--hierarchies->n].root);
}
