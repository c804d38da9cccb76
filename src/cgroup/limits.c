/* SPDX-License-Identifier: Apache-2.0 */
/* limits.c - resources to a plan: which parts there are, and what both versions share */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/plan.h"
#include "oci/spec.h"

#define KEY_PREFIX "linux.resources."

/* Each names the first key that is set and needs the controller; NULL: none does. */
static const char *wants_cpu(const struct oci_resources *r)
{
	if (r->cpu_shares)
		return "cpu.shares";
	if (r->cpu_quota)
		return "cpu.quota";
	if (r->cpu_period)
		return "cpu.period";
	if (r->has_cpu_burst)
		return "cpu.burst";
	if (r->has_cpu_idle)
		return "cpu.idle";
	if (r->cpu_rt_runtime)
		return "cpu.realtimeRuntime";
	return r->cpu_rt_period ? "cpu.realtimePeriod" : NULL;
}

static const char *wants_cpuset(const struct oci_resources *r)
{
	if (!str_empty(r->cpuset_cpus))
		return "cpu.cpus";
	return str_empty(r->cpuset_mems) ? NULL : "cpu.mems";
}

static const char *wants_memory(const struct oci_resources *r)
{
	if (r->memory_limit)
		return "memory.limit";
	if (r->memory_swap)
		return "memory.swap";
	if (r->memory_reservation)
		return "memory.reservation";
	if (r->memory_kernel_tcp)
		return "memory.kernelTCP";
	if (r->has_memory_swappiness)
		return "memory.swappiness";
	return r->memory_no_oom_killer ? "memory.disableOOMKiller" : NULL;
}

static const char *wants_pids(const struct oci_resources *r)
{
	return r->pids_limit ? "pids.limit" : NULL;
}

static const char *wants_files(const struct oci_resources *r)
{
	return r->files_limit ? "files.limit" : NULL;
}

static const char *wants_io(const struct oci_resources *r)
{
	if (r->io_weight)
		return "blockIO.weight";
	if (r->io_leaf_weight)
		return "blockIO.leafWeight";
	if (r->n_io_device_weights)
		return "blockIO.weightDevice";
	if (r->io_read_bps.n)
		return "blockIO.throttleReadBpsDevice";
	if (r->io_write_bps.n)
		return "blockIO.throttleWriteBpsDevice";
	if (r->io_read_iops.n)
		return "blockIO.throttleReadIOPSDevice";
	return r->io_write_iops.n ? "blockIO.throttleWriteIOPSDevice" : NULL;
}

static const char *wants_hugetlb(const struct oci_resources *r)
{
	return r->n_hugepage_limits ? "hugepageLimits" : NULL;
}

struct part {
	enum controller controller;
	const char *(*wants)(const struct oci_resources *resources);
	int (*v1)(struct planner *planner);
	int (*v2)(struct planner *planner);
};

static const struct part parts[] = {
	{ CTL_CPUSET, wants_cpuset, plan_cpuset, plan_cpuset },
	{ CTL_CPU, wants_cpu, v1_plan_cpu, v2_plan_cpu },
	{ CTL_MEMORY, wants_memory, v1_plan_memory, v2_plan_memory },
	{ CTL_PIDS, wants_pids, plan_pids, plan_pids },
	{ CTL_IO, wants_io, v1_plan_io, v2_plan_io },
	{ CTL_FILES, wants_files, plan_files, plan_files },
	{ CTL_HUGETLB, wants_hugetlb, plan_hugetlb, plan_hugetlb },
};

static int plan_part(struct planner *planner, const struct part *part)
{
	const char *key = part->wants(planner->resources);

	if (!key)
		return 0;
	planner->dir = cgroup_dir_of(planner->cgroup, part->controller);
	if (!planner->dir) {
		const char *name =
			controller_name(part->controller, cgroup_dir_v2(planner->cgroup) != NULL);

		return err_set(planner->err, ENOTSUP,
			       KEY_PREFIX "%s: the cgroup has no %s controller", key,
			       name ? name : controller_name(part->controller, false));
	}
	return planner->dir->v2 ? part->v2(planner) : part->v1(planner);
}

int plan_make(const struct cgroup *cgroup, const struct oci_resources *resources, struct plan *ret,
	      struct err *err)
{
	struct planner planner = {
		.cgroup = cgroup, .resources = resources, .plan = ret, .err = err
	};
	int r;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		r = plan_part(&planner, &parts[i]);
		if (r < 0)
			return r;
	}
	planner.dir = cgroup_dir_v2(cgroup);
	return v2_plan_unified(&planner); /* last: it may refine what the others have set */
}

static int execute(const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_step *step = &plan->steps[i];
		int r = cgroup_write_at(step->dir, step->file, step->value);

		if (r < 0) {
			errno = -r;
			return err_errno(err, "%s: write '%s' to %s", step->key, step->value,
					 step->file);
		}
	}
	return 0;
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->steps[i].file);
		free(plan->steps[i].value);
		free(plan->steps[i].key);
	}
	free(plan->steps);
}

int cgroup_apply(struct cgroup *cgroup, const struct oci_resources *resources, struct err *err)
{
	CLEANUP(plan_done) struct plan plan = { 0 };
	int r;

	r = plan_make(cgroup, resources, &plan, err);
	return r < 0 ? r : execute(&plan, err);
}

int plan_add(struct planner *planner, const char *key, const char *file, const char *fmt, ...)
{
	struct plan *plan = planner->plan;
	struct plan_step *step;
	va_list ap;

	if (!cgroup_has_file(planner->dir->dir, file))
		return plan_not_in_kernel(planner, key, file);
	plan->steps = xrealloc(plan->steps, (plan->n + 1) * sizeof(*plan->steps));
	step = &plan->steps[plan->n++];
	step->dir = planner->dir->dir;
	step->file = xstrdup(file);
	step->key = xasprintf(KEY_PREFIX "%s", key);
	va_start(ap, fmt);
	step->value = xvasprintf(fmt, ap);
	va_end(ap);
	return 0;
}

int plan_number(struct planner *planner, const char *key, const char *file, int64_t value,
		const char *none)
{
	if (value < 0)
		return plan_add(planner, key, file, "%s", none);
	return plan_add(planner, key, file, "%" PRId64, value);
}

int plan_invalid(struct planner *planner, const char *key, const char *fmt, ...)
{
	CLEANUP(free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return err_set(planner->err, EINVAL, KEY_PREFIX "%s: %s", key, text);
}

int plan_not_in_v2(struct planner *planner, const char *key)
{
	return err_set(planner->err, ENOTSUP,
		       KEY_PREFIX "%s: cgroup version 2 does not have it; "
				  "agent.unified_cgroup_hierarchy=false gives the guest version 1",
		       key);
}

int plan_not_in_kernel(struct planner *planner, const char *key, const char *file)
{
	return err_set(planner->err, ENOTSUP, KEY_PREFIX "%s: this kernel has no %s", key, file);
}

/* /proc/swaps has one line as its title and one for each swap. */
bool plan_has_no_swap(const struct planner *planner)
{
	CLEANUP(free) char *text = NULL;
	const char *line;

	if (file_read_at(AT_FDCWD, planner->cgroup->swaps, CGROUP_FILE_MAX, &text) < 0)
		return true; /* a kernel without swap has no such file */
	line = strchr(text, '\n');
	return !line || line[1] == '\0';
}

/* "0-3,7": Documentation/admin-guide/cputopology.rst, "cpu list". */
static int plan_cpu_list(struct planner *planner, const char *key, const char *file,
			 const char *list)
{
	if (str_empty(list))
		return 0;
	if (strspn(list, "0123456789-,") != strlen(list))
		return plan_invalid(planner, key, "'%s' is not a list such as 0-3,7", list);
	return plan_add(planner, key, file, "%s", list);
}

int plan_cpuset(struct planner *planner)
{
	int r = plan_cpu_list(planner, "cpu.cpus", "cpuset.cpus", planner->resources->cpuset_cpus);

	if (r < 0)
		return r;
	return plan_cpu_list(planner, "cpu.mems", "cpuset.mems", planner->resources->cpuset_mems);
}

int plan_pids(struct planner *planner)
{
	return plan_number(planner, "pids.limit", "pids.max", planner->resources->pids_limit,
			   "max");
}

/* Source: openEuler's kernel, fs/filescontrol.c. */
int plan_files(struct planner *planner)
{
	return plan_number(planner, "files.limit", "files.limit", planner->resources->files_limit,
			   "max");
}

/* Source: kernel/sched/core.c, tg_set_cfs_bandwidth(): 1 ms to 1 s, and no quota below 1 ms. */
int plan_check_cpu(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;

	if (want->cpu_period && (want->cpu_period < 1000 || want->cpu_period > 1000000))
		return plan_invalid(planner, "cpu.period", "%" PRIu64 " µs is not 1000 to 1000000",
				    want->cpu_period);
	if (want->cpu_quota > 0 && want->cpu_quota < 1000)
		return plan_invalid(planner, "cpu.quota", "%" PRId64 " µs is below 1000",
				    want->cpu_quota);
	if (want->has_cpu_burst && want->cpu_quota > 0 &&
	    want->cpu_burst > (uint64_t)want->cpu_quota)
		return plan_invalid(planner, "cpu.burst",
				    "%" PRIu64 " µs is over cpu.quota, which is %" PRId64,
				    want->cpu_burst, want->cpu_quota);
	if (want->has_cpu_idle && want->cpu_idle != 0 && want->cpu_idle != 1)
		return plan_invalid(planner, "cpu.idle", "%" PRId64 " is neither 0 nor 1",
				    want->cpu_idle);
	return 0;
}

static int plan_burst(struct planner *planner, const char *file, bool before)
{
	const struct oci_resources *want = planner->resources;

	if (!want->has_cpu_burst)
		return 0;
	if (before) /* a quota below the old burst would be refused */
		return want->cpu_quota ? plan_add(planner, "cpu.burst", file, "0") : 0;
	return plan_add(planner, "cpu.burst", file, "%" PRIu64, want->cpu_burst);
}

int plan_with_burst(struct planner *planner, const char *file, int (*bandwidth)(struct planner *))
{
	int r;

	r = plan_burst(planner, file, true);
	if (r == 0)
		r = bandwidth(planner);
	return r < 0 ? r : plan_burst(planner, file, false);
}

int plan_check_memory(struct planner *planner, const char *usage_file)
{
	const struct oci_resources *want = planner->resources;
	uint64_t usage = 0;

	if (want->memory_swap > 0 && want->memory_limit > want->memory_swap)
		return plan_invalid(planner, "memory.swap",
				    "%" PRId64 " is below memory.limit, which is %" PRId64
				    " and part of it",
				    want->memory_swap, want->memory_limit);
	if (want->memory_check_update && want->memory_limit > 0 &&
	    cgroup_read_u64(planner->dir->dir, usage_file, &usage) == 0 &&
	    usage > (uint64_t)want->memory_limit)
		return err_set_as(planner->err, ERR_SIZE, EBUSY,
				  KEY_PREFIX "memory.limit: %" PRId64 " bytes is below the %" PRIu64
					     " that are in use",
				  want->memory_limit, usage);
	return 0;
}

static int check_weight(struct planner *planner, const char *key, unsigned weight)
{
	if (weight == 0 || (weight >= 10 && weight <= 1000))
		return 0;
	return plan_invalid(planner, key, "%u is not 10 to 1000", weight);
}

int plan_check_io(struct planner *planner)
{
	const struct oci_resources *want = planner->resources;
	int r;

	r = check_weight(planner, "blockIO.weight", want->io_weight);
	if (r == 0)
		r = check_weight(planner, "blockIO.leafWeight", want->io_leaf_weight);
	for (size_t i = 0; i < want->n_io_device_weights && r == 0; i++) {
		CLEANUP(free) char *key = xasprintf("blockIO.weightDevice[%zu].weight", i);

		r = check_weight(planner, key, want->io_device_weights[i].weight);
	}
	return r;
}

/* The size becomes part of a file's name. */
/* -EINVAL unless it is a page size as the kernel writes it: "2MB". */
static int check_page_size(struct planner *planner, size_t i)
{
	const char *size = planner->resources->hugepage_limits[i].page_size;
	size_t digits = size ? strspn(size, "0123456789") : 0;
	CLEANUP(free) char *key = NULL;

	if (digits > 0 && digits < 8 && *size != '0' &&
	    (str_eq(size + digits, "KB") || str_eq(size + digits, "MB") ||
	     str_eq(size + digits, "GB")))
		return 0;
	key = xasprintf("hugepageLimits[%zu].pageSize", i);
	return plan_invalid(planner, key, "'%s' is not a size such as 64KB, 2MB or 1GB",
			    size ? size : "");
}

static int plan_hugepages(struct planner *planner, size_t i)
{
	const struct oci_hugepage_limit *limit = &planner->resources->hugepage_limits[i];
	const char *end = planner->dir->v2 ? "max" : "limit_in_bytes";
	CLEANUP(free) char *key = xasprintf("hugepageLimits[%zu]", i);
	CLEANUP(free) char *file = xasprintf("hugetlb.%s.%s", limit->page_size, end);
	CLEANUP(free) char *rsvd = xasprintf("hugetlb.%s.rsvd.%s", limit->page_size, end);
	int r;

	r = plan_add(planner, key, file, "%" PRIu64, limit->limit);
	if (r == 0 && cgroup_has_file(planner->dir->dir, rsvd)) /* since Linux 5.7 */
		r = plan_add(planner, key, rsvd, "%" PRIu64, limit->limit);
	return r;
}

int plan_hugetlb(struct planner *planner)
{
	int r = 0;

	for (size_t i = 0; i < planner->resources->n_hugepage_limits && r == 0; i++) {
		r = check_page_size(planner, i);
		if (r == 0)
			r = plan_hugepages(planner, i);
	}
	return r;
}

const struct throttle_kind throttle_kinds[THROTTLE_KINDS] = {
	{ "throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps",
	  offsetof(struct oci_resources, io_read_bps) },
	{ "throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps",
	  offsetof(struct oci_resources, io_write_bps) },
	{ "throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops",
	  offsetof(struct oci_resources, io_read_iops) },
	{ "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops",
	  offsetof(struct oci_resources, io_write_iops) },
};

const struct oci_throttles *throttles_of(const struct oci_resources *resources,
					 const struct throttle_kind *kind)
{
	const void *at = (const char *)resources + kind->offset;

	return at;
}
