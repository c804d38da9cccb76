/* SPDX-License-Identifier: Apache-2.0 */
/* v1.c - the plan for controllers of version 1. Source: Documentation/admin-guide/cgroup-v1/ */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "cgroup/plan.h"
#include "oci/spec.h"

static int plan_period(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;

	if (!want->cpu_period)
		return 0;
	return plan_add(planner, "cpu.period", "cpu.cfs_period_us", "%" PRIu64, want->cpu_period);
}

static int plan_quota(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;

	if (!want->cpu_quota)
		return 0;
	return plan_number(planner, "cpu.quota", "cpu.cfs_quota_us", want->cpu_quota, "-1");
}

/*
 * Quota divided by period may never be more than the parent's: a period that
 * grows goes first, one that shrinks last, so that what is between is less.
 */
static int plan_bandwidth(struct planner *planner)
{
	uint64_t period = 0;
	bool grows;
	int r;

	(void)cgroup_read_u64(planner->dir->dir, "cpu.cfs_period_us", &period);
	grows = planner->resources->cpu_period > period;
	r = grows ? plan_period(planner) : plan_quota(planner);
	if (r < 0)
		return r;
	return grows ? plan_quota(planner) : plan_period(planner);
}

static int plan_realtime(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;
	int r = 0;

	if (want->cpu_rt_period)
		r = plan_add(planner, "cpu.realtimePeriod", "cpu.rt_period_us", "%" PRIu64,
			     want->cpu_rt_period);
	if (r == 0 && want->cpu_rt_runtime)
		r = plan_number(planner, "cpu.realtimeRuntime", "cpu.rt_runtime_us",
				want->cpu_rt_runtime, "-1");
	return r;
}

/* An idle cgroup has no shares, and refuses them. */
static int plan_shares(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;
	int r = 0;

	if (want->has_cpu_idle)
		r = plan_add(planner, "cpu.idle", "cpu.idle", "%" PRId64, want->cpu_idle);
	if (r < 0 || !want->cpu_shares || (want->has_cpu_idle && want->cpu_idle == 1))
		return r;
	return plan_add(planner, "cpu.shares", "cpu.shares", "%" PRIu64, want->cpu_shares);
}

int v1_plan_cpu(struct planner *planner)
{
	int r;

	r = plan_check_cpu(planner);
	if (r == 0)
		r = plan_shares(planner);
	if (r == 0)
		r = plan_realtime(planner);
	return r < 0 ? r : plan_with_burst(planner, "cpu.cfs_burst_us", plan_bandwidth);
}

static int plan_limit(struct planner *planner)
{
	return plan_number(planner, "memory.limit", "memory.limit_in_bytes",
			   planner->resources->memory_limit, "-1");
}

static int plan_swap(struct planner *planner, int64_t swap)
{
	if (!cgroup_has_file(planner->dir->dir, "memory.memsw.limit_in_bytes") &&
	    (swap < 0 || plan_has_no_swap(planner)))
		return 0; /* that is how it is without a limit */
	return plan_number(planner, "memory.swap", "memory.memsw.limit_in_bytes", swap, "-1");
}

/*
 * The kernel keeps memory.limit at most memory.swap at any time. What is asked
 * for is so already, and so is what is set: the new swap first, unless it is
 * below the old limit.
 */
static int plan_limit_and_swap(struct planner *planner, int64_t swap)
{
	uint64_t limit_now = UINT64_MAX;
	bool swap_first;
	int r;

	(void)cgroup_read_u64(planner->dir->dir, "memory.limit_in_bytes", &limit_now);
	swap_first = swap < 0 || (uint64_t)swap >= limit_now;
	r = swap_first ? plan_swap(planner, swap) : plan_limit(planner);
	if (r < 0)
		return r;
	return swap_first ? plan_limit(planner) : plan_swap(planner, swap);
}

static int plan_limit_alone(struct planner *planner)
{
	int64_t limit = planner->resources->memory_limit;
	uint64_t swap_now = UINT64_MAX;

	if (limit < 0) /* no limit of both together can be meant then */
		return plan_limit_and_swap(planner, -1);
	(void)cgroup_read_u64(planner->dir->dir, "memory.memsw.limit_in_bytes", &swap_now);
	if ((uint64_t)limit > swap_now)
		return plan_invalid(planner, "memory.limit",
				    "%" PRId64 " is over memory.swap, which is %" PRIu64
				    " and is to be set with it",
				    limit, swap_now);
	return plan_limit(planner);
}

static int plan_swap_alone(struct planner *planner)
{
	int64_t swap = planner->resources->memory_swap;
	uint64_t limit_now = 0;

	(void)cgroup_read_u64(planner->dir->dir, "memory.limit_in_bytes", &limit_now);
	if (swap > 0 && (uint64_t)swap < limit_now)
		return plan_invalid(planner, "memory.swap",
				    "%" PRId64 " is below memory.limit, which is %" PRIu64
				    " and part of it",
				    swap, limit_now);
	return plan_swap(planner, swap);
}

static int plan_sizes(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;

	if (want->memory_limit && want->memory_swap)
		return plan_limit_and_swap(planner, want->memory_swap);
	if (want->memory_limit)
		return plan_limit_alone(planner);
	return want->memory_swap ? plan_swap_alone(planner) : 0;
}

static int plan_memory_rest(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;
	int r = 0;

	if (want->memory_reservation)
		r = plan_number(planner, "memory.reservation", "memory.soft_limit_in_bytes",
				want->memory_reservation, "-1");
	if (r == 0 && want->memory_kernel_tcp)
		r = plan_number(planner, "memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes",
				want->memory_kernel_tcp, "-1");
	if (r == 0 && want->has_memory_swappiness)
		r = plan_add(planner, "memory.swappiness", "memory.swappiness", "%" PRIu64,
			     want->memory_swappiness);
	if (r == 0 && want->memory_no_oom_killer)
		r = plan_add(planner, "memory.disableOOMKiller", "memory.oom_control", "1");
	return r;
}

int v1_plan_memory(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;
	int r;

	if (want->has_memory_swappiness && want->memory_swappiness > 100)
		return plan_invalid(planner, "memory.swappiness", "%" PRIu64 " is not 0 to 100",
				    want->memory_swappiness);
	r = plan_check_memory(planner, "memory.usage_in_bytes");
	if (r == 0)
		r = plan_sizes(planner);
	return r < 0 ? r : plan_memory_rest(planner);
}

/* The file of the scheduler that this kernel has: bfq, or cfq until Linux 5.0. */
static const char *bfq_or(const struct planner *planner, const char *bfq, const char *cfq)
{
	return cgroup_has_file(planner->dir->dir, bfq) ? bfq : cfq;
}

static int plan_device_weight(struct planner *planner, size_t i)
{
	const struct oci_device_weight *device = &planner->resources->io_device_weights[i];
	CLEANUP(free) char *key = xasprintf("blockIO.weightDevice[%zu].weight", i);
	CLEANUP(free) char *leaf_key = xasprintf("blockIO.weightDevice[%zu].leafWeight", i);
	int r = 0;

	if (device->weight)
		r = plan_add(planner, key,
			     bfq_or(planner, "blkio.bfq.weight_device", "blkio.weight_device"),
			     "%" PRId64 ":%" PRId64 " %u", device->major, device->minor,
			     device->weight);
	if (r == 0 && device->leaf_weight)
		r = plan_add(planner, leaf_key, "blkio.leaf_weight_device",
			     "%" PRId64 ":%" PRId64 " %u", device->major, device->minor,
			     device->leaf_weight);
	return r;
}

static int plan_throttles(struct planner *planner, const struct throttle_kind *kind)
{
	const struct oci_throttles *throttles = throttles_of(planner->resources, kind);
	int r = 0;

	for (size_t i = 0; i < throttles->n && r == 0; i++) {
		const struct oci_device_throttle *device = &throttles->devices[i];
		CLEANUP(free) char *key = xasprintf("blockIO.%s[%zu]", kind->key, i);

		r = plan_add(planner, key, kind->v1_file, "%" PRId64 ":%" PRId64 " %" PRIu64,
			     device->major, device->minor, device->rate);
	}
	return r;
}

int v1_plan_io(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;
	int r;

	r = plan_check_io(planner);
	if (r == 0 && want->io_weight)
		r = plan_add(planner, "blockIO.weight",
			     bfq_or(planner, "blkio.bfq.weight", "blkio.weight"), "%u",
			     want->io_weight);
	if (r == 0 && want->io_leaf_weight)
		r = plan_add(planner, "blockIO.leafWeight", "blkio.leaf_weight", "%u",
			     want->io_leaf_weight);
	for (size_t i = 0; i < want->n_io_device_weights && r == 0; i++)
		r = plan_device_weight(planner, i);
	for (size_t i = 0; i < THROTTLE_KINDS && r == 0; i++)
		r = plan_throttles(planner, &throttle_kinds[i]);
	return r;
}
