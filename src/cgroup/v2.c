/* SPDX-License-Identifier: Apache-2.0 */
/* v2.c - the plan for controllers of version 2. Source: Documentation/admin-guide/cgroup-v2.rst */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/plan.h"
#include "oci/spec.h"

#define SHARES_MIN 2u
#define SHARES_MAX 262144u

/* The same curve as runc's and crun's: 2 to 262144 become 1 to 10000. */
static uint64_t weight_of_shares(uint64_t shares)
{
	if (shares < SHARES_MIN)
		shares = SHARES_MIN;
	if (shares > SHARES_MAX)
		shares = SHARES_MAX;
	return 1 + (shares - SHARES_MIN) * 9999 / (SHARES_MAX - SHARES_MIN);
}

/* Also runc's: 10 to 1000 become 1 to 10000. */
static unsigned io_weight(unsigned weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

/* An idle cgroup has no weight, and refuses one. */
static int plan_weight(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;
	int r = 0;

	if (want->has_cpu_idle)
		r = plan_add(planner, "cpu.idle", "cpu.idle", "%" PRId64, want->cpu_idle);
	if (r < 0 || !want->cpu_shares || (want->has_cpu_idle && want->cpu_idle == 1))
		return r;
	return plan_add(planner, "cpu.shares", "cpu.weight", "%" PRIu64,
			weight_of_shares(want->cpu_shares));
}

/* cpu.max is "QUOTA PERIOD"; a quota alone leaves the period, but not the other way round. */
static int plan_bandwidth(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;
	const char *key = want->cpu_quota ? "cpu.quota" : "cpu.period";
	CLEANUP(free) char *quota = NULL;

	if (!want->cpu_quota && !want->cpu_period)
		return 0;
	if (want->cpu_quota > 0) {
		quota = xasprintf("%" PRId64, want->cpu_quota);
	} else if (want->cpu_quota < 0) {
		quota = xstrdup("max");
	} else {
		if (file_read_at(planner->dir->dir, "cpu.max", CGROUP_FILE_MAX, &quota) < 0)
			return plan_not_in_kernel(planner, key, "cpu.max");
		quota[strcspn(quota, " \n")] = '\0';
	}
	if (!want->cpu_period)
		return plan_add(planner, key, "cpu.max", "%s", quota);
	return plan_add(planner, key, "cpu.max", "%s %" PRIu64, quota, want->cpu_period);
}

int v2_plan_cpu(struct planner *planner)
{
	int r;

	if (planner->resources->cpu_rt_runtime)
		return plan_not_in_v2(planner, "cpu.realtimeRuntime");
	if (planner->resources->cpu_rt_period)
		return plan_not_in_v2(planner, "cpu.realtimePeriod");
	r = plan_check_cpu(planner);
	if (r == 0)
		r = plan_weight(planner);
	return r < 0 ? r : plan_with_burst(planner, "cpu.max.burst", plan_bandwidth);
}

/* config.json counts memory and swap together, version 2 swap alone. */
static int plan_swap(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;
	int64_t swap = want->memory_swap;

	if (swap == 0 && want->memory_limit < 0)
		swap = -1; /* as runc: no limit of memory means none of swap */
	if (swap == 0)
		return 0;
	if (swap > 0 && want->memory_limit <= 0)
		return plan_invalid(planner, "memory.swap",
				    "%" PRId64 " counts memory too, and memory.limit is not given",
				    swap);
	if (!cgroup_has_file(planner->dir->dir, "memory.swap.max") &&
	    (swap < 0 || plan_has_no_swap(planner)))
		return 0; /* that is how it is without a limit */
	return plan_number(planner, "memory.swap", "memory.swap.max",
			   swap < 0 ? -1 : swap - want->memory_limit, "max");
}

int v2_plan_memory(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;
	int r;

	if (want->memory_kernel_tcp)
		return plan_not_in_v2(planner, "memory.kernelTCP");
	if (want->has_memory_swappiness)
		return plan_not_in_v2(planner, "memory.swappiness");
	if (want->memory_no_oom_killer)
		return plan_not_in_v2(planner, "memory.disableOOMKiller");
	r = plan_check_memory(planner, "memory.current");
	if (r == 0)
		r = plan_swap(
			planner); /* before the limit: less memory must not become more swap */
	if (r == 0 && want->memory_limit)
		r = plan_number(planner, "memory.limit", "memory.max", want->memory_limit, "max");
	if (r == 0 && want->memory_reservation)
		r = plan_number(planner, "memory.reservation", "memory.low",
				want->memory_reservation, "0");
	return r;
}

/* bfq's file takes the number as it is, iocost's has another range. */
static int plan_io_weight(struct planner *planner, const char *key, const char *device,
			  unsigned weight)
{
	if (cgroup_has_file(planner->dir->dir, "io.bfq.weight"))
		return plan_add(planner, key, "io.bfq.weight", "%s%u", device, weight);
	return plan_add(planner, key, "io.weight", "%s%u", device, io_weight(weight));
}

static int plan_device_weight(struct planner *planner, size_t i)
{
	const struct oci_device_weight *weight = &planner->resources->io_device_weights[i];
	CLEANUP(free)
	char *device = xasprintf("%" PRId64 ":%" PRId64 " ", weight->major, weight->minor);
	CLEANUP(free)
	char *key = xasprintf("blockIO.weightDevice[%zu].%s", i,
			      weight->leaf_weight ? "leafWeight" : "weight");

	if (weight->leaf_weight)
		return plan_not_in_v2(planner, key);
	return weight->weight ? plan_io_weight(planner, key, device, weight->weight) : 0;
}

static int plan_throttles(struct planner *planner, const struct throttle_kind *kind)
{
	const struct oci_throttles *throttles = throttles_of(planner->resources, kind);
	int r = 0;

	for (size_t i = 0; i < throttles->n && r == 0; i++) {
		const struct oci_device_throttle *device = &throttles->devices[i];
		CLEANUP(free) char *key = xasprintf("blockIO.%s[%zu]", kind->key, i);
		CLEANUP(free) char *rate = xasprintf("%" PRIu64, device->rate);

		/* Version 1's way of saying that there is no limit. */
		r = plan_add(planner, key, "io.max", "%" PRId64 ":%" PRId64 " %s=%s", device->major,
			     device->minor, kind->v2_word, device->rate ? rate : "max");
	}
	return r;
}

int v2_plan_io(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;
	int r;

	if (want->io_leaf_weight)
		return plan_not_in_v2(planner, "blockIO.leafWeight");
	r = plan_check_io(planner);
	if (r == 0 && want->io_weight)
		r = plan_io_weight(planner, "blockIO.weight", "", want->io_weight);
	for (size_t i = 0; i < want->n_io_device_weights && r == 0; i++)
		r = plan_device_weight(planner, i);
	for (size_t i = 0; i < THROTTLE_KINDS && r == 0; i++)
		r = plan_throttles(planner, &throttle_kinds[i]);
	return r;
}

/* Of the files that every cgroup has, those that are limits; the others are ours. */
static bool may_set(const char *file)
{
	static const char *const core[] = { "cgroup.max.depth", "cgroup.max.descendants",
					    "cgroup.pressure" };

	if (!str_starts(file, "cgroup."))
		return true;
	for (size_t i = 0; i < sizeof(core) / sizeof(core[0]); i++)
		if (str_eq(file, core[i]))
			return true;
	return false;
}

static int check_unified(struct planner *planner, const char *key, const char *file)
{
	CLEANUP(free) char *name = xstrndup(file, strcspn(file, "."));

	if (strchr(file, '/') || !strchr(file, '.'))
		return plan_invalid(planner, key, "it is not the name of a file in a cgroup");
	if (!may_set(file))
		return plan_invalid(planner, key,
				    "not a limit; of cgroup.* there are "
				    "cgroup.max.depth, cgroup.max.descendants and "
				    "cgroup.pressure");
	if (!planner->dir)
		return err_set(planner->err, ENOTSUP,
			       "linux.resources.%s: version 2 of cgroups is not mounted", key);
	if (!str_eq(name, "cgroup") &&
	    !(planner->dir->controllers & controllers_parse(name, "", true)))
		return err_set(planner->err, ENOTSUP,
			       "linux.resources.%s: the cgroup has no %s controller of version 2",
			       key, name);
	return 0;
}

/* @entry is "memory.high=1073741824"; each line of the value is a write, as crun does it. */
static int plan_entry(struct planner *planner, const char *entry)
{
	size_t len = strcspn(entry, "=");
	CLEANUP(free) char *file = xstrndup(entry, len);
	CLEANUP(free) char *key = xasprintf("unified[\"%s\"]", file);
	CLEANUP(strv_free) char **lines = strv_split(entry + len + (entry[len] == '='), "\n");
	int r;

	r = check_unified(planner, key, file);
	if (r == 0 && !lines)
		r = plan_add(planner, key, file, "\n"); /* empties a list such as cpuset.cpus */
	for (char **line = lines; r == 0 && line && *line; line++)
		r = plan_add(planner, key, file, "%s", *line);
	return r;
}

int v2_plan_unified(struct planner *planner)
{
	int r = 0;

	for (char **entry = planner->resources->unified; entry && *entry && r == 0; entry++)
		r = plan_entry(planner, *entry);
	return r;
}
