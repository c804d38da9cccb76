/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>

#include "agent/pb_read.h"
#include "agent/spec_pb.h"
#include "base/err.h"
#include "base/mem.h"
#include "oci/check.h"
#include "oci/spec.h"

static int rules_from_pb(const Grpc__LinuxResources *pb, struct oci_resources *ret, struct err *err)
{
	ret->device_rules = xcalloc(pb->n_devices, sizeof(*ret->device_rules));
	ret->n_device_rules = pb->n_devices;
	for (size_t i = 0; i < pb->n_devices; i++) {
		const Grpc__LinuxDeviceCgroup *from = pb->devices[i];
		struct oci_device_rule *rule = &ret->device_rules[i];

		rule->allow = from->allow;
		rule->major = from->major;
		rule->minor = from->minor;
		if (oci_device_rule_set(rule, from->type, from->access, err) < 0)
			return err_prefix(err, "linux.resources.devices[%zu]", i);
	}
	return 0;
}

static void memory_from_pb(const Grpc__LinuxMemory *pb, struct oci_resources *ret)
{
	ret->memory_limit = pb->limit;
	ret->memory_swap = pb->swap;
	ret->memory_reservation = pb->reservation;
	ret->memory_kernel_tcp = pb->kerneltcp;
	if (pb->swappiness_set_case == GRPC__LINUX_MEMORY__SWAPPINESS_SET_SWAPPINESS) {
		ret->has_memory_swappiness = true;
		ret->memory_swappiness = pb->swappiness;
	}
	ret->memory_no_oom_killer = pb->disableoomkiller;
	ret->memory_check_update = pb->checkbeforeupdate;
}

static void cpu_from_pb(const Grpc__LinuxCPU *pb, struct oci_resources *ret)
{
	ret->cpu_shares = pb->shares;
	ret->cpu_quota = pb->quota;
	ret->cpu_period = pb->period;
	if (pb->burst_set_case == GRPC__LINUX_CPU__BURST_SET_BURST) {
		ret->has_cpu_burst = true;
		ret->cpu_burst = pb->burst;
	}
	ret->cpu_rt_runtime = pb->realtimeruntime;
	ret->cpu_rt_period = pb->realtimeperiod;
	if (pb->idle_set_case == GRPC__LINUX_CPU__IDLE_SET_IDLE) {
		ret->has_cpu_idle = true;
		ret->cpu_idle = pb->idle;
	}
	ret->cpuset_cpus = read_text(pb->cpus);
	ret->cpuset_mems = read_text(pb->mems);
}

/* A weight of a message has 32 bits, ours has 16. */
static int weight_from_pb(uint32_t from, uint16_t *ret, struct err *err)
{
	if (from > UINT16_MAX)
		return err_set(err, EINVAL,
			       "linux.resources.blockIO: weight %" PRIu32 " is over %u", from,
			       UINT16_MAX);
	*ret = (uint16_t)from;
	return 0;
}

static int weights_from_pb(const Grpc__LinuxBlockIO *pb, struct oci_resources *ret, struct err *err)
{
	int r;

	CHECK(weight_from_pb(pb->weight, &ret->io_weight, err));
	CHECK(weight_from_pb(pb->leafweight, &ret->io_leaf_weight, err));
	ret->io_device_weights = xcalloc(pb->n_weightdevice, sizeof(*ret->io_device_weights));
	ret->n_io_device_weights = pb->n_weightdevice;
	for (size_t i = 0; i < pb->n_weightdevice; i++) {
		const Grpc__LinuxWeightDevice *from = pb->weightdevice[i];
		struct oci_device_weight *to = &ret->io_device_weights[i];

		to->major = from->major;
		to->minor = from->minor;
		CHECK(weight_from_pb(from->weight, &to->weight, err));
		CHECK(weight_from_pb(from->leafweight, &to->leaf_weight, err));
	}
	return 0;
}

static void throttles_from_pb(size_t n, Grpc__LinuxThrottleDevice *const *from,
			      struct oci_throttles *ret)
{
	ret->devices = xcalloc(n, sizeof(*ret->devices));
	ret->n = n;
	for (size_t i = 0; i < n; i++)
		ret->devices[i] = (struct oci_device_throttle){ .major = from[i]->major,
								.minor = from[i]->minor,
								.rate = from[i]->rate };
}

static int io_from_pb(const Grpc__LinuxBlockIO *pb, struct oci_resources *ret, struct err *err)
{
	throttles_from_pb(pb->n_throttlereadbpsdevice, pb->throttlereadbpsdevice,
			  &ret->io_read_bps);
	throttles_from_pb(pb->n_throttlewritebpsdevice, pb->throttlewritebpsdevice,
			  &ret->io_write_bps);
	throttles_from_pb(pb->n_throttlereadiopsdevice, pb->throttlereadiopsdevice,
			  &ret->io_read_iops);
	throttles_from_pb(pb->n_throttlewriteiopsdevice, pb->throttlewriteiopsdevice,
			  &ret->io_write_iops);
	return weights_from_pb(pb, ret, err);
}

static void hugepages_from_pb(const Grpc__LinuxResources *pb, struct oci_resources *ret)
{
	ret->hugepage_limits = xcalloc(pb->n_hugepagelimits, sizeof(*ret->hugepage_limits));
	ret->n_hugepage_limits = pb->n_hugepagelimits;
	for (size_t i = 0; i < pb->n_hugepagelimits; i++)
		ret->hugepage_limits[i] = (struct oci_hugepage_limit){
			.page_size = read_text(pb->hugepagelimits[i]->pagesize),
			.limit = pb->hugepagelimits[i]->limit,
		};
}

int resources_read_pb(const Grpc__LinuxResources *pb, struct oci_resources *ret, struct err *err)
{
	int r;

	CHECK(rules_from_pb(pb, ret, err));
	if (pb->memory)
		memory_from_pb(pb->memory, ret);
	if (pb->cpu)
		cpu_from_pb(pb->cpu, ret);
	if (pb->pids)
		ret->pids_limit = pb->pids->limit;
	if (pb->blockio)
		CHECK(io_from_pb(pb->blockio, ret, err));
	hugepages_from_pb(pb, ret);
	ret->unified = read_room(pb->n_unified);
	for (size_t i = 0; i < pb->n_unified; i++)
		CHECK(read_pair(&ret->unified[i], "linux.resources.unified", pb->unified[i]->key,
				pb->unified[i]->value, err));
	return 0;
}

int resources_from_pb(const Grpc__LinuxResources *pb, struct oci_resources *ret, struct err *err)
{
	int r;

	CHECK(resources_read_pb(pb, ret, err));
	return oci_resources_check(ret, "linux.resources.", err);
}
