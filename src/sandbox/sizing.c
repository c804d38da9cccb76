/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sizing.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "oci/spec.h"

#define PERIOD_US 100000u              /* the kernel's own */
#define VCPUS_MAX 1000000              /* in sums: far over what any machine has */
#define NO_LIMIT  (INT64_MAX - 0xffff) /* what version 1 of cgroups shows for none */
#define MIB       ((int64_t)1 << 20)

/* The highest number in a list such as "0-3,7"; 0 for what is none: the guest will refuse it. */
static uint32_t highest(const char *list)
{
	CLEANUP(strv_free) char **numbers = strv_split(list, ",- \n");
	uint64_t max = 0;

	for (char **number = numbers; number && *number; number++) {
		uint64_t n = 0;

		if (str_to_u64(*number, 0, UINT32_MAX, &n) == 0 && n > max)
			max = n;
	}
	return (uint32_t)max;
}

void sizing_take(struct container_limits *limits, const struct oci_resources *resources)
{
	if (resources->cpu_quota != 0)
		limits->cpu_quota = resources->cpu_quota > 0 ? resources->cpu_quota : 0;
	if (resources->cpu_period != 0)
		limits->cpu_period = resources->cpu_period;
	if (resources->memory_limit != 0)
		limits->memory = resources->memory_limit > 0 && resources->memory_limit < NO_LIMIT
					 ? resources->memory_limit
					 : 0;
	if (resources->cpuset_cpus)
		limits->last_cpu = highest(resources->cpuset_cpus);
}

/* Thousandths of a processor, at most VCPUS_MAX processors. */
static int64_t quota_millis(const struct container_limits *limits)
{
	int64_t period = limits->cpu_period > 0 && limits->cpu_period < INT64_MAX / 1000
				 ? (int64_t)limits->cpu_period
				 : PERIOD_US;

	if (limits->cpu_quota <= 0)
		return 0;
	if (limits->cpu_quota / period >= VCPUS_MAX)
		return (int64_t)VCPUS_MAX * 1000;
	return limits->cpu_quota / period * 1000 + limits->cpu_quota % period * 1000 / period;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t demand_vcpus(const struct machine_policy *policy,
			    const struct container_limits *limits, size_t n)
{
	int64_t millis = 0;
	int64_t sum;

	for (size_t i = 0; i < n && millis < (int64_t)VCPUS_MAX * 1000; i++)
		millis += quota_millis(&limits[i]);
	sum = (millis + 999) / 1000;
	sum = policy->reuses ? larger(sum, policy->first.vcpus) : sum + policy->first.vcpus;
	return sum < policy->max.vcpus ? sum : larger(policy->max.vcpus, policy->first.vcpus);
}

int sizing_demand(const struct machine_policy *policy, const struct container_limits *limits,
		  size_t n, struct machine_size *ret, struct err *err)
{
	int64_t mib = 0;

	/* Each term is below 2^43, the sum is checked after each. */
	for (size_t i = 0; i < n; i++) {
		mib += limits[i].memory / MIB + (limits[i].memory % MIB > 0);
		if (mib > SIZING_MEMORY_MAX_MIB)
			break;
	}
	mib = policy->reuses ? larger(mib, policy->first.memory_mib)
			     : mib + policy->first.memory_mib;
	if (mib > SIZING_MEMORY_MAX_MIB)
		return err_set_as(err, ERR_SIZE, ERANGE,
				  "linux.resources.memory.limit: the containers' limits add up to "
				  "%lld MiB, a virtual machine has at most %d MiB",
				  (long long)mib, SIZING_MEMORY_MAX_MIB);
	if (mib > larger(policy->max.memory_mib, policy->first.memory_mib))
		return err_set_as(
			err, ERR_SIZE, ERANGE,
			"linux.resources.memory.limit: the containers' limits need a virtual "
			"machine of %lld MiB, and the host has %lld MiB",
			(long long)mib, (long long)policy->max.memory_mib);
	ret->memory_mib = mib;
	ret->vcpus = demand_vcpus(policy, limits, n);
	return 0;
}
