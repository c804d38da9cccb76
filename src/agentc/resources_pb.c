/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/pb_new.h"
#include "agentc/spec_pb.h"
#include "base/str.h"
#include "oci/spec.h"

static void rules_to_pb(const struct oci_resources *from, Grpc__LinuxResources *pb)
{
	pb->devices = xcalloc(from->n_device_rules, sizeof(*pb->devices));
	pb->n_devices = from->n_device_rules;
	for (size_t i = 0; i < from->n_device_rules; i++) {
		const struct oci_device_rule *rule = &from->device_rules[i];
		Grpc__LinuxDeviceCgroup *to =
			PB_NEW(Grpc__LinuxDeviceCgroup, GRPC__LINUX_DEVICE_CGROUP__INIT);

		to->allow = rule->allow;
		to->type = xstrndup(&rule->type, 1);
		to->major = rule->major;
		to->minor = rule->minor;
		to->access = xstrdup(rule->access);
		pb->devices[i] = to;
	}
}

static Grpc__LinuxMemory *memory_to_pb(const struct oci_resources *from)
{
	Grpc__LinuxMemory *pb = PB_NEW(Grpc__LinuxMemory, GRPC__LINUX_MEMORY__INIT);

	pb->limit = from->memory_limit;
	pb->swap = from->memory_swap;
	pb->reservation = from->memory_reservation;
	pb->kerneltcp = from->memory_kernel_tcp;
	if (from->has_memory_swappiness) {
		pb->swappiness_set_case = GRPC__LINUX_MEMORY__SWAPPINESS_SET_SWAPPINESS;
		pb->swappiness = from->memory_swappiness;
	}
	pb->disableoomkiller = from->memory_no_oom_killer;
	pb->checkbeforeupdate = from->memory_check_update;
	return pb;
}

static Grpc__LinuxCPU *cpu_to_pb(const struct oci_resources *from)
{
	Grpc__LinuxCPU *pb = PB_NEW(Grpc__LinuxCPU, GRPC__LINUX_CPU__INIT);

	pb->shares = from->cpu_shares;
	pb->quota = from->cpu_quota;
	pb->period = from->cpu_period;
	if (from->has_cpu_burst) {
		pb->burst_set_case = GRPC__LINUX_CPU__BURST_SET_BURST;
		pb->burst = from->cpu_burst;
	}
	pb->realtimeruntime = from->cpu_rt_runtime;
	pb->realtimeperiod = from->cpu_rt_period;
	if (from->has_cpu_idle) {
		pb->idle_set_case = GRPC__LINUX_CPU__IDLE_SET_IDLE;
		pb->idle = from->cpu_idle;
	}
	pb->cpus = pb_text(from->cpuset_cpus);
	pb->mems = pb_text(from->cpuset_mems);
	return pb;
}

static Grpc__LinuxThrottleDevice **throttles_to_pb(const struct oci_throttles *from, size_t *ret_n)
{
	Grpc__LinuxThrottleDevice **list = xcalloc(from->n, sizeof(*list));

	*ret_n = from->n;
	for (size_t i = 0; i < from->n; i++) {
		list[i] = PB_NEW(Grpc__LinuxThrottleDevice, GRPC__LINUX_THROTTLE_DEVICE__INIT);
		list[i]->major = from->devices[i].major;
		list[i]->minor = from->devices[i].minor;
		list[i]->rate = from->devices[i].rate;
	}
	return list;
}

static Grpc__LinuxBlockIO *io_to_pb(const struct oci_resources *from)
{
	Grpc__LinuxBlockIO *pb = PB_NEW(Grpc__LinuxBlockIO, GRPC__LINUX_BLOCK_IO__INIT);
	size_t n = from->n_io_device_weights;

	pb->weight = from->io_weight;
	pb->leafweight = from->io_leaf_weight;
	pb->weightdevice = xcalloc(n, sizeof(*pb->weightdevice));
	pb->n_weightdevice = n;
	for (size_t i = 0; i < n; i++) {
		const struct oci_device_weight *device = &from->io_device_weights[i];
		Grpc__LinuxWeightDevice *to =
			PB_NEW(Grpc__LinuxWeightDevice, GRPC__LINUX_WEIGHT_DEVICE__INIT);

		to->major = device->major;
		to->minor = device->minor;
		to->weight = device->weight;
		to->leafweight = device->leaf_weight;
		pb->weightdevice[i] = to;
	}
	pb->throttlereadbpsdevice =
		throttles_to_pb(&from->io_read_bps, &pb->n_throttlereadbpsdevice);
	pb->throttlewritebpsdevice =
		throttles_to_pb(&from->io_write_bps, &pb->n_throttlewritebpsdevice);
	pb->throttlereadiopsdevice =
		throttles_to_pb(&from->io_read_iops, &pb->n_throttlereadiopsdevice);
	pb->throttlewriteiopsdevice =
		throttles_to_pb(&from->io_write_iops, &pb->n_throttlewriteiopsdevice);
	return pb;
}

static void hugepages_to_pb(const struct oci_resources *from, Grpc__LinuxResources *pb)
{
	pb->hugepagelimits = xcalloc(from->n_hugepage_limits, sizeof(*pb->hugepagelimits));
	pb->n_hugepagelimits = from->n_hugepage_limits;
	for (size_t i = 0; i < from->n_hugepage_limits; i++) {
		Grpc__LinuxHugepageLimit *to =
			PB_NEW(Grpc__LinuxHugepageLimit, GRPC__LINUX_HUGEPAGE_LIMIT__INIT);

		to->pagesize = pb_text(from->hugepage_limits[i].page_size);
		to->limit = from->hugepage_limits[i].limit;
		pb->hugepagelimits[i] = to;
	}
}

static void unified_to_pb(const struct oci_resources *from, Grpc__LinuxResources *pb)
{
	size_t n = strv_len(from->unified);

	pb->unified = xcalloc(n, sizeof(*pb->unified));
	pb->n_unified = n;
	for (size_t i = 0; i < n; i++) {
		pb->unified[i] = PB_NEW(Grpc__LinuxResources__UnifiedEntry,
					GRPC__LINUX_RESOURCES__UNIFIED_ENTRY__INIT);
		pb_pair(from->unified[i], &pb->unified[i]->key, &pb->unified[i]->value);
	}
}

Grpc__LinuxResources *resources_to_pb(const struct oci_resources *from)
{
	Grpc__LinuxResources *pb = PB_NEW(Grpc__LinuxResources, GRPC__LINUX_RESOURCES__INIT);

	rules_to_pb(from, pb);
	pb->memory = memory_to_pb(from);
	pb->cpu = cpu_to_pb(from);
	pb->pids = PB_NEW(Grpc__LinuxPids, GRPC__LINUX_PIDS__INIT);
	pb->pids->limit = from->pids_limit;
	pb->blockio = io_to_pb(from);
	hugepages_to_pb(from, pb);
	unified_to_pb(from, pb);
	return pb;
}
