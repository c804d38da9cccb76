/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "base/str.h"

TEST(whole_decimal_numbers_are_read)
{
	uint64_t u = 0;
	int64_t i = 0;

	assert_int_equal(str_to_u64("0", 0, UINT64_MAX, &u), 0);
	assert_int_equal(str_to_u64("18446744073709551615", 0, UINT64_MAX, &u), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(str_to_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &i), 0);
	assert_true(i == INT64_MIN);
	assert_int_equal(str_to_i64("9223372036854775807", INT64_MIN, INT64_MAX, &i), 0);
	assert_true(i == INT64_MAX);
}

TEST(what_is_no_number_is_refused_and_changes_nothing)
{
	static const char *const words[] = { "",    " 1",  "1 ",  "+1", "-1",  "0x10", "1e3",
					     "one", "1.0", "--1", "-",  "1\n", "\t1" };
	uint64_t u = 7;

	for (size_t n = 0; n < sizeof(words) / sizeof(words[0]); n++)
		assert_int_equal(str_to_u64(words[n], 0, UINT64_MAX, &u), -EINVAL);
	assert_int_equal(u, 7);
}

TEST(numbers_out_of_range_are_told_apart)
{
	uint64_t u = 7;
	int64_t i = 7;

	assert_int_equal(str_to_u64("18446744073709551616", 0, UINT64_MAX, &u), -ERANGE);
	assert_int_equal(str_to_u64("9", 10, 20, &u), -ERANGE);
	assert_int_equal(str_to_u64("21", 10, 20, &u), -ERANGE);
	assert_int_equal(str_to_i64("9223372036854775808", INT64_MIN, INT64_MAX, &i), -ERANGE);
	assert_int_equal(str_to_i64("-9223372036854775809", INT64_MIN, INT64_MAX, &i), -ERANGE);
	assert_int_equal(str_to_i64("-", INT64_MIN, INT64_MAX, &i), -EINVAL);
	assert_int_equal(u, 7);
	assert_int_equal(i, 7);
}

TEST(a_device_is_two_numbers)
{
	static const char *const words[] = { "",      ":",      "8",     "8:",   ":0",       "8:0 ",
					     "8:0\n", "4096:0", "8:0:0", "8:-1", "8:1048576" };
	dev_t dev = 7;

	for (size_t n = 0; n < sizeof(words) / sizeof(words[0]); n++)
		assert_int_equal(str_to_dev(words[n], &dev), -EINVAL);
	assert_int_equal(dev, 7);
	assert_int_equal(str_to_dev("4095:1048575", &dev), 0);
	assert_int_equal(dev, makedev(4095, 1048575));
}

TEST(a_vector_grows_word_by_word)
{
	CLEANUP(strv_free) char **v = NULL;
	char word[16];

	assert_int_equal(strv_len(NULL), 0);
	for (unsigned i = 0; i < 1000; i++) {
		strv_addf(&v, "%u", i);
		assert_int_equal(strv_len(v), i + 1);
	}
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(word, sizeof(word), "%u", i);
		assert_string_equal(v[i], word);
	}
}

TEST(a_copy_of_any_size_can_grow_too)
{
	for (unsigned size = 0; size < 40; size++) {
		CLEANUP(strv_free) char **v = NULL;
		CLEANUP(strv_free) char **copy = NULL;

		for (unsigned i = 0; i < size; i++)
			strv_add(&v, "w");
		copy = strv_copy(v);
		for (unsigned i = 0; i < 40; i++)
			strv_add(&copy, "more");
		assert_int_equal(strv_len(copy), size + 40);
	}
}

TEST(split_knows_no_empty_words)
{
	CLEANUP(strv_free) char **v = strv_split(",,a, b,,c ,", ", ");
	CLEANUP(strv_free) char **none = strv_split("   ", " ");
	CLEANUP(free) char *joined = strv_join(v, "|");
	CLEANUP(free) char *empty = strv_join(NULL, "|");

	assert_string_equal(joined, "a|b|c");
	assert_null(none);
	assert_string_equal(empty, "");
	assert_true(strv_contains(v, "b"));
	assert_false(strv_contains(v, ""));
	assert_false(strv_contains(NULL, "a"));
}

TEST(the_last_component_of_a_path)
{
	assert_string_equal(path_base("/a/b/c"), "c");
	assert_string_equal(path_base("c"), "c");
	assert_string_equal(path_base("/a/"), "");
	assert_string_equal(path_base(""), "");
}

TEST(only_printable_ascii_reaches_a_terminal)
{
	char text[] = "ok\x1b[0m\n\x7f\x80\xff~ ";

	assert_string_equal(str_printable(text), "ok?[0m????~ ");
}

TEST(utf8_characters_are_told_from_other_bytes)
{
	assert_int_equal(str_utf8_len("a", 1), 1);
	assert_int_equal(str_utf8_len("\xc3\xa4", 2), 2);
	assert_int_equal(str_utf8_len("\xe2\x82\xac", 3), 3);
	assert_int_equal(str_utf8_len("\xf0\x9f\x98\x80", 4), 4);
	assert_int_equal(str_utf8_len("\xc3", 1), 0);             /* cut off */
	assert_int_equal(str_utf8_len("\x80", 1), 0);             /* a rest */
	assert_int_equal(str_utf8_len("\xc0\x80", 2), 0);         /* NUL in two bytes */
	assert_int_equal(str_utf8_len("\xed\xa0\x80", 3), 0);     /* a surrogate */
	assert_int_equal(str_utf8_len("\xf4\x90\x80\x80", 4), 0); /* over U+10FFFF */
	assert_int_equal(str_utf8_len("\xff", 1), 0);
}

TEST(a_word_is_removed_once)
{
	CLEANUP(strv_free) char **v = strv_split("a b a c", " ");
	CLEANUP(free) char *left = NULL;

	assert_true(strv_remove(v, "a"));
	assert_false(strv_remove(v, "x"));
	assert_true(strv_remove(v, "c"));
	left = strv_join(v, " ");
	assert_string_equal(left, "b a");
	assert_false(strv_remove(NULL, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_decimal_numbers_are_read),
		cmocka_unit_test(what_is_no_number_is_refused_and_changes_nothing),
		cmocka_unit_test(numbers_out_of_range_are_told_apart),
		cmocka_unit_test(a_device_is_two_numbers),
		cmocka_unit_test(a_vector_grows_word_by_word),
		cmocka_unit_test(a_copy_of_any_size_can_grow_too),
		cmocka_unit_test(split_knows_no_empty_words),
		cmocka_unit_test(the_last_component_of_a_path),
		cmocka_unit_test(only_printable_ascii_reaches_a_terminal),
		cmocka_unit_test(utf8_characters_are_told_from_other_bytes),
		cmocka_unit_test(a_word_is_removed_once),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
