/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/stats.h"

#include <stdlib.h>

#include "agent.pb-c.h"
#include "agent/sandbox.h"
#include "base/err.h"
#include "base/mem.h"
#include "cgroup/stats.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_server.h"

#define IO_ENTRIES_MAX 128u /* of each kind: an answer has to stay below TTRPC_REPLY_MAX */
#define VALUES_MAX     256u /* lines of memory.stat; kernels have some 60 */

static Grpc__CpuStats *cpu_to_pb(const struct cgroup_cpu_stats *from)
{
	Grpc__CpuStats *pb = PB_NEW(Grpc__CpuStats, GRPC__CPU_STATS__INIT);

	pb->cpu_usage = PB_NEW(Grpc__CpuUsage, GRPC__CPU_USAGE__INIT);
	pb->cpu_usage->total_usage = from->total_ns;
	pb->cpu_usage->usage_in_kernelmode = from->kernel_ns;
	pb->cpu_usage->usage_in_usermode = from->user_ns;
	pb->cpu_usage->n_percpu_usage = from->n_percpu;
	if (from->n_percpu > 0)
		pb->cpu_usage->percpu_usage =
			xmemdup(from->percpu_ns, from->n_percpu * sizeof(uint64_t));
	pb->throttling_data = PB_NEW(Grpc__ThrottlingData, GRPC__THROTTLING_DATA__INIT);
	pb->throttling_data->periods = from->periods;
	pb->throttling_data->throttled_periods = from->throttled_periods;
	pb->throttling_data->throttled_time = from->throttled_ns;
	return pb;
}

static Grpc__MemoryData *data_to_pb(const struct cgroup_memory_data *from)
{
	Grpc__MemoryData *pb = PB_NEW(Grpc__MemoryData, GRPC__MEMORY_DATA__INIT);

	pb->usage = from->usage;
	pb->max_usage = from->max_usage;
	pb->failcnt = from->failcnt;
	pb->limit = from->limit;
	return pb;
}

static Grpc__MemoryStats *memory_to_pb(const struct cgroup_memory_stats *from)
{
	Grpc__MemoryStats *pb = PB_NEW(Grpc__MemoryStats, GRPC__MEMORY_STATS__INIT);
	size_t n = from->n_values < VALUES_MAX ? from->n_values : VALUES_MAX;

	pb->cache = from->cache;
	pb->usage = data_to_pb(&from->memory);
	pb->swap_usage = data_to_pb(&from->swap);
	pb->kernel_usage = data_to_pb(&from->kernel);
	pb->use_hierarchy = from->use_hierarchy;
	pb->stats = xcalloc(n, sizeof(*pb->stats));
	pb->n_stats = n;
	for (size_t i = 0; i < n; i++) {
		pb->stats[i] = PB_NEW(Grpc__MemoryStats__StatsEntry,
				      GRPC__MEMORY_STATS__STATS_ENTRY__INIT);
		pb->stats[i]->key = xstrdup(from->values[i].key);
		pb->stats[i]->value = from->values[i].value;
	}
	return pb;
}

static Grpc__BlkioStatsEntry **io_to_pb(const struct cgroup_io_list *from, size_t *ret_n)
{
	size_t n = from->n < IO_ENTRIES_MAX ? from->n : IO_ENTRIES_MAX;
	Grpc__BlkioStatsEntry **list = xcalloc(n, sizeof(Grpc__BlkioStatsEntry *));

	for (size_t i = 0; i < n; i++) {
		list[i] = PB_NEW(Grpc__BlkioStatsEntry, GRPC__BLKIO_STATS_ENTRY__INIT);
		list[i]->major = from->entries[i].major;
		list[i]->minor = from->entries[i].minor;
		list[i]->op = xstrdup(from->entries[i].op);
		list[i]->value = from->entries[i].value;
	}
	*ret_n = n;
	return list;
}

static Grpc__BlkioStats *blkio_to_pb(const struct cgroup_io_stats *from)
{
	Grpc__BlkioStats *pb = PB_NEW(Grpc__BlkioStats, GRPC__BLKIO_STATS__INIT);

	pb->io_service_bytes_recursive =
		io_to_pb(&from->service_bytes, &pb->n_io_service_bytes_recursive);
	pb->io_serviced_recursive = io_to_pb(&from->serviced, &pb->n_io_serviced_recursive);
	pb->io_queued_recursive = io_to_pb(&from->queued, &pb->n_io_queued_recursive);
	pb->io_service_time_recursive =
		io_to_pb(&from->service_time, &pb->n_io_service_time_recursive);
	pb->io_wait_time_recursive = io_to_pb(&from->wait_time, &pb->n_io_wait_time_recursive);
	pb->io_merged_recursive = io_to_pb(&from->merged, &pb->n_io_merged_recursive);
	pb->io_time_recursive = io_to_pb(&from->time, &pb->n_io_time_recursive);
	pb->sectors_recursive = io_to_pb(&from->sectors, &pb->n_sectors_recursive);
	return pb;
}

static void hugetlb_to_pb(const struct cgroup_stats *from, Grpc__CgroupStats *pb)
{
	pb->hugetlb_stats = xcalloc(from->n_hugetlb, sizeof(*pb->hugetlb_stats));
	pb->n_hugetlb_stats = from->n_hugetlb;
	for (size_t i = 0; i < from->n_hugetlb; i++) {
		Grpc__CgroupStats__HugetlbStatsEntry *entry =
			PB_NEW(Grpc__CgroupStats__HugetlbStatsEntry,
			       GRPC__CGROUP_STATS__HUGETLB_STATS_ENTRY__INIT);

		entry->key = xstrdup(from->hugetlb[i].page_size);
		entry->value = PB_NEW(Grpc__HugetlbStats, GRPC__HUGETLB_STATS__INIT);
		entry->value->usage = from->hugetlb[i].usage;
		entry->value->max_usage = from->hugetlb[i].max_usage;
		entry->value->failcnt = from->hugetlb[i].failcnt;
		pb->hugetlb_stats[i] = entry;
	}
}

static Grpc__CgroupStats *cgroup_to_pb(const struct cgroup_stats *from)
{
	Grpc__CgroupStats *pb = PB_NEW(Grpc__CgroupStats, GRPC__CGROUP_STATS__INIT);

	pb->cpu_stats = cpu_to_pb(&from->cpu);
	pb->memory_stats = memory_to_pb(&from->memory);
	pb->pids_stats = PB_NEW(Grpc__PidsStats, GRPC__PIDS_STATS__INIT);
	pb->pids_stats->current = from->pids;
	pb->pids_stats->limit = from->pids_limit;
	pb->blkio_stats = blkio_to_pb(&from->io);
	hugetlb_to_pb(from, pb);
	return pb;
}

int stats_reply(const struct container *container, struct ttrpc_request *req, struct err *err)
{
	__attribute__((cleanup(cgroup_stats_donep))) struct cgroup_stats stats = { 0 };
	Grpc__StatsContainerResponse *response;
	int r;

	r = cgroup_stats_read(container->cgroup, &stats, err);
	if (r < 0)
		return r;
	response = PB_NEW(Grpc__StatsContainerResponse, GRPC__STATS_CONTAINER_RESPONSE__INIT);
	response->cgroup_stats = cgroup_to_pb(&stats);
	ttrpc_reply(req, &response->base);
	pb_free(&response->base);
	return 0;
}
