/* SPDX-License-Identifier: Apache-2.0 */
#include "otlp/encode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/trace.h"
#include "otlp.pb-c.h"
#include "version.h"

/* protobuf-c's structs hold plain char pointers; nothing is written through them. */
static char *unconst(const char *s)
{
	return (char *)(uintptr_t)s;
}

static ProtobufCBinaryData bytes_of(const uint8_t *data, size_t len)
{
	return (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)data, .len = len };
}

/* Attributes and what they point to: one block each, and none for none. */
struct values {
	char **words; /* "key", NUL, "value": owned copies of "key=value" */
	Otlp__KeyValue *pairs;
	Otlp__AnyValue *values;
	Otlp__KeyValue **list;
	size_t n;
};

static void values_done(struct values *v)
{
	strv_free(v->words);
	free(v->pairs);
	free(v->values);
	free(v->list);
}

static void values_take(struct values *v, char *const *attributes)
{
	v->words = strv_copy(attributes);
	v->n = strv_len(v->words);
	v->pairs = xcalloc(v->n + 1, sizeof(*v->pairs));
	v->values = xcalloc(v->n + 1, sizeof(*v->values));
	v->list = xcalloc(v->n + 1, sizeof(Otlp__KeyValue *));
	for (size_t i = 0; i < v->n; i++) {
		char *equals = strchr(v->words[i], '=');

		if (equals)
			*equals = '\0';
		v->values[i] = (Otlp__AnyValue)OTLP__ANY_VALUE__INIT;
		v->values[i].value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
		v->values[i].string_value = equals ? equals + 1 : unconst("");
		v->pairs[i] = (Otlp__KeyValue)OTLP__KEY_VALUE__INIT;
		v->pairs[i].key = v->words[i];
		v->pairs[i].value = &v->values[i];
		v->list[i] = &v->pairs[i];
	}
}

/* One span and what it points to. */
struct item {
	Otlp__Span message;
	Otlp__Status status;
	Otlp__Link link;
	Otlp__Link *links[1];
	struct values values;
};

static Otlp__Span__Kind kind_of(enum span_kind kind)
{
	switch (kind) {
	case SPAN_SERVER:
		return OTLP__SPAN__KIND__SERVER;
	case SPAN_CLIENT:
		return OTLP__SPAN__KIND__CLIENT;
	case SPAN_INTERNAL:
	default:
		return OTLP__SPAN__KIND__INTERNAL;
	}
}

static void item_take(struct item *item, const struct span *span)
{
	static const uint8_t none[SPAN_ID_LEN];

	item->message = (Otlp__Span)OTLP__SPAN__INIT;
	item->message.trace_id = bytes_of(span->own.trace_id, TRACE_ID_LEN);
	item->message.span_id = bytes_of(span->own.span_id, SPAN_ID_LEN);
	if (memcmp(span->parent_id, none, SPAN_ID_LEN) != 0)
		item->message.parent_span_id = bytes_of(span->parent_id, SPAN_ID_LEN);
	item->message.name = span->name;
	item->message.kind = kind_of(span->kind);
	item->message.start_time_unix_nano = span->start_ns;
	item->message.end_time_unix_nano = span->end_ns ? span->end_ns : span->start_ns;
	values_take(&item->values, span->attributes);
	item->message.n_attributes = item->values.n;
	item->message.attributes = item->values.list;
	if (span->has_link) {
		item->link = (Otlp__Link)OTLP__LINK__INIT;
		item->link.trace_id = bytes_of(span->link.trace_id, TRACE_ID_LEN);
		item->link.span_id = bytes_of(span->link.span_id, SPAN_ID_LEN);
		item->links[0] = &item->link;
		item->message.n_links = 1;
		item->message.links = item->links;
	}
	if (span->failed) {
		item->status = (Otlp__Status)OTLP__STATUS__INIT;
		item->status.code = OTLP__STATUS__CODE__ERROR;
		item->status.message = span->message ? span->message : unconst("");
		item->message.status = &item->status;
	}
}

static char **resource_words(const struct otlp_source *source)
{
	char host[256] = { 0 };
	char **words = NULL;

	strv_addf(&words, "service.name=%s", source->service);
	strv_add(&words, "service.version=" KATA_VERSION);
	if (gethostname(host, sizeof(host) - 1) == 0)
		strv_addf(&words, "host.name=%s", host);
	if (source->sandbox)
		strv_addf(&words, "kata.sandbox.id=%s", source->sandbox);
	if (source->dropped > 0)
		strv_addf(&words, "kata.spans.dropped=%u", source->dropped);
	return words;
}

static void append(struct buf *out, const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);

	(void)protobuf_c_message_pack(message, buf_reserve(out, len));
	buf_commit(out, len);
}

void otlp_encode(const struct otlp_source *source, const struct span *spans, size_t n,
		 struct buf *out)
{
	Otlp__ExportTraceServiceRequest request = OTLP__EXPORT_TRACE_SERVICE_REQUEST__INIT;
	Otlp__ResourceSpans from = OTLP__RESOURCE_SPANS__INIT;
	Otlp__InstrumentationScope scope = OTLP__INSTRUMENTATION_SCOPE__INIT;
	Otlp__ScopeSpans in_scope = OTLP__SCOPE_SPANS__INIT;
	Otlp__Resource resource = OTLP__RESOURCE__INIT;
	CLEANUP(strv_free) char **words = resource_words(source);
	CLEANUP(free) struct item *items = xcalloc(n + 1, sizeof(*items));
	CLEANUP(free) Otlp__Span **list = xcalloc(n + 1, sizeof(*list));
	__attribute__((cleanup(values_done))) struct values about = { 0 };
	Otlp__ScopeSpans *scopes[] = { &in_scope };
	Otlp__ResourceSpans *sources[] = { &from };
	size_t used = 0;

	for (; spans && used < n; spans = spans->next, used++) {
		item_take(&items[used], spans);
		list[used] = &items[used].message;
	}
	values_take(&about, words);
	resource.n_attributes = about.n;
	resource.attributes = about.list;
	scope.name = unconst("kata-c");
	scope.version = unconst(KATA_VERSION);
	in_scope.scope = &scope;
	in_scope.n_spans = used;
	in_scope.spans = list;
	from.resource = &resource;
	from.n_scope_spans = 1;
	from.scope_spans = scopes;
	request.n_resource_spans = 1;
	request.resource_spans = sources;
	append(out, &request.base);
	for (size_t i = 0; i < used; i++)
		values_done(&items[i].values);
}
