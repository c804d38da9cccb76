/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_client.h - a machine from the cache, and what else its server is asked
 *
 * The server only promises a machine: it is whose directory it is in. While the
 * connection is open the server waits; a client that ends without having taken it gives it
 * back.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "rpc/ttrpc_peer.h"

struct config;
struct err;

/* A machine that is promised. */
struct cached {
	struct ttrpc_peer server;
	char *dir; /* of it; owned */
	int lock;  /* of that, held */
	unsigned vcpus;
	uint64_t memory_mib;
};

#define CACHED_INIT                                \
	{                                          \
		.server = { .fd = -1 }, .lock = -1 \
	}

/*
 * Asks the server of @config for a machine, which lies in @cache. Returns 0, -EAGAIN
 * (all are given away, and more is being started for others), -ESTALE (they are not of
 * this configuration), -ENOTCONN (no server), -ECANCELED (base/interrupt), or why it cannot be
 * used.
 */
int cache_get(const struct config *config, const char *cache, struct cached *ret, struct err *err);

/* Takes it: it has its files at @vm and its share at @share, which must not be there. */
int cache_take(struct cached *cached, const char *vm, const char *share, struct err *err);
void cached_done(struct cached *cached);

struct cache_status {
	pid_t server;
	size_t n;
	struct cache_machine_status {
		pid_t pid;
		unsigned vcpus;
		unsigned memory_mib;
	} * machines; /* that wait for somebody; owned */
};

/* -ENOTCONN: there is no server. */
int cache_ask_status(const struct config *config, struct cache_status *ret, struct err *err);
void cache_status_done(struct cache_status *status);

/* What is different from the configuration of its machines: -ESTALE. */
int cache_ask_config(const struct config *config, struct err *err);

/* Ends it, and waits until all of its machines in @cache have gone. -ENOTCONN, -ETIMEDOUT */
int cache_quit(const struct config *config, const char *cache, struct err *err);
