/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trace.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define VERSION_AND_FLAGS_LEN 2u

static struct {
	const char *name; /* NULL: there will be no trace */
	uint64_t start_ns;
	bool continues;
	bool on;
	struct span *root;
	struct span *last;    /* recorded */
	struct span *current; /* the innermost that is open */
	unsigned n;
	unsigned dropped;
} trace;

static bool is_zero(const uint8_t *bytes, size_t len)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum |= bytes[i];
	return sum == 0;
}

/* Digits of lower case, as the standard has them. Returns where they end, or NULL. */
static const char *take_hex(const char *text, uint8_t *ret, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 2 * len; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (!digit)
			return NULL;
		ret[i / 2] = (uint8_t)(ret[i / 2] << 4 | (digit - digits));
	}
	return text + 2 * len;
}

bool trace_parse(const char *text, struct trace_context *ret)
{
	struct trace_context found = { { 0 }, { 0 } };
	uint8_t version = 0;
	uint8_t flags = 0;

	if (!text)
		return false;
	text = take_hex(text, &version, 1);
	if (!text || *text != '-' || version == 0xff)
		return false;
	text = take_hex(text + 1, found.trace_id, TRACE_ID_LEN);
	if (!text || *text != '-')
		return false;
	text = take_hex(text + 1, found.span_id, SPAN_ID_LEN);
	if (!text || *text != '-')
		return false;
	text = take_hex(text + 1, &flags, 1);
	/* Later versions may say more. */
	if (!text || (*text && (version == 0 || *text != '-')))
		return false;
	if (is_zero(found.trace_id, TRACE_ID_LEN) || is_zero(found.span_id, SPAN_ID_LEN))
		return false;
	*ret = found;
	return true;
}

static char *put_hex(char *at, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at += sprintf(at, "%02x", bytes[i]);
	return at;
}

const char *trace_format(const struct trace_context *context, char text[TRACEPARENT_LEN])
{
	char *at = text;

	at += sprintf(at, "00-");
	at = put_hex(at, context->trace_id, TRACE_ID_LEN);
	*at++ = '-';
	at = put_hex(at, context->span_id, SPAN_ID_LEN);
	(void)sprintf(at, "-01");
	return text;
}

/* Numbers that only have to differ: without waiting for the guest's first random ones. */
static void fill_random(uint8_t *bytes, size_t len)
{
	struct timespec ts;

	if (getrandom(bytes, len, GRND_INSECURE) == (ssize_t)len && !is_zero(bytes, len))
		return;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	memcpy(bytes, &ts.tv_nsec, len < sizeof(ts.tv_nsec) ? len : sizeof(ts.tv_nsec));
	bytes[0] |= 1;
}

void trace_new_context(const struct trace_context *in, struct trace_context *ret)
{
	if (in)
		memcpy(ret->trace_id, in->trace_id, TRACE_ID_LEN);
	else
		fill_random(ret->trace_id, TRACE_ID_LEN);
	fill_random(ret->span_id, SPAN_ID_LEN);
}

uint64_t trace_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Cut, and UTF-8 whatever it was: collectors refuse all of a request for one bad byte. */
static char *copy_text(const char *text)
{
	char *copy = xstrndup(text, TRACE_TEXT_MAX);
	char *end = copy + strlen(copy);

	for (char *at = copy; at < end;) {
		size_t n = str_utf8_len(at, (size_t)(end - at));

		if (n == 0)
			*at = '?';
		at += n == 0 ? 1 : n;
	}
	return copy;
}

struct span *span_new(const char *name)
{
	struct span *span = xcalloc(1, sizeof(*span));

	span->name = copy_text(name);
	return span;
}

void span_free(struct span *span)
{
	if (!span)
		return;
	free(span->name);
	free(span->message);
	strv_free(span->attributes);
	free(span);
}

static struct span *record(const char *name, const struct trace_context *parent)
{
	struct span *span;

	if (!trace.on)
		return NULL;
	if (trace.n == TRACE_SPANS_MAX) {
		trace.dropped++;
		return NULL;
	}
	span = span_new(name);
	trace_new_context(parent, &span->own);
	if (parent)
		memcpy(span->parent_id, parent->span_id, SPAN_ID_LEN);
	if (trace.last)
		trace.last->next = span;
	trace.last = span;
	trace.n++;
	return span;
}

void trace_prepare(const char *name, bool continues)
{
	trace.name = name;
	trace.start_ns = trace_now_ns();
	trace.continues = continues;
}

static void start(const struct trace_context *parent)
{
	struct trace_context callers;

	if (trace.on || !trace.name)
		return;
	if (trace_parse(getenv("TRACEPARENT"), &callers))
		parent = &callers;
	trace.on = true;
	trace.root = record(trace.name, parent);
	assert(trace.root); /* the first one has room */
	trace.root->start_ns = trace.start_ns;
	trace.current = trace.root;
}

void trace_start(void)
{
	start(NULL);
}

void trace_follow(const struct trace_context *earlier)
{
	assert(earlier);
	start(trace.continues ? earlier : NULL);
	if (!trace.on || trace.root->has_link ||
	    memcmp(trace.root->own.trace_id, earlier->trace_id, TRACE_ID_LEN) == 0)
		return;
	trace.root->has_link = true;
	trace.root->link = *earlier;
}

bool trace_is_on(void)
{
	return trace.on;
}

struct span *trace_root(void)
{
	return trace.root;
}

const struct trace_context *trace_current(void)
{
	return trace.current ? &trace.current->own : NULL;
}

struct span *span_begin(const char *name, enum span_kind kind)
{
	struct span *span = record(name, trace_current());

	if (!span)
		return NULL;
	span->kind = kind;
	span->start_ns = trace_now_ns();
	span->outer = trace.current;
	trace.current = span;
	return span;
}

static bool is_open(const struct span *span)
{
	for (const struct span *open = trace.current; open; open = open->outer)
		if (open == span)
			return true;
	return false;
}

void span_end(struct span *span, const struct err *error)
{
	uint64_t now = trace_now_ns();

	if (!span || !is_open(span))
		return;
	if (error && error->code)
		span_fail(span, error->text);
	while (trace.current != span->outer) {
		trace.current->end_ns = now;
		trace.current = trace.current->outer;
	}
}

struct span *span_add(const char *name, const struct span *parent, uint64_t start_ns,
		      uint64_t end_ns)
{
	struct span *span = record(name, parent ? &parent->own : trace_current());

	if (!span)
		return NULL;
	span->start_ns = start_ns;
	span->end_ns = end_ns;
	return span;
}

void span_rename(struct span *span, const char *name)
{
	if (!span)
		return;
	free(span->name);
	span->name = copy_text(name);
}

void span_set(struct span *span, const char *key, const char *value)
{
	CLEANUP(free) char *text = NULL;

	if (!span || !value || strv_len(span->attributes) >= TRACE_VALUES_MAX)
		return;
	text = copy_text(value);
	strv_addf(&span->attributes, "%s=%s", key, text);
}

void span_setf(struct span *span, const char *key, const char *fmt, ...)
{
	CLEANUP(free) char *value = NULL;
	va_list ap;

	if (!span)
		return;
	va_start(ap, fmt);
	value = xvasprintf(fmt, ap);
	va_end(ap);
	span_set(span, key, value);
}

void span_fail(struct span *span, const char *message)
{
	if (!span)
		return;
	span->failed = true;
	free(span->message);
	span->message = copy_text(message);
}

void trace_finish(const struct err *error)
{
	span_end(trace.root, error);
}

const struct span *trace_spans(void)
{
	return trace.root;
}

unsigned trace_dropped(void)
{
	return trace.dropped;
}

void trace_forget(void)
{
	struct span *next;

	for (struct span *span = trace.root; span; span = next) {
		next = span->next;
		span_free(span);
	}
	memset(&trace, 0, sizeof(trace));
}
