/* SPDX-License-Identifier: Apache-2.0 */
/* enter.h - something done in another network namespace */
#pragma once

struct err;
struct netlink;

typedef int (*enter_fn)(void *data, struct err *err);

/*
 * Calls @fn in the namespace @netns (a descriptor) and comes back. Sockets and
 * taps that are opened there stay there. Returns what @fn returned, or -errno.
 */
int netns_run(int netns, enter_fn fn, void *data, struct err *err);

/* A netlink socket of that namespace, which can be used from outside. */
int netns_netlink(int netns, struct netlink **ret, struct err *err);
