/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <unistd.h>

#include "base/str.h"
#include "cgroup/stats.h"
#include "tests/unit/cgroup_fake.h"

static struct cgroup_stats stats;

static void read_stats(void)
{
	fake_open();
	memset(&stats, 0, sizeof(stats));
	assert_int_equal(cgroup_stats_read(cgroup, &stats, &err), 0);
}

static uint64_t memory_value(const char *key)
{
	for (size_t i = 0; i < stats.memory.n_values; i++)
		if (str_eq(stats.memory.values[i].key, key))
			return stats.memory.values[i].value;
	return UINT64_MAX;
}

static void assert_entry(const struct cgroup_io_list *list, size_t i, uint64_t minor,
			 const char *op, uint64_t value)
{
	assert_true(i < list->n);
	assert_int_equal(list->entries[i].major, 8);
	assert_int_equal(list->entries[i].minor, minor);
	assert_string_equal(list->entries[i].op, op);
	assert_int_equal(list->entries[i].value, value);
}

TEST(times_of_version_1_are_nanoseconds)
{
	fake_v1("cpu", CTL_BIT(CTL_CPU));
	fake_v1("cpuacct", CTL_BIT(CTL_CPUACCT));
	tmp_write("cpu/c/cpu.stat", "nr_periods 10\nnr_throttled 3\nthrottled_time 5000000\n");
	tmp_write("cpuacct/c/cpuacct.usage", "9000\n");
	tmp_write("cpuacct/c/cpuacct.usage_user", "6000\n");
	tmp_write("cpuacct/c/cpuacct.usage_sys", "3000\n");
	tmp_write("cpuacct/c/cpuacct.usage_percpu", "4000 5000 \n");
	read_stats();
	assert_int_equal(stats.cpu.total_ns, 9000);
	assert_int_equal(stats.cpu.user_ns, 6000);
	assert_int_equal(stats.cpu.kernel_ns, 3000);
	assert_int_equal(stats.cpu.n_percpu, 2);
	assert_int_equal(stats.cpu.percpu_ns[1], 5000);
	assert_int_equal(stats.cpu.periods, 10);
	assert_int_equal(stats.cpu.throttled_periods, 3);
	assert_int_equal(stats.cpu.throttled_ns, 5000000);
	cgroup_stats_done(&stats);
}

TEST(times_of_version_2_become_nanoseconds)
{
	fake_v2("cpu");
	tmp_write("v2/c/cpu.stat", "usage_usec 9\nuser_usec 6\nsystem_usec 3\nnr_periods 10\n"
				   "nr_throttled 3\nthrottled_usec 5000\n");
	read_stats();
	assert_int_equal(stats.cpu.total_ns, 9000);
	assert_int_equal(stats.cpu.user_ns, 6000);
	assert_int_equal(stats.cpu.kernel_ns, 3000);
	assert_int_equal(stats.cpu.n_percpu, 0);
	assert_int_equal(stats.cpu.periods, 10);
	assert_int_equal(stats.cpu.throttled_ns, 5000000);
	cgroup_stats_done(&stats);
}

TEST(memory_of_version_1)
{
	fake_v1("memory", CTL_BIT(CTL_MEMORY));
	tmp_write("memory/c/memory.stat", "cache 100\nrss 200\nodd -5\ntotal_cache 150\n");
	tmp_write("memory/c/memory.use_hierarchy", "1\n");
	tmp_write("memory/c/memory.usage_in_bytes", "300\n");
	tmp_write("memory/c/memory.max_usage_in_bytes", "400\n");
	tmp_write("memory/c/memory.failcnt", "2\n");
	tmp_write("memory/c/memory.limit_in_bytes", "1000\n");
	tmp_write("memory/c/memory.memsw.usage_in_bytes", "350\n");
	tmp_write("memory/c/memory.kmem.usage_in_bytes", "50\n");
	read_stats();
	assert_int_equal(stats.memory.cache, 100);
	assert_true(stats.memory.use_hierarchy);
	assert_int_equal(stats.memory.memory.usage, 300);
	assert_int_equal(stats.memory.memory.max_usage, 400);
	assert_int_equal(stats.memory.memory.failcnt, 2);
	assert_int_equal(stats.memory.memory.limit, 1000);
	assert_int_equal(stats.memory.swap.usage, 350);
	assert_int_equal(stats.memory.kernel.usage, 50);
	assert_int_equal(stats.memory.n_values, 3);
	assert_int_equal(memory_value("total_cache"), 150);
	cgroup_stats_done(&stats);
}

TEST(memory_of_version_2_in_the_terms_of_version_1)
{
	fake_v2("memory");
	tmp_write("v2/c/memory.stat", "anon 200\nfile 100\nkernel_stack 1\nslab 2\npagetables 4\n");
	tmp_write("v2/c/memory.current", "300\n");
	tmp_write("v2/c/memory.peak", "400\n");
	tmp_write("v2/c/memory.max", "1000\n");
	tmp_write("v2/c/memory.events", "low 0\nhigh 0\nmax 2\noom 0\n");
	tmp_write("v2/c/memory.swap.current", "50\n");
	tmp_write("v2/c/memory.swap.max", "500\n");
	read_stats();
	assert_int_equal(stats.memory.cache, 100);
	assert_true(stats.memory.use_hierarchy);
	assert_int_equal(stats.memory.memory.usage, 300);
	assert_int_equal(stats.memory.memory.max_usage, 400);
	assert_int_equal(stats.memory.memory.failcnt, 2);
	assert_int_equal(stats.memory.swap.usage, 350);
	assert_int_equal(stats.memory.swap.limit, 1500);
	assert_int_equal(stats.memory.kernel.usage, 7);
	assert_int_equal(memory_value("anon"), 200);
	cgroup_stats_done(&stats);
}

TEST(no_limit_is_the_largest_number)
{
	fake_v2("memory pids");
	tmp_write("v2/c/memory.max", "max\n");
	tmp_write("v2/c/memory.swap.max", "500\n");
	tmp_write("v2/c/pids.max", "max\n");
	tmp_write("v2/c/pids.current", "3\n");
	read_stats();
	assert_true(stats.memory.memory.limit == CGROUP_NO_LIMIT);
	assert_true(stats.memory.swap.limit == CGROUP_NO_LIMIT);
	assert_int_equal(stats.pids, 3);
	assert_int_equal(stats.pids_limit, 0);
	cgroup_stats_done(&stats);
}

TEST(disks_of_version_1)
{
	fake_v1("blkio", CTL_BIT(CTL_IO));
	tmp_write("blkio/c/blkio.bfq.io_service_bytes_recursive", "Total 0\n");
	tmp_write("blkio/c/blkio.throttle.io_service_bytes_recursive",
		  "8:0 Read 4096\n8:0 Write 0\n8:16 Total 4096\nTotal 4096\nrubbish\n");
	tmp_write("blkio/c/blkio.sectors_recursive", "8:0 77\n");
	read_stats();
	assert_int_equal(stats.io.service_bytes.n, 3);
	assert_entry(&stats.io.service_bytes, 0, 0, "Read", 4096);
	assert_entry(&stats.io.service_bytes, 2, 16, "Total", 4096);
	assert_int_equal(stats.io.sectors.n, 1);
	assert_entry(&stats.io.sectors, 0, 0, "", 77);
	cgroup_stats_done(&stats);
}

TEST(disks_of_version_2)
{
	fake_v2("io");
	tmp_write("v2/c/io.stat", "8:16 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n"
				  "8:0 rbytes=x cost.usage=5\nx:y rbytes=1\n\n");
	read_stats();
	assert_int_equal(stats.io.service_bytes.n, 3);
	assert_entry(&stats.io.service_bytes, 0, 16, "Read", 10);
	assert_entry(&stats.io.service_bytes, 1, 16, "Write", 20);
	assert_entry(&stats.io.service_bytes, 2, 16, "Discard", 0);
	assert_int_equal(stats.io.serviced.n, 3);
	assert_entry(&stats.io.serviced, 1, 16, "Write", 2);
	cgroup_stats_done(&stats);
}

TEST(huge_pages_in_both_versions)
{
	CLEANUP(free) char *hostile = NULL;

	fake_v2("hugetlb");
	tmp_write("v2/c/hugetlb.2MB.current", "4096\n");
	tmp_write("v2/c/hugetlb.2MB.events", "max 3\n");
	tmp_write("v2/c/hugetlb.2MB.rsvd.current", "9\n");
	hostile = tmp_path("v2/c/hugetlb.9GB.current");
	assert_int_equal(mkdir(hostile, 0700), 0);
	read_stats();
	assert_int_equal(stats.n_hugetlb, 1);
	assert_string_equal(stats.hugetlb[0].page_size, "2MB");
	assert_int_equal(stats.hugetlb[0].usage, 4096);
	assert_int_equal(stats.hugetlb[0].failcnt, 3);
	cgroup_stats_done(&stats);
	cgroup_free(take_ptr(cgroup));
	free((void *)(uintptr_t)fake.swaps);
	fake_v1("hugetlb", CTL_BIT(CTL_HUGETLB));
	tmp_write("v2/c/cgroup.controllers", "");
	tmp_write("hugetlb/c/hugetlb.1GB.usage_in_bytes", "5\n");
	tmp_write("hugetlb/c/hugetlb.1GB.max_usage_in_bytes", "6\n");
	read_stats();
	assert_int_equal(stats.n_hugetlb, 1);
	assert_string_equal(stats.hugetlb[0].page_size, "1GB");
	assert_int_equal(stats.hugetlb[0].max_usage, 6);
	cgroup_stats_done(&stats);
}

TEST(what_is_not_counted_is_nothing)
{
	fake_v2("cpu memory io pids hugetlb");
	read_stats();
	assert_int_equal(stats.cpu.total_ns, 0);
	assert_int_equal(stats.memory.n_values, 0);
	assert_int_equal(stats.io.service_bytes.n, 0);
	assert_int_equal(stats.n_hugetlb, 0);
	cgroup_stats_done(&stats);
}

TEST(a_cgroup_that_has_gone_has_no_statistics)
{
	CLEANUP(free) char *procs = NULL;

	fake_v2("cpu");
	fake_open();
	procs = tmp_path("v2/c/cgroup.procs");
	assert_int_equal(unlink(procs), 0);
	memset(&stats, 0, sizeof(stats));
	assert_int_equal(cgroup_stats_read(cgroup, &stats, &err), -ENODEV);
	assert_string_equal(err.text, "cgroup /c has gone");
}

/* What the kernel of this machine says is understood. */
TEST(a_real_cgroup_has_statistics)
{
	CLEANUP(free) char *path = xasprintf("/kata-unit-%d", getpid());
	struct cgroup *real = NULL;

	require(geteuid() == 0 && cgroup_create(path, &real, &err) == 0);
	memset(&stats, 0, sizeof(stats));
	assert_int_equal(cgroup_stats_read(real, &stats, &err), 0);
	assert_true(cgroup_dir_of(real, CTL_MEMORY) == NULL || stats.memory.n_values > 10);
	assert_true(cgroup_dir_of(real, CTL_MEMORY) == NULL || stats.memory.memory.limit > 0);
	assert_true(cgroup_dir_of(real, CTL_CPUACCT) == NULL || stats.cpu.n_percpu > 0);
	assert_int_equal(stats.pids, 0);
	cgroup_stats_done(&stats);
	assert_int_equal(cgroup_remove(real, CGROUP_REMOVE_PARENTS, 0, &err), 0);
	cgroup_free(real);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(times_of_version_1_are_nanoseconds),
		FAKE_TEST(times_of_version_2_become_nanoseconds),
		FAKE_TEST(memory_of_version_1),
		FAKE_TEST(memory_of_version_2_in_the_terms_of_version_1),
		FAKE_TEST(no_limit_is_the_largest_number),
		FAKE_TEST(disks_of_version_1),
		FAKE_TEST(disks_of_version_2),
		FAKE_TEST(huge_pages_in_both_versions),
		FAKE_TEST(what_is_not_counted_is_nothing),
		FAKE_TEST(a_cgroup_that_has_gone_has_no_statistics),
		FAKE_TEST(a_real_cgroup_has_statistics),
	};

	return cmocka_run_group_tests_name("cgroup_stats", tests, NULL, NULL);
}
