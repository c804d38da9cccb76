/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of the agent's log, with agents that are honest or not. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "katac.pb-c.h"
#include "proxy/guest_log.h"
#include "rpc/ttrpc_server.h"

/* What the guest says to each question, and what has come of it. */
static struct {
	Katac__LogEntry *entries[2000];
	Katac__ReadLogResponse response;
	unsigned questions;
	unsigned questions_max; /* later ones are not answered */
	unsigned lines;
	enum log_level level;
	struct timespec time;
	char *text;
	char *name;
	char *container;
} seen;

static void read_log(struct ttrpc_request *req, const ProtobufCMessage *in __attribute__((unused)))
{
	if (seen.questions++ < seen.questions_max)
		ttrpc_reply(req, &seen.response.base);
}

static void logged(const struct log_entry *entry)
{
	seen.lines++;
	free(seen.text);
	free(seen.name);
	free(seen.container);
	seen.text = xstrdup(entry->text);
	seen.name = xstrdup(entry->name);
	seen.container = entry->container ? xstrdup(entry->container) : NULL;
	seen.level = entry->level;
	seen.time = entry->time;
}

static const struct ttrpc_method methods[] = { { "ReadLog", read_log }, { NULL, NULL } };
static const struct ttrpc_service service = { &katac__agent_extension__descriptor, methods };
static const struct ttrpc_service *const services[] = { &service, NULL };

static struct loop *loop;
static struct guest_log *host;
static struct ttrpc_conn conn;

static void exchange(void *data __attribute__((unused)))
{
	struct buf *out = guest_log_out(host);
	struct err err = { 0 };

	if (ttrpc_conn_feed(&conn, buf_data(out), buf_len(out), &err) < 0)
		fail();
	buf_consume(out, buf_len(out));
	if (guest_log_feed(host, buf_data(&conn.out), buf_len(&conn.out)) < 0)
		fail();
	buf_consume(&conn.out, buf_len(&conn.out));
}

static void run_for(unsigned ms)
{
	struct err err = { 0 };

	log_set_hook(logged);
	loop_set_idle(loop, exchange, NULL);
	assert_int_equal(loop_run_until(loop, deadline_in(ms), &err), 0);
	log_set_hook(NULL);
}

/* A guest with @n lines, all alike, in each of @answers answers. */
static void start(Katac__LogEntry *entry, size_t n, unsigned answers)
{
	struct err err = { 0 };

	memset(&seen, 0, sizeof(seen));
	katac__read_log_response__init(&seen.response);
	for (size_t i = 0; i < n; i++)
		seen.entries[i] = entry;
	seen.response.entries = seen.entries;
	seen.response.n_entries = n;
	seen.questions_max = answers;
	assert_int_equal(loop_new(&loop, &err), 0);
	host = guest_log_new(loop);
	ttrpc_conn_init(&conn, services, NULL);
	guest_log_begin(host);
}

static void finish(void)
{
	guest_log_free(host);
	ttrpc_conn_done(&conn);
	loop_free(loop);
	free(seen.text);
	free(seen.name);
	free(seen.container);
}

static Katac__LogEntry new_entry(const char *text)
{
	Katac__LogEntry entry = KATAC__LOG_ENTRY__INIT;

	entry.text = (char *)(uintptr_t)text;
	return entry;
}

TEST(a_line_keeps_the_guests_time_and_level)
{
	Katac__LogEntry entry = new_entry("hello");

	entry.time_ns = 1764301200000000005;
	entry.level = 2;
	entry.container = (char[]){ "c1" };
	start(&entry, 1, 1);
	run_for(50);
	assert_int_equal(seen.lines, 1);
	assert_string_equal(seen.text, "hello");
	assert_string_equal(seen.name, "kata-agent");
	assert_string_equal(seen.container, "c1");
	assert_int_equal(seen.level, LOG_LEVEL_INFO);
	assert_int_equal(seen.time.tv_sec, 1764301200);
	assert_int_equal(seen.time.tv_nsec, 5);
	finish();
}

TEST(what_a_hostile_guest_says_is_cut_and_made_printable)
{
	char text[3 * LOG_TEXT_MAX];
	Katac__LogEntry entry = new_entry(text);

	memset(text, '\x1b', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	entry.time_ns = INT64_MIN;
	entry.level = UINT32_MAX;
	entry.pid = UINT32_MAX;
	entry.container = text;
	start(&entry, 1, 1);
	run_for(50);
	assert_int_equal(strlen(seen.text), LOG_TEXT_MAX);
	assert_int_equal(strspn(seen.text, "?"), LOG_TEXT_MAX);
	assert_true(strlen(seen.container) <= 64);
	assert_int_equal(seen.level, LOG_LEVEL_DEBUG);
	assert_int_equal(seen.time.tv_sec, 0);
	finish();
}

TEST(a_flood_is_limited_and_its_loss_is_a_line)
{
	Katac__LogEntry entry = new_entry("again and again");

	start(&entry, 2000, UINT32_MAX);
	seen.response.lost = UINT64_MAX;
	run_for(1200);
	assert_true(seen.questions < 40);
	assert_true(seen.lines >= GUEST_LOG_BURST);
	assert_true(seen.lines < GUEST_LOG_BURST + 2 * GUEST_LOG_RATE);
	seen.response.n_entries = 0;
	run_for(1200);
	assert_non_null(strstr(seen.text, " lines of the guest are missing: there were too many"));
	finish();
}

TEST(an_agent_without_a_log_is_asked_once)
{
	static const struct ttrpc_method no_methods[] = { { NULL, NULL } };
	static const struct ttrpc_service old = { &katac__agent_extension__descriptor, no_methods };
	static const struct ttrpc_service *const old_services[] = { &old, NULL };
	Katac__LogEntry entry = new_entry("");

	start(&entry, 0, 0);
	ttrpc_conn_init(&conn, old_services, NULL);
	run_for(150);
	assert_int_equal(seen.lines, 0);
	assert_int_equal(seen.questions, 0);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_keeps_the_guests_time_and_level),
		cmocka_unit_test(what_a_hostile_guest_says_is_cut_and_made_printable),
		cmocka_unit_test(a_flood_is_limited_and_its_loss_is_a_line),
		cmocka_unit_test(an_agent_without_a_log_is_asked_once),
	};

	return cmocka_run_group_tests_name("proxy_log", tests, NULL, NULL);
}
