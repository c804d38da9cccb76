/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cached_files.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>

#include "agent/job.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"

#define LOOK_MS 1000u
#define LOOK_FAR_MS \
	4000u /* while it is a quarter full at most: a guest at rest is not woken often */

/* Page cache, then inodes, which it would hold. Source: Linux,
 * Documentation/admin-guide/sysctl/vm.rst. */
#define DROP "3"

static struct {
	struct loop *loop;
	struct timer timer;
	uint64_t max;
	uint64_t in_use; /* what was left when it was emptied: dropping again would not help */
} cache;

static uint64_t count_inodes(void)
{
	CLEANUP(strv_free) char **words = NULL;
	CLEANUP(free) char *text = NULL;
	uint64_t n = 0;

	if (file_read_at(AT_FDCWD, "/proc/sys/fs/inode-nr", 64, &text) < 0)
		return 0;
	words = strv_split(text, " \t\n");
	return words && str_to_u64(words[0], 0, UINT64_MAX, &n) == 0 ? n : 0;
}

static int drop(void *data __attribute__((unused)), struct err *err)
{
	return file_write("/proc/sys/vm/drop_caches", DROP, err);
}

static void look(struct timer *timer);

static void look_again(void)
{
	uint64_t wait = count_inodes() > cache.max / 4 ? LOOK_MS : LOOK_FAR_MS;

	timer_set(cache.loop, &cache.timer, deadline_in(wait), look);
}

static void dropped(void *data __attribute__((unused)), const struct err *error)
{
	if (error->code)
		log_warn("the cache of files is not emptied: %s", error->text);
	cache.in_use = count_inodes();
	look_again();
}

static void look(struct timer *timer __attribute__((unused)))
{
	uint64_t n = count_inodes();

	if (n < cache.in_use)
		cache.in_use = n;
	if (n > cache.max && n > cache.in_use + cache.max / 4)
		job_start(cache.loop, drop, dropped, NULL);
	else
		look_again();
}

void cached_files_watch(struct loop *loop, uint64_t max)
{
	cache.loop = loop;
	cache.max = max;
	look_again();
}
