/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "test.h"

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

TEST(a_traceparent_is_read_and_written)
{
	struct trace_context context;
	char text[TRACEPARENT_LEN];

	assert_true(trace_parse(PARENT, &context));
	assert_string_equal(trace_format(&context, text), PARENT);
	/* A later version may say more; ours may not. */
	assert_true(trace_parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more",
				&context));
	assert_false(trace_parse(PARENT "-more", &context));
}

TEST(what_is_no_traceparent_is_refused)
{
	static const char *const wrong[] = {
		NULL,
		"",
		"00",
		"00-",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
		"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319-b7ad6b71692033310-01",
		"00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	};
	struct trace_context context;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(trace_parse(wrong[i], &context));
}

TEST(without_a_trace_there_are_no_spans)
{
	struct span *span = span_begin("nothing", SPAN_INTERNAL);

	assert_null(span);
	span_set(span, "key", "value");
	span_end(span, NULL);
	assert_null(span_add("nothing", NULL, 1, 2));
	assert_null(trace_current());
	trace_start(); /* nothing was prepared */
	assert_false(trace_is_on());
}

TEST(texts_are_cut_and_utf8)
{
	struct span *span = span_new("a\xff\xc3\xa4");
	char text[TRACE_TEXT_MAX + 2];

	/* A letter of two bytes lies across the cut. */
	memset(text, 'x', sizeof(text));
	memcpy(text + TRACE_TEXT_MAX - 1, "\xc3\xa4", 3);
	span_set(span, "key", text);
	assert_string_equal(span->name, "a?\xc3\xa4");
	assert_int_equal(strlen(span->attributes[0]), strlen("key=") + TRACE_TEXT_MAX);
	assert_string_equal(span->attributes[0] + strlen("key=") + TRACE_TEXT_MAX - 2, "x?");
	span_free(span);
}

/* There is one trace in a program: what follows is one test. */
TEST(spans_lie_inside_the_one_that_is_open)
{
	const struct err error = { .code = 5, .text = "it broke" };
	struct span *inner;
	struct span *outer;
	struct span *forgotten;
	unsigned n = 0;

	setenv("TRACEPARENT", PARENT, 1);
	trace_prepare("command", false);
	trace_start();
	assert_true(trace_is_on());
	outer = span_begin("outer", SPAN_INTERNAL);
	inner = span_begin("inner", SPAN_CLIENT);
	span_set(inner, "key", "value");
	span_end(inner, &error);
	forgotten = span_begin("forgotten", SPAN_INTERNAL);
	span_end(outer, NULL);
	span_end(outer, NULL); /* once is enough */
	assert_memory_equal(trace_current(), &trace_root()->own, sizeof(struct trace_context));

	assert_memory_equal(inner->parent_id, outer->own.span_id, SPAN_ID_LEN);
	assert_memory_equal(inner->own.trace_id, trace_root()->own.trace_id, TRACE_ID_LEN);
	assert_memory_equal(outer->parent_id, trace_root()->own.span_id, SPAN_ID_LEN);
	assert_true(inner->failed);
	assert_string_equal(inner->message, "it broke");
	assert_string_equal(inner->attributes[0], "key=value");
	assert_true(forgotten->end_ns >= forgotten->start_ns);
	assert_true(inner->start_ns >= outer->start_ns && inner->end_ns <= outer->end_ns);

	for (unsigned i = 0; i < 2 * TRACE_SPANS_MAX; i++)
		span_end(span_begin("one of many", SPAN_INTERNAL), NULL);
	for (const struct span *span = trace_spans(); span; span = span->next)
		n++;
	assert_int_equal(n, TRACE_SPANS_MAX);
	assert_int_equal(trace_dropped(), 4 + TRACE_SPANS_MAX);
	trace_finish(&error);
	assert_true(trace_root()->failed && trace_root()->end_ns > 0);
	trace_forget();
	assert_false(trace_is_on());
	assert_null(trace_spans());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_traceparent_is_read_and_written),
		cmocka_unit_test(what_is_no_traceparent_is_refused),
		cmocka_unit_test(without_a_trace_there_are_no_spans),
		cmocka_unit_test(texts_are_cut_and_utf8),
		cmocka_unit_test(spans_lie_inside_the_one_that_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
