/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network_record.h - which interfaces are connected: network.json beside persist.json
 *
 * Written before anything is made, so that it can be undone whatever became of it. Most
 * sandboxes have none, and no such file: how one would be connected is in persist.json.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/wire.h"
#include "sandbox/persist.h"

struct err;

struct network_record {
	struct network_settings settings;
	uint64_t netns_ino; /* what settings.netns was when the first wire was planned */
	struct wire *wires;
	size_t n;
};

/* The wires; the settings are the sandbox record's to write. */
int network_record_write(int dirfd, const struct network_record *record, struct err *err);

/* Both. -ENOENT when there is no sandbox record. */
int network_record_read(int dirfd, struct network_record *ret, struct err *err);
void network_record_done(struct network_record *record);
