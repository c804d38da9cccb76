/* SPDX-License-Identifier: Apache-2.0 */
/* cache_guard.h - who has the cache, and what becomes of its machines when nobody has it any more
 */
#pragma once

#include <sys/types.h>

struct config;
struct err;

struct cache_guard {
	pid_t pid;
	int pidfd;
	int pipe; /* at its end the guard begins */
};

#define CACHE_GUARD_INIT                          \
	{                                         \
		.pid = 0, .pidfd = -1, .pipe = -1 \
	}

/*
 * The directory @cache, made and locked, with nothing of others in it. Returns the
 * descriptor, or -EBUSY: there is a server, as is said.
 */
int cache_lock(const struct config *config, const char *cache, struct err *err);

/* Before anything else is forked: all that is forked holds the lock too. */
int cache_guard_start(const struct config *config, const char *cache, struct cache_guard *ret,
		      struct err *err);

/* Lets it do its work, and waits until that is done: -ETIMEDOUT, or -EBUSY: something stays. */
int cache_guard_end(struct cache_guard *guard, struct err *err);
