/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/stats_pb.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "cgroup/stats.h"

static void cpu_from_pb(const Grpc__CpuStats *pb, struct cgroup_cpu_stats *ret)
{
	if (pb->cpu_usage) {
		ret->total_ns = pb->cpu_usage->total_usage;
		ret->kernel_ns = pb->cpu_usage->usage_in_kernelmode;
		ret->user_ns = pb->cpu_usage->usage_in_usermode;
		ret->n_percpu = pb->cpu_usage->n_percpu_usage;
		if (ret->n_percpu > 0)
			ret->percpu_ns = xmemdup(pb->cpu_usage->percpu_usage,
						 ret->n_percpu * sizeof(uint64_t));
	}
	if (pb->throttling_data) {
		ret->periods = pb->throttling_data->periods;
		ret->throttled_periods = pb->throttling_data->throttled_periods;
		ret->throttled_ns = pb->throttling_data->throttled_time;
	}
}

static void data_from_pb(const Grpc__MemoryData *pb, struct cgroup_memory_data *ret)
{
	if (!pb)
		return;
	ret->usage = pb->usage;
	ret->max_usage = pb->max_usage;
	ret->failcnt = pb->failcnt;
	ret->limit = pb->limit;
}

static void memory_from_pb(const Grpc__MemoryStats *pb, struct cgroup_memory_stats *ret)
{
	ret->cache = pb->cache;
	data_from_pb(pb->usage, &ret->memory);
	data_from_pb(pb->swap_usage, &ret->swap);
	data_from_pb(pb->kernel_usage, &ret->kernel);
	ret->use_hierarchy = pb->use_hierarchy;
	ret->values = xcalloc(pb->n_stats, sizeof(*ret->values));
	ret->n_values = pb->n_stats;
	for (size_t i = 0; i < pb->n_stats; i++) {
		ret->values[i].key = str_printable(xstrdup(pb->stats[i]->key));
		ret->values[i].value = pb->stats[i]->value;
	}
}

static void io_from_pb(size_t n, Grpc__BlkioStatsEntry *const *pb, struct cgroup_io_list *ret)
{
	ret->entries = xcalloc(n, sizeof(*ret->entries));
	ret->n = n;
	for (size_t i = 0; i < n; i++) {
		struct cgroup_io_entry *entry = &ret->entries[i];

		entry->major = pb[i]->major;
		entry->minor = pb[i]->minor;
		entry->value = pb[i]->value;
		(void)snprintf(entry->op, sizeof(entry->op), "%s", pb[i]->op);
		(void)str_printable(entry->op);
	}
}

static void blkio_from_pb(const Grpc__BlkioStats *pb, struct cgroup_io_stats *ret)
{
	io_from_pb(pb->n_io_service_bytes_recursive, pb->io_service_bytes_recursive,
		   &ret->service_bytes);
	io_from_pb(pb->n_io_serviced_recursive, pb->io_serviced_recursive, &ret->serviced);
	io_from_pb(pb->n_io_queued_recursive, pb->io_queued_recursive, &ret->queued);
	io_from_pb(pb->n_io_service_time_recursive, pb->io_service_time_recursive,
		   &ret->service_time);
	io_from_pb(pb->n_io_wait_time_recursive, pb->io_wait_time_recursive, &ret->wait_time);
	io_from_pb(pb->n_io_merged_recursive, pb->io_merged_recursive, &ret->merged);
	io_from_pb(pb->n_io_time_recursive, pb->io_time_recursive, &ret->time);
	io_from_pb(pb->n_sectors_recursive, pb->sectors_recursive, &ret->sectors);
}

static void hugetlb_from_pb(const Grpc__CgroupStats *pb, struct cgroup_stats *ret)
{
	ret->hugetlb = xcalloc(pb->n_hugetlb_stats, sizeof(*ret->hugetlb));
	ret->n_hugetlb = pb->n_hugetlb_stats;
	for (size_t i = 0; i < ret->n_hugetlb; i++) {
		const Grpc__HugetlbStats *from = pb->hugetlb_stats[i]->value;
		struct cgroup_hugetlb_stats *to = &ret->hugetlb[i];

		(void)snprintf(to->page_size, sizeof(to->page_size), "%s",
			       pb->hugetlb_stats[i]->key);
		(void)str_printable(to->page_size);
		if (!from)
			continue;
		to->usage = from->usage;
		to->max_usage = from->max_usage;
		to->failcnt = from->failcnt;
	}
}

void stats_from_pb(const Grpc__StatsContainerResponse *pb, struct cgroup_stats *ret)
{
	const Grpc__CgroupStats *cgroup = pb->cgroup_stats;

	if (!cgroup)
		return;
	if (cgroup->cpu_stats)
		cpu_from_pb(cgroup->cpu_stats, &ret->cpu);
	if (cgroup->memory_stats)
		memory_from_pb(cgroup->memory_stats, &ret->memory);
	if (cgroup->pids_stats) {
		ret->pids = cgroup->pids_stats->current;
		ret->pids_limit = cgroup->pids_stats->limit;
	}
	if (cgroup->blkio_stats)
		blkio_from_pb(cgroup->blkio_stats, &ret->io);
	hugetlb_from_pb(cgroup, ret);
}
