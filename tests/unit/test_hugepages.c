/* SPDX-License-Identifier: Apache-2.0 */
/* Against a tree that looks like /proc and /sys. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "hypervisor/hugepages.h"
#include "tests/unit/tmp.h"

#define MIB ((uint64_t)1 << 20)

static void put(const char *dir, const char *name, const char *text)
{
	CLEANUP(free) char *path = tmp_path("%s", dir);
	CLEANUP(free) char *file = xasprintf("%s/%s", dir, name);
	struct err err = { 0 };

	assert_int_equal(mkdir_p(path, 0755, &err), 0);
	tmp_write(file, text);
}

static void pages(const char *total, const char *unused, const char *promised, const char *more,
		  const char *surplus)
{
	static const char dir[] = "sys/kernel/mm/hugepages/hugepages-2048kB";

	put("proc", "meminfo", "MemTotal: 1 kB\nHugepagesize:       2048 kB\nHugetlb: 0 kB\n");
	put(dir, "nr_hugepages", total);
	put(dir, "free_hugepages", unused);
	put(dir, "resv_hugepages", promised);
	put(dir, "nr_overcommit_hugepages", more);
	put(dir, "surplus_hugepages", surplus);
}

TEST(pages_that_others_have_mapped_do_not_count)
{
	struct err err = { 0 };

	pages("200\n", "180\n", "31\n", "0\n", "0\n");
	assert_int_equal(hugepages_size(tmp), 2 * MIB);
	assert_int_equal(hugepages_check(tmp, 298 * MIB, &err), 0);
	assert_int_equal(hugepages_check(tmp, 299 * MIB, &err), -ENOMEM);
	assert_string_equal(err.text,
			    "[hypervisor.qemu] enable_hugepages: 150 pages of 2048 kB are needed, "
			    "and the host has 149 free of 200; 'sysctl vm.nr_hugepages=201' makes "
			    "enough");
}

TEST(pages_that_the_kernel_may_make_on_demand_count)
{
	struct err err = { 0 };

	pages("2\n", "0\n", "0\n", "10\n", "2\n");
	assert_int_equal(hugepages_check(tmp, 16 * MIB, &err), 0);
	assert_int_equal(hugepages_check(tmp, 17 * MIB, &err), -ENOMEM);
}

TEST(a_kernel_without_huge_pages_is_named)
{
	struct err err = { 0 };

	put("proc", "meminfo", "MemTotal: 1 kB\n");
	assert_int_equal(hugepages_size(tmp), 0);
	assert_int_equal(hugepages_check(tmp, MIB, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "enable_hugepages: the host's kernel has no huge pages"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(pages_that_others_have_mapped_do_not_count),
		TMP_TEST(pages_that_the_kernel_may_make_on_demand_count),
		TMP_TEST(a_kernel_without_huge_pages_is_named),
	};

	return cmocka_run_group_tests_name("hugepages", tests, NULL, NULL);
}
