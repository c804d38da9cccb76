/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/trace.h"
#include "otlp.pb-c.h"
#include "otlp/encode.h"
#include "otlp/send.h"
#include "test.h"

static const struct otlp_source source = { .service = "kata-test", .sandbox = "s1", .dropped = 3 };

static Otlp__ExportTraceServiceRequest *decode(const uint8_t *data, size_t len)
{
	Otlp__ExportTraceServiceRequest *request =
		otlp__export_trace_service_request__unpack(NULL, len, data);

	assert_non_null(request);
	assert_int_equal(request->n_resource_spans, 1);
	assert_int_equal(request->resource_spans[0]->n_scope_spans, 1);
	return request;
}

static const char *value_of(Otlp__KeyValue *const *list, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i]->key, key) == 0)
			return list[i]->value->string_value;
	return "";
}

TEST(a_span_is_read_as_it_was_written)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	Otlp__ExportTraceServiceRequest *request;
	struct span *first = span_new("first");
	struct span *second = span_new("second");
	const Otlp__Resource *resource;
	const Otlp__Span *span;

	trace_new_context(NULL, &first->own);
	trace_new_context(&first->own, &second->own);
	memcpy(second->parent_id, first->own.span_id, SPAN_ID_LEN);
	first->start_ns = 1000000000;
	first->end_ns = UINT64_MAX;
	second->kind = SPAN_CLIENT;
	second->has_link = true;
	second->link = first->own;
	span_set(second, "path", "/a=b");
	span_setf(second, "n", "%d", 7);
	span_fail(second, "no");
	first->next = second;
	otlp_encode(&source, first, 9, &out);

	request = decode(buf_data(&out), buf_len(&out));
	resource = request->resource_spans[0]->resource;
	assert_string_equal(value_of(resource->attributes, resource->n_attributes, "service.name"),
			    "kata-test");
	assert_string_equal(
		value_of(resource->attributes, resource->n_attributes, "kata.sandbox.id"), "s1");
	assert_string_equal(
		value_of(resource->attributes, resource->n_attributes, "kata.spans.dropped"), "3");
	assert_int_equal(request->resource_spans[0]->scope_spans[0]->n_spans, 2);
	span = request->resource_spans[0]->scope_spans[0]->spans[0];
	assert_string_equal(span->name, "first");
	assert_int_equal(span->parent_span_id.len, 0);
	assert_int_equal(span->kind, OTLP__SPAN__KIND__INTERNAL);
	assert_int_equal(span->start_time_unix_nano, 1000000000);
	assert_true(span->end_time_unix_nano == UINT64_MAX);
	assert_null(span->status);
	span = request->resource_spans[0]->scope_spans[0]->spans[1];
	assert_int_equal(span->kind, OTLP__SPAN__KIND__CLIENT);
	assert_memory_equal(span->trace_id.data, first->own.trace_id, TRACE_ID_LEN);
	assert_memory_equal(span->parent_span_id.data, first->own.span_id, SPAN_ID_LEN);
	assert_string_equal(value_of(span->attributes, span->n_attributes, "path"), "/a=b");
	assert_string_equal(value_of(span->attributes, span->n_attributes, "n"), "7");
	assert_int_equal(span->n_links, 1);
	assert_memory_equal(span->links[0]->span_id.data, first->own.span_id, SPAN_ID_LEN);
	assert_int_equal(span->status->code, OTLP__STATUS__CODE__ERROR);
	assert_string_equal(span->status->message, "no");
	otlp__export_trace_service_request__free_unpacked(request, NULL);
	span_free(second);
	span_free(first);
}

TEST(many_spans_are_many_packets_and_a_full_socket_does_not_wait)
{
	static char packet[256 << 10];
	struct span *spans = NULL;
	size_t seen = 0;
	unsigned dropped;
	int ends[2];
	ssize_t n;

	for (unsigned i = 0; i < 100; i++) {
		struct span *span = span_new("span");

		span->next = spans;
		spans = span;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(otlp_send(ends[0], &source, spans), 0);
	while (seen < 100) {
		Otlp__ExportTraceServiceRequest *request;

		n = recv(ends[1], packet, sizeof(packet), MSG_DONTWAIT);
		assert_true(n > 0);
		request = decode((uint8_t *)packet, (size_t)n);
		seen += request->resource_spans[0]->scope_spans[0]->n_spans;
		otlp__export_trace_service_request__free_unpacked(request, NULL);
	}
	do
		dropped = otlp_send(ends[0], &source, spans);
	while (dropped == 0);
	assert_true(dropped <= 100);
	close(ends[1]);
	assert_int_equal(otlp_send(ends[0], &source, spans), 100);
	close(ends[0]);
	while (spans) {
		struct span *next = spans->next;

		span_free(spans);
		spans = next;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_is_read_as_it_was_written),
		cmocka_unit_test(many_spans_are_many_packets_and_a_full_socket_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
