/* SPDX-License-Identifier: Apache-2.0 */
/* oom.c - hearing of processes that were killed for want of memory */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "cgroup/internal.h"

static int no_memory_controller(const struct cgroup *cgroup, struct err *err)
{
	return err_set(err, ENOTSUP, "cgroup %s has no memory controller", cgroup->path);
}

/* Source: Documentation/admin-guide/cgroup-v1/memory.rst, section 10. */
static int open_v1(int dir)
{
	CLEANUP(close) int control = openat(dir, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	CLEANUP(close) int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	CLEANUP(free) char *text = NULL;
	int r;

	if (control < 0 || event < 0)
		return -errno;
	text = xasprintf("%d %d", event, control);
	r = cgroup_write_at(dir, "cgroup.event_control", text);
	return r < 0 ? r : take_fd(&event); /* the kernel keeps what it needs of the other */
}

int cgroup_oom_open(const struct cgroup *cgroup, int *ret_fd, struct err *err)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, CTL_MEMORY);
	int fd;

	if (!dir)
		return no_memory_controller(cgroup, err);
	fd = dir->v2 ? cgroup_watch(dir->dir, "memory.events") : open_v1(dir->dir);
	if (fd < 0) {
		errno = -fd;
		return err_errno(err, "watch the memory of cgroup %s", cgroup->path);
	}
	*ret_fd = fd;
	return 0;
}

int cgroup_oom_count(const struct cgroup *cgroup, uint64_t *ret, struct err *err)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, CTL_MEMORY);
	int r;

	if (!dir)
		return no_memory_controller(cgroup, err);
	r = cgroup_read_key(dir->dir, dir->v2 ? "memory.events" : "memory.oom_control", "oom_kill",
			    ret);
	if (r == 0)
		return 0;
	errno = -r;
	return err_errno(err, "read how many processes of cgroup %s ran out of memory",
			 cgroup->path);
}
