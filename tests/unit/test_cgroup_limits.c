/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>

#include "tests/unit/cgroup_fake.h"

#define REMEDY                                                                                     \
	"cgroup version 2 does not have it; agent.unified_cgroup_hierarchy=false gives the guest " \
	"version 1"

/* Files that are empty are enough where nothing is read. */
static void files(const char *dir, const char *const *names)
{
	for (; *names; names++) {
		CLEANUP(free) char *path = xasprintf("%s/c/%s", dir, *names);

		tmp_write(path, "");
	}
}

static void assert_file(const char *name, const char *expected)
{
	CLEANUP(free) char *path = tmp_path("%s", name);
	CLEANUP(free) char *text = NULL;

	assert_int_equal(file_read(path, 4096, &text, NULL, &err), 0);
	assert_string_equal(text, expected);
}

static void open_cpu_v2(void)
{
	static const char *const names[] = { "cpu.weight", "cpu.max.burst", "cpu.idle", NULL };

	fake_v2("cpuset cpu\n");
	files("v2", names);
	tmp_write("v2/c/cpu.max", "max 100000\n");
	fake_open();
}

static void open_cpu_v1(const char *period)
{
	static const char *const names[] = { "cpu.shares",
					     "cpu.cfs_quota_us",
					     "cpu.cfs_burst_us",
					     "cpu.rt_period_us",
					     "cpu.rt_runtime_us",
					     "cpu.idle",
					     NULL };

	fake_v1("cpu", CTL_BIT(CTL_CPU));
	files("cpu", names);
	tmp_write("cpu/c/cpu.cfs_period_us", period);
	fake_open();
}

static void open_memory_v2(const char *current)
{
	static const char *const names[] = { "memory.max", "memory.low", NULL };

	fake_v2("memory");
	files("v2", names);
	tmp_write("v2/c/memory.current", current);
	fake_open();
}

static void open_memory_v1(const char *limit, const char *swap)
{
	static const char *const names[] = { "memory.soft_limit_in_bytes",
					     "memory.kmem.tcp.limit_in_bytes", "memory.swappiness",
					     "memory.oom_control", NULL };

	fake_v1("memory", CTL_BIT(CTL_MEMORY));
	files("memory", names);
	tmp_write("memory/c/memory.limit_in_bytes", limit);
	tmp_write("memory/c/memory.usage_in_bytes", "4096\n");
	if (swap)
		tmp_write("memory/c/memory.memsw.limit_in_bytes", swap);
	fake_open();
}

TEST(nothing_named_is_nothing_written)
{
	fake_v2("");
	fake_open();
	assert_plan(&(struct oci_resources){ 0 }, "");
}

TEST(shares_become_a_weight_by_the_curve_of_runc)
{
	open_cpu_v2();
	assert_plan(&(struct oci_resources){ .cpu_shares = 1024 }, "cpu.weight=39");
	assert_plan(&(struct oci_resources){ .cpu_shares = 2 }, "cpu.weight=1");
	assert_plan(&(struct oci_resources){ .cpu_shares = 262144 }, "cpu.weight=10000");
	assert_plan(&(struct oci_resources){ .cpu_shares = 1 }, "cpu.weight=1");
	assert_plan(&(struct oci_resources){ .cpu_shares = UINT64_MAX }, "cpu.weight=10000");
}

TEST(a_quota_alone_leaves_the_period_and_the_other_way_round)
{
	open_cpu_v2();
	assert_plan(&(struct oci_resources){ .cpu_quota = 50000 }, "cpu.max=50000");
	assert_plan(&(struct oci_resources){ .cpu_quota = -1 }, "cpu.max=max");
	assert_plan(&(struct oci_resources){ .cpu_period = 20000 }, "cpu.max=max 20000");
	tmp_write("v2/c/cpu.max", "30000 100000\n");
	assert_plan(&(struct oci_resources){ .cpu_period = 20000 }, "cpu.max=30000 20000");
	assert_plan(&((struct oci_resources){ .cpu_quota = 50000, .cpu_period = 20000 }),
		    "cpu.max=50000 20000");
}

TEST(a_burst_is_out_of_the_way_while_the_quota_changes)
{
	open_cpu_v2();
	assert_plan(&((struct oci_resources){
			    .cpu_quota = 2000, .has_cpu_burst = true, .cpu_burst = 1000 }),
		    "cpu.max.burst=0; cpu.max=2000; cpu.max.burst=1000");
	assert_plan(&((struct oci_resources){ .has_cpu_burst = true, .cpu_burst = 0 }),
		    "cpu.max.burst=0");
}

TEST(an_idle_cgroup_has_no_weight)
{
	open_cpu_v2();
	assert_plan(&((struct oci_resources){
			    .has_cpu_idle = true, .cpu_idle = 1, .cpu_shares = 1024 }),
		    "cpu.idle=1");
	assert_plan(&((struct oci_resources){
			    .has_cpu_idle = true, .cpu_idle = 0, .cpu_shares = 1024 }),
		    "cpu.idle=0; cpu.weight=39");
}

TEST(realtime_is_refused_by_name_on_version_2)
{
	open_cpu_v2();
	assert_refused(&((struct oci_resources){ .cpu_rt_runtime = 1000 }), ENOTSUP,
		       "linux.resources.cpu.realtimeRuntime: " REMEDY);
	assert_refused(&((struct oci_resources){ .cpu_rt_period = 1000 }), ENOTSUP,
		       "linux.resources.cpu.realtimePeriod: " REMEDY);
}

TEST(numbers_of_cpu_are_checked)
{
	open_cpu_v2();
	assert_refused(&((struct oci_resources){ .cpu_period = 999 }), EINVAL,
		       "linux.resources.cpu.period: 999 µs is not 1000 to 1000000");
	assert_refused(&((struct oci_resources){ .cpu_period = 1000001 }), EINVAL,
		       "linux.resources.cpu.period: 1000001 µs is not 1000 to 1000000");
	assert_refused(&((struct oci_resources){ .cpu_quota = 999 }), EINVAL,
		       "linux.resources.cpu.quota: 999 µs is below 1000");
	assert_refused(&((struct oci_resources){
			       .cpu_quota = 1000, .has_cpu_burst = true, .cpu_burst = 1001 }),
		       EINVAL,
		       "linux.resources.cpu.burst: 1001 µs is over cpu.quota, which is 1000");
	assert_refused(&((struct oci_resources){ .has_cpu_idle = true, .cpu_idle = 2 }), EINVAL,
		       "linux.resources.cpu.idle: 2 is neither 0 nor 1");
	assert_file("v2/c/cpu.weight", "");
}

TEST(on_version_1_a_period_that_grows_goes_first)
{
	open_cpu_v1("100000\n");
	assert_plan(&((struct oci_resources){ .cpu_quota = 5000, .cpu_period = 200000 }),
		    "cpu.cfs_period_us=200000; cpu.cfs_quota_us=5000");
	assert_plan(&((struct oci_resources){ .cpu_quota = 5000, .cpu_period = 50000 }),
		    "cpu.cfs_quota_us=5000; cpu.cfs_period_us=50000");
	assert_plan(&((struct oci_resources){ .cpu_quota = -1 }), "cpu.cfs_quota_us=-1");
}

TEST(version_1_has_shares_realtime_and_burst)
{
	open_cpu_v1("100000\n");
	assert_plan(&((struct oci_resources){ .cpu_shares = 1024,
					      .cpu_rt_period = 1000000,
					      .cpu_rt_runtime = 950000,
					      .has_cpu_burst = true,
					      .cpu_burst = 100 }),
		    "cpu.shares=1024; cpu.rt_period_us=1000000; cpu.rt_runtime_us=950000; "
		    "cpu.cfs_burst_us=100");
}

TEST(a_cpuset_is_a_list_of_numbers)
{
	static const char *const names[] = { "cpuset.cpus", "cpuset.mems", NULL };
	char good[] = "0-1,3";
	char bad[] = "0-1\n";

	fake_v2("cpuset");
	files("v2", names);
	fake_open();
	assert_plan(&((struct oci_resources){ .cpuset_cpus = good, .cpuset_mems = good }),
		    "cpuset.cpus=0-1,3; cpuset.mems=0-1,3");
	assert_refused(&((struct oci_resources){ .cpuset_mems = bad }), EINVAL,
		       "linux.resources.cpu.mems: '0-1?' is not a list such as 0-3,7");
}

TEST(a_controller_that_is_not_there_is_named_with_the_key)
{
	char cpus[] = "0";
	struct oci_hugepage_limit huge = { .limit = 1 };

	open_memory_v2("0\n");
	assert_refused(&((struct oci_resources){ .memory_limit = 4096, .pids_limit = 5 }), ENOTSUP,
		       "linux.resources.pids.limit: the cgroup has no pids controller");
	assert_file("v2/c/memory.max", "");
	assert_refused(&((struct oci_resources){ .cpu_shares = 5 }), ENOTSUP,
		       "linux.resources.cpu.shares: the cgroup has no cpu controller");
	assert_refused(&((struct oci_resources){ .cpuset_cpus = cpus }), ENOTSUP,
		       "linux.resources.cpu.cpus: the cgroup has no cpuset controller");
	assert_refused(&((struct oci_resources){ .io_weight = 500 }), ENOTSUP,
		       "linux.resources.blockIO.weight: the cgroup has no io controller");
	assert_refused(
		&((struct oci_resources){ .hugepage_limits = &huge, .n_hugepage_limits = 1 }),
		ENOTSUP, "linux.resources.hugepageLimits: the cgroup has no hugetlb controller");
}

TEST(a_memory_limit_is_written_to_its_file)
{
	open_memory_v2("0\n");
	assert_int_equal(cgroup_apply(cgroup,
				      &((struct oci_resources){ .memory_limit = 1 << 20,
								.memory_reservation = 4096 }),
				      &err),
			 0);
	assert_file("v2/c/memory.max", "1048576");
	assert_file("v2/c/memory.low", "4096");
}

TEST(no_reservation_is_none_and_not_all)
{
	open_memory_v2("0\n");
	assert_plan(&((struct oci_resources){ .memory_reservation = -1 }), "memory.low=0");
}

TEST(version_2_counts_swap_alone)
{
	open_memory_v2("0\n");
	tmp_write("v2/c/memory.swap.max", "max\n");
	assert_plan(&((struct oci_resources){ .memory_limit = 1000, .memory_swap = 3000 }),
		    "memory.swap.max=2000; memory.max=1000");
	assert_plan(&((struct oci_resources){ .memory_limit = 1000, .memory_swap = 1000 }),
		    "memory.swap.max=0; memory.max=1000");
	assert_plan(&((struct oci_resources){ .memory_limit = 1000, .memory_swap = -1 }),
		    "memory.swap.max=max; memory.max=1000");
	assert_plan(&((struct oci_resources){ .memory_limit = -1 }),
		    "memory.swap.max=max; memory.max=max");
	assert_plan(&((struct oci_resources){ .memory_limit = 1000 }), "memory.max=1000");
}

TEST(swap_that_cannot_be_is_refused)
{
	open_memory_v2("0\n");
	tmp_write("v2/c/memory.swap.max", "max\n");
	assert_refused(
		&((struct oci_resources){ .memory_swap = 5000 }), EINVAL,
		"linux.resources.memory.swap: 5000 counts memory too, and memory.limit is not "
		"given");
	assert_refused(&((struct oci_resources){ .memory_limit = 6000, .memory_swap = 5000 }),
		       EINVAL,
		       "linux.resources.memory.swap: 5000 is below memory.limit, which is 6000 and "
		       "part of it");
}

TEST(a_kernel_that_does_not_count_swap_is_fine_when_there_is_none)
{
	open_memory_v2("0\n");
	assert_plan(&((struct oci_resources){ .memory_limit = 1000, .memory_swap = 1000 }),
		    "memory.max=1000");
	assert_plan(&((struct oci_resources){ .memory_limit = 1000, .memory_swap = 2000 }),
		    "memory.max=1000");
	tmp_write("swaps", "Filename Type Size Used Priority\n/swap file 4096 0 -2\n");
	assert_refused(&((struct oci_resources){ .memory_limit = 1000, .memory_swap = 1000 }),
		       ENOTSUP, "linux.resources.memory.swap: this kernel has no memory.swap.max");
	assert_plan(&((struct oci_resources){ .memory_limit = 1000, .memory_swap = -1 }),
		    "memory.max=1000");
}

TEST(what_memory_of_version_2_lacks_is_refused_by_name)
{
	open_memory_v2("0\n");
	assert_refused(&((struct oci_resources){ .has_memory_swappiness = true }), ENOTSUP,
		       "linux.resources.memory.swappiness: " REMEDY);
	assert_refused(&((struct oci_resources){ .memory_no_oom_killer = true }), ENOTSUP,
		       "linux.resources.memory.disableOOMKiller: " REMEDY);
	assert_refused(&((struct oci_resources){ .memory_kernel_tcp = 4096 }), ENOTSUP,
		       "linux.resources.memory.kernelTCP: " REMEDY);
}

TEST(a_limit_below_what_is_used_is_refused_if_that_is_to_be_checked)
{
	open_memory_v2("8192\n");
	assert_refused(
		&((struct oci_resources){ .memory_limit = 4096, .memory_check_update = true }),
		EBUSY,
		"linux.resources.memory.limit: 4096 bytes is below the 8192 that are in use");
	assert_plan(&((struct oci_resources){ .memory_limit = 8192, .memory_check_update = true }),
		    "memory.max=8192");
	assert_plan(&((struct oci_resources){ .memory_limit = 4096 }), "memory.max=4096");
}

TEST(on_version_1_the_limit_never_passes_the_swap)
{
	open_memory_v1("4096\n", "8192\n");
	assert_plan(&((struct oci_resources){ .memory_limit = 16384, .memory_swap = 32768 }),
		    "memory.memsw.limit_in_bytes=32768; memory.limit_in_bytes=16384");
	assert_plan(&((struct oci_resources){ .memory_limit = 1024, .memory_swap = 2048 }),
		    "memory.limit_in_bytes=1024; memory.memsw.limit_in_bytes=2048");
	assert_plan(&((struct oci_resources){ .memory_limit = -1 }),
		    "memory.memsw.limit_in_bytes=-1; memory.limit_in_bytes=-1");
	assert_plan(&((struct oci_resources){ .memory_limit = 8192 }),
		    "memory.limit_in_bytes=8192");
	assert_plan(&((struct oci_resources){ .memory_swap = 4096 }),
		    "memory.memsw.limit_in_bytes=4096");
	assert_refused(
		&((struct oci_resources){ .memory_limit = 8193 }), EINVAL,
		"linux.resources.memory.limit: 8193 is over memory.swap, which is 8192 and is "
		"to be set with it");
	assert_refused(&((struct oci_resources){ .memory_swap = 4095 }), EINVAL,
		       "linux.resources.memory.swap: 4095 is below memory.limit, which is 4096 and "
		       "part of it");
}

TEST(version_1_without_swap_accounting_is_fine_when_there_is_none)
{
	open_memory_v1("4096\n", NULL);
	assert_plan(&((struct oci_resources){ .memory_limit = 1024, .memory_swap = 2048 }),
		    "memory.limit_in_bytes=1024");
	assert_plan(&((struct oci_resources){ .memory_limit = -1 }), "memory.limit_in_bytes=-1");
	tmp_write("swaps", "Filename Type Size Used Priority\n/swap file 4096 0 -2\n");
	assert_refused(
		&((struct oci_resources){ .memory_limit = 1024, .memory_swap = 2048 }), ENOTSUP,
		"linux.resources.memory.swap: this kernel has no memory.memsw.limit_in_bytes");
}

TEST(version_1_has_the_rest_of_memory)
{
	open_memory_v1("4096\n", NULL);
	assert_plan(&((struct oci_resources){ .memory_reservation = -1,
					      .memory_kernel_tcp = 4096,
					      .has_memory_swappiness = true,
					      .memory_swappiness = 60,
					      .memory_no_oom_killer = true }),
		    "memory.soft_limit_in_bytes=-1; memory.kmem.tcp.limit_in_bytes=4096; "
		    "memory.swappiness=60; memory.oom_control=1");
	assert_refused(&((struct oci_resources){ .has_memory_swappiness = true,
						 .memory_swappiness = 101 }),
		       EINVAL, "linux.resources.memory.swappiness: 101 is not 0 to 100");
	assert_refused(
		&((struct oci_resources){ .memory_limit = 4095, .memory_check_update = true }),
		EBUSY,
		"linux.resources.memory.limit: 4095 bytes is below the 4096 that are in use");
}

TEST(a_number_of_processes)
{
	static const char *const names[] = { "pids.max", NULL };

	fake_v2("pids");
	files("v2", names);
	fake_open();
	assert_plan(&((struct oci_resources){ .pids_limit = 7 }), "pids.max=7");
	assert_plan(&((struct oci_resources){ .pids_limit = -1 }), "pids.max=max");
}

TEST(weights_of_disks_on_version_2)
{
	struct oci_device_weight device = { .major = 8, .minor = 16, .weight = 10 };
	struct oci_device_weight leaf = { .major = 8, .minor = 16, .leaf_weight = 10 };

	fake_v2("io");
	tmp_write("v2/c/io.weight", "default 100\n");
	fake_open();
	assert_plan(&((struct oci_resources){ .io_weight = 10 }), "io.weight=1");
	assert_plan(&((struct oci_resources){ .io_weight = 1000 }), "io.weight=10000");
	assert_plan(
		&((struct oci_resources){ .io_device_weights = &device, .n_io_device_weights = 1 }),
		"io.weight=8:16 1");
	tmp_write("v2/c/io.bfq.weight", "default 100\n");
	assert_plan(&((struct oci_resources){ .io_weight = 500,
					      .io_device_weights = &device,
					      .n_io_device_weights = 1 }),
		    "io.bfq.weight=500; io.bfq.weight=8:16 10");
	assert_refused(&((struct oci_resources){ .io_leaf_weight = 500 }), ENOTSUP,
		       "linux.resources.blockIO.leafWeight: " REMEDY);
	assert_refused(
		&((struct oci_resources){ .io_device_weights = &leaf, .n_io_device_weights = 1 }),
		ENOTSUP, "linux.resources.blockIO.weightDevice[0].leafWeight: " REMEDY);
}

TEST(a_weight_of_disks_has_a_range)
{
	struct oci_device_weight device = { .major = 8, .minor = 16, .weight = 9 };

	fake_v2("io");
	fake_open();
	assert_refused(&((struct oci_resources){ .io_weight = 1001 }), EINVAL,
		       "linux.resources.blockIO.weight: 1001 is not 10 to 1000");
	assert_refused(
		&((struct oci_resources){ .io_device_weights = &device, .n_io_device_weights = 1 }),
		EINVAL, "linux.resources.blockIO.weightDevice[0].weight: 9 is not 10 to 1000");
	assert_refused(&((struct oci_resources){ .io_weight = 500 }), ENOTSUP,
		       "linux.resources.blockIO.weight: this kernel has no io.weight");
}

static struct oci_device_throttle throttled[] = { { 8, 0, 1048576 }, { 8, 16, 0 } };

TEST(throttles_on_version_2)
{
	fake_v2("io");
	tmp_write("v2/c/io.max", "");
	fake_open();
	assert_plan(&((struct oci_resources){ .io_read_bps = { throttled, 2 },
					      .io_write_bps = { throttled, 1 },
					      .io_read_iops = { throttled, 1 },
					      .io_write_iops = { throttled, 1 } }),
		    "io.max=8:0 rbps=1048576; io.max=8:16 rbps=max; io.max=8:0 wbps=1048576; "
		    "io.max=8:0 riops=1048576; io.max=8:0 wiops=1048576");
}

TEST(weights_and_throttles_on_version_1)
{
	static const char *const names[] = { "blkio.weight",
					     "blkio.leaf_weight",
					     "blkio.weight_device",
					     "blkio.leaf_weight_device",
					     "blkio.throttle.read_bps_device",
					     "blkio.throttle.write_iops_device",
					     NULL };
	struct oci_device_weight device = { 8, 16, 20, 30 };

	fake_v1("blkio", CTL_BIT(CTL_IO));
	files("blkio", names);
	fake_open();
	assert_plan(&((struct oci_resources){ .io_weight = 500,
					      .io_leaf_weight = 300,
					      .io_device_weights = &device,
					      .n_io_device_weights = 1,
					      .io_read_bps = { throttled, 2 },
					      .io_write_iops = { throttled, 1 } }),
		    "blkio.weight=500; blkio.leaf_weight=300; blkio.weight_device=8:16 20; "
		    "blkio.leaf_weight_device=8:16 30; "
		    "blkio.throttle.read_bps_device=8:0 1048576; "
		    "blkio.throttle.read_bps_device=8:16 0; "
		    "blkio.throttle.write_iops_device=8:0 1048576");
	tmp_write("blkio/c/blkio.bfq.weight", "");
	tmp_write("blkio/c/blkio.bfq.weight_device", "");
	assert_plan(&((struct oci_resources){ .io_weight = 500 }), "blkio.bfq.weight=500");
}

TEST(huge_pages_in_both_versions)
{
	char size[] = "2MB";
	struct oci_hugepage_limit limit = { size, 4194304 };
	const struct oci_resources want = { .hugepage_limits = &limit, .n_hugepage_limits = 1 };

	fake_v2("hugetlb");
	tmp_write("v2/c/hugetlb.2MB.max", "max\n");
	fake_open();
	assert_plan(&want, "hugetlb.2MB.max=4194304");
	tmp_write("v2/c/hugetlb.2MB.rsvd.max", "max\n");
	assert_plan(&want, "hugetlb.2MB.max=4194304; hugetlb.2MB.rsvd.max=4194304");
	cgroup_free(take_ptr(cgroup));
	free((void *)(uintptr_t)fake.swaps);
	fake_v1("hugetlb", CTL_BIT(CTL_HUGETLB));
	tmp_write("hugetlb/c/hugetlb.2MB.limit_in_bytes", "");
	tmp_write("v2/c/cgroup.controllers", "");
	fake_open();
	assert_plan(&want, "hugetlb.2MB.limit_in_bytes=4194304");
}

TEST(files_are_limited_where_the_kernel_can)
{
	const struct oci_resources want = { .files_limit = 2048 };

	fake_v2("memory");
	fake_v1("files", CTL_BIT(CTL_FILES));
	tmp_write("files/c/files.limit", "max\n");
	fake_open();
	assert_plan(&want, "files.limit=2048");
	assert_plan(&((struct oci_resources){ .files_limit = -1 }), "files.limit=max");
}

TEST(files_are_not_limited_without_the_controller)
{
	fake_v2("memory");
	fake_open();
	assert_refused(&((struct oci_resources){ .files_limit = 2048 }), ENOTSUP,
		       "linux.resources.files.limit: the cgroup has no files controller");
}

TEST(a_page_size_is_no_way_to_another_file)
{
	char up[] = "/../../x";
	char none[] = "3MB";
	struct oci_hugepage_limit limit = { up, 1 };
	const struct oci_resources want = { .hugepage_limits = &limit, .n_hugepage_limits = 1 };

	fake_v2("hugetlb");
	fake_open();
	assert_refused(
		&want, EINVAL,
		"linux.resources.hugepageLimits[0].pageSize: '/../../x' is not a size such as "
		"64KB, 2MB or 1GB");
	limit.page_size = none;
	assert_refused(&want, ENOTSUP,
		       "linux.resources.hugepageLimits[0]: this kernel has no hugetlb.3MB.max");
}

static struct oci_resources unified_of(char **entries)
{
	return (struct oci_resources){ .unified = entries };
}

TEST(unified_keys_are_files)
{
	char high[] = "memory.high=1073741824";
	char several[] = "io.max=8:0 rbps=1\n8:16 rbps=2";
	char depth[] = "cgroup.max.depth=5";
	char empty[] = "memory.high=";
	char *entries[] = { high, several, depth, empty, NULL };
	struct oci_resources want = unified_of(entries);

	fake_v2("memory io");
	tmp_write("v2/c/memory.high", "max\n");
	tmp_write("v2/c/io.max", "");
	tmp_write("v2/c/cgroup.max.depth", "");
	fake_open();
	assert_plan(&want, "memory.high=1073741824; io.max=8:0 rbps=1; io.max=8:16 rbps=2; "
			   "cgroup.max.depth=5; memory.high=\n");
}

static void assert_bad_entries(const char *const *bad, size_t n, const char *why)
{
	fake_v2("memory");
	fake_open();
	for (size_t i = 0; i < n; i++) {
		CLEANUP(free) char *entry = xstrdup(bad[i]);
		char *entries[] = { entry, NULL };
		struct oci_resources want = unified_of(entries);

		assert_int_equal(cgroup_apply(cgroup, &want, &err), -EINVAL);
		assert_non_null(strstr(err.text, why));
	}
}

TEST(unified_keys_that_are_no_limits_are_refused)
{
	static const char *const bad[] = { "cgroup.procs=1",  "cgroup.threads=1",
					   "cgroup.kill=1",   "cgroup.subtree_control=+cpu",
					   "cgroup.freeze=1", "cgroup.type=threaded" };

	assert_bad_entries(bad, sizeof(bad) / sizeof(bad[0]), "not a limit");
}

TEST(unified_keys_lead_nowhere_else)
{
	static const char *const bad[] = { "../c/memory.max=1", "memory/x.y=1", "memory=1", "=1" };

	assert_bad_entries(bad, sizeof(bad) / sizeof(bad[0]),
			   "it is not the name of a file in a cgroup");
}

TEST(unified_keys_need_their_controller_and_their_file)
{
	char pids[] = "pids.max=1";
	char odd[] = "memory.odd=1";
	char unknown[] = "notify_on.release=1";
	char *entries[] = { pids, NULL };
	struct oci_resources want = unified_of(entries);

	fake_v2("memory");
	fake_open();
	assert_refused(
		&want, ENOTSUP,
		"linux.resources.unified[\"pids.max\"]: the cgroup has no pids controller of "
		"version 2");
	entries[0] = odd;
	assert_refused(&want, ENOTSUP,
		       "linux.resources.unified[\"memory.odd\"]: this kernel has no memory.odd");
	entries[0] = unknown;
	assert_refused(
		&want, ENOTSUP,
		"linux.resources.unified[\"notify_on.release\"]: the cgroup has no notify_on "
		"controller of version 2");
}

TEST(unified_keys_are_refused_on_version_1)
{
	char high[] = "memory.high=1";
	char *entries[] = { high, NULL };
	struct oci_resources want = unified_of(entries);

	open_memory_v1("4096\n", NULL);
	assert_refused(&want, ENOTSUP,
		       "linux.resources.unified[\"memory.high\"]: version 2 of cgroups is not "
		       "mounted");
}

TEST(each_controller_is_used_where_it_is)
{
	char size[] = "2MB";
	struct oci_hugepage_limit limit = { size, 0 };

	fake_v1("pids", CTL_BIT(CTL_PIDS));
	tmp_write("pids/c/pids.max", "");
	fake_v2("hugetlb");
	tmp_write("v2/c/hugetlb.2MB.max", "max\n");
	fake_open();
	assert_int_equal(cgroup_apply(cgroup,
				      &((struct oci_resources){ .pids_limit = 9,
								.hugepage_limits = &limit,
								.n_hugepage_limits = 1 }),
				      &err),
			 0);
	assert_file("pids/c/pids.max", "9");
	assert_file("v2/c/hugetlb.2MB.max", "0ax\n");
}

TEST(a_link_in_the_place_of_a_file_is_not_followed)
{
	CLEANUP(free) char *target = tmp_path("elsewhere");
	CLEANUP(free) char *link = tmp_path("v2/c/pids.max");

	fake_v2("pids");
	tmp_write("elsewhere", "");
	assert_int_equal(symlink(target, link), 0);
	fake_open();
	assert_refused(&((struct oci_resources){ .pids_limit = 9 }), ELOOP,
		       "linux.resources.pids.limit: write '9' to pids.max: Too many levels of "
		       "symbolic links");
	assert_file("elsewhere", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(nothing_named_is_nothing_written),
		FAKE_TEST(shares_become_a_weight_by_the_curve_of_runc),
		FAKE_TEST(a_quota_alone_leaves_the_period_and_the_other_way_round),
		FAKE_TEST(a_burst_is_out_of_the_way_while_the_quota_changes),
		FAKE_TEST(an_idle_cgroup_has_no_weight),
		FAKE_TEST(realtime_is_refused_by_name_on_version_2),
		FAKE_TEST(numbers_of_cpu_are_checked),
		FAKE_TEST(on_version_1_a_period_that_grows_goes_first),
		FAKE_TEST(version_1_has_shares_realtime_and_burst),
		FAKE_TEST(a_cpuset_is_a_list_of_numbers),
		FAKE_TEST(a_controller_that_is_not_there_is_named_with_the_key),
		FAKE_TEST(a_memory_limit_is_written_to_its_file),
		FAKE_TEST(no_reservation_is_none_and_not_all),
		FAKE_TEST(version_2_counts_swap_alone),
		FAKE_TEST(swap_that_cannot_be_is_refused),
		FAKE_TEST(a_kernel_that_does_not_count_swap_is_fine_when_there_is_none),
		FAKE_TEST(what_memory_of_version_2_lacks_is_refused_by_name),
		FAKE_TEST(a_limit_below_what_is_used_is_refused_if_that_is_to_be_checked),
		FAKE_TEST(on_version_1_the_limit_never_passes_the_swap),
		FAKE_TEST(version_1_without_swap_accounting_is_fine_when_there_is_none),
		FAKE_TEST(version_1_has_the_rest_of_memory),
		FAKE_TEST(a_number_of_processes),
		FAKE_TEST(weights_of_disks_on_version_2),
		FAKE_TEST(a_weight_of_disks_has_a_range),
		FAKE_TEST(throttles_on_version_2),
		FAKE_TEST(weights_and_throttles_on_version_1),
		FAKE_TEST(huge_pages_in_both_versions),
		FAKE_TEST(files_are_limited_where_the_kernel_can),
		FAKE_TEST(files_are_not_limited_without_the_controller),
		FAKE_TEST(a_page_size_is_no_way_to_another_file),
		FAKE_TEST(unified_keys_are_files),
		FAKE_TEST(unified_keys_that_are_no_limits_are_refused),
		FAKE_TEST(unified_keys_lead_nowhere_else),
		FAKE_TEST(unified_keys_need_their_controller_and_their_file),
		FAKE_TEST(unified_keys_are_refused_on_version_1),
		FAKE_TEST(each_controller_is_used_where_it_is),
		FAKE_TEST(a_link_in_the_place_of_a_file_is_not_followed),
	};

	return cmocka_run_group_tests_name("cgroup_limits", tests, NULL, NULL);
}
