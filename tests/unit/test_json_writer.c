/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/json_writer.h"

static char *array_of(const char *value)
{
	struct json_writer w = { 0 };

	json_open_array(&w, NULL);
	json_put_string(&w, NULL, value);
	json_close_array(&w);
	return json_finish(&w);
}

static void assert_written(const char *value, const char *wanted)
{
	CLEANUP(free) char *text = array_of(value);

	assert_string_equal(text, wanted);
}

TEST(every_kind_of_value_is_written)
{
	char *words[] = { (char *)(uintptr_t) "a", (char *)(uintptr_t) "b", NULL };
	char *map[] = { (char *)(uintptr_t) "k=v=w", (char *)(uintptr_t) "e=", NULL };
	CLEANUP(free) char *text = NULL;
	struct json_writer w = { 0 };

	json_open_object(&w, NULL);
	json_put_string(&w, "s", "x");
	json_put_string(&w, "null", NULL);
	json_put_bool(&w, "t", true);
	json_put_bool(&w, "f", false);
	json_put_u64(&w, "u", UINT64_MAX);
	json_put_i64(&w, "i", INT64_MIN);
	json_put_strv(&w, "v", words);
	json_put_strv(&w, "none", NULL);
	json_put_map(&w, "m", map);
	json_open_array(&w, "a");
	json_open_object(&w, NULL);
	json_close_object(&w);
	json_close_array(&w);
	json_close_object(&w);
	text = json_finish(&w);
	assert_string_equal(text, "{\"s\":\"x\",\"null\":null,\"t\":true,\"f\":false,"
				  "\"u\":18446744073709551615,\"i\":-9223372036854775808,"
				  "\"v\":[\"a\",\"b\"],\"none\":[],"
				  "\"m\":{\"k\":\"v=w\",\"e\":\"\"},\"a\":[{}]}");
}

TEST(indented_output_is_a_line_per_member)
{
	CLEANUP(free) char *text = NULL;
	struct json_writer w = { .indent = 2 };

	json_open_object(&w, NULL);
	json_put_u64(&w, "a", 1);
	json_open_object(&w, "b");
	json_put_u64(&w, "c", 2);
	json_close_object(&w);
	json_open_array(&w, "d");
	json_close_array(&w);
	json_close_object(&w);
	text = json_finish(&w);
	assert_string_equal(text, "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": 2\n  },\n  \"d\": []\n}");
}

TEST(what_json_cannot_hold_raw_is_escaped)
{
	assert_written("a\"b\\c", "[\"a\\\"b\\\\c\"]");
	assert_written("\n\t\x01\x1f\x7f", "[\"\\n\\u0009\\u0001\\u001f\\u007f\"]");
	assert_written("\xc3\xa4\xe2\x82\xac/", "[\"\xc3\xa4\xe2\x82\xac/\"]");
	assert_written("", "[\"\"]");
}

TEST(bytes_that_are_not_utf8_become_the_replacement_character)
{
	assert_written("a\xff"
		       "b",
		       "[\"a\xef\xbf\xbd"
		       "b\"]");
	assert_written("\xc3", "[\"\xef\xbf\xbd\"]");
}

TEST(our_own_parser_reads_every_byte_back)
{
	for (unsigned c = 1; c < 256; c++) {
		const char value[] = { (char)c, 'x', '\0' };
		CLEANUP(free) char *text = array_of(value);
		CLEANUP(json_free) struct json *doc = NULL;
		struct err err = { 0 };

		assert_int_equal(json_parse(text, strlen(text), 4, &doc, &err), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_value_is_written),
		cmocka_unit_test(indented_output_is_a_line_per_member),
		cmocka_unit_test(what_json_cannot_hold_raw_is_escaped),
		cmocka_unit_test(bytes_that_are_not_utf8_become_the_replacement_character),
		cmocka_unit_test(our_own_parser_reads_every_byte_back),
	};

	return cmocka_run_group_tests_name("json_writer", tests, NULL, NULL);
}
