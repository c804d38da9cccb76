/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_machine.h - one machine of the cache, in a directory of its own
 *
 * The directory of the cache has one for each: "vm" is what vm/ makes, "share" what the
 * guest sees. Who takes the machine renames both; from then on it is his. Who does
 * something with it holds the lock of its directory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct config;
struct err;

#define CACHE_ID_LEN 13 /* "m" and 12 hexadecimal digits */

#define CACHE_VM    "vm"
#define CACHE_SHARE "share"

/* A new name. */
int cache_machine_name(char ret[CACHE_ID_LEN + 1], struct err *err);

/* Whether it is one: names come from the other end of a socket. */
bool cache_machine_is_name(const char *name);

/*
 * Starts one in @dir, which is made, in a network namespace of its own, which the
 * caller is put into; returns when it waits for vm_adopt(). On failure what was started is
 * there for cache_machine_remove(). With a template that can be used it is a clone.
 */
int cache_machine_start(const struct config *config, const char *dir, struct err *err);

/*
 * Ends it and removes @dir, or what is left of that when somebody has taken it. Waits for
 * the lock up to @deadline. @stale: its records are of another boot of the host.
 */
int cache_machine_remove(const char *dir, bool stale, uint64_t deadline, struct err *err);

/* Notes in which boot of the host the machines in @cache are started. */
int cache_machines_stamp(const char *cache, struct err *err);

/* All that are in the directory @cache of the cache. What fails is logged; returns whether none is
 * left. */
bool cache_machines_sweep(const char *cache, uint64_t deadline);
