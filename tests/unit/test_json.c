/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static struct json *doc;
static struct json_at root;
static struct err err;

static int setup(void **state __attribute__((unused)))
{
	doc = NULL;
	memset(&err, 0, sizeof(err));
	return 0;
}

static int teardown(void **state __attribute__((unused)))
{
	json_free(doc);
	return 0;
}

static void load(const char *text)
{
	json_free(doc);
	doc = NULL;
	assert_int_equal(json_parse(text, strlen(text), 64, &doc, &err), 0);
	root = json_root(doc);
}

static void refused(const char *text, size_t len)
{
	struct json *none = NULL;
	struct err why = { 0 };

	if (json_parse(text, len, 64, &none, &why) != -EINVAL)
		fail_msg("taken: %.*s", (int)len, text);
	assert_null(none);
	assert_true(*why.text);
}

/* @depth arrays inside each other around @core. */
static int parse_nested(size_t depth, const char *core)
{
	CLEANUP(free) char *open = xcalloc(1, depth + 1);
	CLEANUP(free) char *closed = xcalloc(1, depth + 1);
	CLEANUP(json_free) struct json *nested = NULL;
	CLEANUP(free) char *text = NULL;

	memset(open, '[', depth);
	memset(closed, ']', depth);
	text = xasprintf("%s%s%s", open, core, closed);
	memset(&err, 0, sizeof(err));
	return json_parse(text, strlen(text), 64, &nested, &err);
}

TEST(every_kind_of_value_is_read)
{
	CLEANUP(free) char *s = NULL;
	CLEANUP(strv_free) char **v = NULL;
	CLEANUP(strv_free) char **map = NULL;
	struct json_at object;
	struct json_at array;
	uint32_t u32 = 0;
	uint64_t u64 = 0;
	int64_t i64 = 0;
	bool flag = false;
	size_t n = 0;

	load(" {\"s\":\"a\\n\\u00e4\",\"v\":[\"x\",\"y\"],\"b\":true,\"u\":4294967295,"
	     "\"i\":-5,\"o\":{},\"m\":{\"k\":\"v=1\"},\"a\":[1,2]}\n");
	assert_int_equal(json_get_string(&root, "s", &s, &err), 0);
	assert_string_equal(s, "a\n\xc3\xa4");
	assert_int_equal(json_get_strv(&root, "v", &v, &err), 0);
	assert_int_equal(strv_len(v), 2);
	assert_int_equal(json_get_bool(&root, "b", &flag, &err), 0);
	assert_true(flag);
	assert_int_equal(json_get_u32(&root, "u", &u32, &err), 0);
	assert_true(u32 == UINT32_MAX);
	assert_int_equal(json_get_u64(&root, "u", &u64, &err), 0);
	assert_int_equal(json_get_i64(&root, "i", &i64, &err), 0);
	assert_int_equal(i64, -5);
	assert_int_equal(json_get_object(&root, "o", &object, &err), 1);
	assert_int_equal(json_get_map(&root, "m", &map, &err), 0);
	assert_string_equal(map[0], "k=v=1");
	assert_int_equal(json_get_array(&root, "a", &array, &n, &err), 1);
	assert_int_equal(n, 2);
	assert_int_equal(json_item_u32(&array, 1, &u32, &err), 0);
	assert_int_equal(u32, 2);
	assert_true(json_has(&root, "s"));
	assert_false(json_has(&root, "none"));
}

TEST(absent_and_null_members_change_nothing)
{
	CLEANUP(free) char *s = xstrdup("before");
	struct json_at at;
	uint64_t u = 7;
	size_t n = 3;

	load("{\"s\":null,\"u\":null,\"o\":null}");
	assert_int_equal(json_get_string(&root, "s", &s, &err), 0);
	assert_int_equal(json_get_string(&root, "none", &s, &err), 0);
	assert_int_equal(json_get_u64(&root, "u", &u, &err), 0);
	assert_int_equal(json_get_object(&root, "o", &at, &err), 0);
	assert_int_equal(json_get_array(&root, "o", &at, &n, &err), 0);
	assert_string_equal(s, "before");
	assert_int_equal(u, 7);
	assert_int_equal(n, 3);
}

TEST(text_that_is_not_json_is_refused)
{
	static const char *const texts[] = {
		"",     " ",        "\n",    "{",        "[1,",        "{\"a\":1,}",
		"[1,]", "{'a':1}",  "{a:1}", "nul",      "True",       "\"abc",
		"1 2",  "{} {}",    "{}x",   "[1] // c", "/* c */ {}", "{\"a\"}",
		"]",    "{\"a\":}", "-",     "\"\\x\"",  "\"\\u12\"",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		refused(texts[i], strlen(texts[i]));
}

TEST(a_nul_byte_anywhere_is_refused)
{
	refused("{}\0", 3);
	refused("\0{}", 3);
	refused("{\"a\":\0 1}", 9);
	refused("{\"a\":\"x\0y\"}", 11);
	refused("1\0", 2);
}

TEST(a_nul_that_json_writes_is_refused_by_path)
{
	CLEANUP(free) char *s = NULL;
	CLEANUP(strv_free) char **v = NULL;

	load("{\"a\":\"x\\u0000y\",\"v\":[\"ok\",\"\\u0000\"]}");
	assert_int_equal(json_get_string(&root, "a", &s, &err), -EINVAL);
	assert_string_equal(err.text, "a: holds a NUL character");
	assert_int_equal(json_get_strv(&root, "v", &v, &err), -EINVAL);
	assert_string_equal(err.text, "v[1]: holds a NUL character");
	assert_null(s);
	assert_null(v);
}

TEST(bytes_that_are_not_utf8_are_refused)
{
	refused("\"\xff\"", 3);
	refused("\"\xc3\"", 3);
	refused("{\"\x80\":1}", 7);
}

TEST(text_behind_the_value_is_named_with_its_place)
{
	assert_int_equal(json_parse("{} x", 4, 64, &doc, &err), -EINVAL);
	assert_string_equal(err.text, "not JSON: unexpected character at byte 3");
	assert_int_equal(json_parse("[1, 2", 5, 64, &doc, &err), -EINVAL);
	assert_string_equal(err.text, "not JSON: it ends in the middle, at byte 5");
}

TEST(sixty_four_levels_are_allowed_and_no_more)
{
	assert_int_equal(parse_nested(64, ""), 0);
	assert_int_equal(parse_nested(64, "1"), 0);
	assert_int_equal(parse_nested(63, "{\"a\":1}"), 0);
	assert_int_equal(parse_nested(65, "1"), -EINVAL);
	assert_non_null(strstr(err.text, "JSON nested deeper than 64 levels"));
	assert_int_equal(parse_nested(65, ""), -EINVAL);
	assert_non_null(strstr(err.text, "JSON nested deeper than 64 levels"));
	assert_int_equal(parse_nested(64, "{}"), -EINVAL);
	assert_int_equal(parse_nested(64, "{\"a\":1}"), -EINVAL);
	assert_int_equal(parse_nested(100000, ""), -EINVAL);
}

TEST(brackets_in_strings_are_no_levels)
{
	CLEANUP(free) char *text = NULL;
	char brackets[200];

	memset(brackets, '[', sizeof(brackets) - 1);
	brackets[sizeof(brackets) - 1] = '\0';
	text = xasprintf("\"%s\\\"[\"", brackets);
	assert_int_equal(json_parse(text, strlen(text), 64, &doc, &err), 0);
}

TEST(of_a_duplicate_member_the_last_counts_as_in_go)
{
	uint64_t u = 0;

	load("{\"a\":1,\"a\":2}");
	assert_int_equal(json_get_u64(&root, "a", &u, &err), 0);
	assert_int_equal(u, 2);
}

TEST(numbers_at_the_limits_of_64_bits)
{
	uint64_t u = 0;
	int64_t i = 0;

	load("{\"max\":18446744073709551615,\"top\":9223372036854775807,\"over\":"
	     "9223372036854775808,"
	     "\"min\":-9223372036854775808,\"neg\":-1}");
	assert_int_equal(json_get_u64(&root, "max", &u, &err), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(json_get_i64(&root, "top", &i, &err), 0);
	assert_true(i == INT64_MAX);
	assert_int_equal(json_get_i64(&root, "min", &i, &err), 0);
	assert_true(i == INT64_MIN);
	assert_int_equal(json_get_i64(&root, "over", &i, &err), -EINVAL);
	assert_string_equal(err.text, "over: 9223372036854775808 is over 2^63-1");
	assert_int_equal(json_get_u64(&root, "neg", &u, &err), -EINVAL);
	assert_string_equal(err.text, "neg: -1 is negative, allowed is 0 to 18446744073709551615");
}

TEST(thirty_two_bits_are_enforced)
{
	uint32_t u = 7;
	struct json_at array;
	size_t n = 0;

	load("{\"a\":4294967296,\"b\":[0,-1,4294967296,\"x\",null]}");
	assert_int_equal(json_get_u32(&root, "a", &u, &err), -EINVAL);
	assert_string_equal(err.text, "a: 4294967296 is over 4294967295");
	assert_int_equal(json_get_array(&root, "b", &array, &n, &err), 1);
	assert_int_equal(json_item_u32(&array, 0, &u, &err), 0);
	for (size_t i = 1; i < 5; i++)
		assert_int_equal(json_item_u32(&array, i, &u, &err), -EINVAL);
	assert_string_equal(err.text, "b[4]: must be an unsigned integer, is of type null");
	assert_int_equal(u, 0);
}

TEST(a_wrong_type_is_named_with_its_path)
{
	CLEANUP(free) char *s = NULL;
	CLEANUP(strv_free) char **v = NULL;
	struct json_at a;
	struct json_at list;
	struct json_at item;
	uint64_t u = 0;
	bool flag = false;
	size_t n = 0;

	load("{\"a\":{\"list\":[{\"x\":\"1\"},7],\"s\":5,\"f\":1.5,\"m\":{\"k\":1},\"n\":{\"k\":"
	     "null},"
	     "\"e\":{\"a=b\":\"c\"}}}");
	assert_int_equal(json_get_object(&root, "a", &a, &err), 1);
	assert_int_equal(json_get_array(&a, "list", &list, &n, &err), 1);
	assert_int_equal(json_item_object(&list, 0, &item, &err), 0);
	assert_int_equal(json_get_u64(&item, "x", &u, &err), -EINVAL);
	assert_string_equal(err.text,
			    "a.list[0].x: must be an unsigned integer, is of type string");
	assert_int_equal(json_item_object(&list, 1, &item, &err), -EINVAL);
	assert_string_equal(err.text, "a.list[1]: must be an object, is of type int");
	assert_int_equal(json_get_strv(&a, "list", &v, &err), -EINVAL);
	assert_string_equal(err.text, "a.list[0]: must be a string, is of type object");
	assert_int_equal(json_get_string(&a, "s", &s, &err), -EINVAL);
	assert_string_equal(err.text, "a.s: must be a string, is of type int");
	assert_int_equal(json_get_u64(&a, "f", &u, &err), -EINVAL);
	assert_string_equal(err.text, "a.f: must be an unsigned integer, is of type double");
	assert_int_equal(json_get_bool(&a, "s", &flag, &err), -EINVAL);
	assert_string_equal(err.text, "a.s: must be true or false, is of type int");
	assert_int_equal(json_get_map(&a, "m", &v, &err), -EINVAL);
	assert_string_equal(err.text, "a.m[\"k\"]: must be a string, is of type int");
	assert_int_equal(json_get_map(&a, "n", &v, &err), -EINVAL);
	assert_string_equal(err.text, "a.n[\"k\"]: must be a string, is of type null");
	assert_int_equal(json_get_map(&a, "e", &v, &err), -EINVAL);
	assert_string_equal(err.text, "a.e[\"a=b\"]: a key may not hold '='");
	assert_int_equal(json_get_object(&a, "s", &item, &err), -EINVAL);
	assert_int_equal(json_get_array(&a, "s", &item, &n, &err), -EINVAL);
}

TEST(a_document_that_is_no_object_is_told)
{
	static const char *const texts[] = { "null", "1", "\"x\"", "[]", "true", "1.5" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		load(texts[i]);
		assert_int_equal(json_check_object(&root, &err), -EINVAL);
		assert_non_null(strstr(err.text, "JSON: must be an object, is of type "));
	}
}

TEST(a_member_can_be_had_as_text)
{
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *none = NULL;

	load("{\"return\":{\"a\":[1,\"x/y\"]}}");
	text = json_member_text(&root, "return");
	none = json_member_text(&root, "other");
	assert_non_null(strstr(text, "x/y"));
	assert_string_equal(none, "null");
}

TEST(a_very_long_key_is_cut_in_messages)
{
	CLEANUP(strv_free) char **v = NULL;
	CLEANUP(free) char *text = NULL;
	char key[5000];

	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	text = xasprintf("{\"m\":{\"%s\":1}}", key);
	load(text);
	assert_int_equal(json_get_map(&root, "m", &v, &err), -EINVAL);
	assert_true(strlen(err.text) < 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETUP_TEST(every_kind_of_value_is_read),
		SETUP_TEST(absent_and_null_members_change_nothing),
		SETUP_TEST(text_that_is_not_json_is_refused),
		SETUP_TEST(a_nul_byte_anywhere_is_refused),
		SETUP_TEST(a_nul_that_json_writes_is_refused_by_path),
		SETUP_TEST(bytes_that_are_not_utf8_are_refused),
		SETUP_TEST(text_behind_the_value_is_named_with_its_place),
		SETUP_TEST(sixty_four_levels_are_allowed_and_no_more),
		SETUP_TEST(brackets_in_strings_are_no_levels),
		SETUP_TEST(of_a_duplicate_member_the_last_counts_as_in_go),
		SETUP_TEST(numbers_at_the_limits_of_64_bits),
		SETUP_TEST(thirty_two_bits_are_enforced),
		SETUP_TEST(a_wrong_type_is_named_with_its_path),
		SETUP_TEST(a_document_that_is_no_object_is_told),
		SETUP_TEST(a_member_can_be_had_as_text),
		SETUP_TEST(a_very_long_key_is_cut_in_messages),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
