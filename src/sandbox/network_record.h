/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network_record.h - how a sandbox's interfaces are connected: network.json beside persist.json
 *
 * Written before anything is made, so that it can be undone whatever became of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/wire.h"

struct err;

struct network_record {
	char *netns;        /* the path by which the engine named it, or NULL: it is ours */
	uint64_t netns_ino; /* what was there */
	bool scanned;       /* false: internetworking_model "none" */
	bool vhost;
	enum wire_model model;
	uint32_t n_queues;
	struct wire *wires;
	size_t n;
};

int network_record_write(int dirfd, const struct network_record *record, struct err *err);

/* -ENOENT when there is none. */
int network_record_read(int dirfd, struct network_record *ret, struct err *err);
void network_record_done(struct network_record *record);
