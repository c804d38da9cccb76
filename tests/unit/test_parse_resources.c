/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "tests/unit/spec_full.h"
#include "tests/unit/spec_json.h"

static struct oci_resources taken(const char *text)
{
	struct oci_resources resources = { 0 };
	struct err err = { 0 };

	if (oci_resources_parse(text, strlen(text), &resources, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	return resources;
}

static void refused_alone(const char *text, int code, const char *wanted)
{
	struct oci_resources resources = { 0 };
	struct err err = { 0 };

	if (oci_resources_parse(text, strlen(text), &resources, &err) != -code)
		fail_msg("taken: %s", text);
	assert_string_equal(err.text, wanted);
	assert_null(resources.device_rules);
}

TEST(resources_stand_alone_or_in_a_configuration)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);
	struct oci_resources alone = taken(FULL_RESOURCES);

	assert_resources(&alone, &spec->resources);
	assert_true(alone.has_memory_swappiness);
	assert_string_equal(alone.unified[1], "io.max=8:0 rbps=1");
	oci_resources_done(&alone);
	assert_null(alone.unified);
	refused_alone("[]", EINVAL, "JSON: must be an object, is of type array");
	refused_alone("{\"pids\":{\"limit\":-2}}", EINVAL,
		      "pids.limit: -2 is under -1, which is no limit");
	refused_linux("\"resources\":{\"pids\":{\"limit\":-2}}",
		      "linux.resources.pids.limit: -2 is under -1, which is no limit");
}

/* Docker 20.10, Podman 4.3 and containerd 1.6 write these where nothing was asked for. */
TEST(what_engines_write_for_nothing_is_nothing)
{
	struct oci_resources none = { 0 };
	struct oci_resources resources = taken(
		"{\"devices\":null,\"memory\":{\"limit\":0,\"swappiness\":null,"
		"\"kernel\":0,\"disableOOMKiller\":false},\"cpu\":{\"shares\":0,\"burst\":null,"
		"\"idle\":null},\"pids\":{\"limit\":0},\"blockIO\":{\"weight\":0,"
		"\"weightDevice\":null,\"throttleReadBpsDevice\":[]},"
		"\"hugepageLimits\":null,\"network\":{},\"rdma\":null,\"unified\":null}");

	assert_resources(&resources, &none);
	oci_resources_done(&resources);
	resources = taken("{\"memory\":{\"swappiness\":18446744073709551615},\"network\":"
			  "{\"classID\":null,\"priorities\":null},\"blockIO\":{},\"cpu\":{}}");
	assert_resources(&resources, &none);
	oci_resources_done(&resources);
}

TEST(a_device_rule_without_words_is_about_everything)
{
	struct oci_resources resources =
		taken("{\"devices\":[{},{\"allow\":true,\"type\":\"\",\"access\":\"\"},"
		      "{\"type\":\"b\",\"major\":null,\"minor\":-1,\"access\":\"mwwr\"},"
		      "{\"type\":\"c\",\"major\":5,\"minor\":0,\"access\":\"m\"}]}");
	const struct oci_device_rule *rule = resources.device_rules;

	assert_int_equal(resources.n_device_rules, 4);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(rule[i].allow, i == 1);
		assert_int_equal(rule[i].type, 'a');
		assert_true(rule[i].major == -1 && rule[i].minor == -1);
		assert_string_equal(rule[i].access, "rwm");
	}
	assert_int_equal(rule[2].type, 'b');
	assert_true(rule[2].major == -1 && rule[2].minor == -1);
	assert_string_equal(rule[2].access, "rwm");
	assert_true(rule[3].major == 5 && rule[3].minor == 0);
	assert_string_equal(rule[3].access, "m");
	oci_resources_done(&resources);
}

TEST(a_device_rule_with_wrong_words_is_refused)
{
	refused_alone("{\"devices\":[{},{\"type\":\"u\"}]}", EINVAL,
		      "devices[1]: type: 'u' is not a, b or c");
	refused_alone("{\"devices\":[{\"type\":\"cb\"}]}", EINVAL,
		      "devices[0]: type: 'cb' is not a, b or c");
	refused_alone("{\"devices\":[{\"access\":\"rwx\"}]}", EINVAL,
		      "devices[0]: access: 'rwx' holds more than r, w and m");
	refused_alone("{\"devices\":[{\"major\":-2}]}", EINVAL,
		      "devices[0].major: -2 is not -1 (any) to 4294967295");
	refused_alone("{\"devices\":[{\"minor\":4294967296}]}", EINVAL,
		      "devices[0].minor: 4294967296 is not -1 (any) to 4294967295");
	refused_alone("{\"devices\":[{\"allow\":1}]}", EINVAL,
		      "devices[0].allow: must be true or false, is of type int");
}

TEST(limits_have_their_ranges)
{
	refused_alone("{\"memory\":{\"limit\":-2}}", EINVAL,
		      "memory.limit: -2 is under -1, which is no limit");
	refused_alone("{\"memory\":{\"swap\":-2}}", EINVAL,
		      "memory.swap: -2 is under -1, which is no limit");
	refused_alone("{\"memory\":{\"reservation\":-9}}", EINVAL,
		      "memory.reservation: -9 is under -1, which is no limit");
	refused_alone("{\"memory\":{\"kernelTCP\":-2}}", EINVAL,
		      "memory.kernelTCP: -2 is under -1, which is no limit");
	refused_alone("{\"memory\":{\"swappiness\":101}}", EINVAL,
		      "memory.swappiness: 101 is over 100");
	refused_alone("{\"memory\":{\"kernel\":\"1g\"}}", EINVAL,
		      "memory.kernel: must be an integer, is of type string");
	refused_alone("{\"cpu\":{\"quota\":-2}}", EINVAL,
		      "cpu.quota: -2 is under -1, which is no limit");
	refused_alone("{\"cpu\":{\"realtimeRuntime\":-2}}", EINVAL,
		      "cpu.realtimeRuntime: -2 is under -1, which is no limit");
	refused_alone("{\"cpu\":{\"idle\":2}}", EINVAL, "cpu.idle: 2 is not 0 or 1");
	refused_alone("{\"cpu\":{\"idle\":-1}}", EINVAL, "cpu.idle: -1 is not 0 or 1");
	refused_alone("{\"cpu\":{\"burst\":-1}}", EINVAL,
		      "cpu.burst: -1 is negative, allowed is 0 to 18446744073709551615");
}

TEST(weights_and_throttles_are_checked)
{
	refused_alone("{\"blockIO\":{\"weight\":9}}", EINVAL,
		      "blockIO.weight: 9 is not 10 to 1000, or 0 for none");
	refused_alone("{\"blockIO\":{\"leafWeight\":1001}}", EINVAL,
		      "blockIO.leafWeight: 1001 is not 10 to 1000, or 0 for none");
	refused_alone("{\"blockIO\":{\"weight\":65546}}", EINVAL,
		      "blockIO.weight: 65546 is over 65535");
	refused_alone("{\"blockIO\":{\"weightDevice\":[{\"major\":1,\"minor\":1,\"weight\":5}]}}",
		      EINVAL, "blockIO.weightDevice[0].weight: 5 is not 10 to 1000, or 0 for none");
	refused_alone("{\"blockIO\":{\"weightDevice\":[{\"major\":1,\"minor\":1,"
		      "\"leafWeight\":5}]}}",
		      EINVAL,
		      "blockIO.weightDevice[0].leafWeight: 5 is not 10 to 1000, or 0 for none");
	refused_alone("{\"blockIO\":{\"weightDevice\":[{\"minor\":1}]}}", EINVAL,
		      "blockIO.weightDevice[0].major: missing");
	refused_alone("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":1}]}}", EINVAL,
		      "blockIO.throttleReadBpsDevice[0].minor: missing");
	refused_alone("{\"blockIO\":{\"throttleWriteBpsDevice\":[{\"major\":1,\"minor\":1}]}}",
		      EINVAL, "blockIO.throttleWriteBpsDevice[0].rate: missing");
	refused_alone("{\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":-1,\"minor\":1,"
		      "\"rate\":1}]}}",
		      EINVAL,
		      "blockIO.throttleReadIOPSDevice[0]: -1:1 is not the number of a device");
	refused_alone("{\"blockIO\":{\"throttleWriteIOPSDevice\":[{\"major\":1,\"minor\":"
		      "4294967296,\"rate\":1}]}}",
		      EINVAL,
		      "blockIO.throttleWriteIOPSDevice[0]: 1:4294967296 is not the number of a "
		      "device");
}

TEST(sizes_of_huge_pages_are_names_of_files)
{
	static const char *const bad[] = { "2mb",  "MB",     "0MB", "2",
					   "2 MB", "../2MB", "2TB", "1234567890KB" };
	struct oci_resources resources =
		taken("{\"hugepageLimits\":[{\"pageSize\":\"64KB\",\"limit\":1}]}");

	oci_resources_done(&resources);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CLEANUP(free)
		char *text = xasprintf("{\"hugepageLimits\":[{\"pageSize\":\"%s\",\"limit\":1}]}",
				       bad[i]);
		CLEANUP(free)
		char *wanted = xasprintf("hugepageLimits[0].pageSize: '%s' is not a number and "
					 "KB, MB or GB, as in 2MB",
					 bad[i]);

		refused_alone(text, EINVAL, wanted);
	}
	refused_alone("{\"hugepageLimits\":[{\"limit\":1}]}", EINVAL,
		      "hugepageLimits[0].pageSize: missing");
	refused_alone("{\"hugepageLimits\":[{\"pageSize\":\"2MB\"}]}", EINVAL,
		      "hugepageLimits[0].limit: missing");
}

TEST(unified_keys_are_limits_in_the_containers_own_folder)
{
	static const char *const bad[] = {
		"", "memory", ".", "..", ".high", "../memory.high", "a/memory.high"
	};
	struct oci_resources resources =
		taken("{\"unified\":{\"cgroup.max.depth\":\"1\",\"memory.high\":\"\"}}");

	assert_string_equal(resources.unified[1], "memory.high=");
	oci_resources_done(&resources);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CLEANUP(free) char *text = xasprintf("{\"unified\":{\"%s\":\"1\"}}", bad[i]);
		CLEANUP(free)
		char *wanted = xasprintf("unified: '%s' is not the name of a file of cgroup v2, as "
					 "in memory.high",
					 bad[i]);

		refused_alone(text, EINVAL, wanted);
	}
	refused_alone("{\"unified\":{\"cgroup.procs\":\"1\"}}", EINVAL,
		      "unified: 'cgroup.procs' is not a limit");
	refused_alone("{\"unified\":{\"memory.high\":1}}", EINVAL,
		      "unified[\"memory.high\"]: must be a string, is of type int");
}

TEST(the_network_and_rdma_are_refused_by_name)
{
	refused_alone("{\"network\":{\"classID\":1}}", ENOTSUP,
		      "network.classID: is not supported; remove it");
	refused_alone("{\"network\":{\"priorities\":[{\"name\":\"eth0\",\"priority\":1}]}}",
		      ENOTSUP, "network.priorities: is not supported; remove it");
	refused_alone("{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}}}", ENOTSUP,
		      "rdma: is not supported; remove it");
	unsupported_linux("\"resources\":{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}}}",
			  "linux.resources.rdma: is not supported; remove it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resources_stand_alone_or_in_a_configuration),
		cmocka_unit_test(what_engines_write_for_nothing_is_nothing),
		cmocka_unit_test(a_device_rule_without_words_is_about_everything),
		cmocka_unit_test(a_device_rule_with_wrong_words_is_refused),
		cmocka_unit_test(limits_have_their_ranges),
		cmocka_unit_test(weights_and_throttles_are_checked),
		cmocka_unit_test(sizes_of_huge_pages_are_names_of_files),
		cmocka_unit_test(unified_keys_are_limits_in_the_containers_own_folder),
		cmocka_unit_test(the_network_and_rdma_are_refused_by_name),
	};

	return cmocka_run_group_tests_name("parse_resources", tests, NULL, NULL);
}
