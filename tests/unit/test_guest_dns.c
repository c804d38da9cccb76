/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's side of name servers that only the host can reach, between a program and a host. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/api.h"
#include "agentc/calls.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "katac.pb-c.h"
#include "rpc/ttrpc_server.h"
#include "tests/unit/netns_fake.h"

static const struct ttrpc_method methods[] = {
	{ "NextDnsQuery", api_next_dns_query },
	{ "AnswerDnsQuery", api_answer_dns_query },
	{ NULL, NULL },
};
static const struct ttrpc_service service = { &katac__agent_extension__descriptor, methods };
static const struct ttrpc_service *const services[] = { &service, NULL };

/* A guest and its host in one process. */
struct both {
	struct agent agent;
	struct ttrpc_conn conn;
	struct calls *calls;
	uint64_t id;
	bool tcp;
	char text[64];
	unsigned n;
	int error;
};

static void asked(void *owner, uint64_t id, bool tcp, const uint8_t *data, size_t len,
		  const struct err *error)
{
	struct both *both = owner;

	both->error = error->code;
	both->id = id;
	both->tcp = tcp;
	both->n++;
	if (data && len < sizeof(both->text))
		memcpy(both->text, data, len);
}

static void answered(void *owner, const struct err *error)
{
	(void)owner;
	assert_int_equal(error->code, 0);
}

/* Bytes from each to the other. */
static void exchange(struct both *both)
{
	struct err err = { 0 };
	struct buf *out = calls_out(both->calls);

	assert_int_equal(ttrpc_conn_feed(&both->conn, buf_data(out), buf_len(out), &err), 0);
	buf_consume(out, buf_len(out));
	assert_int_equal(
		calls_feed(both->calls, buf_data(&both->conn.out), buf_len(&both->conn.out), &err),
		0);
	buf_consume(&both->conn.out, buf_len(&both->conn.out));
}

static struct loop *running;

static void stop(struct timer *timer __attribute__((unused)))
{
	loop_stop(running, 0);
}

/* The guest's loop runs for a moment. */
static void run(struct both *both)
{
	struct timer timer = { 0 };
	struct err err = { 0 };

	running = both->agent.loop;
	timer_set(both->agent.loop, &timer, deadline_in(100), stop);
	assert_int_equal(loop_run(both->agent.loop, &err), 0);
	exchange(both);
}

static void start(struct both *both)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	struct err err = { 0 };

	set_up(nl, "lo");
	memset(both, 0, sizeof(*both));
	assert_int_equal(loop_new(&both->agent.loop, &err), 0);
	ttrpc_conn_init(&both->conn, services, &both->agent);
	both->calls = calls_new(both);
}

static void finish(struct both *both)
{
	calls_free(both->calls);
	ttrpc_conn_done(&both->conn);
}

static int program(int type)
{
	const struct sockaddr_in server = { .sin_family = AF_INET,
					    .sin_port = htons(53),
					    .sin_addr.s_addr = htonl(0x7f00000b) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&server, sizeof(server)), 0);
	return fd;
}

TEST(a_query_by_udp_is_asked_of_the_host_and_answered)
{
	char got[64] = "";
	static struct both both; /* what the agent has lives as long as it */
	int fd;

	start(&both);
	calls_next_dns_query(both.calls, "127.0.0.11", asked);
	exchange(&both);
	fd = program(SOCK_DGRAM);
	assert_int_equal(send(fd, "question", 8, 0), 8);
	run(&both);
	assert_int_equal(both.n, 1);
	assert_string_equal(both.text, "question");
	assert_false(both.tcp);
	calls_answer_dns_query(both.calls, both.id, (const uint8_t *)"answer", 6, answered);
	exchange(&both);
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), 6);
	assert_string_equal(got, "answer");
	close(fd);
	finish(&both);
}

TEST(a_query_by_tcp_is_asked_of_the_host_and_answered)
{
	char got[64] = "";
	static struct both both; /* what the agent has lives as long as it */
	int fd;

	start(&both);
	calls_next_dns_query(both.calls, "127.0.0.11", asked);
	exchange(&both);
	fd = program(SOCK_STREAM);
	assert_int_equal(send(fd, "\0\010ques", 6, 0), 6);
	assert_int_equal(send(fd, "tion", 4, 0), 4);
	run(&both);
	assert_string_equal(both.text, "question");
	assert_true(both.tcp);
	calls_answer_dns_query(both.calls, both.id, (const uint8_t *)"answer", 6, answered);
	exchange(&both);
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), 8);
	assert_memory_equal(got, "\0\006answer", 8);
	close(fd);
	finish(&both);
}

TEST(who_does_not_take_answers_gets_no_further_ones)
{
	static const uint8_t large[60000];
	static struct both both;
	const int small = 4096;
	unsigned n;
	int fd;

	start(&both);
	calls_next_dns_query(both.calls, "127.0.0.11", asked);
	exchange(&both);
	fd = program(SOCK_STREAM);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(send(fd, "\0\001q", 3, 0), 3);
	run(&both);
	/* As long as it asks it is answered, and 1,000 questions want 60 MB. */
	for (n = 0; n < 1000 && both.n == n + 1; n++) {
		calls_answer_dns_query(both.calls, both.id, large, sizeof(large), answered);
		calls_next_dns_query(both.calls, "127.0.0.11", asked);
		exchange(&both);
		exchange(&both);
	}
	assert_true(n > 0 && n < 200);
	close(fd);
	finish(&both);
}

TEST(only_addresses_of_lo_are_served)
{
	static const char *const bad[] = { "", "192.0.2.1", "::1", "127.0.0.1.1" };
	static struct both both; /* what the agent has lives as long as it */

	start(&both);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		calls_next_dns_query(both.calls, bad[i], asked);
		exchange(&both);
		assert_int_equal(both.error, EINVAL);
		assert_null(both.agent.dns);
	}
	finish(&both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_by_udp_is_asked_of_the_host_and_answered),
		cmocka_unit_test(a_query_by_tcp_is_asked_of_the_host_and_answered),
		cmocka_unit_test(who_does_not_take_answers_gets_no_further_ones),
		cmocka_unit_test(only_addresses_of_lo_are_served),
	};

	return cmocka_run_group_tests_name("guest_dns", tests, NULL, NULL);
}
