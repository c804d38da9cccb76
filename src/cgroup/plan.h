/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - what cgroup_apply() is going to write
 *
 * Resources become a list of writes first, without any being made; whatever can be
 * known to be wrong ends there. Included by the files of cgroup/ and their tests.
 */
#pragma once

#include "cgroup/internal.h"

struct plan_step {
	int dir;     /* borrowed from the cgroup */
	char *file;  /* owned */
	char *value; /* owned */
	char *key;   /* "linux.resources.cpu.shares"; owned */
};

struct plan {
	struct plan_step *steps;
	size_t n;
};

int plan_make(const struct cgroup *cgroup, const struct oci_resources *resources, struct plan *ret,
	      struct err *err);
void plan_done(struct plan *plan);
static inline void plan_donep(struct plan *plan)
{
	plan_done(plan);
}

/* One part of the resources while it is planned: @dir is where its controller is. */
struct planner {
	const struct cgroup *cgroup;
	const struct cgroup_dir *dir;
	const struct oci_resources *resources;
	struct plan *plan;
	struct err *err;
};

/* Adds a write. -ENOTSUP when this kernel does not have the file. @key is below "linux.resources."
 */
int plan_add(struct planner *planner, const char *key, const char *file, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A number; what is negative is @none ("max", "-1"). */
int plan_number(struct planner *planner, const char *key, const char *file, int64_t value,
		const char *none);

/* -EINVAL with the key. */
int plan_invalid(struct planner *planner, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* -ENOTSUP: version 2 does not have it. */
int plan_not_in_v2(struct planner *planner, const char *key);

/* -ENOTSUP: this kernel does not have it. */
int plan_not_in_kernel(struct planner *planner, const char *key, const char *file);

/* Whether a swap limit may be left out: there is no swap at all on this machine. */
bool plan_has_no_swap(const struct planner *planner);

/* The same in both versions. */
int plan_cpuset(struct planner *planner);
int plan_pids(struct planner *planner);
int plan_files(struct planner *planner);
int plan_hugetlb(struct planner *planner);

/* Quota and period by @bandwidth, and the burst, whose file is @file, around them. */
int plan_with_burst(struct planner *planner, const char *file, int (*bandwidth)(struct planner *));

int v1_plan_cpu(struct planner *planner);
int v1_plan_memory(struct planner *planner);
int v1_plan_io(struct planner *planner);

int v2_plan_cpu(struct planner *planner);
int v2_plan_memory(struct planner *planner);
int v2_plan_io(struct planner *planner);
int v2_plan_unified(struct planner *planner);

/* Ranges that both versions have: quota and period of cpu, the limits of memory against each other.
 */
int plan_check_cpu(struct planner *planner);
int plan_check_memory(struct planner *planner, const char *usage_file);
int plan_check_io(struct planner *planner);

/* One of the four lists of throttles, and where each version has it. */
struct throttle_kind {
	const char *key;
	const char *v1_file;
	const char *v2_word; /* of io.max */
	size_t offset;       /* of the struct oci_throttles in the resources */
};
#define THROTTLE_KINDS 4u
extern const struct throttle_kind throttle_kinds[THROTTLE_KINDS];
const struct oci_throttles *throttles_of(const struct oci_resources *resources,
					 const struct throttle_kind *kind);
