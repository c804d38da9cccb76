/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "config/toml.h"

static struct toml *toml;

static int setup(void **state __attribute__((unused)))
{
	toml = NULL;
	return 0;
}

static int teardown(void **state __attribute__((unused)))
{
	toml_free(toml);
	return 0;
}

static void load(const char *text)
{
	struct err err = { 0 };

	toml_free(toml);
	toml = NULL;
	if (toml_parse(text, strlen(text), "f", &toml, &err) != 0)
		fail_msg("%s", err.text);
}

static void refused_bytes(const char *text, size_t len, const char *wanted)
{
	struct toml *none = NULL;
	struct err err = { 0 };

	if (toml_parse(text, len, "f", &none, &err) != -EINVAL)
		fail_msg("taken: %s", text);
	assert_string_equal(err.text, wanted);
	assert_null(none);
}

static void refused(const char *text, const char *wanted)
{
	refused_bytes(text, strlen(text), wanted);
}

static const struct toml_entry *entry(const char *table, const char *key)
{
	for (size_t i = 0; i < toml->n_entries; i++)
		if (str_eq(toml->entries[i].table, table) && str_eq(toml->entries[i].key, key))
			return &toml->entries[i];
	fail_msg("[%s] %s is not there", table, key);
	return NULL;
}

static void assert_string_value(const char *text, const char *wanted)
{
	load(text);
	assert_int_equal(entry("", "a")->type, TOML_STRING);
	assert_string_equal(entry("", "a")->string, wanted);
}

static void assert_integer_value(const char *text, int64_t wanted)
{
	load(text);
	assert_int_equal(entry("", "a")->type, TOML_INTEGER);
	assert_true(entry("", "a")->integer == wanted);
}

TEST(keys_belong_to_the_table_above_them)
{
	load("# comment\n"
	     "top = 1\n"
	     "[hypervisor.qemu] # behind\n"
	     "  path = \"/usr/bin/qemu\" # too\n"
	     "\n"
	     "enable_debug = true\n"
	     "[\"proxy\" . 'kata']\n"
	     "x.y = false\n"
	     "\"quoted key\" = ''");
	assert_int_equal(entry("", "top")->integer, 1);
	assert_string_equal(entry("hypervisor.qemu", "path")->string, "/usr/bin/qemu");
	assert_int_equal(entry("hypervisor.qemu", "path")->line, 4);
	assert_int_equal(entry("hypervisor.qemu", "path")->column, 3);
	assert_int_equal(entry("hypervisor.qemu", "enable_debug")->integer, 1);
	assert_int_equal(entry("proxy.kata.x", "y")->type, TOML_BOOL);
	assert_int_equal(entry("proxy.kata.x", "y")->integer, 0);
	assert_string_equal(entry("proxy.kata", "quoted key")->string, "");
	assert_int_equal(strv_len(toml->tables), 2);
}

TEST(an_empty_file_is_a_file)
{
	load("");
	assert_int_equal(toml->n_entries, 0);
	load("\n\n# only this");
	load("\xef\xbb\xbf"
	     "a = 1");
	assert_int_equal(entry("", "a")->integer, 1);
}

TEST(all_four_kinds_of_strings)
{
	assert_string_value("a = \"b\\t\\n\\r\\f\\b\\\"\\\\ \\u00e4 \\U0001F600\"",
			    "b\t\n\r\f\b\"\\ \xc3\xa4 \xf0\x9f\x98\x80");
	assert_string_value("a = 'C:\\n \"x\"'", "C:\\n \"x\"");
	assert_string_value("a = \"\"\"\nline 1\nline \"2\"\\\n   \n  joined\"\"\"",
			    "line 1\nline \"2\"joined");
	assert_string_value("a = '''\nraw \\ 'x'\n'''", "raw \\ 'x'\n");
	assert_string_value("a = \"\"\"x\"\"\"\"\"", "x\"\"");
	assert_string_value("a = \"\"", "");
	assert_string_value("a = \"tab\there \xc3\xa4\"", "tab\there \xc3\xa4");
}

TEST(integers_of_every_base_up_to_64_bits)
{
	assert_integer_value("a = 0", 0);
	assert_integer_value("a = +17", 17);
	assert_integer_value("a = -0", 0);
	assert_integer_value("a = 1_000_000", 1000000);
	assert_integer_value("a = 0xDEAD_beef", 0xdeadbeef);
	assert_integer_value("a = 0o755", 0755);
	assert_integer_value("a = 0b1010", 10);
	assert_integer_value("a = 9223372036854775807", INT64_MAX);
	assert_integer_value("a = -9223372036854775808", INT64_MIN);
}

TEST(arrays_of_strings_over_lines)
{
	load("a = [ # first\n \"x\",\r\n\n 'y', # second\n]\nb = []\nc=['z']");
	assert_int_equal(entry("", "a")->type, TOML_STRINGS);
	assert_int_equal(strv_len(entry("", "a")->strings), 2);
	assert_string_equal(entry("", "a")->strings[1], "y");
	assert_int_equal(strv_len(entry("", "b")->strings), 0);
	assert_int_equal(entry("", "b")->line, 6);
	assert_string_equal(entry("", "c")->strings[0], "z");
}

TEST(lines_may_end_as_in_dos)
{
	load("[t]\r\na = 1\r\n\r\nb = \"\"\"\r\nx\r\ny\"\"\"\r\n");
	assert_int_equal(entry("t", "a")->integer, 1);
	assert_int_equal(entry("t", "b")->line, 4);
	assert_string_equal(entry("t", "b")->string, "x\r\ny");
	refused("[t]\r\na = 1\r\nb = ?\r\n",
		"f:3:5: a value is expected: a string in quotes, a number, true, false or an "
		"array");
}

TEST(numbers_that_are_none_are_named_with_line_and_column)
{
	refused("a = 01", "f:1:7: a number may not begin with 0");
	refused("a = 1.5", "f:1:6: floating-point numbers are not supported");
	refused("a = 1e5", "f:1:6: floating-point numbers are not supported");
	refused("a = inf", "f:1:5: floating-point numbers are not supported");
	refused("a = -inf", "f:1:5: floating-point numbers are not supported");
}

TEST(more_numbers_that_are_none)
{
	refused("a = 2024-01-01", "f:1:9: dates and times are not supported");
	refused("a = 10:00", "f:1:7: dates and times are not supported");
	refused("a = 9223372036854775808", "f:1:23: the number does not fit into 64 bits");
	refused("a = 1__0", "f:1:6: unexpected text behind the number");
	refused("a = 1_", "f:1:6: unexpected text behind the number");
	refused("a = 0x", "f:1:7: a number is expected");
	refused("a = +", "f:1:6: a number is expected");
	refused("a = 12abc", "f:1:7: unexpected text behind the number");
	refused("a = -0x10", "f:1:7: unexpected text behind the number");
}

TEST(strings_that_are_not_right_are_named)
{
	refused("a = \"open\nb = 1", "f:1:10: the string is not closed");
	refused("a = 'open", "f:1:10: the string is not closed");
	refused("a = \"\"\"open", "f:1:12: the string is not closed");
	refused("a = \"\\q\"", "f:1:7: unknown escape in a string; use \\\\ for a backslash");
	refused("a = \"\\u12\"", "f:1:10: a \\u escape needs 4 hexadecimal digits");
	refused("a = \"\\u0000\"", "f:1:12: a string may not hold the character NUL");
	refused("a = \"\\ud800\"", "f:1:12: U+D800 is not a character");
	refused("a = \"\\U00110000\"", "f:1:16: U+110000 is not a character");
	refused("a = \"x\x01\"", "f:1:7: control character 0x01 in a string");
	refused("a = \"x\x7f\"", "f:1:7: control character 0x7f in a string");
	refused("a = \"\"\"x\ry\"\"\"", "f:1:9: control character 0x0d in a string");
	refused("# \x02", "f:1:3: control character 0x02 in a comment");
	refused("a = \"\\", "f:1:7: unknown escape in a string; use \\\\ for a backslash");
}

TEST(structure_that_is_not_right_is_named)
{
	refused("a", "f:1:2: '=' is expected behind the key");
	refused("a b = 1", "f:1:3: '=' is expected behind the key");
	refused("= 1", "f:1:1: a name is expected: letters, digits, '_' and '-'");
	refused("a. = 1", "f:1:4: a name is expected: letters, digits, '_' and '-'");
	refused("a = ", "f:1:5: a value is expected: a string in quotes, a number, true, false or "
			"an array");
	refused("a = yes", "f:1:5: a value is expected: a string in quotes, a number, true, false "
			   "or an array");
	refused("a = truely", "f:1:5: a value is expected: a string in quotes, a number, true, "
			      "false or an array");
	refused("a = True", "f:1:5: a value is expected: a string in quotes, a number, true, "
			    "false or an array");
	refused("a = 1 2", "f:1:7: unexpected text behind the value");
	refused("a = {x = 1}", "f:1:5: inline tables are not supported");
	refused("[[a]]", "f:1:2: arrays of tables ([[…]]) are not supported");
	refused("[a", "f:1:3: ']' is expected behind the section's name");
	refused("[a] x", "f:1:5: unexpected text behind the value");
	refused("[]", "f:1:2: a name is expected: letters, digits, '_' and '-'");
	refused("\"\"\"a\"\"\" = 1", "f:1:1: a name cannot be a multi-line string");
	refused("a = [1]", "f:1:6: only strings are supported in an array");
	refused("a = [\"x\" \"y\"]", "f:1:10: ',' or ']' is expected in the array");
	refused("a = [\"x\",\n\"y\"", "f:2:4: ',' or ']' is expected in the array");
	refused("a = [,]", "f:1:6: only strings are supported in an array");
}

TEST(what_is_there_twice_is_named_with_both_places)
{
	refused("[t]\na = 1\n\na = 2", "f:4:3: [t] a: set a second time; it is on line 2 already");
	refused("[t]\n[u]\n[t]", "f:3:3: the section [t] is there a second time");
	refused("t.a = 1\n[t]\na = 2",
		"f:2:3: the section [t] is there already, by keys with dots");
}

TEST(a_name_is_one_table_or_one_value)
{
	refused("a = 1\n[a]", "f:2:3: 'a' cannot be a table: it is a value on line 1 already");
	refused("[a]\nb = 1\n[a.b.c]",
		"f:3:7: 'a.b' cannot be a table: it is a value on line 2 already");
	refused("a = 1\na.b = 2", "f:2:5: 'a' cannot be a table: it is a value on line 1 already");
	refused("a.b = 1\na = 2", "f:2:3: 'a' cannot be a value: it is a table already");
	refused("[a.b]\n[a]\nb = 1", "f:3:3: 'a.b' cannot be a value: it is a table already");
	refused("[a.b]\n[a]\nb.c = 1", "f:3:5: 'a.b' is a section: its keys stand there");
	load("a.b.c = 1\na.b.d = 2\n[x.y]\nz = 3\n[x]\nw = 4\n[x.yy]\n");
	assert_int_equal(entry("a.b", "d")->integer, 2);
	assert_int_equal(entry("x", "w")->integer, 4);
}

TEST(deep_nesting_is_refused_at_once)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	CLEANUP(free) char *text = NULL;

	for (unsigned i = 0; i < 500000; i++)
		buf_append(&out, "a.", 2);
	text = buf_take_string(&out);
	refused(text, "f:1:33: a name of more than the 16 parts that are allowed");
	free(text);
	for (unsigned i = 0; i < 500000; i++)
		buf_append(&out, i == 0 ? "a = [" : "[", i == 0 ? 5 : 1);
	text = buf_take_string(&out);
	refused(text, "f:1:6: only strings are supported in an array");
	load("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p = 1");
}

TEST(more_keys_or_sections_than_the_limit_are_refused)
{
	__attribute__((cleanup(buf_donep))) struct buf keys = { 0 };
	__attribute__((cleanup(buf_donep))) struct buf sections = { 0 };
	CLEANUP(free) char *text = NULL;

	for (unsigned i = 0; i <= TOML_ENTRIES_MAX; i++) {
		buf_printf(&keys, "k%u = 1\n", i);
		buf_printf(&sections, "[s%u]\n", i);
	}
	text = buf_take_string(&keys);
	refused(text, "f:4097:1: more than the 4096 keys that are allowed");
	free(text);
	text = buf_take_string(&sections);
	refused(text, "f:4097:7: more than the 4096 sections that are allowed");
}

TEST(bytes_that_are_no_text_are_named)
{
	refused_bytes("a = 1\nb\0", 8, "f:2:2: NUL byte");
	refused("a = \"\xff\"", "f:1:6: byte 0xff is not UTF-8");
	refused("a = 1\n# \xc3", "f:2:3: byte 0xc3 is not UTF-8");
	refused("# \xed\xa0\x80", "f:1:3: byte 0xed is not UTF-8");
}

TEST(every_prefix_of_a_good_file_is_taken_or_refused_cleanly)
{
	static const char text[] = "[a.b]\r\nk = \"x\\u00e4\" # c\nl = ['a',\n\"b\"]\n"
				   "m = '''x''''\nn = 0x1f\no = true\np = \"\"\"a\\\n b\"\"\"\n";

	for (size_t len = 0; len < sizeof(text); len++) {
		CLEANUP(toml_free) struct toml *part = NULL;
		struct err err = { 0 };
		int r = toml_parse(text, len, "f", &part, &err);

		assert_true(r == 0 || r == -EINVAL);
		assert_true((r == 0) == (part != NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETUP_TEST(keys_belong_to_the_table_above_them),
		SETUP_TEST(an_empty_file_is_a_file),
		SETUP_TEST(all_four_kinds_of_strings),
		SETUP_TEST(integers_of_every_base_up_to_64_bits),
		SETUP_TEST(arrays_of_strings_over_lines),
		SETUP_TEST(lines_may_end_as_in_dos),
		SETUP_TEST(numbers_that_are_none_are_named_with_line_and_column),
		SETUP_TEST(more_numbers_that_are_none),
		SETUP_TEST(strings_that_are_not_right_are_named),
		SETUP_TEST(structure_that_is_not_right_is_named),
		SETUP_TEST(what_is_there_twice_is_named_with_both_places),
		SETUP_TEST(a_name_is_one_table_or_one_value),
		SETUP_TEST(deep_nesting_is_refused_at_once),
		SETUP_TEST(more_keys_or_sections_than_the_limit_are_refused),
		SETUP_TEST(bytes_that_are_no_text_are_named),
		SETUP_TEST(every_prefix_of_a_good_file_is_taken_or_refused_cleanly),
	};

	return cmocka_run_group_tests_name("toml", tests, NULL, NULL);
}
