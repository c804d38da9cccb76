/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/log_line.h"

static char key_sandbox[] = "sandbox";
static char key_container[] = "container";
static char value_sandbox[] = "s1";
static char value_container[] = "c1";
static struct log_field items[] = { { key_sandbox, value_sandbox },
				    { key_container, value_container } };
static const struct log_fields fields = { items, 2 };
static const struct log_fields none = { NULL, 0 };

static char *text_of(const struct log_entry *entry, const struct log_fields *with)
{
	struct buf out = { 0 };

	log_line_text(&out, entry, with);
	return buf_take_string(&out);
}

TEST(what_is_plain_is_not_quoted)
{
	const struct log_entry entry = { .level = LOG_LEVEL_INFO, .text = "/a/b-1.c@d^e+f_" };
	CLEANUP(free) char *line = text_of(&entry, &none);

	assert_string_equal(line, "time=\"1970-01-01T00:00:00.000000000Z\" level=info "
				  "msg=/a/b-1.c@d^e+f_\n");
}

TEST(other_text_is_quoted_as_go_does)
{
	const struct log_entry entry = { .text = "a=\"b\"\n\t\x1b[0m \\ \xc3\xa9 \xff \xc2\x85" };
	CLEANUP(free) char *line = text_of(&entry, &none);

	assert_non_null(strstr(line, " level=error msg=\"a=\\\"b\\\"\\n\\t\\x1b[0m \\\\ \xc3\xa9 "
				     "\\xff \\u0085\"\n"));
}

TEST(fields_come_by_name_and_a_lines_container_is_its_own)
{
	const struct log_entry entry = { .level = LOG_LEVEL_WARN,
					 .time = { 1764301200, 5 },
					 .pid = 7,
					 .name = "kata-x",
					 .source = "x",
					 .subsystem = "y",
					 .container = "c 2",
					 .text = "hi" };
	CLEANUP(free) char *line = text_of(&entry, &fields);

	assert_string_equal(line, "time=\"2025-11-28T03:40:00.000000005Z\" level=warning msg=hi "
				  "container=\"c 2\" name=kata-x pid=7 sandbox=s1 source=x "
				  "subsystem=y\n");
}

TEST(json_has_the_same_members)
{
	const struct log_entry entry = { .pid = 7, .name = "kata-x", .text = "a\nb" };
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	CLEANUP(free) char *line = NULL;

	log_line_json(&out, &entry, &fields);
	line = buf_take_string(&out);
	assert_string_equal(line, "{\"container\":\"c1\",\"level\":\"error\",\"msg\":\"a\\nb\","
				  "\"name\":\"kata-x\",\"pid\":7,\"sandbox\":\"s1\","
				  "\"time\":\"1970-01-01T00:00:00.000000000Z\"}\n");
}

TEST(a_line_that_quoting_makes_too_long_is_cut)
{
	char text[LOG_TEXT_MAX + 1];
	const struct log_entry entry = { .text = text };
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };

	memset(text, 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_line_json(&out, &entry, &none);
	assert_true(buf_len(&out) <= LOG_LINE_MAX);
	assert_true(buf_len(&out) > LOG_LINE_MAX / 2);
	assert_memory_equal(buf_data(&out) + buf_len(&out) - 2, "}\n", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_plain_is_not_quoted),
		cmocka_unit_test(other_text_is_quoted_as_go_does),
		cmocka_unit_test(fields_come_by_name_and_a_lines_container_is_its_own),
		cmocka_unit_test(json_has_the_same_members),
		cmocka_unit_test(a_line_that_quoting_makes_too_long_is_cut),
	};

	return cmocka_run_group_tests_name("log_line", tests, NULL, NULL);
}
