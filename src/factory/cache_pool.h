/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_pool.h - the machines that a cache keeps ready
 *
 * All is done in the caller's loop, what takes time in a process of its own: a worker
 * starts one machine, or removes one. A worker ends with its parent; what it has
 * started is then taken away by who watches both (cache_server.c).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "factory/manifest.h"

struct config;
struct err;
struct loop;
struct pool;
struct pool_machine;

struct pool_params {
	const struct config *config;
	const struct manifest *manifest; /* what its machines are made of; both stay the caller's */
	const char *cache;               /* directory */
	struct loop *loop;
	void (*changed)(void *data);  /* a machine has got ready, or will not */
	void (*in_child)(void *data); /* in each worker: closes what is the caller's */
	void *data;
};

struct pool *pool_new(const struct pool_params *params);

/* Ends the workers. Their machines, and those that are ready, stay: cache_machines_sweep(). */
void pool_free(struct pool *pool);
DEFINE_CLEANUP(struct pool *, pool_free)

/* Starts as many as are missing, now or when it is worth trying again. */
void pool_fill(struct pool *pool);

/* One that is ready is promised to somebody; NULL: none is. Its name is borrowed. */
struct pool_machine *pool_promise(struct pool *pool);
const char *pool_machine_id(const struct pool_machine *machine);

/* He has gone: the machine is his, or it is ready again, or of no use. Frees it but for the second.
 */
void pool_settle(struct pool_machine *machine);

/* How many are being started. */
unsigned pool_n_starting(const struct pool *pool);

/* The process of each that is ready; *ret is owned. */
size_t pool_ready(const struct pool *pool, pid_t **ret);
