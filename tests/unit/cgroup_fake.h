/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_fake.h - hierarchies made of plain directories, for what this machine does not have
 *
 * The cgroup "/c" of the hierarchy H is the directory H/c of the test; which files are in it
 * is its choice. Included after test.h.
 */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "cgroup/internal.h"
#include "cgroup/plan.h"
#include "oci/spec.h"
#include "tests/unit/tmp.h"

static struct err err;
static struct hierarchies fake;
static struct cgroup *cgroup;

static inline void fake_add(const char *name, bool v2, unsigned controllers)
{
	CLEANUP(free) char *root = tmp_path("%s", name);
	CLEANUP(free) char *dir = tmp_path("%s/c", name);
	CLEANUP(free) char *procs = xasprintf("%s/c/cgroup.procs", name);
	CLEANUP(free) char *tasks = xasprintf("%s/c/tasks", name);
	struct hierarchy *to = &fake.list[fake.n++];

	assert_int_equal(mkdir(root, 0700), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	tmp_write(procs, "");
	if (!v2)
		tmp_write(tasks, "");
	to->v2 = v2;
	to->controllers = controllers;
	to->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(to->root >= 0);
}

/* A cgroup of version 2 with these controllers: "cpu memory". */
static inline void fake_v2(const char *controllers)
{
	fake_add("v2", true, 0);
	tmp_write("v2/c/cgroup.controllers", controllers);
}

static inline void fake_v1(const char *name, unsigned controllers)
{
	fake_add(name, false, controllers);
}

static inline void fake_open(void)
{
	tmp_write("swaps", "Filename Type Size Used Priority\n");
	fake.swaps = tmp_path("swaps");
	assert_int_equal(cgroup_open_in(&fake, "/c", &cgroup, &err), 0);
}

static inline int fake_setup(void **state)
{
	memset(&err, 0, sizeof(err));
	memset(&fake, 0, sizeof(fake));
	cgroup = NULL;
	return tmp_setup(state);
}

static inline int fake_teardown(void **state)
{
	cgroup_free(cgroup);
	free((void *)(uintptr_t)fake.swaps);
	hierarchies_close(&fake);
	return tmp_teardown(state);
}

#define FAKE_TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

/* "file=value" of each write, with "; " between. */
static inline char *plan_text(const struct plan *plan)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < plan->n; i++)
		buf_printf(&text, "%s%s=%s", i ? "; " : "", plan->steps[i].file,
			   plan->steps[i].value);
	return buf_take_string(&text);
}

/* What the resources become. */
#define assert_plan(resources, expected)                              \
	do {                                                          \
		CLEANUP(plan_done) struct plan made = { 0 };          \
		CLEANUP(free) char *text = NULL;                      \
		int result;                                           \
                                                                      \
		memset(&err, 0, sizeof(err));                         \
		result = plan_make(cgroup, (resources), &made, &err); \
                                                                      \
		assert_string_equal(err.text, "");                    \
		assert_int_equal(result, 0);                          \
		text = plan_text(&made);                              \
		assert_string_equal(text ? text : "", (expected));    \
	} while (0)

/* What is refused, before anything is written. */
#define assert_refused(resources, code, expected)                                   \
	do {                                                                        \
		assert_int_equal(cgroup_apply(cgroup, (resources), &err), -(code)); \
		assert_string_equal(err.text, (expected));                          \
	} while (0)
