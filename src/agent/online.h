/* SPDX-License-Identifier: Apache-2.0 */
/* online.h - vCPUs and memory that were plugged in are put to use, or turned off again */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;

#define ONLINE_SYSFS "/sys/devices/system"

struct online_request {
	const char *sysfs;     /* ONLINE_SYSFS; another for tests */
	unsigned cpus;         /* exactly so many are to be online; 0: as they are */
	bool cpu_only;         /* leaves the memory alone */
	unsigned first_blocks; /* online_present_blocks() at the start */
	uint64_t plugged;      /* bytes that have come since: 0: what is there is enough */
};

/* How many memory blocks there are: at the start, when all are online, and that is cheap to ask. */
unsigned online_present_blocks(const char *sysfs);

/* How many of them are online. */
unsigned online_count_blocks(const char *sysfs);

/* How many vCPUs are online. */
unsigned online_count_cpus(const char *sysfs);

/* The size of a memory block in bytes; 0 when memory cannot be plugged in. */
uint64_t online_block_size(const char *sysfs);

/*
 * Does what it can, and waits for what is still on its way, up to @timeout_ms:
 * for helpers (agent/job.h). The error has the numbers.
 */
int online_apply(const struct online_request *request, uint64_t timeout_ms, struct err *err);
