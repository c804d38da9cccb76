/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
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
	assert_non_null(strstr(text, " source=test subsystem=test_log\n"));
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
	assert_null(strstr(text, "msg=no"));
	assert_non_null(strstr(text, "level=debug msg=yes"));
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

TEST(levels_have_the_names_of_logrus)
{
	enum log_level level = LOG_LEVEL_DEBUG;

	assert_int_equal(log_level_parse("fatal", &level), 0);
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_int_equal(log_level_parse("warn", &level), 0);
	assert_string_equal(log_level_name(level), "warning");
	assert_int_equal(log_level_parse("loud", &level), -EINVAL);
}

TEST(a_full_disk_loses_lines_and_the_next_that_fits_tells_how_many)
{
	CLEANUP(free) char *path = tmp_path("small/log");
	CLEANUP(free) char *dir = tmp_path("small");
	CLEANUP(free) char *text = NULL;
	uint64_t before = log_lost();

	require(unshare(CLONE_NEWNS) == 0 || errno != EPERM);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(mount("none", dir, "tmpfs", 0, "size=4k"), 0);
	log_set_level(LOG_LEVEL_INFO);
	assert_int_equal(log_open_file(path, false, &err), 0);
	for (int i = 0; i < 100; i++)
		log_info("line %d", i);
	assert_true(log_lost() - before > 50);
	assert_int_equal(truncate(path, 0), 0);
	log_info("there is room again");
	text = contents("small/log");
	assert_non_null(strstr(text, "lines are missing here"));
	assert_non_null(strstr(text, "there is room again"));
	assert_int_equal(umount2(dir, MNT_DETACH), 0);
}

TEST(a_pipe_without_a_reader_holds_nobody_up)
{
	CLEANUP(free) char *path = tmp_path("fifo");
	CLEANUP(close) int fd = -1;
	char line[4096];
	uint64_t before = log_lost();

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(log_open_file(path, false, &err), 0);
	for (int i = 0; i < 2000; i++)
		log_info("a line that nobody reads, number %d", i);
	assert_true(log_lost() > before);
	/* Whoever comes later has what the pipe could hold, in whole lines. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(read(fd, line, sizeof(line)) > 0);
	assert_true(str_starts(line, "time="));
}

/* A daemon's socket in the test's directory. */
static int listen_as(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	CLEANUP(free) char *path = tmp_path("%s", name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(strlen(path) < sizeof(addr.sun_path));
	memcpy(addr.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static char *journal_path;
static char *syslog_path;

static void open_system(void)
{
	free(journal_path);
	free(syslog_path);
	journal_path = tmp_path("journal");
	syslog_path = tmp_path("syslog");
	log_open_system_at(journal_path, syslog_path);
}

TEST(journald_gets_fields_and_syslog_then_nothing)
{
	CLEANUP(close) int journal = listen_as("journal");
	CLEANUP(close) int syslog = listen_as("syslog");
	char data[4097] = "";

	open_log(false);
	open_system();
	log_field("sandbox", "s3");
	log_warn("two\nlines");
	assert_true(recv(journal, data, sizeof(data) - 1, 0) > 0);
	assert_memory_equal(data, "MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\nPRIORITY=4\n", 37);
	assert_non_null(strstr(data + 37, "\nKATA_SANDBOX=s3\n"));
	assert_non_null(strstr(data + 37, "SYSLOG_IDENTIFIER=kata-test\n"));
	assert_non_null(strstr(data + 37, "\nKATA_SUBSYSTEM=test_log\n"));
	assert_int_equal(recv(syslog, data, sizeof(data), 0), -1);
}

TEST(without_journald_syslog_gets_the_line)
{
	CLEANUP(close) int syslog = listen_as("syslog");
	char data[4097] = "";

	open_log(false);
	open_system();
	log_warn("hello");
	assert_true(recv(syslog, data, sizeof(data) - 1, 0) > 0);
	assert_true(str_starts(data, "<28>"));
	assert_non_null(strstr(data, " kata-test["));
	assert_non_null(strstr(data, "]: time=\"20"));
	assert_non_null(strstr(data, " level=warning msg=hello "));
}

TEST(a_daemon_that_does_not_read_holds_nobody_up)
{
	CLEANUP(close) int journal = listen_as("journal");
	uint64_t before = log_lost();
	uint64_t start = now_ms();
	char data[4097];
	bool told = false;

	open_log(false);
	open_system();
	for (int i = 0; i < 10000; i++)
		log_warn("line %d", i);
	assert_true(log_lost() > before);
	assert_true(now_ms() - start < 5000);
	while (recv(journal, data, sizeof(data), 0) > 0)
		;
	log_warn("the last");
	while (!told) {
		ssize_t n = recv(journal, data, sizeof(data) - 1, 0);

		assert_true(n > 0);
		data[n] = '\0';
		told = strstr(data, "lines are missing here") != NULL;
	}
	log_set_patience(50); /* and with patience no longer than that */
	start = now_ms();
	for (int i = 0; i < 1000; i++)
		log_warn("line %d", i);
	assert_true(now_ms() - start >= 50);
	assert_true(now_ms() - start < 2000);
}

TEST(a_daemon_that_is_started_anew_is_found_again)
{
	int syslog = listen_as("syslog");
	CLEANUP(free) char *path = tmp_path("syslog");
	CLEANUP(close) int next = -1;
	char data[4097];

	open_log(false);
	open_system();
	close(syslog);
	log_warn("nobody");
	assert_int_equal(unlink(path), 0);
	next = listen_as("syslog");
	log_warn("somebody");
	while (recv(next, data, sizeof(data), 0) > 0)
		path[0] = '!';
	assert_int_equal(path[0], '!');
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
		TMP_TEST(levels_have_the_names_of_logrus),
		TMP_TEST(a_full_disk_loses_lines_and_the_next_that_fits_tells_how_many),
		TMP_TEST(a_pipe_without_a_reader_holds_nobody_up),
		TMP_TEST(journald_gets_fields_and_syslog_then_nothing),
		TMP_TEST(without_journald_syslog_gets_the_line),
		TMP_TEST(a_daemon_that_does_not_read_holds_nobody_up),
		TMP_TEST(a_daemon_that_is_started_anew_is_found_again),
		TMP_TEST(a_log_file_is_not_for_everybody),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
