/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of files takes the place of sysfs: what is written there stays there. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/online.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/tmp.h"

static struct err err;

static void make(const char *dir, const char *file, const char *text)
{
	CLEANUP(free) char *path = tmp_path("%s", dir);
	CLEANUP(free) char *name = xasprintf("%s/%s", dir, file);

	assert_int_equal(mkdir_p(path, 0755, &err), 0);
	if (*file)
		tmp_write(name, text);
}

/* Four vCPUs of which the first two are online, and three blocks of memory, one of them new. */
static struct online_request make_tree(void)
{
	memset(&err, 0, sizeof(err));
	make("cpu/cpu0", "", "");
	make("cpu/cpu1", "online", "1\n");
	make("cpu/cpu2", "online", "0\n");
	make("cpu/cpu10", "online", "0\n");
	make("cpu/cpuidle", "", "");
	make("memory/memory0", "state", "online\n");
	make("memory/memory1", "state", "online\n");
	/* Six letters, so that "online" covers them: a file of sysfs has no end to cut. */
	make("memory/memory32", "state", "offlin");
	tmp_write("memory/block_size_bytes", "8000000\n");
	return (struct online_request){ .sysfs = tmp, .first_blocks = 2 };
}

static void assert_online(unsigned cpus, unsigned blocks)
{
	assert_int_equal(online_count_cpus(tmp), cpus);
	assert_int_equal(online_count_blocks(tmp), blocks);
}

static void assert_file(const char *name, const char *wanted)
{
	CLEANUP(free) char *path = tmp_path("%s", name);
	CLEANUP(free) char *text = NULL;

	assert_int_equal(file_read(path, 64, &text, NULL, &err), 0);
	if (!str_starts(text, wanted))
		fail_msg("%s: '%s', not '%s'", name, text, wanted);
}

TEST(the_lowest_vcpus_come_and_the_highest_go)
{
	struct online_request request = make_tree();

	assert_online(2, 2);
	assert_int_equal(online_block_size(tmp), 128 << 20);
	request.cpu_only = true;
	request.cpus = 3;
	assert_int_equal(online_apply(&request, 1000, &err), 0);
	assert_online(3, 2);
	assert_file("cpu/cpu2/online", "1");
	assert_file("cpu/cpu10/online", "0");
	request.cpus = 4;
	assert_int_equal(online_apply(&request, 1000, &err), 0);
	assert_online(4, 2);
	request.cpus = 1;
	assert_int_equal(online_apply(&request, 1000, &err), 0);
	assert_online(1, 2);
}

TEST(memory_is_put_to_use_and_the_vcpus_stay)
{
	struct online_request request = make_tree();

	request.plugged = 128 << 20;
	assert_int_equal(online_apply(&request, 1000, &err), 0);
	assert_online(2, 3);
}

TEST(what_does_not_come_is_told_with_the_numbers)
{
	struct online_request request = make_tree();

	request.cpus = 5;
	request.plugged = 384 << 20;
	assert_int_equal(online_apply(&request, 20, &err), -ETIMEDOUT);
	assert_string_equal(err.text,
			    "after 20 ms the guest has 4 vCPUs online of 5, and 128 MiB of "
			    "384 MiB that were plugged in");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(the_lowest_vcpus_come_and_the_highest_go),
		TMP_TEST(memory_is_put_to_use_and_the_vcpus_stay),
		TMP_TEST(what_does_not_come_is_told_with_the_numbers),
	};

	return cmocka_run_group_tests_name("online", tests, NULL, NULL);
}
