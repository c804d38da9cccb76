/* SPDX-License-Identifier: Apache-2.0 */
/* sizing.h - how large a virtual machine has to be for its containers: arithmetic only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct oci_resources;

#define SIZING_MEMORY_MAX_MIB 524288 /* of a virtual machine; openEuler patch 0017 */

struct machine_size {
	int64_t vcpus;
	int64_t memory_mib;
};

/* What a sandbox was made with; its containers may come and go under another configuration. */
struct machine_policy {
	bool follows;              /* enable_cpu_memory_hotplug: the size follows the limits */
	bool reuses;               /* enable_reuse_cpu_memory: the limits share the initial size */
	bool elastic;              /* enable_virtio_mem: memory goes as well as it comes */
	struct machine_size first; /* default_vcpus, default_memory */
	struct machine_size max;   /* default_maxvcpus; the host's memory */
};

/* Of one container; 0 is no limit. */
struct container_limits {
	int64_t cpu_quota;   /* µs in each period */
	uint64_t cpu_period; /* µs */
	int64_t memory;      /* bytes */
	uint32_t last_cpu;   /* the highest one that its cpuset names; 0 for no cpuset as well */
};

/* Brings into @limits what @resources names, and leaves the rest: also for an update. */
void sizing_take(struct container_limits *limits, const struct oci_resources *resources);

/*
 * The size for containers with these limits: the quotas are added and rounded up
 * to whole vCPUs, the memory limits are added; what has no limit counts nothing.
 * That on top of the initial size, or, with @policy->reuses, at least that.
 * vCPUs end at @policy->max: more processors than there are help nobody.
 *
 * Returns 0 or -ERANGE: more memory than a virtual machine can have.
 * Source: reference 07, section 2; openEuler patches 0015 to 0021.
 */
int sizing_demand(const struct machine_policy *policy, const struct container_limits *limits,
		  size_t n, struct machine_size *ret, struct err *err);
