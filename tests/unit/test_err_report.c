/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/err_report.h"
#include "base/io.h"
#include "base/json.h"
#include "base/log.h"
#include "tests/unit/tmp.h"

static struct err err;

TEST(the_code_stands_behind_the_text)
{
	CLEANUP(free) char *line = NULL;

	(void)err_set(&err, ENOSPC, "write /run/x");
	line = err_line(&err);
	assert_string_equal(line, "write /run/x [KATA-NO-SPACE]");
}

/* What err_report() writes to a standard error that is no terminal; owned. */
static char *reported(const char *program)
{
	CLEANUP(free) char *path = tmp_path("stderr");
	int saved = dup(STDERR_FILENO);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char *text = NULL;

	assert_true(fd >= 0 && saved >= 0);
	(void)dup2(fd, STDERR_FILENO);
	err_report(&err, program);
	(void)dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd);
	assert_int_equal(file_read(path, 1 << 20, &text, NULL, &err), 0);
	return text;
}

TEST(in_a_pipe_it_is_one_line)
{
	CLEANUP(free) char *plain = NULL;
	CLEANUP(free) char *named = NULL;

	(void)err_set(&err, EROFS, "mkdir /run/vc");
	plain = reported(NULL);
	assert_string_equal(plain, "mkdir /run/vc [KATA-READ-ONLY]\n");
	(void)err_set(&err, EROFS, "mkdir /run/vc");
	named = reported("kata-shim");
	assert_string_equal(named, "kata-shim: mkdir /run/vc [KATA-READ-ONLY]\n");
}

static void assert_field(const struct json_at *root, const char *key, const char *expected)
{
	CLEANUP(free) char *value = NULL;

	assert_int_equal(json_get_string(root, key, &value, &err), 0);
	assert_string_equal(value, expected);
}

TEST(the_log_has_code_object_cause_and_remedy)
{
	CLEANUP(free) char *path = tmp_path("log");
	CLEANUP(json_free) struct json *doc = NULL;
	CLEANUP(free) char *text = NULL;
	struct json_at root;

	log_init("kata-test", LOG_LEVEL_WARN);
	assert_int_equal(log_open_file(path, true, &err), 0);
	(void)err_set(&err, EMFILE, "sandbox s: open /x: Too many open files");
	err_log(&err);
	assert_int_equal(file_read(path, 1 << 20, &text, NULL, &err), 0);
	assert_int_equal(json_parse(text, strlen(text), 4, &doc, &err), 0);
	root = json_root(doc);
	assert_field(&root, "msg", "sandbox s: open /x: Too many open files [KATA-FD-LIMIT]");
	assert_field(&root, "code", "KATA-FD-LIMIT");
	assert_field(&root, "object", "sandbox s");
	assert_field(&root, "cause", "Too many open files");
	assert_field(&root, "remedy", err_remedy(ERR_FD_LIMIT));
}

TEST(the_code_of_a_long_error_is_not_cut_off)
{
	CLEANUP(free) char *path = tmp_path("long");
	CLEANUP(free) char *text = NULL;
	char long_text[2000];

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(log_open_file(path, true, &err), 0);
	(void)err_set(&err, EIO, "%s", long_text);
	err_log(&err);
	assert_int_equal(file_read(path, 1 << 20, &text, NULL, &err), 0);
	assert_non_null(strstr(text, "x [KATA-IO]\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(the_code_stands_behind_the_text),
		TMP_TEST(in_a_pipe_it_is_one_line),
		TMP_TEST(the_log_has_code_object_cause_and_remedy),
		TMP_TEST(the_code_of_a_long_error_is_not_cut_off),
	};

	return cmocka_run_group_tests_name("err_report", tests, NULL, NULL);
}
