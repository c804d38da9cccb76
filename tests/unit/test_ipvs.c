/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of load balancing, before an agent that may be hostile. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "agentc/conntrack.h"
#include "agentc/ipvs.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "katac.pb-c.h"
#include "rpc/ttrpc_server.h"
#include "tests/unit/tmp.h"

/* The agent, a process of its own, and what it is to do. */
static enum {
	TWO_PAGES,
	SERVER_FIRST,
	EMPTY_WITH_MORE,
	BAD_ADDRESS,
	BAD_PORT,
	ENDLESS,
	UNPRINTABLE,
	REFUSES_SECOND_PART,
} scenario;
static pid_t agent_pid;

#define PAGE 1000u

static uint8_t ip[] = { 10, 0, 0, 1 };
static char scheduler[] = "rr";

static Katac__IpvsEntry entry(bool is_server)
{
	Katac__IpvsEntry e = KATAC__IPVS_ENTRY__INIT;

	e.is_server = is_server;
	e.protocol = IPPROTO_TCP;
	e.address.data = ip;
	e.address.len = sizeof(ip);
	e.port = is_server ? 8080 : 80;
	e.scheduler = scheduler;
	return e;
}

/* In the agent's process a failed assertion would go on with the tests. */
#define expect(condition)         \
	do {                      \
		if (!(condition)) \
			_exit(2); \
	} while (0)

static void list(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Katac__IpvsListRequest *request = (const Katac__IpvsListRequest *)in;
	Katac__IpvsListResponse response = KATAC__IPVS_LIST_RESPONSE__INIT;
	static Katac__IpvsEntry entries[PAGE];
	static Katac__IpvsEntry *pointers[PAGE];
	static char odd[] = "r\x1b[2Jxxxxxxxxxxxxxxxxxxxxxxxx";
	static uint8_t five[5];

	for (size_t i = 0; i < PAGE; i++) {
		entries[i] = entry(scenario != ENDLESS && i % 2);
		pointers[i] = &entries[i];
	}
	response.entries = pointers;
	response.n_entries = 2;
	if (scenario == TWO_PAGES && !request->after) {
		response.more = true;
	} else if (scenario == TWO_PAGES) {
		/* Behind the one service and its one server. */
		expect(request->after->port == 80);
		expect(request->after->protocol == IPPROTO_TCP);
		expect(memcmp(request->after->address.data, ip, sizeof(ip)) == 0);
		expect(request->servers == 1);
		response.entries = pointers + 1;
		response.n_entries = 1;
	}
	if (scenario == SERVER_FIRST)
		response.entries = pointers + 1;
	if (scenario == EMPTY_WITH_MORE || scenario == ENDLESS)
		response.more = true;
	if (scenario == EMPTY_WITH_MORE)
		response.n_entries = 0;
	if (scenario == ENDLESS)
		response.n_entries = PAGE;
	if (scenario == BAD_ADDRESS)
		entries[1].address = (ProtobufCBinaryData){ sizeof(five), five };
	if (scenario == BAD_PORT)
		entries[1].port = 65536;
	if (scenario == UNPRINTABLE)
		entries[0].scheduler = odd;
	ttrpc_reply(req, &response.base);
}

static void connections(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	Katac__IpvsConnectionsResponse response = KATAC__IPVS_CONNECTIONS_RESPONSE__INIT;
	static Katac__IpvsConnection items[PAGE];
	static Katac__IpvsConnection *pointers[PAGE];

	(void)in;
	for (size_t i = 0; i < PAGE; i++) {
		items[i] = (Katac__IpvsConnection)KATAC__IPVS_CONNECTION__INIT;
		items[i].client = items[i].service = items[i].server =
			(ProtobufCBinaryData){ sizeof(ip), ip };
		pointers[i] = &items[i];
	}
	if (scenario == BAD_ADDRESS)
		items[0].server.len = 0;
	response.connections = pointers;
	response.n_connections = scenario == ENDLESS ? PAGE : 1;
	response.more = scenario == ENDLESS;
	ttrpc_reply(req, &response.base);
}

static void flows(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	Katac__ConntrackDeleteResponse response = KATAC__CONNTRACK_DELETE_RESPONSE__INIT;
	static Katac__ConntrackTuple tuple = KATAC__CONNTRACK_TUPLE__INIT;
	static Katac__ConntrackFlow items[PAGE];
	static Katac__ConntrackFlow *pointers[PAGE];

	(void)in;
	tuple.source = tuple.destination = (ProtobufCBinaryData){ sizeof(ip), ip };
	for (size_t i = 0; i < PAGE; i++) {
		items[i] = (Katac__ConntrackFlow)KATAC__CONNTRACK_FLOW__INIT;
		items[i].original = items[i].reply = &tuple;
		pointers[i] = &items[i];
	}
	if (scenario == BAD_ADDRESS)
		items[0].reply = NULL;
	response.flows = pointers;
	response.n_flows = scenario == ENDLESS ? PAGE : scenario == EMPTY_WITH_MORE ? 0 : 1;
	response.more = scenario == ENDLESS || scenario == EMPTY_WITH_MORE;
	ttrpc_reply(req, &response.base);
}

/* Takes the parts of a change of 2,500 rules, each of at most 1,024. */
static void change(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Katac__IpvsChangeRequest *request = (const Katac__IpvsChangeRequest *)in;
	Katac__IpvsChangeResponse response = KATAC__IPVS_CHANGE_RESPONSE__INIT;
	static const size_t parts[] = { 1024, 1024, 452 };
	static size_t part;
	struct err err = { 0 };

	expect(request->n_rules == parts[part]);
	expect(request->more == (part < 2));
	expect(request->rules[0]->operation == KATAC__IPVS_RULE__OPERATION__ADD_SERVER);
	expect(request->rules[0]->line == part * 1024 + 1);
	expect(request->rules[0]->weight == 7);
	expect(request->rules[0]->server_address.len == 16);
	if (++part == 2 && scenario == REFUSES_SECOND_PART) {
		(void)err_set(&err, EBUSY, "another restore is under way");
		ttrpc_reply_error(req, &err);
	} else {
		ttrpc_reply(req, &response.base);
	}
}

static const struct ttrpc_method methods[] = {
	{ "IpvsList", list },
	{ "IpvsConnections", connections },
	{ "ConntrackDelete", flows },
	{ "IpvsChange", change },
	{ NULL, NULL },
};
static const struct ttrpc_service service = { &katac__agent_extension__descriptor, methods };
static const struct ttrpc_service *const services[] = { &service, NULL };

__attribute__((noreturn)) static void serve(int listener)
{
	int fd = accept(listener, NULL, NULL);
	struct ttrpc_conn conn;
	struct err err = { 0 };
	uint8_t data[65536];
	ssize_t n;

	ttrpc_conn_init(&conn, services, NULL);
	while ((n = read(fd, data, sizeof(data))) > 0) {
		if (ttrpc_conn_feed(&conn, data, (size_t)n, &err) < 0)
			_exit(1);
		if (write_full(fd, buf_data(&conn.out), buf_len(&conn.out)) < 0)
			_exit(1);
		buf_consume(&conn.out, buf_len(&conn.out));
	}
	_exit(0);
}

static struct agentc *start_agent(int what)
{
	CLEANUP(free) char *path = tmp_path("%d.sock", what);
	CLEANUP(free) char *url = xasprintf("unix://%s", path);
	struct agentc *agent = NULL;
	struct err err = { 0 };
	int listener;

	scenario = (typeof(scenario))what;
	listener = unix_listen(path, 0600, &err);
	assert_true(listener >= 0);
	agent_pid = fork();
	if (agent_pid == 0)
		serve(listener);
	close(listener);
	assert_int_equal(agentc_connect(url, deadline_in(10000), &agent, &err), 0);
	return agent;
}

static void stop_agent(struct agentc *agent)
{
	agentc_free(agent);
	kill(agent_pid, SIGKILL);
	waitpid(agent_pid, NULL, 0);
}

static int list_from(int what, struct ipvs_table *table, struct err *err)
{
	struct agentc *agent = start_agent(what);
	int r = agentc_ipvs_list(agent, NULL, false, deadline_in(60000), table, err);

	stop_agent(agent);
	return r;
}

TEST(a_table_is_read_over_several_answers)
{
	struct ipvs_table table;
	struct err err = { 0 };

	assert_int_equal(list_from(TWO_PAGES, &table, &err), 0);
	assert_int_equal(table.n, 3);
	assert_false(table.entries[0].is_server);
	assert_true(table.entries[2].is_server);
	assert_int_equal(table.entries[2].address.port, 8080);
	ipvs_table_done(&table);
}

TEST(a_table_that_makes_no_sense_is_refused)
{
	static const int scenarios[] = { SERVER_FIRST, EMPTY_WITH_MORE, BAD_ADDRESS, BAD_PORT };

	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		struct ipvs_table table;
		struct err err = { 0 };

		assert_int_equal(list_from(scenarios[i], &table, &err), -EBADMSG);
		assert_null(table.entries);
	}
}

TEST(a_table_without_an_end_is_given_up)
{
	struct ipvs_table table;
	struct err err = { 0 };

	assert_int_equal(list_from(ENDLESS, &table, &err), -EFBIG);
	assert_non_null(strstr(err.text, "65536"));
	assert_null(table.entries);
}

TEST(names_from_the_guest_are_cut_and_printable)
{
	struct ipvs_table table;
	struct err err = { 0 };

	assert_int_equal(list_from(UNPRINTABLE, &table, &err), 0);
	assert_string_equal(table.entries[0].scheduler, "r?[2Jxxxxxxxxxx");
	ipvs_table_done(&table);
}

TEST(connections_have_an_end_and_addresses)
{
	struct ipvs_connections list;
	struct agentc *agent;
	struct err err = { 0 };

	agent = start_agent(ENDLESS);
	assert_int_equal(agentc_ipvs_connections(agent, deadline_in(60000), &list, &err), -EFBIG);
	stop_agent(agent);
	agent = start_agent(BAD_ADDRESS);
	assert_int_equal(agentc_ipvs_connections(agent, deadline_in(60000), &list, &err), -EBADMSG);
	stop_agent(agent);
	assert_null(list.items);
}

static int delete_from(int what, struct conntrack_flows *ret, struct err *err)
{
	struct ipvs_address address = { .family = AF_INET };
	struct agentc *agent = start_agent(what);
	int r = agentc_conntrack_delete(agent, &address, IPPROTO_TCP, deadline_in(60000), ret, err);

	stop_agent(agent);
	return r;
}

TEST(flows_that_come_without_end_do_not_keep_us)
{
	struct conntrack_flows list;
	struct err err = { 0 };

	assert_int_equal(delete_from(ENDLESS, &list, &err), 0);
	assert_in_range(list.n, CONNTRACK_FLOWS_MAX, CONNTRACK_FLOWS_MAX + PAGE);
	conntrack_flows_done(&list);
	assert_int_equal(delete_from(BAD_ADDRESS, &list, &err), -EBADMSG);
	assert_int_equal(delete_from(EMPTY_WITH_MORE, &list, &err), -EBADMSG);
	assert_null(list.items);
}

static int change_with(int what, struct err *err)
{
	CLEANUP(free) struct ipvs_rule *rules = xcalloc(2500, sizeof(*rules));
	struct agentc *agent = start_agent(what);
	int r;

	for (unsigned i = 0; i < 2500; i++)
		rules[i] = (struct ipvs_rule){ .operation = IPVS_ADD_SERVER,
					       .line = i + 1,
					       .protocol = IPPROTO_TCP,
					       .weight = 7,
					       .service = { .family = AF_INET6, .port = 80 },
					       .server = { .family = AF_INET6, .port = 80 } };
	r = agentc_ipvs_change(agent, rules, 2500, deadline_in(60000), err);
	stop_agent(agent);
	return r;
}

TEST(many_rules_go_in_parts_and_the_first_refusal_ends_it)
{
	struct err err = { 0 };

	assert_int_equal(change_with(TWO_PAGES, &err), 0);
	assert_int_not_equal(change_with(REFUSES_SECOND_PART, &err), 0);
	assert_non_null(strstr(err.text, "another restore is under way"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_table_is_read_over_several_answers),
		TMP_TEST(a_table_that_makes_no_sense_is_refused),
		TMP_TEST(a_table_without_an_end_is_given_up),
		TMP_TEST(names_from_the_guest_are_cut_and_printable),
		TMP_TEST(connections_have_an_end_and_addresses),
		TMP_TEST(flows_that_come_without_end_do_not_keep_us),
		TMP_TEST(many_rules_go_in_parts_and_the_first_refusal_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
