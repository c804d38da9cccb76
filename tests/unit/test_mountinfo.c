/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "base/mountinfo.h"

TEST(the_last_mount_at_a_place_is_the_one_that_is_seen)
{
	static const char text[] =
		"21 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
		"22 21 7:0 / /mnt/a\\040b rw master:1 propagate_from:2 - ext4 /dev/loop0 rw\n"
		"23 21 7:0 /sub /mnt/part rw - ext4 /dev/loop0 rw\n"
		"24 22 0:30 / /mnt/a\\040b rw - tmpfs tmp\\134fs rw\n";
	struct mount_table table = { 0 };
	const struct mount_entry *entry;

	mount_table_parse(text, &table);
	assert_int_equal(table.n, 4);
	entry = mount_table_find(&table, "/mnt/a b");
	assert_non_null(entry);
	assert_string_equal(entry->fstype, "tmpfs");
	assert_string_equal(entry->source, "tmp\\fs");
	assert_true(table.items[1].dev == makedev(7, 0));
	assert_string_equal(table.items[2].root, "/sub");
	assert_null(mount_table_find(&table, "/mnt"));
	mount_table_done(&table);
}

TEST(what_is_no_line_is_left_out)
{
	static const char *const texts[] = { "",
					     "\n\n",
					     "21 1 254:1 / / rw",
					     "21 1 254:1 / / rw -",
					     "21 1 254:1 / / rw - ext4",
					     "21 1 254 / / rw - ext4 /dev/vda1 rw",
					     "21 1 254:1 / - ext4 /dev/vda1 rw" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct mount_table table = { 0 };

		mount_table_parse(texts[i], &table);
		assert_int_equal(table.n, 0);
		mount_table_done(&table);
	}
}

TEST(our_own_mounts_have_a_root)
{
	struct mount_table table = { 0 };
	struct err err = { 0 };

	assert_int_equal(mount_table_read(&table, &err), 0);
	assert_non_null(mount_table_find(&table, "/"));
	mount_table_done(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_mount_at_a_place_is_the_one_that_is_seen),
		cmocka_unit_test(what_is_no_line_is_left_out),
		cmocka_unit_test(our_own_mounts_have_a_root),
	};

	return cmocka_run_group_tests_name("mountinfo", tests, NULL, NULL);
}
