/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "tests/unit/tmp.h"
#include "vm/internal.h"

static struct config config_with(const char *path)
{
	struct config config = { 0 };

	config.hypervisor.file_mem_backend = (char *)(uintptr_t)path;
	return config;
}

TEST(a_directory_for_the_memory_must_be_one_that_has_room)
{
	CLEANUP(free) char *file = tmp_path("file");
	CLEANUP(free) char *nothing = tmp_path("nothing");
	struct config there = config_with(tmp);
	struct config missing = config_with(nothing);
	struct config wrong = config_with(file);
	struct err err = { 0 };

	assert_int_equal(vm_memory_check(&there, 1, &err), 0);
	assert_int_equal(vm_memory_check(&there, UINT64_MAX >> 20, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "file_mem_backend: "));
	assert_non_null(strstr(err.text, " MiB free, the virtual machine needs "));
	assert_int_equal(vm_memory_check(&missing, 1, &err), -ENOENT);
	assert_non_null(strstr(err.text, "file_mem_backend: "));
	tmp_write("file", "x");
	assert_int_equal(vm_memory_check(&wrong, 1, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, "is not a directory"));
}

TEST(huge_pages_and_a_directory_exclude_each_other)
{
	struct config config = config_with(tmp);
	struct err err = { 0 };

	config.hypervisor.enable_hugepages = true;
	assert_int_equal(vm_memory_check(&config, 1, &err), -EINVAL);
	assert_non_null(strstr(err.text, "file_mem_backend: with enable_hugepages"));
}

TEST(only_what_is_taken_at_the_start_and_may_not_be_swapped_is_locked)
{
	struct config config = config_with("");

	assert_int_equal(vm_memory_lock(&config), MEMORY_LOCK_DEFAULT);
	config.hypervisor.enable_mem_prealloc = true;
	assert_int_equal(vm_memory_lock(&config), MEMORY_LOCK_ON);
	config.hypervisor.enable_hugepages = true; /* they are never swapped */
	assert_int_equal(vm_memory_lock(&config), MEMORY_LOCK_DEFAULT);
	config.hypervisor.enable_swap = true;
	assert_int_equal(vm_memory_lock(&config), MEMORY_LOCK_OFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_directory_for_the_memory_must_be_one_that_has_room),
		TMP_TEST(huge_pages_and_a_directory_exclude_each_other),
		cmocka_unit_test(only_what_is_taken_at_the_start_and_may_not_be_swapped_is_locked),
	};

	return cmocka_run_group_tests_name("vm_memory", tests, NULL, NULL);
}
