/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/container/passwd.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/tmp.h"

#define assert_home(text, uid, home)                                                 \
	do {                                                                         \
		CLEANUP(free) char *found = passwd_home_in(text, strlen(text), uid); \
		assert_string_equal(found, home);                                    \
	} while (0)

TEST(the_home_of_the_uid_is_found)
{
	static const char text[] = "root:x:0:0:root:/root:/bin/sh\n"
				   "daemon:x:1:1::/usr/sbin:/bin/false\n"
				   "user:x:1000:1000:A User,,,:/home/user:/bin/sh\n";

	assert_home(text, 0, "/root");
	assert_home(text, 1, "/usr/sbin");
	assert_home(text, 1000, "/home/user");
}

TEST(a_uid_that_is_not_there_lives_at_the_root)
{
	assert_home("root:x:0:0:root:/root:/bin/sh\n", 5, "/");
	assert_home("", 0, "/");
	assert_home("\n\n\n", 0, "/");
}

TEST(the_last_line_needs_no_newline)
{
	assert_home("a:x:1:1::/a:/bin/sh\nb:x:2:2::/b:/bin/sh", 2, "/b");
	assert_home("b:x:2:2::/b", 2, "/b");
}

TEST(lines_may_end_as_on_windows)
{
	assert_home("a:x:1:1::/a:/bin/sh\r\nb:x:2:2::/b\r\n", 1, "/a");
	assert_home("a:x:1:1::/a:/bin/sh\r\nb:x:2:2::/b\r\n", 2, "/b");
}

TEST(the_shell_may_be_missing_but_not_the_home)
{
	assert_home("a:x:7:7::/a\n", 7, "/a");
	assert_home("a:x:7:7:/a\n", 7, "/");
	assert_home("a:x:7\n", 7, "/");
	assert_home("7\n", 7, "/");
}

TEST(the_first_line_of_a_uid_counts)
{
	assert_home("a:x:7:7::/first:\nb:x:7:7::/second:\n", 7, "/first");
	assert_home("same:x:7:7::/seven:\nsame:x:8:8::/eight:\n", 8, "/eight");
}

TEST(a_home_that_is_not_absolute_is_the_root)
{
	assert_home("a:x:7:7::home:/bin/sh\n", 7, "/");
	assert_home("a:x:7:7:::/bin/sh\n", 7, "/");
	assert_home("a:x:7:7::../../x:/bin/sh\n", 7, "/");
}

TEST(numbers_written_otherwise_are_nobody)
{
	assert_home("a:x:+7:7::/a:\n", 7, "/");
	assert_home("a:x:007:7::/a:\n", 7, "/");
	assert_home("a:x: 7:7::/a:\n", 7, "/");
	assert_home("a:x:-1:7::/a:\n", UINT32_MAX, "/");
	assert_home("a:x:0x7:7::/a:\n", 7, "/");
	assert_home("a:x::7::/a:\n", 0, "/");
}

TEST(numbers_that_overflow_are_nobody)
{
	assert_home("a:x:4294967296:0::/a:\n", 0, "/");
	assert_home("a:x:4294967303:7::/a:\n", 7, "/");
	assert_home("a:x:18446744073709551623:7::/a:\n", 7, "/");
	assert_home("a:x:4294967295:7::/a:\n", UINT32_MAX, "/a");
}

TEST(comments_and_nis_lines_are_nobody)
{
	assert_home("#a:x:7:7::/comment:\n", 7, "/");
	assert_home("+::::::\n+a:x:7:7::/nis:\n-b:x:7:7::/nis:\n+@group:x:7:7::/nis:\n", 7, "/");
	assert_home(":x:7:7::/nameless:\n", 7, "/");
}

TEST(a_line_with_a_nul_byte_is_nobody)
{
	static const char text[] = "a:x:7:7::/a\0b:/bin/sh\nc:x:8:8::/c:\n";
	CLEANUP(free) char *seven = passwd_home_in(text, sizeof(text) - 1, 7);
	CLEANUP(free) char *eight = passwd_home_in(text, sizeof(text) - 1, 8);

	assert_string_equal(seven, "/");
	assert_string_equal(eight, "/c");
}

TEST(an_endless_line_ends_with_the_file)
{
	size_t len = 1 << 20;
	CLEANUP(free) char *text = xmalloc(len);
	char *home;

	memset(text, ':', len);
	text[0] = 'a';
	home = passwd_home_in(text, len, 0);
	assert_string_equal(home, "/");
	free(home);
	memset(text, '/', len);
	text[(size_t)snprintf(text, len, "a:x:7:7::")] = '/';
	home = passwd_home_in(text, len, 7);
	assert_string_equal(home, "/"); /* no path is as long */
	free(home);
}

/* The directory of the test is the container's root. */
static char *home_of(uint32_t uid)
{
	CLEANUP(close) int root = open(tmp, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return passwd_home(root, uid);
}

static char *make_etc(void)
{
	CLEANUP(free) char *etc = tmp_path("etc");

	assert_int_equal(mkdir(etc, 0755), 0);
	return tmp_path("etc/passwd");
}

TEST(the_file_is_read_below_the_root)
{
	CLEANUP(free) char *home = NULL;

	free(make_etc());
	tmp_write("etc/passwd", "a:x:0:0::/of/the/container:\n");
	home = home_of(0);
	assert_string_equal(home, "/of/the/container");
}

TEST(without_the_file_everybody_lives_at_the_root)
{
	CLEANUP(free) char *home = home_of(0);

	assert_string_equal(home, "/");
}

TEST(a_link_does_not_lead_out_of_the_root)
{
	CLEANUP(free) char *path = make_etc();
	CLEANUP(free) char *first = NULL;
	CLEANUP(free) char *second = NULL;

	assert_int_equal(symlink("/etc/passwd", path), 0); /* of the host: root lives in /root */
	first = home_of(0);
	assert_string_equal(first, "/");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("../../../../../../etc/../real", path), 0);
	tmp_write("real", "a:x:0:0::/inside:\n");
	second = home_of(0);
	assert_string_equal(second, "/inside");
}

TEST(a_fifo_does_not_hang)
{
	CLEANUP(free) char *path = make_etc();
	CLEANUP(free) char *home = NULL;

	assert_int_equal(mkfifo(path, 0644), 0);
	home = home_of(0);
	assert_string_equal(home, "/");
}

TEST(a_directory_is_no_passwd)
{
	CLEANUP(free) char *path = make_etc();
	CLEANUP(free) char *home = NULL;

	assert_int_equal(mkdir(path, 0755), 0);
	home = home_of(0);
	assert_string_equal(home, "/");
}

TEST(a_device_is_no_passwd)
{
	CLEANUP(free) char *path = make_etc();
	CLEANUP(free) char *home = NULL;

	require(mknod(path, S_IFCHR | 0644, makedev(1, 5)) == 0); /* /dev/zero: endless */
	home = home_of(0);
	assert_string_equal(home, "/");
}

TEST(a_huge_file_is_no_passwd)
{
	CLEANUP(free) char *path = make_etc();
	CLEANUP(free) char *large = NULL;
	CLEANUP(free) char *fits = NULL;

	tmp_write("etc/passwd", "a:x:0:0::/a:\n");
	assert_int_equal(truncate(path, 1 << 20), 0);
	fits = home_of(0);
	assert_string_equal(fits, "/a");
	assert_int_equal(truncate(path, (1 << 20) + 1), 0);
	large = home_of(0);
	assert_string_equal(large, "/");
	assert_int_equal(truncate(path, (off_t)1 << 40), 0);
	free(large);
	large = home_of(0);
	assert_string_equal(large, "/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_home_of_the_uid_is_found),
		cmocka_unit_test(a_uid_that_is_not_there_lives_at_the_root),
		cmocka_unit_test(the_last_line_needs_no_newline),
		cmocka_unit_test(lines_may_end_as_on_windows),
		cmocka_unit_test(the_shell_may_be_missing_but_not_the_home),
		cmocka_unit_test(the_first_line_of_a_uid_counts),
		cmocka_unit_test(a_home_that_is_not_absolute_is_the_root),
		cmocka_unit_test(numbers_written_otherwise_are_nobody),
		cmocka_unit_test(numbers_that_overflow_are_nobody),
		cmocka_unit_test(comments_and_nis_lines_are_nobody),
		cmocka_unit_test(a_line_with_a_nul_byte_is_nobody),
		cmocka_unit_test(an_endless_line_ends_with_the_file),
		TMP_TEST(the_file_is_read_below_the_root),
		TMP_TEST(without_the_file_everybody_lives_at_the_root),
		TMP_TEST(a_link_does_not_lead_out_of_the_root),
		TMP_TEST(a_fifo_does_not_hang),
		TMP_TEST(a_directory_is_no_passwd),
		TMP_TEST(a_device_is_no_passwd),
		TMP_TEST(a_huge_file_is_no_passwd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
