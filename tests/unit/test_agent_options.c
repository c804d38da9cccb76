/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/options.h"
#include "base/cleanup.h"
#include "base/io.h"

TEST(without_words_the_defaults_hold)
{
	struct agent_options options = AGENT_OPTIONS_INIT;

	agent_options_read("quiet root=/dev/pmem0p1 agentx.log=debug\n", &options);
	assert_int_equal(options.log, LOG_LEVEL_INFO);
	assert_true(options.unified);
	assert_false(options.vsock);
	assert_int_equal(options.hotplug_ms, 10000);
	assert_int_equal(options.vacant_ms, 30000);
	assert_int_equal(options.container_pipe_size, 0);
	assert_int_equal(options.max_inodes, 0);
}

TEST(each_word_is_read_and_the_last_of_a_name_counts)
{
	struct agent_options options = AGENT_OPTIONS_INIT;

	agent_options_read("agent.log=error agent.log=debug agent.use_vsock=1 "
			   "agent.unified_cgroup_hierarchy=false agent.hotplug_timeout=1m30s "
			   "agent.vacant_timeout=250ms agent.container_pipe_size=65536 "
			   "agent.max_inodes=18446744073709551615\n",
			   &options);
	assert_int_equal(options.log, LOG_LEVEL_DEBUG);
	assert_true(options.vsock);
	assert_false(options.unified);
	assert_int_equal(options.hotplug_ms, 90000);
	assert_int_equal(options.vacant_ms, 250);
	assert_int_equal(options.container_pipe_size, 65536);
	assert_true(options.max_inodes == UINT64_MAX);
}

TEST(a_wrong_value_or_name_is_told_and_changes_nothing)
{
	static const char *const words[] = {
		"agent.log=loud",
		"agent.log",
		"agent.use_vsock=perhaps",
		"agent.unified_cgroup_hierarchy=",
		"agent.hotplug_timeout=10",
		"agent.vacant_timeout=0s",
		"agent.container_pipe_size=2147483648",
		"agent.max_inodes=-1",
		"agent.no_such=1",
	};
	struct agent_options untouched = AGENT_OPTIONS_INIT;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct agent_options options;
		CLEANUP(close) int fd = memfd_create("log", MFD_CLOEXEC);
		char text[1024] = "";

		memcpy(&options, &untouched, sizeof(options)); /* with what lies between */
		log_init("test", LOG_LEVEL_WARN);
		log_open_fd(fd, false);
		agent_options_read(words[i], &options);
		log_open_fd(-1, false);
		assert_memory_equal(&options, &untouched, sizeof(options));
		assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
		assert_non_null(strstr(text, "msg=\"agent."));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_words_the_defaults_hold),
		cmocka_unit_test(each_word_is_read_and_the_last_of_a_name_counts),
		cmocka_unit_test(a_wrong_value_or_name_is_told_and_changes_nothing),
	};

	return cmocka_run_group_tests_name("agent_options", tests, NULL, NULL);
}
