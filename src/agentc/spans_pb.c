/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/spans_pb.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/trace.h"

static bool is_id(const ProtobufCBinaryData *bytes, size_t len)
{
	static const uint8_t none[TRACE_ID_LEN];

	return bytes->len == len && memcmp(bytes->data, none, len) != 0;
}

/* What a guest says of a time may be anything: no span is longer than its life until now. */
static uint64_t host_time(uint64_t guest_ns, uint64_t now_ns, int64_t offset_ns)
{
	uint64_t ns = guest_ns < now_ns ? guest_ns : now_ns;

	return ns + (uint64_t)offset_ns;
}

static void take_attribute(struct span *span, const char *word)
{
	CLEANUP(free) char *copy = xstrndup(word, TRACE_TEXT_MAX);
	char *equals = strchr(copy, '=');

	if (!equals || equals == copy)
		return;
	*equals = '\0';
	span_set(span, str_printable(copy), str_printable(equals + 1));
}

static struct span *take_span(const Katac__Span *from, uint64_t now_ns, int64_t offset_ns)
{
	struct span *span;

	if (!is_id(&from->trace_id, TRACE_ID_LEN) || !is_id(&from->span_id, SPAN_ID_LEN))
		return NULL;
	span = span_new(from->name);
	(void)str_printable(span->name);
	memcpy(span->own.trace_id, from->trace_id.data, TRACE_ID_LEN);
	memcpy(span->own.span_id, from->span_id.data, SPAN_ID_LEN);
	if (is_id(&from->parent_id, SPAN_ID_LEN))
		memcpy(span->parent_id, from->parent_id.data, SPAN_ID_LEN);
	if (is_id(&from->link_trace_id, TRACE_ID_LEN) && is_id(&from->link_span_id, SPAN_ID_LEN)) {
		span->has_link = true;
		memcpy(span->link.trace_id, from->link_trace_id.data, TRACE_ID_LEN);
		memcpy(span->link.span_id, from->link_span_id.data, SPAN_ID_LEN);
	}
	span->kind = from->server ? SPAN_SERVER : SPAN_INTERNAL;
	span->end_ns = host_time(from->end_ns, now_ns, offset_ns);
	span->start_ns = host_time(from->start_ns < from->end_ns ? from->start_ns : from->end_ns,
				   now_ns, offset_ns);
	if (from->failed) {
		span_fail(span, from->message);
		(void)str_printable(span->message);
	}
	for (size_t i = 0; i < from->n_attributes && i < TRACE_VALUES_MAX; i++)
		take_attribute(span, from->attributes[i]);
	return span;
}

struct span *spans_from_pb(const Katac__ReadSpansResponse *answer, int64_t offset_ns,
			   unsigned *ret_lost)
{
	struct span *spans = NULL;
	struct span **last = &spans;
	unsigned lost = answer->lost;

	for (size_t i = 0; i < answer->n_spans; i++) {
		struct span *span = i < SPANS_MAX
					    ? take_span(answer->spans[i], answer->now_ns, offset_ns)
					    : NULL;

		if (!span) {
			lost++;
			continue;
		}
		*last = span;
		last = &span->next;
	}
	*ret_lost = lost;
	return spans;
}

void spans_free(struct span *spans)
{
	while (spans) {
		struct span *next = spans->next;

		span_free(spans);
		spans = next;
	}
}
