/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "agent.pb-c.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_client.h"
#include "rpc/ttrpc_frame.h"
#include "rpc/ttrpc_server.h"
#include "rpc/ttrpc_status.h"
#include "ttrpc.pb-c.h"

#define SERVICE (&grpc__agent_service__descriptor)

/* What the handlers saw and keep. */
static struct {
	unsigned starts;
	char id[64];
	struct ttrpc_request *waiting[2 * TTRPC_PENDING_MAX];
	unsigned n_waiting;
	size_t read_len; /* of the answer to ReadStdout */
} server;

static void start_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__StartContainerRequest *request = (const void *)in;
	Grpc__Empty empty = GRPC__EMPTY__INIT;
	struct err err = { 0 };

	server.starts++;
	strncpy(server.id, request->container_id, sizeof(server.id) - 1);
	assert_ptr_equal(req->context, &server);
	if (str_eq(request->container_id, "none")) {
		(void)err_set(&err, ENOENT, "container none: no such container");
		ttrpc_reply_error(req, &err);
	} else {
		ttrpc_reply(req, &empty.base);
	}
}

static void wait_process(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	(void)in;
	server.waiting[server.n_waiting++] = req;
}

static void read_stdout(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	Grpc__ReadStreamResponse response = GRPC__READ_STREAM_RESPONSE__INIT;
	CLEANUP(free) uint8_t *data = xcalloc(1, server.read_len);

	(void)in;
	response.data.data = data;
	response.data.len = server.read_len;
	ttrpc_reply(req, &response.base);
}

static const struct ttrpc_method methods[] = {
	{ "StartContainer", start_container },
	{ "WaitProcess", wait_process },
	{ "ReadStdout", read_stdout },
	{ NULL, NULL },
};
static const struct ttrpc_service agent = { SERVICE, methods };
static const struct ttrpc_service *const services[] = { &agent, NULL };

static struct ttrpc_conn conn;
static struct ttrpc_client client;

static int setup(void **state __attribute__((unused)))
{
	memset(&server, 0, sizeof(server));
	memset(&client, 0, sizeof(client));
	ttrpc_conn_init(&conn, services, &server);
	return 0;
}

static int teardown(void **state __attribute__((unused)))
{
	struct err gone = { 0 };

	ttrpc_conn_done(&conn);
	(void)err_set(&gone, EPIPE, "over");
	while (server.n_waiting > 0)
		ttrpc_reply_error(server.waiting[--server.n_waiting], &gone);
	ttrpc_client_done(&client);
	return 0;
}

struct answer {
	size_t len;
	unsigned calls;
	int32_t status;
	bool ok;
	struct err err;
};

static void done(void *data, const ProtobufCMessage *response, const struct err *error)
{
	struct answer *answer = data;

	answer->calls++;
	answer->ok = response;
	if (!response)
		answer->err = *error;
	else if (response->descriptor == &grpc__wait_process_response__descriptor)
		answer->status = ((const Grpc__WaitProcessResponse *)response)->status;
	else if (response->descriptor == &grpc__read_stream_response__descriptor)
		answer->len = ((const Grpc__ReadStreamResponse *)response)->data.len;
}

static void call_start(const char *id, struct answer *answer)
{
	Grpc__StartContainerRequest request = GRPC__START_CONTAINER_REQUEST__INIT;

	request.container_id = (char *)(uintptr_t)id;
	ttrpc_client_call(&client, SERVICE, "StartContainer", &request.base, 0, done, answer);
}

static void call_wait(struct answer *answer)
{
	Grpc__WaitProcessRequest request = GRPC__WAIT_PROCESS_REQUEST__INIT;

	ttrpc_client_call(&client, SERVICE, "WaitProcess", &request.base, 0, done, answer);
}

static void call_read(struct answer *answer)
{
	Grpc__ReadStreamRequest request = GRPC__READ_STREAM_REQUEST__INIT;

	ttrpc_client_call(&client, SERVICE, "ReadStdout", &request.base, 0, done, answer);
}

static void to_server(size_t step)
{
	struct err err = { 0 };

	while (buf_len(&client.out) > 0) {
		size_t n = buf_len(&client.out) < step ? buf_len(&client.out) : step;

		assert_int_equal(ttrpc_conn_feed(&conn, buf_data(&client.out), n, &err), 0);
		buf_consume(&client.out, n);
	}
}

static void to_client(void)
{
	struct err err = { 0 };

	assert_int_equal(ttrpc_client_feed(&client, buf_data(&conn.out), buf_len(&conn.out), &err),
			 0);
	buf_consume(&conn.out, buf_len(&conn.out));
}

static void settle(void)
{
	to_server(SIZE_MAX);
	to_client();
}

/* A raw request frame. */
static void put_request(struct buf *out, uint32_t stream, const char *service, const char *method,
			const void *payload, size_t len)
{
	Ttrpc__Request request = TTRPC__REQUEST__INIT;

	request.service = (char *)(uintptr_t)service;
	request.method = (char *)(uintptr_t)method;
	request.payload.data = (uint8_t *)(uintptr_t)payload;
	request.payload.len = len;
	ttrpc_frame_header(buf_reserve(out, TTRPC_HEADER_LEN), stream, TTRPC_REQUEST,
			   (uint32_t)protobuf_c_message_get_packed_size(&request.base));
	buf_commit(out, TTRPC_HEADER_LEN);
	pb_append(out, &request.base);
}

/* The status of the one response that waits in conn.out, which is taken. */
static int32_t take_status(char text[256])
{
	struct ttrpc_frame frame = { 0 };
	struct err err = { 0 };
	Ttrpc__Response *response;
	ptrdiff_t used;
	int32_t code = 0;

	used = ttrpc_frame_parse(buf_data(&conn.out), buf_len(&conn.out), TTRPC_DATA_MAX, &frame,
				 &err);
	assert_true(used > 0);
	assert_int_equal(frame.type, TTRPC_RESPONSE);
	response =
		(Ttrpc__Response *)pb_unpack(&ttrpc__response__descriptor, frame.data, frame.len);
	assert_non_null(response);
	*text = '\0';
	if (response->status) {
		code = response->status->code;
		strncpy(text, response->status->message, 255);
		text[255] = '\0';
	}
	pb_free(&response->base);
	buf_consume(&conn.out, (size_t)used);
	return code;
}

TEST(a_call_is_answered_at_once)
{
	struct answer answer = { 0 };

	call_start("c1", &answer);
	settle();
	assert_true(answer.ok);
	assert_string_equal(server.id, "c1");
	assert_int_equal(conn.n_requests, 0);
}

TEST(requests_may_arrive_byte_by_byte)
{
	struct answer answers[2] = { 0 };

	call_start("c1", &answers[0]);
	call_start("c2", &answers[1]);
	to_server(1);
	to_client();
	assert_true(answers[0].ok && answers[1].ok);
	assert_int_equal(server.starts, 2);
}

TEST(an_errno_of_the_handler_arrives_as_the_same_errno)
{
	struct answer answer = { 0 };

	call_start("none", &answer);
	settle();
	assert_false(answer.ok);
	assert_int_equal(answer.err.code, ENOENT);
	assert_string_equal(answer.err.text, "container none: no such container");
}

TEST(the_code_of_the_handler_arrives)
{
	struct answer answer = { 0 };
	struct err err = { 0 };

	call_wait(&answer);
	settle();
	(void)err_set(&err, EIO, "the disk");
	(void)err_tag(&err, ERR_STALE);
	ttrpc_reply_error(server.waiting[0], &err);
	server.n_waiting = 0;
	settle();
	assert_int_equal(answer.err.code, EIO);
	assert_int_equal(err_id_of(&answer.err), ERR_STALE);
}

TEST(late_answers_find_their_calls)
{
	Grpc__WaitProcessResponse response = GRPC__WAIT_PROCESS_RESPONSE__INIT;
	struct answer answers[3] = { 0 };
	struct answer start = { 0 };

	for (int i = 0; i < 3; i++)
		call_wait(&answers[i]);
	call_start("c1", &start);
	settle();
	assert_true(start.ok); /* it does not stand in the queue behind them */
	assert_int_equal(conn.n_requests, 3);
	for (int i = 2; i >= 0; i--) {
		response.status = 100 + i;
		ttrpc_reply(server.waiting[i], &response.base);
	}
	server.n_waiting = 0;
	settle();
	for (int i = 0; i < 3; i++)
		assert_int_equal(answers[i].status, 100 + i);
	assert_int_equal(conn.n_requests, 0);
}

TEST(an_answer_for_a_connection_that_has_gone_goes_nowhere)
{
	Grpc__WaitProcessResponse response = GRPC__WAIT_PROCESS_RESPONSE__INIT;
	struct answer answers[2] = { 0 };
	struct err err = { 0 };

	call_wait(&answers[0]);
	call_wait(&answers[1]);
	settle();
	ttrpc_conn_done(&conn);
	assert_null(server.waiting[0]->conn);
	ttrpc_reply(server.waiting[0], &response.base);
	(void)err_set(&err, EIO, "too late");
	ttrpc_reply_error(server.waiting[1], &err);
	server.n_waiting = 0;
	assert_int_equal(buf_len(&conn.out), 0);
}

TEST(unanswered_requests_are_bounded)
{
	struct answer answers[TTRPC_PENDING_MAX + 2] = { 0 };
	Grpc__WaitProcessResponse response = GRPC__WAIT_PROCESS_RESPONSE__INIT;
	struct answer again = { 0 };

	for (unsigned i = 0; i < TTRPC_PENDING_MAX + 2; i++)
		call_wait(&answers[i]);
	settle();
	assert_int_equal(conn.n_requests, TTRPC_PENDING_MAX);
	for (unsigned i = TTRPC_PENDING_MAX; i < TTRPC_PENDING_MAX + 2; i++) {
		assert_int_equal(answers[i].err.code, ENOSPC);
		assert_string_equal(answers[i].err.text,
				    "grpc.AgentService/WaitProcess: too many unanswered calls on "
				    "one connection");
	}
	ttrpc_reply(server.waiting[--server.n_waiting], &response.base);
	call_wait(&again);
	settle();
	assert_int_equal(again.calls, 0); /* taken */
	assert_int_equal(conn.n_requests, TTRPC_PENDING_MAX);
}

TEST(bytes_that_wait_to_be_sent_are_bounded)
{
	struct answer answers[64] = { 0 };
	struct err err = { 0 };
	unsigned answered = 0;

	server.read_len = 60000;
	for (int i = 0; i < 64; i++)
		call_read(&answers[i]);
	assert_true(ttrpc_conn_ready(&conn));
	to_server(SIZE_MAX);
	assert_false(ttrpc_conn_ready(&conn));
	assert_true(buf_len(&conn.out) < TTRPC_OUT_MAX + 61000);
	while (buf_len(&conn.out) > 0) {
		to_client();
		/* Nothing new: what was fed earlier goes on. */
		assert_int_equal(ttrpc_conn_feed(&conn, NULL, 0, &err), 0);
	}
	for (int i = 0; i < 64; i++)
		answered += answers[i].ok && answers[i].len == 60000;
	assert_int_equal(answered, 64);
}

TEST(an_answer_over_the_limit_becomes_an_error_of_that_call)
{
	struct answer big = { 0 };
	struct answer next = { 0 };

	server.read_len = TTRPC_REPLY_MAX + 1;
	call_read(&big);
	call_start("c1", &next);
	settle();
	assert_int_equal(big.calls, 1);
	assert_false(big.ok);
	assert_int_equal(big.err.code, ENOSPC);
	assert_string_equal(big.err.text,
			    "grpc.ReadStreamResponse: the answer is larger than 262144 bytes");
	assert_true(next.ok);
}

TEST(an_unknown_method_is_unimplemented_by_name)
{
	struct buf in = { 0 };
	struct err err = { 0 };
	char text[256];

	put_request(&in, 1, "grpc.AgentService", "MakeCoffee", NULL, 0);
	put_request(&in, 3, "grpc.NoService", "WaitProcess", NULL, 0);
	put_request(&in, 5, "grpc.AgentService", "PauseContainer", NULL, 0); /* not in our table */
	put_request(&in, 7, "", "", NULL, 0);
	assert_int_equal(ttrpc_conn_feed(&conn, buf_data(&in), buf_len(&in), &err), 0);
	buf_done(&in);
	assert_int_equal(take_status(text), TTRPC_UNIMPLEMENTED);
	assert_string_equal(text, "grpc.AgentService/MakeCoffee: unimplemented by this agent");
	assert_int_equal(take_status(text), TTRPC_UNIMPLEMENTED);
	assert_string_equal(text, "grpc.NoService/WaitProcess: unimplemented by this agent");
	assert_int_equal(take_status(text), TTRPC_UNIMPLEMENTED);
	assert_string_equal(text, "grpc.AgentService/PauseContainer: unimplemented by this agent");
	assert_int_equal(take_status(text), TTRPC_UNIMPLEMENTED);
	assert_string_equal(text, "/: unimplemented by this agent");
}

TEST(a_payload_that_is_no_such_message_is_refused_by_name)
{
	struct buf in = { 0 };
	struct err err = { 0 };
	char text[256];

	put_request(&in, 1, "grpc.AgentService", "WaitProcess", "\xff\xff", 2);
	assert_int_equal(ttrpc_conn_feed(&conn, buf_data(&in), buf_len(&in), &err), 0);
	buf_done(&in);
	assert_int_equal(take_status(text), TTRPC_INVALID_ARGUMENT);
	assert_string_equal(text, "grpc.AgentService/WaitProcess: the request cannot be decoded");
	assert_int_equal(conn.n_requests, 0);
}

TEST(a_request_that_cannot_be_decoded_ends_the_connection)
{
	static const uint8_t bad[] = { 0, 0, 0, 2, 0, 0, 0, 1, TTRPC_REQUEST, 0, 0xff, 0xff };
	struct err err = { 0 };

	assert_int_equal(ttrpc_conn_feed(&conn, bad, sizeof(bad), &err), -EBADMSG);
	assert_string_equal(err.text, "a ttrpc request that cannot be decoded");
}

TEST(a_client_that_sends_other_frames_ends_the_connection)
{
	static const uint8_t bad[] = { 0, 0, 0, 0, 0, 0, 0, 1, TTRPC_RESPONSE, 0 };
	struct err err = { 0 };

	assert_int_equal(ttrpc_conn_feed(&conn, bad, sizeof(bad), &err), -EBADMSG);
	assert_string_equal(err.text, "ttrpc frame of type 2 from a client");
}

TEST(a_request_over_4_mib_ends_the_connection_at_its_header)
{
	static const uint8_t bad[] = { 0, 0x40, 0, 1, 0, 0, 0, 1, TTRPC_REQUEST, 0 };
	struct err err = { 0 };

	assert_int_equal(ttrpc_conn_feed(&conn, bad, sizeof(bad), &err), -EBADMSG);
	assert_string_equal(err.text, "ttrpc frame of 4194305 bytes, the limit is 4194304");
	assert_true(conn.in.cap < 4096);
}

TEST(an_answered_stream_number_may_be_used_again)
{
	struct buf in = { 0 };
	struct err err = { 0 };
	char text[256];

	for (int i = 0; i < 3; i++)
		put_request(&in, 1, "grpc.AgentService", "StartContainer", NULL, 0);
	assert_int_equal(ttrpc_conn_feed(&conn, buf_data(&in), buf_len(&in), &err), 0);
	buf_done(&in);
	for (int i = 0; i < 3; i++)
		assert_int_equal(take_status(text), TTRPC_OK);
}

TEST(a_million_refused_requests_do_not_grow_a_connection_that_is_read)
{
	struct err err = { 0 };
	struct buf in = { 0 };

	put_request(&in, 1, "a", "b", NULL, 0);
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(ttrpc_conn_feed(&conn, buf_data(&in), buf_len(&in), &err), 0);
		buf_consume(&conn.out, buf_len(&conn.out));
	}
	assert_true(conn.in.cap <= 4096 && conn.out.cap <= 4096);
	buf_done(&in);
}

static void count_end(void *kept)
{
	++*(unsigned *)kept;
}

TEST(what_a_handler_keeps_ends_with_the_connection)
{
	unsigned ends = 0;

	conn.kept = &ends;
	conn.kept_free = count_end;
	ttrpc_conn_done(&conn);
	assert_int_equal(ends, 1);
	assert_null(conn.kept);
	ttrpc_conn_done(&conn);
	assert_int_equal(ends, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETUP_TEST(what_a_handler_keeps_ends_with_the_connection),
		SETUP_TEST(a_call_is_answered_at_once),
		SETUP_TEST(requests_may_arrive_byte_by_byte),
		SETUP_TEST(an_errno_of_the_handler_arrives_as_the_same_errno),
		SETUP_TEST(the_code_of_the_handler_arrives),
		SETUP_TEST(late_answers_find_their_calls),
		SETUP_TEST(an_answer_for_a_connection_that_has_gone_goes_nowhere),
		SETUP_TEST(unanswered_requests_are_bounded),
		SETUP_TEST(bytes_that_wait_to_be_sent_are_bounded),
		SETUP_TEST(an_answer_over_the_limit_becomes_an_error_of_that_call),
		SETUP_TEST(an_unknown_method_is_unimplemented_by_name),
		SETUP_TEST(a_payload_that_is_no_such_message_is_refused_by_name),
		SETUP_TEST(a_request_that_cannot_be_decoded_ends_the_connection),
		SETUP_TEST(a_client_that_sends_other_frames_ends_the_connection),
		SETUP_TEST(a_request_over_4_mib_ends_the_connection_at_its_header),
		SETUP_TEST(an_answered_stream_number_may_be_used_again),
		SETUP_TEST(a_million_refused_requests_do_not_grow_a_connection_that_is_read),
	};

	return cmocka_run_group_tests_name("ttrpc_server", tests, NULL, NULL);
}
