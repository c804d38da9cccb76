/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "agent.pb-c.h"
#include "base/err.h"
#include "base/mem.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_client.h"
#include "rpc/ttrpc_frame.h"
#include "rpc/ttrpc_status.h"
#include "ttrpc.pb-c.h"

#define SERVICE (&grpc__agent_service__descriptor)

struct answer {
	unsigned calls;
	int32_t status;
	struct err err;
};

static struct ttrpc_client client;

static int setup(void **state __attribute__((unused)))
{
	memset(&client, 0, sizeof(client));
	return 0;
}

static int teardown(void **state __attribute__((unused)))
{
	ttrpc_client_done(&client);
	return 0;
}

static void done(void *data, const ProtobufCMessage *response, const struct err *error)
{
	struct answer *answer = data;

	answer->calls++;
	if (response)
		answer->status = ((const Grpc__WaitProcessResponse *)response)->status;
	else
		answer->err = *error;
}

static void call(struct answer *answer)
{
	Grpc__WaitProcessRequest request = GRPC__WAIT_PROCESS_REQUEST__INIT;

	request.container_id = (char *)(uintptr_t) "c1";
	ttrpc_client_call(&client, SERVICE, "WaitProcess", &request.base, 1500, done, answer);
}

/* A response as the agent would write it. */
static void put_response(struct buf *out, uint32_t stream, const ProtobufCMessage *message,
			 int code, const char *text)
{
	__attribute__((cleanup(buf_donep))) struct buf payload = { 0 };
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	Ttrpc__Status status = TTRPC__STATUS__INIT;
	size_t len;

	if (message)
		pb_append(&payload, message);
	response.payload.data = buf_data(&payload);
	response.payload.len = buf_len(&payload);
	if (code != TTRPC_OK) {
		status.code = code;
		status.message = (char *)(uintptr_t)text;
		response.status = &status;
	}
	len = protobuf_c_message_get_packed_size(&response.base);
	ttrpc_frame_header(buf_reserve(out, TTRPC_HEADER_LEN), stream, TTRPC_RESPONSE,
			   (uint32_t)len);
	buf_commit(out, TTRPC_HEADER_LEN);
	pb_append(out, &response.base);
}

static void put_status(struct buf *out, uint32_t stream, int32_t status)
{
	Grpc__WaitProcessResponse response = GRPC__WAIT_PROCESS_RESPONSE__INIT;

	response.status = status;
	put_response(out, stream, &response.base, TTRPC_OK, NULL);
}

static int feed(struct buf *in, size_t step, struct err *err)
{
	int r = 0;

	while (r == 0 && buf_len(in) > 0) {
		size_t n = buf_len(in) < step ? buf_len(in) : step;

		r = ttrpc_client_feed(&client, buf_data(in), n, err);
		buf_consume(in, n);
	}
	buf_done(in);
	return r;
}

TEST(a_call_is_a_request_frame_with_service_method_and_timeout)
{
	struct answer answer = { 0 };
	struct ttrpc_frame frame = { 0 };
	struct err err = { 0 };
	Grpc__WaitProcessRequest *inner;
	Ttrpc__Request *request;

	call(&answer);
	assert_int_equal(ttrpc_frame_parse(buf_data(&client.out), buf_len(&client.out),
					   TTRPC_DATA_MAX, &frame, &err),
			 buf_len(&client.out));
	assert_int_equal(frame.stream, 1);
	assert_int_equal(frame.type, TTRPC_REQUEST);
	request = (Ttrpc__Request *)pb_unpack(&ttrpc__request__descriptor, frame.data, frame.len);
	assert_non_null(request);
	assert_string_equal(request->service, "grpc.AgentService");
	assert_string_equal(request->method, "WaitProcess");
	assert_int_equal(request->timeout_nano, 1500000000);
	inner = (Grpc__WaitProcessRequest *)pb_unpack(&grpc__wait_process_request__descriptor,
						      request->payload.data, request->payload.len);
	assert_string_equal(inner->container_id, "c1");
	pb_free(&inner->base);
	pb_free(&request->base);
}

TEST(a_request_over_the_limit_is_an_error_and_not_sent)
{
	Grpc__WriteStreamRequest request = GRPC__WRITE_STREAM_REQUEST__INIT;
	CLEANUP(free) uint8_t *data = xcalloc(1, TTRPC_DATA_MAX);
	struct answer answer = { 0 };

	request.data.data = data;
	request.data.len = TTRPC_DATA_MAX;
	ttrpc_client_call(&client, SERVICE, "WriteStdin", &request.base, 0, done, &answer);
	assert_int_equal(answer.calls, 1);
	assert_int_equal(answer.err.code, E2BIG);
	assert_string_equal(answer.err.text, "the request is larger than 4194304 bytes");
	assert_int_equal(buf_len(&client.out), 0);
	assert_null(client.calls);
}

TEST(answers_come_in_any_order_to_their_own_call)
{
	struct answer answers[3] = { 0 };
	struct buf in = { 0 };
	struct err err = { 0 };

	for (int i = 0; i < 3; i++)
		call(&answers[i]);
	put_status(&in, 5, 52);
	put_status(&in, 1, 12);
	put_status(&in, 3, 32);
	assert_int_equal(feed(&in, SIZE_MAX, &err), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(answers[i].calls, 1);
		assert_int_equal(answers[i].status, 20 * i + 12);
	}
	assert_null(client.calls);
}

TEST(an_answer_may_arrive_byte_by_byte)
{
	struct answer answer = { 0 };
	struct buf in = { 0 };
	struct err err = { 0 };

	call(&answer);
	put_status(&in, 1, 7);
	assert_int_equal(feed(&in, 1, &err), 0);
	assert_int_equal(answer.calls, 1);
	assert_int_equal(answer.status, 7);
	assert_int_equal(buf_len(&client.in), 0);
}

TEST(the_agents_error_comes_with_its_errno_and_words)
{
	struct answer answer = { 0 };
	struct buf in = { 0 };
	struct err err = { 0 };

	call(&answer);
	put_response(&in, 1, NULL, TTRPC_NOT_FOUND, "container c1: no such container");
	assert_int_equal(feed(&in, SIZE_MAX, &err), 0);
	assert_int_equal(answer.err.code, ENOENT);
	assert_string_equal(answer.err.text, "container c1: no such container");
}

/* The code of an error whose status has a detail of type @url. */
static enum err_id id_of_detail(const char *url, const void *value, size_t len)
{
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	Ttrpc__Status status = TTRPC__STATUS__INIT;
	Ttrpc__Any detail = TTRPC__ANY__INIT;
	Ttrpc__Any *details[] = { &detail };
	struct answer answer = { 0 };
	struct buf in = { 0 };
	struct err err = { 0 };
	size_t packed;

	call(&answer);
	detail.type_url = (char *)(uintptr_t)url;
	detail.value.data = (uint8_t *)(uintptr_t)value;
	detail.value.len = len;
	status.code = TTRPC_INTERNAL;
	status.message = (char *)(uintptr_t) "text";
	status.n_details = 1;
	status.details = details;
	response.status = &status;
	packed = protobuf_c_message_get_packed_size(&response.base);
	ttrpc_frame_header(buf_reserve(&in, TTRPC_HEADER_LEN), client.next_stream, TTRPC_RESPONSE,
			   (uint32_t)packed);
	buf_commit(&in, TTRPC_HEADER_LEN);
	pb_append(&in, &response.base);
	assert_int_equal(feed(&in, SIZE_MAX, &err), 0);
	assert_int_equal(answer.calls, 1);
	return err_id_of(&answer.err);
}

TEST(the_agents_code_counts_where_a_guest_may_know_it)
{
	assert_int_equal(id_of_detail(TTRPC_ERROR_CODE_URL, "\n\015KATA-NO-SPACE", 15),
			 ERR_NO_SPACE);
	assert_int_equal(id_of_detail(TTRPC_ERROR_CODE_URL, "\n\012KATA-USAGE", 12), ERR_IO);
	assert_int_equal(id_of_detail(TTRPC_ERROR_CODE_URL, "\n\007KATA-\x1b[", 9), ERR_IO);
	assert_int_equal(id_of_detail(TTRPC_ERROR_CODE_URL, "", 0), ERR_IO);
	assert_int_equal(id_of_detail(TTRPC_ERROR_CODE_URL, "\n\377x", 3), ERR_IO);
	assert_int_equal(id_of_detail("kata-c/other", "\n\015KATA-NO-SPACE", 15), ERR_IO);
}

TEST(the_agents_words_cannot_reach_the_terminal_raw)
{
	struct answer answer = { 0 };
	struct buf in = { 0 };
	struct err err = { 0 };

	call(&answer);
	put_response(&in, 1, NULL, 999, "\x1b]0;owned\a\nsecond line \xff");
	assert_int_equal(feed(&in, SIZE_MAX, &err), 0);
	assert_int_equal(answer.err.code, EIO);
	assert_string_equal(answer.err.text, "?]0;owned??second line ?");
}

TEST(an_endless_error_text_is_cut)
{
	CLEANUP(free) char *text = xcalloc(1, 200001);
	struct answer answer = { 0 };
	struct buf in = { 0 };
	struct err err = { 0 };

	memset(text, 'x', 200000);
	call(&answer);
	put_response(&in, 1, NULL, TTRPC_INTERNAL, text);
	assert_int_equal(feed(&in, SIZE_MAX, &err), 0);
	assert_int_equal(strlen(answer.err.text), 900);
}

TEST(a_reply_to_no_call_is_ignored)
{
	struct answer answer = { 0 };
	struct buf in = { 0 };
	struct err err = { 0 };

	call(&answer);
	put_status(&in, 0, 1);
	put_status(&in, 2, 1);
	put_status(&in, 3, 1);
	put_status(&in, UINT32_MAX, 1);
	put_status(&in, 1, 42);
	put_status(&in, 1, 43); /* a second answer */
	assert_int_equal(feed(&in, SIZE_MAX, &err), 0);
	assert_int_equal(answer.calls, 1);
	assert_int_equal(answer.status, 42);
}

TEST(a_payload_of_another_type_fails_that_call_only)
{
	static const uint8_t rubbish[] = { 0xff, 0xff, 0xff };
	struct answer answers[2] = { 0 };
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	struct buf in = { 0 };
	struct err err = { 0 };

	call(&answers[0]);
	call(&answers[1]);
	response.payload.data = (uint8_t *)(uintptr_t)rubbish;
	response.payload.len = sizeof(rubbish);
	ttrpc_frame_header(buf_reserve(&in, TTRPC_HEADER_LEN), 1, TTRPC_RESPONSE,
			   (uint32_t)protobuf_c_message_get_packed_size(&response.base));
	buf_commit(&in, TTRPC_HEADER_LEN);
	pb_append(&in, &response.base);
	put_status(&in, 3, 9);
	assert_int_equal(feed(&in, SIZE_MAX, &err), 0);
	assert_int_equal(answers[0].err.code, EBADMSG);
	assert_string_equal(answers[0].err.text,
			    "the agent's answer is not a grpc.WaitProcessResponse");
	assert_int_equal(answers[1].status, 9);
}

TEST(a_response_that_cannot_be_decoded_ends_the_connection)
{
	struct answer answer = { 0 };
	struct buf in = { 0 };
	struct err err = { 0 };

	call(&answer);
	ttrpc_frame_header(buf_reserve(&in, TTRPC_HEADER_LEN), 1, TTRPC_RESPONSE, 3);
	buf_commit(&in, TTRPC_HEADER_LEN);
	buf_append(&in, "\xff\xff\xff", 3);
	assert_int_equal(feed(&in, SIZE_MAX, &err), -EBADMSG);
	assert_string_equal(err.text, "a ttrpc response that cannot be decoded");
	assert_int_equal(answer.calls, 0); /* it hears of it with the connection's end */
	ttrpc_client_fail(&client, &err);
	assert_int_equal(answer.calls, 1);
	assert_int_equal(answer.err.code, EBADMSG);
}

TEST(an_agent_that_sends_requests_or_data_ends_the_connection)
{
	for (int type = 0; type < 256; type++) {
		struct buf in = { 0 };
		struct err err = { 0 };

		if (type == TTRPC_RESPONSE)
			continue;
		ttrpc_frame_header(buf_reserve(&in, TTRPC_HEADER_LEN), 1, TTRPC_RESPONSE, 0);
		buf_data(&in)[8] = (uint8_t)type;
		buf_commit(&in, TTRPC_HEADER_LEN);
		assert_int_equal(feed(&in, SIZE_MAX, &err), -EBADMSG);
		ttrpc_client_done(&client);
	}
}

TEST(a_reply_over_the_limit_ends_the_connection_at_its_header)
{
	struct answer answer = { 0 };
	struct buf in = { 0 };
	struct err err = { 0 };

	call(&answer);
	ttrpc_frame_header(buf_reserve(&in, TTRPC_HEADER_LEN), 1, TTRPC_RESPONSE,
			   TTRPC_REPLY_MAX + 1);
	buf_commit(&in, TTRPC_HEADER_LEN);
	assert_int_equal(feed(&in, SIZE_MAX, &err), -EBADMSG);
	assert_string_equal(err.text, "ttrpc frame of 262145 bytes, the limit is 262144");
	assert_true(client.in.cap < 4096);
}

TEST(the_connections_end_reaches_every_call_once)
{
	struct answer answers[4] = { 0 };
	struct err lost = { 0 };

	for (int i = 0; i < 4; i++)
		call(&answers[i]);
	(void)err_set(&lost, EPIPE, "the agent has gone");
	ttrpc_client_fail(&client, &lost);
	ttrpc_client_fail(&client, &lost);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(answers[i].calls, 1);
		assert_int_equal(answers[i].err.code, EPIPE);
		assert_string_equal(answers[i].err.text, "the agent has gone");
	}
}

TEST(a_forgotten_call_gets_no_answer)
{
	struct answer kept = { 0 };
	struct answer gone = { 0 };
	struct buf in = { 0 };
	struct err err = { 0 };

	call(&gone);
	call(&kept);
	call(&gone);
	ttrpc_client_forget(&client, &gone);
	put_status(&in, 1, 1);
	put_status(&in, 3, 2);
	put_status(&in, 5, 3);
	assert_int_equal(feed(&in, SIZE_MAX, &err), 0);
	assert_int_equal(gone.calls, 0);
	assert_int_equal(kept.calls, 1);
	assert_int_equal(kept.status, 2);
}

static void call_again(void *data, const ProtobufCMessage *response, const struct err *error)
{
	done(data, response, error);
	if (((struct answer *)data)->calls == 1) {
		Grpc__WaitProcessRequest request = GRPC__WAIT_PROCESS_REQUEST__INIT;

		ttrpc_client_call(&client, SERVICE, "WaitProcess", &request.base, 0, call_again,
				  data);
	}
}

TEST(a_callback_may_make_the_next_call)
{
	Grpc__WaitProcessRequest request = GRPC__WAIT_PROCESS_REQUEST__INIT;
	struct answer answer = { 0 };
	struct buf in = { 0 };
	struct err err = { 0 };

	ttrpc_client_call(&client, SERVICE, "WaitProcess", &request.base, 0, call_again, &answer);
	put_status(&in, 1, 1);
	put_status(&in, 3, 2);
	assert_int_equal(feed(&in, SIZE_MAX, &err), 0);
	assert_int_equal(answer.calls, 2);
	assert_int_equal(answer.status, 2);
}

TEST(a_client_may_end_with_calls_outstanding)
{
	struct answer answer = { 0 };

	call(&answer);
	ttrpc_client_done(&client);
	assert_int_equal(answer.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETUP_TEST(a_call_is_a_request_frame_with_service_method_and_timeout),
		SETUP_TEST(a_request_over_the_limit_is_an_error_and_not_sent),
		SETUP_TEST(answers_come_in_any_order_to_their_own_call),
		SETUP_TEST(an_answer_may_arrive_byte_by_byte),
		SETUP_TEST(the_agents_error_comes_with_its_errno_and_words),
		SETUP_TEST(the_agents_code_counts_where_a_guest_may_know_it),
		SETUP_TEST(the_agents_words_cannot_reach_the_terminal_raw),
		SETUP_TEST(an_endless_error_text_is_cut),
		SETUP_TEST(a_reply_to_no_call_is_ignored),
		SETUP_TEST(a_payload_of_another_type_fails_that_call_only),
		SETUP_TEST(a_response_that_cannot_be_decoded_ends_the_connection),
		SETUP_TEST(an_agent_that_sends_requests_or_data_ends_the_connection),
		SETUP_TEST(a_reply_over_the_limit_ends_the_connection_at_its_header),
		SETUP_TEST(the_connections_end_reaches_every_call_once),
		SETUP_TEST(a_forgotten_call_gets_no_answer),
		SETUP_TEST(a_callback_may_make_the_next_call),
		SETUP_TEST(a_client_may_end_with_calls_outstanding),
	};

	return cmocka_run_group_tests_name("ttrpc_client", tests, NULL, NULL);
}
