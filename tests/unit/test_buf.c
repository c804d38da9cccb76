/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <string.h>

#include "base/buf.h"

TEST(bytes_come_out_as_they_went_in)
{
	__attribute__((cleanup(buf_donep))) struct buf b = { 0 };
	uint8_t next_in = 0;
	uint8_t next_out = 0;

	for (int i = 0; i < 20000; i++) {
		for (int n = 0; n < 7; n++)
			buf_append(&b, &next_in, 1), next_in++;
		for (int n = 0; n < (i % 13); n++) {
			if (buf_len(&b) == 0)
				break;
			assert_int_equal(*buf_data(&b), next_out++);
			buf_consume(&b, 1);
		}
	}
}

TEST(a_queue_that_is_drained_does_not_grow)
{
	__attribute__((cleanup(buf_donep))) struct buf b = { 0 };
	static const uint8_t data[1000];

	buf_append(&b, data, 500);
	for (int i = 0; i < 10000; i++) {
		buf_append(&b, data, sizeof(data));
		buf_consume(&b, sizeof(data));
	}
	assert_int_equal(buf_len(&b), 500);
	assert_true(b.cap <= 4096);
}

TEST(an_empty_buffer_gives_large_memory_back)
{
	__attribute__((cleanup(buf_donep))) struct buf b = { 0 };

	(void)buf_reserve(&b, 1 << 20);
	buf_commit(&b, 1 << 20);
	buf_consume(&b, 1 << 20);
	assert_int_equal(b.cap, 0);
	buf_append(&b, "abc", 3);
	buf_consume(&b, 3);
	assert_true(b.cap > 0);
}

TEST(nothing_appended_is_nothing)
{
	__attribute__((cleanup(buf_donep))) struct buf b = { 0 };

	buf_append(&b, NULL, 0);
	buf_consume(&b, 0);
	assert_int_equal(buf_len(&b), 0);
	assert_null(b.mem);
}

TEST(a_place_for_nothing_is_a_place_too)
{
	__attribute__((cleanup(buf_donep))) struct buf b = { 0 };

	assert_null(buf_data(&b));
	assert_non_null(buf_reserve(&b, 0));
	buf_commit(&b, 0);
	assert_int_equal(buf_len(&b), 0);
}

TEST(text_is_formatted_and_taken_as_a_string)
{
	struct buf b = { 0 };
	char *s;

	buf_printf(&b, "x%s", "");
	buf_printf(&b, "%d-%s", 42, "abc");
	buf_consume(&b, 1);
	s = buf_take_string(&b);
	assert_string_equal(s, "42-abc");
	assert_int_equal(buf_len(&b), 0);
	assert_null(b.mem);
	free(s);
	s = buf_take_string(&b);
	assert_string_equal(s, "");
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_out_as_they_went_in),
		cmocka_unit_test(a_queue_that_is_drained_does_not_grow),
		cmocka_unit_test(an_empty_buffer_gives_large_memory_back),
		cmocka_unit_test(nothing_appended_is_nothing),
		cmocka_unit_test(a_place_for_nothing_is_a_place_too),
		cmocka_unit_test(text_is_formatted_and_taken_as_a_string),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
