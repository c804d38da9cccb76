/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of FIPS 180-2, appendix B, and sha256sum(1). */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "tests/unit/tmp.h"
#include "vm/sha256.h"

TEST(a_file_is_read_from_its_beginning_and_its_offset_stays)
{
	CLEANUP(close) int fd = open(tmp, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char digest[SHA256_TEXT];

	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, "abc", 3), 0);
	assert_int_equal(lseek(fd, 1, SEEK_SET), 1);
	assert_int_equal(sha256_of_fd(fd, digest), 0);
	assert_string_equal(digest,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 1);
	assert_int_equal(sha256_of_fd(-1, digest), -EBADF);
}

TEST(strings_count_with_their_ends)
{
	char *const strings[] = { (char *)(uintptr_t) "a", (char *)(uintptr_t) "bc" };
	char *const others[] = { (char *)(uintptr_t) "ab", (char *)(uintptr_t) "c" };
	char one[SHA256_TEXT];
	char two[SHA256_TEXT];

	sha256_of_strings(strings, 2, one); /* printf 'a\0bc\0' | sha256sum */
	assert_string_equal(one,
			    "aa795aa4bbb6117911ef062e271bcb05ccfd58ea439da7d46a44e3a3fcefa790");
	sha256_of_strings(others, 2, two);
	assert_string_not_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_file_is_read_from_its_beginning_and_its_offset_stays),
		cmocka_unit_test(strings_count_with_their_ends),
	};

	return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
