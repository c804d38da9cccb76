/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's log, between the agent and a host in one process. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/api.h"
#include "agent/guest_log.h"
#include "agentc/calls.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "katac.pb-c.h"
#include "rpc/ttrpc_server.h"

static const struct ttrpc_method methods[] = { { "ReadLog", api_read_log }, { NULL, NULL } };
static const struct ttrpc_service service = { &katac__agent_extension__descriptor, methods };
static const struct ttrpc_service *const services[] = { &service, NULL };

static struct agent agent; /* the logger is a program's: so is what it leads to */

/* A connection of the host, and what it has been told. */
struct host {
	struct ttrpc_conn conn;
	struct calls *calls;
	unsigned answers;
	size_t n;
	uint64_t lost;
	int error;
	char *first;
	char *last;
	char *container;
	char *subsystem;
	uint32_t level;
	uint32_t pid;
	int64_t time_ns;
};

static void read_some(void *owner, const struct calls_log_line *lines, size_t n, uint64_t lost,
		      const struct err *error)
{
	struct host *host = owner;

	host->answers++;
	host->error = error->code;
	host->lost += lost;
	for (size_t i = 0; i < n; i++) {
		if (!host->first)
			host->first = xstrdup(lines[i].text);
		free(host->last);
		free(host->container);
		free(host->subsystem);
		host->last = xstrdup(lines[i].text);
		host->container = xstrdup(lines[i].container);
		host->subsystem = xstrdup(lines[i].subsystem);
		host->level = lines[i].level;
		host->pid = lines[i].pid;
		host->time_ns = lines[i].time_ns;
	}
	host->n += n;
}

static void exchange(struct host *host)
{
	struct buf *out = calls_out(host->calls);
	struct err err = { 0 };

	assert_int_equal(ttrpc_conn_feed(&host->conn, buf_data(out), buf_len(out), &err), 0);
	buf_consume(out, buf_len(out));
	assert_int_equal(
		calls_feed(host->calls, buf_data(&host->conn.out), buf_len(&host->conn.out), &err),
		0);
	buf_consume(&host->conn.out, buf_len(&host->conn.out));
}

static void run(struct host *host)
{
	struct err err = { 0 };

	assert_int_equal(loop_run_until(agent.loop, deadline_in(60), &err), 0);
	exchange(host);
}

static void connect_host(struct host *host)
{
	memset(host, 0, sizeof(*host));
	ttrpc_conn_init(&host->conn, services, &agent);
	host->calls = calls_new(host);
}

static void ask(struct host *host)
{
	calls_read_log(host->calls, read_some);
	exchange(host);
}

static void disconnect(struct host *host)
{
	calls_free(host->calls);
	ttrpc_conn_done(&host->conn);
	free(host->first);
	free(host->last);
	free(host->container);
	free(host->subsystem);
}

static int open_log(void **state __attribute__((unused)))
{
	struct err err = { 0 };

	log_init("kata-agent", LOG_LEVEL_INFO);
	assert_int_equal(guest_log_open(&agent, &err), 0);
	assert_int_equal(loop_new(&agent.loop, &err), 0);
	return guest_log_watch(&agent, &err);
}

TEST(what_was_logged_before_the_host_came_is_there)
{
	struct host host;

	log_info("early");
	log_about(WARN, "c1", "about one");
	connect_host(&host);
	ask(&host);
	assert_int_equal(host.n, 2);
	assert_string_equal(host.first, "early");
	assert_string_equal(host.last, "about one");
	assert_string_equal(host.container, "c1");
	assert_string_equal(host.subsystem, "test_guest_log");
	assert_int_equal(host.level, LOG_LEVEL_WARN);
	assert_int_equal(host.pid, getpid());
	assert_true(host.time_ns / 1000000000 + 5 > time(NULL));
	disconnect(&host);
}

TEST(the_answer_comes_when_there_is_something)
{
	struct host host;

	connect_host(&host);
	ask(&host);
	run(&host);
	assert_int_equal(host.answers, 0);
	log_warn("one");
	log_warn("two");
	run(&host);
	assert_int_equal(host.answers, 1);
	assert_int_equal(host.n, 2);
	disconnect(&host);
}

TEST(a_helper_is_heard_too)
{
	struct host host;
	pid_t pid;

	connect_host(&host);
	ask(&host);
	pid = fork();
	if (pid == 0) {
		log_warn("from a helper");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	run(&host);
	assert_string_equal(host.last, "from a helper");
	assert_int_equal(host.pid, pid);
	disconnect(&host);
}

TEST(lines_wait_for_the_next_host_when_one_has_gone)
{
	struct host gone;
	struct host host;

	connect_host(&gone);
	ask(&gone);
	disconnect(&gone);
	log_warn("for the next");
	connect_host(&host);
	run(&host);
	ask(&host);
	run(&host);
	assert_string_equal(host.last, "for the next");
	disconnect(&host);
}

TEST(a_second_reader_sends_the_first_away)
{
	struct host first;
	struct host second;

	connect_host(&first);
	connect_host(&second);
	ask(&first);
	ask(&second);
	exchange(&first);
	assert_int_equal(first.answers, 1);
	assert_int_equal(first.error, ECANCELED);
	disconnect(&first);
	disconnect(&second);
}

/* The last: it uses up what may be said. */
TEST(a_flood_is_limited_and_counted)
{
	char text[900];
	struct host host;
	uint64_t said = 5000;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	connect_host(&host);
	for (uint64_t i = 0; i < said; i++) {
		log_warn("%s", text);
		if (i % 100 == 0)
			run(&host);
	}
	do {
		ask(&host);
		run(&host);
	} while (host.n + host.lost < said && host.answers < 1000);
	assert_int_equal(host.n + host.lost, said);
	assert_true(host.n < GUEST_LOG_KEEP / sizeof(text) + 1); /* nobody asked until then */
	disconnect(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_logged_before_the_host_came_is_there),
		cmocka_unit_test(the_answer_comes_when_there_is_something),
		cmocka_unit_test(a_helper_is_heard_too),
		cmocka_unit_test(lines_wait_for_the_next_host_when_one_has_gone),
		cmocka_unit_test(a_second_reader_sends_the_first_away),
		cmocka_unit_test(a_flood_is_limited_and_counted),
	};

	return cmocka_run_group_tests_name("guest_log", tests, open_log, NULL);
}
