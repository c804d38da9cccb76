/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"

TEST(setting_an_error_returns_its_negative_code)
{
	struct err err = { 0 };

	assert_int_equal(err_set(&err, ENOENT, "container %s: gone", "c1"), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.text, "container c1: gone");
}

TEST(errno_is_code_and_tail)
{
	struct err err = { 0 };

	errno = EACCES;
	assert_int_equal(err_errno(&err, "open %s", "/x"), -EACCES);
	assert_string_equal(err.text, "open /x: Permission denied");
}

TEST(a_prefix_keeps_the_code_and_stands_in_front)
{
	struct err err = { 0 };

	(void)err_set(&err, EINVAL, "inner");
	assert_int_equal(err_prefix(&err, "outer %d", 1), -EINVAL);
	assert_int_equal(err_prefix(&err, "first"), -EINVAL);
	assert_string_equal(err.text, "first: outer 1: inner");
}

TEST(a_text_that_is_too_long_is_cut)
{
	char text[3000];
	struct err err = { 0 };

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)err_set(&err, EIO, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(err_prefix(&err, "%s", text), -EIO);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	errno = EPERM;
	assert_int_equal(err_errno(&err, "%s", text), -EPERM);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

TEST(an_error_is_one_line_whatever_it_quotes)
{
	struct err err = { 0 };

	(void)err_set(&err, EINVAL, "%s", "a\nb\x1b[31mc\x7f\xc3\xa4");
	assert_string_equal(err.text, "a?b?[31mc?\xc3\xa4");
	(void)err_prefix(&err, "x\ty\r");
	assert_string_equal(err.text, "x?y?: a?b?[31mc?\xc3\xa4");
}

TEST(an_error_without_a_tag_has_the_code_of_its_errno)
{
	struct err err = { 0 };

	assert_int_equal(err_id_of(&err), ERR_NONE);
	(void)err_set(&err, ENOENT, "x");
	assert_int_equal(err_id_of(&err), ERR_NOT_FOUND);
}

TEST(the_innermost_tag_counts_and_a_prefix_keeps_it)
{
	struct err err = { 0 };

	(void)err_set(&err, EINVAL, "x");
	assert_int_equal(err_tag(&err, ERR_USAGE), -EINVAL);
	assert_int_equal(err_prefix(&err, "y"), -EINVAL);
	assert_int_equal(err_tag(&err, ERR_STALE), -EINVAL);
	assert_int_equal(err_id_of(&err), ERR_USAGE);
	assert_int_equal(err_retag(&err, ERR_STALE), -EINVAL);
	assert_int_equal(err_id_of(&err), ERR_STALE);
	(void)err_set(&err, EINVAL, "another error");
	assert_int_equal(err_id_of(&err), ERR_INPUT);
}

TEST(what_is_short_is_the_reason_whatever_was_done)
{
	struct err err = { 0 };

	errno = EMFILE;
	(void)err_errno(&err, "open the kernel");
	assert_int_equal(err_tag(&err, ERR_USAGE), -EMFILE);
	assert_int_equal(err_id_of(&err), ERR_FD_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setting_an_error_returns_its_negative_code),
		cmocka_unit_test(errno_is_code_and_tail),
		cmocka_unit_test(a_prefix_keeps_the_code_and_stands_in_front),
		cmocka_unit_test(a_text_that_is_too_long_is_cut),
		cmocka_unit_test(an_error_is_one_line_whatever_it_quotes),
		cmocka_unit_test(an_error_without_a_tag_has_the_code_of_its_errno),
		cmocka_unit_test(the_innermost_tag_counts_and_a_prefix_keeps_it),
		cmocka_unit_test(what_is_short_is_the_reason_whatever_was_done),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
