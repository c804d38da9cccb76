/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words stand in golden/<name>.cmdline, one to a line. UPDATE_GOLDEN=1 writes them
 * anew; the difference is then for review.
 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "vm/guest_cmdline.h"
#include "vm/image.h"

static struct config config_of(const char *type, const char *params)
{
	struct config config = { 0 };

	config.hypervisor.machine_type = (char *)(uintptr_t)type;
	config.hypervisor.kernel_params = (char *)(uintptr_t)params;
	config.hypervisor.shared_fs = (char *)(uintptr_t) "virtio-9p";
	return config;
}

static void assert_golden(const struct config *config, const struct guest_facts *facts,
			  const char *name)
{
	CLEANUP(free) char *path = xasprintf("%s/golden/%s.cmdline", TEST_DIR, name);
	CLEANUP(strv_free) char **words = guest_cmdline(config, facts);
	CLEANUP(free) char *lines = strv_join(words, "\n");
	CLEANUP(free) char *text = xasprintf("%s\n", lines);
	CLEANUP(free) char *wanted = NULL;
	struct err err = { 0 };

	if (getenv("UPDATE_GOLDEN")) {
		assert_int_equal(file_replace_at(AT_FDCWD, path, text, strlen(text), 0644, &err),
				 0);
		return;
	}
	if (file_read(path, 1 << 20, &wanted, NULL, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(text, wanted);
}

TEST(an_initrd_on_q35)
{
	const struct guest_facts facts = { .max_vcpus = 4 };
	struct config config = config_of("q35", "");

	assert_golden(&config, &facts, "q35");
}

TEST(everything_that_can_be_asked_for_and_own_words_last)
{
	const struct image image = { .fstype = "ext4", .dax = true };
	const struct guest_facts facts = {
		.max_vcpus = 2, .vsock = true, .max_files = 1000, .image = &image
	};
	struct config config = config_of("q35", "quiet  panic=7");

	config.hypervisor.shared_fs = (char *)(uintptr_t) "virtio-fs";
	config.hypervisor.enable_debug = true;
	config.hypervisor.enable_virtio_mem = true;
	config.agent.enable_debug = true;
	config.agent.debug_console_enabled = true;
	config.agent.enable_tracing = true;
	config.agent.trace_mode = (char *)(uintptr_t) "static";
	config.agent.trace_type = (char *)(uintptr_t) "collated";
	config.agent.container_pipe_size = 1048576;
	assert_golden(&config, &facts, "q35-all");
}

TEST(a_microvm_is_told_its_clock)
{
	const struct guest_facts facts = { .max_vcpus = 1, .tsc_khz = 2300000 };
	struct config config = config_of("microvm", "");

	assert_golden(&config, &facts, "microvm");
}

TEST(an_image_that_is_a_disk_on_arm64)
{
	const struct image image = { .fstype = "erofs", .partition = true };
	const struct guest_facts facts = { .max_vcpus = 1, .image = &image };
	struct config config = config_of("virt", "");

	config.hypervisor.disable_image_nvdimm = true;
	assert_golden(&config, &facts, "virt-image");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_initrd_on_q35),
		cmocka_unit_test(everything_that_can_be_asked_for_and_own_words_last),
		cmocka_unit_test(a_microvm_is_told_its_clock),
		cmocka_unit_test(an_image_that_is_a_disk_on_arm64),
	};

	return cmocka_run_group_tests_name("guest_cmdline", tests, NULL, NULL);
}
