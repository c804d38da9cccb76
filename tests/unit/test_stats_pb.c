/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "agentc/stats_pb.h"
#include "cgroup/stats.h"

TEST(an_empty_answer_is_all_zero)
{
	Grpc__StatsContainerResponse pb = GRPC__STATS_CONTAINER_RESPONSE__INIT;
	struct cgroup_stats stats = { 0 };

	stats_from_pb(&pb, &stats);
	assert_int_equal(stats.cpu.total_ns, 0);
	assert_int_equal(stats.memory.n_values, 0);
	assert_int_equal(stats.n_hugetlb, 0);
	cgroup_stats_done(&stats);
}

/* The guest is hostile: what it calls things is shown on a terminal. */
TEST(names_from_the_guest_are_cut_and_printable)
{
	Grpc__BlkioStatsEntry entry = GRPC__BLKIO_STATS_ENTRY__INIT;
	Grpc__BlkioStatsEntry *entries[] = { &entry };
	Grpc__BlkioStats blkio = GRPC__BLKIO_STATS__INIT;
	Grpc__MemoryStats__StatsEntry value = GRPC__MEMORY_STATS__STATS_ENTRY__INIT;
	Grpc__MemoryStats__StatsEntry *values[] = { &value };
	Grpc__MemoryStats memory = GRPC__MEMORY_STATS__INIT;
	Grpc__CgroupStats__HugetlbStatsEntry page = GRPC__CGROUP_STATS__HUGETLB_STATS_ENTRY__INIT;
	Grpc__CgroupStats__HugetlbStatsEntry *pages[] = { &page };
	Grpc__CgroupStats cgroup = GRPC__CGROUP_STATS__INIT;
	Grpc__StatsContainerResponse pb = GRPC__STATS_CONTAINER_RESPONSE__INIT;
	struct cgroup_stats stats = { 0 };

	entry.op = (char[]){ "\033[2Jan operation with a long name" };
	blkio.n_io_serviced_recursive = 1;
	blkio.io_serviced_recursive = entries;
	value.key = (char[]){ "an\non" };
	value.value = 7;
	memory.n_stats = 1;
	memory.stats = values;
	page.key = (char[]){ "a page size that is far too long\a" };
	cgroup.n_hugetlb_stats = 1;
	cgroup.hugetlb_stats = pages;
	cgroup.blkio_stats = &blkio;
	cgroup.memory_stats = &memory;
	pb.cgroup_stats = &cgroup;

	stats_from_pb(&pb, &stats);
	assert_string_equal(stats.io.serviced.entries[0].op, "?[2Jan operatio");
	assert_string_equal(stats.memory.values[0].key, "an?on");
	assert_int_equal(stats.memory.values[0].value, 7);
	assert_string_equal(stats.hugetlb[0].page_size, "a page size tha");
	assert_int_equal(stats.hugetlb[0].usage, 0);
	cgroup_stats_done(&stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_answer_is_all_zero),
		cmocka_unit_test(names_from_the_guest_are_cut_and_printable),
	};

	return cmocka_run_group_tests_name("stats_pb", tests, NULL, NULL);
}
