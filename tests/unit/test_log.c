/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "tests/unit/tmp.h"

static struct err err;

/* The logger is a program's only global state: the order of these tests is a program's life. */

static char *contents(const char *name)
{
	CLEANUP(free) char *path = tmp_path("%s", name);
	char *text = NULL;

	assert_int_equal(file_read(path, 1 << 20, &text, NULL, &err), 0);
	return text;
}

static void open_log(bool json)
{
	CLEANUP(free) char *path = tmp_path("log");

	assert_int_equal(log_open_file(path, json, &err), 0);
}

TEST(nothing_is_written_before_a_log_is_open)
{
	log_init("kata-test", LOG_LEVEL_INFO);
	log_error("nobody reads this");
}

TEST(a_log_that_cannot_be_opened_is_named)
{
	assert_int_equal(log_open_file("/no/such/dir/log", false, &err), -ENOENT);
	assert_string_equal(err.text, "open log file /no/such/dir/log: No such file or directory");
}

TEST(text_lines_are_those_of_logrus)
{
	CLEANUP(free) char *text = NULL;

	open_log(false);
	log_info("hello \"%s\"", "you");
	log_debug("not at this level");
	text = contents("log");
	assert_non_null(strstr(text, " level=info msg=\"hello \\\"you\\\"\" name=kata-test pid="));
	assert_true(str_starts(text, "time=\"20"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

TEST(json_lines_can_be_parsed_and_hold_the_fields)
{
	CLEANUP(json_free) struct json *doc = NULL;
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *value = NULL;
	struct json_at root;

	open_log(true);
	log_field("sandbox", "s1");
	log_field("sandbox", "s2"); /* replaces */
	log_warn("line\nbreak \xff\x01");
	text = contents("log");
	assert_int_equal(json_parse(text, strlen(text), 4, &doc, &err), 0);
	root = json_root(doc);
	assert_int_equal(json_get_string(&root, "level", &value, &err), 0);
	assert_string_equal(value, "warning");
	assert_int_equal(json_get_string(&root, "sandbox", &value, &err), 0);
	assert_string_equal(value, "s2");
	assert_int_equal(json_get_string(&root, "msg", &value, &err), 0);
	assert_string_equal(value, "line\nbreak \xef\xbf\xbd\x01");
	assert_int_equal(json_get_string(&root, "time", &value, &err), 0);
	assert_int_equal(strlen(value), strlen("2026-01-01T00:00:00.000000000Z"));
}

TEST(the_level_can_be_changed)
{
	CLEANUP(free) char *text = NULL;

	open_log(false);
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("no");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("yes");
	text = contents("log");
	assert_null(strstr(text, "no\""));
	assert_non_null(strstr(text, "level=debug msg=\"yes\""));
}

TEST(a_long_message_is_cut_and_more_fields_than_fit_are_dropped)
{
	CLEANUP(free) char *text = NULL;
	char long_text[5000];
	char key[8];

	open_log(true);
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		log_field(key, "v");
	}
	log_error("%s", long_text);
	text = contents("log");
	assert_true(strlen(text) < 1500);
	assert_non_null(strstr(text, "\"k6\""));
	assert_null(strstr(text, "\"k7\""));
}

TEST(a_log_file_is_not_for_everybody)
{
	CLEANUP(free) char *path = tmp_path("log");
	struct stat st;

	open_log(false);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0007, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(nothing_is_written_before_a_log_is_open),
		TMP_TEST(a_log_that_cannot_be_opened_is_named),
		TMP_TEST(text_lines_are_those_of_logrus),
		TMP_TEST(json_lines_can_be_parsed_and_hold_the_fields),
		TMP_TEST(the_level_can_be_changed),
		TMP_TEST(a_long_message_is_cut_and_more_fields_than_fit_are_dropped),
		TMP_TEST(a_log_file_is_not_for_everybody),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
