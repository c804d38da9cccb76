/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_server.h - keeps started machines ready, and gives one to each who asks
 *
 * Theory of operation. Three kinds of processes hold a lock of the cache's directory: the
 * server, which has the loop; workers (cache_pool.c), which end with it; and a guard,
 * forked first, which waits for the end of a pipe that server and workers have open.
 * Then, whoever was killed and when, nobody is left who starts anything, and the guard
 * takes away each machine that still lies in the directory. The server's own end is
 * no other. Where the guard was killed as well, the next command with the lock does its
 * work. A machine is whose directory it is in, and rename(2) hands it over.
 */
#pragma once

struct config;
struct err;

/* How long a client waits for a machine that is being started. */
#define CACHE_WAIT_MS 30000u

/*
 * Serves @config with machines in the directory @cache until it is told to end, by a call
 * or by SIGTERM, SIGINT or SIGHUP; then all machines are gone. -EBUSY: there is a server.
 */
int cache_serve(const struct config *config, const char *cache, struct err *err);

/* Takes away what killed servers have left in @cache, if there is none now. */
void cache_sweep(const char *cache);
