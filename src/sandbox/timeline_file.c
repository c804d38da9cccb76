/* SPDX-License-Identifier: Apache-2.0 */
/* A line is "START END NAME", the times in µs of CLOCK_MONOTONIC. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "sandbox/internal.h"
#include "sandbox/paths.h"
#include "sandbox/timeline.h"

#define LINES_MAX 128u

int timeline_open(int dirfd)
{
	return openat(dirfd, TIMELINE_FILE, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		      0600);
}

void timeline_save(struct timeline *timeline, int dirfd)
{
	__attribute__((cleanup(buf_donep))) struct buf lines = { 0 };
	CLEANUP(close) int fd = -1;

	if (!timeline || timeline->n_saved == timeline->n_phases)
		return;
	for (; timeline->n_saved < timeline->n_phases; timeline->n_saved++) {
		const struct phase *phase = &timeline->phases[timeline->n_saved];

		buf_printf(&lines, "%" PRIu64 " %" PRIu64 " %s\n", phase->start_us, phase->end_us,
			   phase->name);
	}
	fd = timeline_open(dirfd);
	if (fd >= 0)
		(void)write_full(fd, buf_data(&lines), buf_len(&lines));
}

void saved_timeline_done(struct saved_timeline *saved)
{
	free(saved->sandbox);
	free(saved->names);
	free(saved->phases);
	*saved = (struct saved_timeline){ 0 };
}

/* Cuts @line up. Returns whether it is one: the last may be half written. */
static bool take_line(char *line, struct phase *ret)
{
	char *end = strchr(line, ' ');
	char *name = end ? strchr(end + 1, ' ') : NULL;

	if (!name || !name[1])
		return false;
	*end++ = '\0';
	*name++ = '\0';
	ret->name = name;
	return str_to_u64(line, 0, UINT64_MAX, &ret->start_us) == 0 &&
	       str_to_u64(end, ret->start_us, UINT64_MAX, &ret->end_us) == 0;
}

/* By start; of two that start together the longer one first, which the other is inside of. */
static int compare(const void *a, const void *b)
{
	const struct phase *left = a;
	const struct phase *right = b;

	if (left->start_us != right->start_us)
		return left->start_us < right->start_us ? -1 : 1;
	if (left->end_us != right->end_us)
		return left->end_us > right->end_us ? -1 : 1;
	return 0;
}

static void find_insides(struct saved_timeline *saved)
{
	const struct phase *outer = NULL;

	for (unsigned i = 0; i < saved->n_phases; i++) {
		struct phase *phase = &saved->phases[i];

		phase->inside =
			outer && phase->end_us <= outer->end_us && phase->start_us < outer->end_us;
		if (!phase->inside)
			outer = phase;
	}
}

int saved_timeline_read(const char *cid, struct saved_timeline *ret, struct err *err)
{
	CLEANUP(free) char *path = NULL;
	CLEANUP(free) char *dir = NULL;
	CLEANUP(free) char *sid = NULL;
	char *next;
	int r;

	r = mapping_find(cid, &sid, err);
	if (r < 0)
		return r;
	dir = paths_container(sid, cid);
	path = xasprintf("%s/" TIMELINE_FILE, dir);
	r = file_read(path, TIMELINE_FILE_MAX, &ret->names, NULL, err);
	if (r == -ENOENT)
		return err_set(err, ENODATA,
			       "container %s has no timeline: its creation has not come so far",
			       cid);
	if (r < 0)
		return r;
	ret->sandbox = take_ptr(sid);
	ret->phases = xcalloc(LINES_MAX, sizeof(*ret->phases));
	for (char *line = ret->names; line && ret->n_phases < LINES_MAX; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (take_line(line, &ret->phases[ret->n_phases]))
			ret->n_phases++;
	}
	qsort(ret->phases, ret->n_phases, sizeof(*ret->phases), compare);
	find_insides(ret);
	return 0;
}
