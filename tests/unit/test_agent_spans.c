/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's spans, from a request until the host has them. */
#include "tests/unit/test.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/api.h"
#include "agent/tracing.h"
#include "agentc/calls.h"
#include "agentc/spans_pb.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/trace.h"
#include "katac.pb-c.h"
#include "proxy/spans.h"
#include "rpc/ttrpc_client.h"
#include "rpc/ttrpc_server.h"

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define OFFSET 1000000000000

/* A request with two steps, answered late. */
static struct ttrpc_request *under_way;

static void list_processes(struct ttrpc_request *req,
			   const ProtobufCMessage *in __attribute__((unused)))
{
	under_way = req;
}

static const struct ttrpc_method methods[] = {
	{ "ReadSpans", api_read_spans },
	{ "StartTracing", api_start_tracing },
	{ "StopTracing", api_stop_tracing },
	{ "ListProcesses", list_processes },
	{ NULL, NULL },
};
static const struct ttrpc_service service = { &katac__agent_extension__descriptor, methods };
static const struct ttrpc_service *const services[] = { &service, NULL };

struct got {
	char *name;
	struct span copy;
	struct got *next;
};

/* A guest and its host in one process. */
struct both {
	struct agent agent;
	struct ttrpc_conn conn;
	struct calls *reader; /* kata-proxy */
	struct ttrpc_conn reader_conn;
	struct ttrpc_client client; /* kata-runtime */
	unsigned answers;
	unsigned lost;
	int error; /* of the client's last call */
	bool done;
	struct got *spans; /* newest first */
	unsigned n;
};

static int64_t arrived(void *owner, uint64_t guest_ns)
{
	(void)owner;
	assert_true(guest_ns > 0);
	return OFFSET;
}

static void got(void *owner, const struct span *list, unsigned lost, const struct err *error)
{
	struct both *both = owner;

	if (error->code)
		return;
	both->answers++;
	both->lost += lost;
	for (; list; list = list->next) {
		struct got *one = calloc(1, sizeof(*one));

		one->name = strdup(list->name);
		one->copy = *list;
		one->next = both->spans;
		both->spans = one;
		both->n++;
	}
	calls_read_spans(both->reader, false, arrived, got);
}

static struct got *find(struct both *both, const char *name)
{
	for (struct got *one = both->spans; one; one = one->next)
		if (strcmp(one->name, name) == 0)
			return one;
	return NULL;
}

static void done(void *data, const ProtobufCMessage *response, const struct err *error)
{
	struct both *both = data;

	(void)response;
	both->done = true;
	both->error = error->code;
}

static void carry(struct buf *from, struct ttrpc_conn *to)
{
	struct err err = { 0 };

	assert_int_equal(ttrpc_conn_feed(to, buf_data(from), buf_len(from), &err), 0);
	buf_consume(from, buf_len(from));
}

static void exchange(struct both *both)
{
	struct err err = { 0 };

	for (int i = 0; i < 4; i++) {
		carry(&both->client.out, &both->conn);
		if (both->reader)
			carry(calls_out(both->reader), &both->reader_conn);
		assert_int_equal(ttrpc_client_feed(&both->client, buf_data(&both->conn.out),
						   buf_len(&both->conn.out), &err),
				 0);
		buf_consume(&both->conn.out, buf_len(&both->conn.out));
		if (!both->reader)
			continue;
		assert_int_equal(calls_feed(both->reader, buf_data(&both->reader_conn.out),
					    buf_len(&both->reader_conn.out), &err),
				 0);
		buf_consume(&both->reader_conn.out, buf_len(&both->reader_conn.out));
	}
}

static void call(struct both *both, const char *method, const ProtobufCMessage *message)
{
	both->done = false;
	ttrpc_client_call(&both->client, &katac__agent_extension__descriptor, method, message, 0,
			  done, both);
	exchange(both);
}

static void start_tracing(struct both *both, bool collated)
{
	Katac__StartTracingRequest message = KATAC__START_TRACING_REQUEST__INIT;

	message.collated = collated;
	call(both, "StartTracing", &message.base);
	assert_true(both->done);
}

static void list(struct both *both)
{
	const Katac__ListProcessesRequest message = KATAC__LIST_PROCESSES_REQUEST__INIT;
	const Katac__ListProcessesResponse response = KATAC__LIST_PROCESSES_RESPONSE__INIT;

	call(both, "ListProcesses", &message.base);
	(void)poll(NULL, 0, 2);
	tracing_step(under_way, "a step");
	ttrpc_reply(under_way, &response.base);
	exchange(both);
	assert_true(both->done);
}

static void stop_tracing(struct both *both)
{
	const Katac__StopTracingRequest message = KATAC__STOP_TRACING_REQUEST__INIT;

	call(both, "StopTracing", &message.base);
	assert_true(both->done);
}

static void both_init(struct both *both)
{
	struct err err = { 0 };

	*both = (struct both){ 0 };
	assert_int_equal(loop_new(&both->agent.loop, &err), 0);
	ttrpc_conn_init(&both->conn, services, &both->agent);
	ttrpc_conn_init(&both->reader_conn, services, &both->agent);
	both->conn.observer = &tracing_observer;
	both->reader_conn.observer = &tracing_observer;
	both->reader = calls_new(both);
	calls_read_spans(both->reader, true, arrived, got);
	exchange(both);
	assert_int_equal(both->answers, 1);
	assert_int_equal(both->n, 0);
}

static void both_done(struct both *both)
{
	calls_free(both->reader);
	ttrpc_client_done(&both->client);
	ttrpc_conn_done(&both->conn);
	ttrpc_conn_done(&both->reader_conn);
	tracing_free(&both->agent);
	loop_free(both->agent.loop);
	while (both->spans) {
		struct got *next = both->spans->next;

		free(both->spans->name);
		free(both->spans);
		both->spans = next;
	}
}

TEST(collated_a_request_lies_below_its_caller)
{
	struct both both;
	struct got *request;
	struct got *step;

	both_init(&both);
	start_tracing(&both, true);
	both.client.traceparent = PARENT;
	list(&both);
	stop_tracing(&both);
	request = find(&both, "katac.AgentExtension/ListProcesses");
	step = find(&both, "a step");
	assert_non_null(request);
	assert_non_null(step);
	assert_int_equal(request->copy.own.trace_id[0], 0x0a);
	assert_int_equal(request->copy.parent_id[0], 0xb7);
	assert_int_equal(request->copy.kind, SPAN_SERVER);
	assert_memory_equal(step->copy.parent_id, request->copy.own.span_id, SPAN_ID_LEN);
	assert_true(step->copy.start_ns >= request->copy.start_ns);
	assert_true(step->copy.end_ns <= request->copy.end_ns);
	assert_true(request->copy.start_ns > OFFSET);
	assert_int_equal(both.n, 2); /* nothing lies below the agent's own */
	both_done(&both);
}

TEST(isolated_all_is_one_trace_with_links_to_the_callers)
{
	struct both both;
	struct got *request;
	struct got *root;

	both_init(&both);
	start_tracing(&both, false);
	both.client.traceparent = PARENT;
	list(&both);
	stop_tracing(&both);
	request = find(&both, "katac.AgentExtension/ListProcesses");
	root = find(&both, "kata-agent");
	assert_non_null(request);
	assert_non_null(root);
	assert_memory_equal(request->copy.parent_id, root->copy.own.span_id, SPAN_ID_LEN);
	assert_memory_equal(request->copy.own.trace_id, root->copy.own.trace_id, TRACE_ID_LEN);
	assert_true(request->copy.has_link);
	assert_int_equal(request->copy.link.trace_id[0], 0x0a);
	both_done(&both);
}

TEST(on_or_off_twice_is_an_error_and_off_records_nothing)
{
	struct both both;

	both_init(&both);
	list(&both);
	stop_tracing(&both);
	assert_int_not_equal(both.error, 0);
	start_tracing(&both, true);
	assert_int_equal(both.error, 0);
	start_tracing(&both, true);
	assert_int_not_equal(both.error, 0);
	stop_tracing(&both);
	assert_int_equal(both.error, 0);
	list(&both);
	assert_int_equal(both.n, 0);
	both_done(&both);
}

TEST(spans_that_nobody_reads_are_bounded_and_counted)
{
	struct both both;

	both_init(&both);
	calls_free(both.reader);
	both.reader = NULL;
	ttrpc_conn_done(&both.reader_conn);
	start_tracing(&both, false);
	for (unsigned i = 0; i < TRACING_SPANS_MAX; i++)
		list(&both); /* two spans each */
	ttrpc_conn_init(&both.reader_conn, services, &both.agent);
	both.reader = calls_new(&both);
	calls_read_spans(both.reader, true, arrived, got);
	for (unsigned i = 0; i < 16; i++)
		exchange(&both);
	stop_tracing(&both);
	/* That reader has gone with some; all else is here or counted. */
	assert_int_equal(both.n + both.lost, 2 * TRACING_SPANS_MAX + 1);
	assert_in_range(both.n, 1, TRACING_SPANS_MAX + 65);
	both_done(&both);
}

TEST(a_guest_that_lies_gets_only_what_has_a_place)
{
	Katac__ReadSpansResponse answer = KATAC__READ_SPANS_RESPONSE__INIT;
	static uint8_t id[TRACE_ID_LEN] = { 1 };
	static uint8_t zeros[TRACE_ID_LEN];
	static Katac__Span spans[SPANS_MAX + 10];
	static Katac__Span *list_of[SPANS_MAX + 10];
	static char word[] = "a=\033[2J";
	static char name[] = "bad\nname";
	char *words[64];
	struct span *taken;
	unsigned lost = 0;

	for (unsigned i = 0; i < 64; i++)
		words[i] = word;
	for (unsigned i = 0; i < SPANS_MAX + 10; i++) {
		spans[i] = (Katac__Span)KATAC__SPAN__INIT;
		spans[i].trace_id = (ProtobufCBinaryData){ TRACE_ID_LEN, id };
		spans[i].span_id = (ProtobufCBinaryData){ SPAN_ID_LEN, id };
		spans[i].parent_id = (ProtobufCBinaryData){ 3, id };
		spans[i].name = name;
		spans[i].start_ns = UINT64_MAX;
		spans[i].end_ns = UINT64_MAX - 1;
		spans[i].n_attributes = 64;
		spans[i].attributes = words;
		list_of[i] = &spans[i];
	}
	spans[0].trace_id.data = zeros;
	spans[1].span_id.len = 7;
	answer.n_spans = SPANS_MAX + 10;
	answer.spans = list_of;
	answer.now_ns = 5;
	answer.lost = 1;
	taken = spans_from_pb(&answer, 100, &lost);
	assert_int_equal(lost, 1 + 2 + 10);
	assert_string_equal(taken->name, "bad?name");
	assert_int_equal(taken->start_ns, 105);
	assert_int_equal(taken->end_ns, 105);
	assert_int_equal(taken->parent_id[0], 0);
	assert_string_equal(taken->attributes[0], "a=?[2J");
	assert_null(taken->attributes[TRACE_VALUES_MAX]);
	spans_free(taken);
}

TEST(the_smallest_difference_of_clocks_counts_until_the_machine_stood_still)
{
	const uint64_t s = 1000000000;
	int64_t offset = spans_offset(SPANS_OFFSET_UNKNOWN, 10 * s, 110 * s + 500);

	assert_int_equal(offset, 100 * s + 500);
	offset = spans_offset(offset, 11 * s, 111 * s + 200);
	assert_int_equal(offset, 100 * s + 200);
	offset = spans_offset(offset, 12 * s, 112 * s + 900);
	assert_int_equal(offset, 100 * s + 200);
	offset = spans_offset(offset, 13 * s, 120 * s);
	assert_int_equal(offset, 107 * s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(collated_a_request_lies_below_its_caller),
		cmocka_unit_test(isolated_all_is_one_trace_with_links_to_the_callers),
		cmocka_unit_test(on_or_off_twice_is_an_error_and_off_records_nothing),
		cmocka_unit_test(spans_that_nobody_reads_are_bounded_and_counted),
		cmocka_unit_test(a_guest_that_lies_gets_only_what_has_a_place),
		cmocka_unit_test(
			the_smallest_difference_of_clocks_counts_until_the_machine_stood_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
