/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "oci/spec.h"
#include "sandbox/sizing.h"

static struct err err;

/* One vCPU and 1 GiB at start, up to eight and 16 GiB. */
static struct machine_policy policy(bool reuses)
{
	return (struct machine_policy){
		.follows = true, .reuses = reuses, .first = { 1, 1024 }, .max = { 8, 16384 }
	};
}

#define MIB ((int64_t)1 << 20)

static struct container_limits limit(int64_t quota, int64_t memory_mib)
{
	return (struct container_limits){ .cpu_quota = quota, .memory = memory_mib * MIB };
}

static void assert_size(bool reuses, const struct container_limits *limits, size_t n, int64_t vcpus,
			int64_t memory_mib)
{
	const struct machine_policy p = policy(reuses);
	struct machine_size size = { 0 };

	assert_int_equal(sizing_demand(&p, limits, n, &size, &err), 0);
	assert_int_equal(size.vcpus, vcpus);
	assert_int_equal(size.memory_mib, memory_mib);
}

TEST(without_limits_it_is_the_initial_size)
{
	const struct container_limits none[3] = { 0 };

	assert_size(true, none, 3, 1, 1024);
	assert_size(false, none, 3, 1, 1024);
	assert_size(true, NULL, 0, 1, 1024);
}

/* openEuler's document: 1 vCPU and 1 GB become 4 and 4 for --cpus 4 -m 4G. */
TEST(limits_share_the_initial_size_or_add_to_it)
{
	const struct container_limits four = limit(400000, 4096);

	assert_size(true, &four, 1, 4, 4096);
	assert_size(false, &four, 1, 5, 5120);
}

TEST(smaller_limits_do_not_shrink_it)
{
	const struct container_limits small = limit(50000, 64);

	assert_size(true, &small, 1, 1, 1024);
	assert_size(false, &small, 1, 2, 1088);
}

TEST(quotas_are_added_before_they_are_rounded)
{
	const struct container_limits halves[] = { limit(150000, 100), limit(150000, 200),
						   limit(1000, 0) };

	assert_size(true, halves, 2, 3, 1024);
	assert_size(true, halves, 3, 4, 1024);
	assert_size(false, halves, 2, 4, 1324);
}

TEST(a_quota_is_of_its_period)
{
	struct container_limits limits = { .cpu_quota = 30000, .cpu_period = 10000 };

	assert_size(true, &limits, 1, 3, 1024);
	limits.cpu_period = 1000000;
	assert_size(true, &limits, 1, 1, 1024);
	limits.cpu_period = UINT64_MAX; /* nonsense: the kernel's period */
	limits.cpu_quota = 200000;
	assert_size(true, &limits, 1, 2, 1024);
}

TEST(a_byte_over_is_a_mebibyte)
{
	const struct container_limits odd = { .memory = 2048 * MIB + 1 };

	assert_size(true, &odd, 1, 1, 2049);
}

TEST(there_are_no_more_vcpus_than_the_most)
{
	const struct container_limits huge[] = { limit(INT64_MAX, 0), limit(INT64_MAX, 0) };
	const struct container_limits eight = limit(800000, 0);
	const struct container_limits nine = limit(800001, 0);

	assert_size(true, &eight, 1, 8, 1024);
	assert_size(true, &nine, 1, 8, 1024);
	assert_size(true, huge, 2, 8, 1024);
}

static void assert_too_much(const struct container_limits *limits, size_t n, const char *text)
{
	const struct machine_policy p = policy(true);
	struct machine_size size = { 7, 7 };

	assert_int_equal(sizing_demand(&p, limits, n, &size, &err), -ERANGE);
	assert_string_equal(err.text, text);
	assert_int_equal(size.vcpus, 7);
	assert_int_equal(size.memory_mib, 7);
}

TEST(more_memory_than_there_can_be_is_an_error_with_the_numbers)
{
	const struct container_limits all = limit(0, 16384);
	const struct container_limits over[] = { limit(0, 16384), { .memory = 1 } };
	const struct container_limits huge[] = { { .memory = INT64_MAX - (1 << 20) },
						 { .memory = INT64_MAX - (1 << 20) } };

	assert_size(true, &all, 1, 1, 16384);
	assert_too_much(
		over, 2,
		"linux.resources.memory.limit: the containers' limits need a virtual machine "
		"of 16385 MiB, and the host has 16384 MiB");
	assert_too_much(
		huge, 2,
		"linux.resources.memory.limit: the containers' limits add up to 8796093022207 "
		"MiB, a virtual machine has at most 524288 MiB");
}

TEST(an_update_changes_what_it_names)
{
	struct oci_resources resources = { .memory_limit = 512 * MIB };
	struct container_limits limits = {
		.cpu_quota = 5, .cpu_period = 6, .memory = 7, .last_cpu = 3
	};

	sizing_take(&limits, &resources);
	assert_int_equal(limits.cpu_quota, 5);
	assert_int_equal(limits.cpu_period, 6);
	assert_int_equal(limits.memory, 512 * MIB);
	assert_int_equal(limits.last_cpu, 3);
	resources = (struct oci_resources){ .cpu_quota = -1,
					    .cpu_period = 50000,
					    .memory_limit = -1,
					    .cpuset_cpus = (char[]){ "0,2-5" } };
	sizing_take(&limits, &resources);
	assert_int_equal(limits.cpu_quota, 0);
	assert_int_equal(limits.cpu_period, 50000);
	assert_int_equal(limits.memory, 0);
	assert_int_equal(limits.last_cpu, 5);
	/* What version 1 of cgroups shows for "none", and engines hand back. */
	resources = (struct oci_resources){ .memory_limit = INT64_MAX / 4096 * 4096,
					    .cpuset_cpus = (char[]){ "" } };
	sizing_take(&limits, &resources);
	assert_int_equal(limits.memory, 0);
	assert_int_equal(limits.last_cpu, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_limits_it_is_the_initial_size),
		cmocka_unit_test(limits_share_the_initial_size_or_add_to_it),
		cmocka_unit_test(smaller_limits_do_not_shrink_it),
		cmocka_unit_test(quotas_are_added_before_they_are_rounded),
		cmocka_unit_test(a_quota_is_of_its_period),
		cmocka_unit_test(a_byte_over_is_a_mebibyte),
		cmocka_unit_test(there_are_no_more_vcpus_than_the_most),
		cmocka_unit_test(more_memory_than_there_can_be_is_an_error_with_the_numbers),
		cmocka_unit_test(an_update_changes_what_it_names),
	};

	return cmocka_run_group_tests_name("sizing", tests, NULL, NULL);
}
