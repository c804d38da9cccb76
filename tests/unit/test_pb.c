/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <malloc.h>
#include <string.h>

#include "agent.pb-c.h"
#include "base/buf.h"
#include "base/mem.h"
#include "rpc/pb.h"

TEST(what_is_packed_unpacks_the_same)
{
	Grpc__WriteStreamRequest request = GRPC__WRITE_STREAM_REQUEST__INIT;
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	Grpc__WriteStreamRequest *back;

	request.container_id = (char *)(uintptr_t) "c1";
	request.data.data = (uint8_t *)(uintptr_t) "a\0b";
	request.data.len = 3;
	pb_append(&out, &request.base);
	back = (Grpc__WriteStreamRequest *)pb_unpack(&grpc__write_stream_request__descriptor,
						     buf_data(&out), buf_len(&out));
	assert_non_null(back);
	assert_string_equal(back->container_id, "c1");
	assert_string_equal(back->exec_id, "");
	assert_int_equal(back->data.len, 3);
	assert_memory_equal(back->data.data, "a\0b", 3);
	pb_free(&back->base);
}

TEST(no_bytes_are_an_empty_message)
{
	ProtobufCMessage *message = pb_unpack(&grpc__empty__descriptor, NULL, 0);

	assert_non_null(message);
	pb_free(message);
	pb_free(NULL);
}

TEST(rubbish_is_no_message)
{
	static const uint8_t cut[] = { 0x0a, 0x05, 'a' };
	static const uint8_t endless[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					   0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	assert_null(pb_unpack(&grpc__write_stream_request__descriptor, cut, sizeof(cut)));
	assert_null(pb_unpack(&grpc__write_stream_request__descriptor, endless, sizeof(endless)));
}

TEST(a_frame_of_empty_messages_is_refused_before_it_takes_memory)
{
	const size_t len = 4u << 20;
	uint8_t *data = xmalloc(len);
	struct mallinfo2 before;
	struct mallinfo2 after;

	/* CreateContainerRequest.storages, two bytes each: 2 million messages. */
	for (size_t i = 0; i < len; i += 2) {
		data[i] = 0x2a;
		data[i + 1] = 0;
	}
	before = mallinfo2();
	assert_null(pb_unpack(&grpc__create_container_request__descriptor, data, len));
	after = mallinfo2();
	assert_true(after.uordblks <= before.uordblks + (1u << 20));
	free(data);
}

TEST(the_budget_grows_with_the_frame_up_to_its_limit)
{
	const size_t len = 20u << 20;
	uint8_t *data = xcalloc(1, len);

	/* One string of 16 MiB fits, of 40 it would not: bytes that are there are paid for. */
	data[0] = 0x1a; /* WriteStreamRequest.data */
	data[1] = 0x80;
	data[2] = 0x80;
	data[3] = 0x80;
	data[4] = 0x08;
	for (int i = 0; i < 2; i++) {
		size_t n = 5 + (16u << 20);
		ProtobufCMessage *message =
			pb_unpack(&grpc__write_stream_request__descriptor, data, n);

		assert_non_null(message);
		pb_free(message);
	}
	free(data);
}

TEST(many_short_strings_fit_their_budget)
{
	Grpc__Process process = GRPC__PROCESS__INIT;
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	ProtobufCMessage *back;
	char *words[2000];

	for (size_t i = 0; i < 2000; i++)
		words[i] = (char *)(uintptr_t) "A=1";
	process.env = words;
	process.n_env = 2000;
	pb_append(&out, &process.base);
	back = pb_unpack(&grpc__process__descriptor, buf_data(&out), buf_len(&out));
	assert_non_null(back);
	pb_free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_packed_unpacks_the_same),
		cmocka_unit_test(no_bytes_are_an_empty_message),
		cmocka_unit_test(rubbish_is_no_message),
		cmocka_unit_test(a_frame_of_empty_messages_is_refused_before_it_takes_memory),
		cmocka_unit_test(the_budget_grows_with_the_frame_up_to_its_limit),
		cmocka_unit_test(many_short_strings_fit_their_budget),
	};

	return cmocka_run_group_tests_name("pb", tests, NULL, NULL);
}
