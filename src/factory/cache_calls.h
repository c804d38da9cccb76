/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_calls.h - the connections to a cache's server
 *
 * Only the user that the server runs as may connect. Their number, what each may send, and
 * how long it may be silent are bounded; none of them is waited for.
 */
#pragma once

struct calls;
struct config;
struct err;
struct loop;
struct manifest;
struct pool;

/* All stay the caller's. "Quit" stops the loop. */
int calls_new(struct loop *loop, struct pool *pool, const struct config *config,
	      const struct manifest *manifest, int listener, struct calls **ret, struct err *err);
void calls_free(struct calls *calls);

/* The pool has changed: whoever waits for a machine may get one. @calls may be NULL. */
void calls_look(struct calls *calls);

/* In a forked child: closes the descriptors and nothing else. */
void calls_close(const struct calls *calls);
