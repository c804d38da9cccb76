/* SPDX-License-Identifier: Apache-2.0 */
/* files.c - the files of a cgroup, and the tree of cgroups that a container may have made */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define WALK_DEPTH_MIN 16u
#define LOOK_AGAIN_MS  100u /* should an event ever get lost */
#define NAP_MS         5u   /* version 1 has no events */

int cgroup_write_at(int dir, const char *file, const char *value)
{
	CLEANUP(close) int fd = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	/* One write: the kernel takes each for a value of its own. */
	return fd < 0 ? -errno : write_full(fd, value, strlen(value));
}

bool cgroup_has_file(int dir, const char *file)
{
	return faccessat(dir, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int cgroup_read_u64(int dir, const char *file, uint64_t *ret)
{
	CLEANUP(free) char *text = NULL;
	int r;

	r = file_read_at(dir, file, CGROUP_FILE_MAX, &text);
	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (str_eq(text, "max") || str_eq(text, "-1")) {
		*ret = UINT64_MAX;
		return 0;
	}
	return str_to_u64(text, 0, UINT64_MAX, ret);
}

int cgroup_read_key(int dir, const char *file, const char *key, uint64_t *ret)
{
	CLEANUP(free) char *text = NULL;
	CLEANUP(strv_free) char **words = NULL;
	int r;

	r = file_read_at(dir, file, CGROUP_FILE_MAX, &text);
	if (r < 0)
		return r;
	words = strv_split(text, " \n");
	for (char **word = words; word && word[0] && word[1]; word += 2)
		if (str_eq(word[0], key))
			return str_to_u64(word[1], 0, UINT64_MAX, ret);
	return -ENOENT;
}

/* A cgroup on the way down, and the names of those in it: there may be very many. */
struct level {
	struct buf children; /* each name with its NUL */
	size_t next;         /* where in it the first one starts that is still to be visited */
	size_t last;         /* and the one before */
};

struct walk {
	struct level *levels; /* owned */
	size_t depth;
	size_t room;
	size_t seen;
	int at; /* the cgroup of the deepest level; owned */
	int result;
};

static void walk_done(struct walk *walk)
{
	while (walk->depth > 0)
		buf_done(&walk->levels[--walk->depth].children);
	free(walk->levels);
	closep(&walk->at);
}
static void walk_donep(struct walk *walk)
{
	walk_done(walk);
}

static int list_children(int dir, struct walk *walk, struct buf *names)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (!stream) {
		int r = -errno;

		closep(&fd);
		return r;
	}
	for (const struct dirent *entry = readdir(stream); entry; entry = readdir(stream)) {
		if (entry->d_type != DT_DIR || str_eq(entry->d_name, ".") ||
		    str_eq(entry->d_name, ".."))
			continue;
		if (++walk->seen > CGROUP_TREE_MAX) {
			closedir(stream);
			return -E2BIG;
		}
		buf_append(names, entry->d_name, strlen(entry->d_name) + 1);
	}
	closedir(stream);
	return 0;
}

/* Enters the cgroup @fd, which becomes the walk's. */
static int walk_enter(struct walk *walk, int fd, cgroup_walk_fn fn, void *data)
{
	struct level level = { 0 };
	int r;

	closep(&walk->at);
	walk->at = fd;
	r = fn ? fn(fd, data) : 0;
	if (r < 0)
		return r;
	r = list_children(fd, walk, &level.children);
	if (r < 0 && r != -ENOENT) {
		buf_done(&level.children);
		return r;
	}
	if (walk->depth == walk->room) {
		walk->room = walk->room ? 2 * walk->room : WALK_DEPTH_MIN;
		walk->levels = xrealloc(walk->levels, walk->room * sizeof(*walk->levels));
	}
	walk->levels[walk->depth++] = level;
	return 0;
}

/* Back to the parent; a cgroup never gets another one, so ".." is where we came from. */
static int walk_leave(struct walk *walk, bool remove)
{
	const struct level *parent;
	const char *name;
	int up;

	buf_done(&walk->levels[--walk->depth].children);
	if (walk->depth == 0)
		return 0;
	up = openat(walk->at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (up < 0)
		return -errno; /* it was removed under us */
	closep(&walk->at);
	walk->at = up;
	parent = &walk->levels[walk->depth - 1];
	name = (const char *)parent->children.mem + parent->last;
	if (remove && unlinkat(up, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		walk->result = -errno;
	return 0;
}

static int walk_step(struct walk *walk, cgroup_walk_fn fn, void *data, bool remove)
{
	struct level *level = &walk->levels[walk->depth - 1];
	const char *name;
	int fd;

	if (level->next == level->children.end)
		return walk_leave(walk, remove);
	name = (const char *)level->children.mem + level->next;
	level->last = level->next;
	level->next += strlen(name) + 1;
	/* Most have no children: these go at once. */
	if (remove && unlinkat(walk->at, name, AT_REMOVEDIR) == 0)
		return 0;
	fd = openat(walk->at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	return walk_enter(walk, fd, fn, data);
}

int cgroup_walk(int dir, cgroup_walk_fn fn, void *data, bool remove)
{
	CLEANUP(walk_done) struct walk walk = { .at = -1 };
	int start = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (start < 0)
		return errno == ENOENT ? 0 : -errno; /* it has been removed */
	r = walk_enter(&walk, start, fn, data);
	while (r == 0 && walk.depth > 0)
		r = walk_step(&walk, fn, data, remove);
	return r < 0 ? r : walk.result;
}

int cgroup_watch(int dir, const char *file)
{
	CLEANUP(free) char *path = xasprintf("/proc/self/fd/%d/%s", dir, file);
	CLEANUP(close) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0 || inotify_add_watch(fd, path, IN_MODIFY) < 0)
		return -errno;
	return take_fd(&fd);
}

static void drain(int fd)
{
	char events[1024];

	while (read(fd, events, sizeof(events)) > 0)
		continue;
}

void cgroup_events_wait(struct cgroup_events *events, uint64_t deadline)
{
	struct pollfd p = { .fd = events->inotify, .events = POLLIN };
	uint64_t until;

	/* Not before it is needed: the kernel takes 10 ms to end a watch. */
	if (events->dir >= 0 && events->inotify < 0) {
		events->inotify = cgroup_watch(events->dir, "cgroup.events");
		if (events->inotify >= 0)
			return; /* the change may have come just before */
	}
	until = deadline_in(events->inotify < 0 ? NAP_MS : LOOK_AGAIN_MS);
	if (until > deadline)
		until = deadline;
	/* A negative descriptor is none: then it is the time alone. */
	if (poll(&p, 1, deadline_left(until)) > 0)
		drain(events->inotify);
}

void cgroup_events_close(struct cgroup_events *events)
{
	closep(&events->inotify);
	events->inotify = -1;
}
