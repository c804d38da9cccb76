/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.h - what a cgroup has used, in the terms of agent.proto's CgroupStats
 *
 * Those are version 1's. What version 2 says is brought into them as runc does; what
 * a version or kernel does not count is 0 or empty.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct cgroup;
struct err;

#define CGROUP_NO_LIMIT    UINT64_MAX
#define CGROUP_PAGE_SIZE   16u   /* bytes of a name such as "2MB" */
#define CGROUP_ENTRIES_MAX 4096u /* lines of one file that are read */

struct cgroup_cpu_stats {
	uint64_t total_ns;
	uint64_t user_ns;
	uint64_t kernel_ns;
	uint64_t *percpu_ns; /* owned; version 1 only */
	size_t n_percpu;
	uint64_t periods;
	uint64_t throttled_periods;
	uint64_t throttled_ns;
};

struct cgroup_memory_data {
	uint64_t usage; /* bytes */
	uint64_t max_usage;
	uint64_t failcnt; /* how often the limit was met */
	uint64_t limit;   /* CGROUP_NO_LIMIT */
};

struct cgroup_value {
	char *key; /* owned */
	uint64_t value;
};

struct cgroup_memory_stats {
	uint64_t cache;
	struct cgroup_memory_data memory;
	struct cgroup_memory_data swap; /* memory and swap together, as in version 1 */
	struct cgroup_memory_data kernel;
	bool use_hierarchy;
	struct cgroup_value *values; /* memory.stat; owned */
	size_t n_values;
};

struct cgroup_io_entry {
	uint64_t major;
	uint64_t minor;
	char op[16]; /* "Read", "Write", "Sync", "Async", "Discard", "Total", "" */
	uint64_t value;
};

struct cgroup_io_list {
	struct cgroup_io_entry *entries; /* owned */
	size_t n;
};

struct cgroup_io_stats {
	struct cgroup_io_list service_bytes;
	struct cgroup_io_list serviced;
	struct cgroup_io_list queued;
	struct cgroup_io_list service_time;
	struct cgroup_io_list wait_time;
	struct cgroup_io_list merged;
	struct cgroup_io_list time;
	struct cgroup_io_list sectors;
};

struct cgroup_hugetlb_stats {
	char page_size[CGROUP_PAGE_SIZE];
	uint64_t usage; /* bytes */
	uint64_t max_usage;
	uint64_t failcnt;
};

struct cgroup_stats {
	struct cgroup_cpu_stats cpu;
	struct cgroup_memory_stats memory;
	uint64_t pids;
	uint64_t pids_limit; /* 0: none, as agent.proto has it */
	struct cgroup_io_stats io;
	struct cgroup_hugetlb_stats *hugetlb; /* owned */
	size_t n_hugetlb;
};

/* Into an empty @ret. What cannot be read is left out; -ENODEV: the cgroup has gone. */
int cgroup_stats_read(const struct cgroup *cgroup, struct cgroup_stats *ret, struct err *err);
void cgroup_stats_done(struct cgroup_stats *stats);
static inline void cgroup_stats_donep(struct cgroup_stats *stats)
{
	cgroup_stats_done(stats);
}
