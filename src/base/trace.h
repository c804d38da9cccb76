/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h - spans: what a program did, from when to when
 *
 * One trace per process, as there is one log. Until it has been started every
 * function here does nothing and takes nothing: a span is NULL then. What was
 * recorded lies in memory, TRACE_SPANS_MAX spans at most, until its owner sends it
 * (otlp/send.h).
 *
 * Source: OpenTelemetry's trace API; W3C Trace Context, "traceparent".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define TRACE_ID_LEN     16u
#define SPAN_ID_LEN      8u
#define TRACEPARENT_LEN  56u  /* with the NUL */
#define TRACE_SPANS_MAX  512u /* of one process */
#define TRACE_TEXT_MAX   256u /* bytes of a name or a value; the rest is cut off */
#define TRACE_VALUES_MAX 16u  /* attributes of one span */

/* A place in a trace: that of a span. */
struct trace_context {
	uint8_t trace_id[TRACE_ID_LEN];
	uint8_t span_id[SPAN_ID_LEN];
};

enum span_kind { SPAN_INTERNAL, SPAN_SERVER, SPAN_CLIENT };

struct span {
	struct span *next;  /* of those that were recorded */
	struct span *outer; /* the one that was current when it began */
	struct trace_context own;
	uint8_t parent_id[SPAN_ID_LEN]; /* zeros: none */
	bool has_link;
	struct trace_context link; /* of another trace that this one belongs to */
	enum span_kind kind;
	char *name;
	uint64_t start_ns; /* CLOCK_REALTIME */
	uint64_t end_ns;   /* 0: it has not ended */
	bool failed;
	char *message;     /* of the failure, or NULL */
	char **attributes; /* "key=value" */
};

/* "00-<trace>-<span>-<flags>". Returns false when it is none, or one of zeros. */
bool trace_parse(const char *traceparent, struct trace_context *ret);
const char *trace_format(const struct trace_context *context, char text[TRACEPARENT_LEN]);

/* A new place in the trace of @in, or with NULL in a new trace. */
void trace_new_context(const struct trace_context *in, struct trace_context *ret);

uint64_t trace_now_ns(void);

/*
 * Should there be a trace, its first span is @name and begins now: the others lie below
 * it. @name lasts. Without this call there will be none.
 *
 * @continues  trace_follow() puts it below the span that it is given; else it is linked
 */
void trace_prepare(const char *name, bool continues);

/*
 * Spans are recorded from now on: below the one that the environment variable
 * TRACEPARENT names, else in a new trace. Again it does nothing.
 */
void trace_start(void);

/* As trace_start(), for what has to do with an earlier span, of another process. */
void trace_follow(const struct trace_context *earlier);
bool trace_is_on(void);

/* The first span; NULL while off. */
struct span *trace_root(void);

/* The place of the innermost span that is open, for whoever is asked to go on from it. */
const struct trace_context *trace_current(void);

/* A span below the innermost one that is open, which it becomes. NULL: off, or too many. */
struct span *span_begin(const char *name, enum span_kind kind);
/* @error: NULL or code 0 after success. Those that are open inside it end as well. */
void span_end(struct span *span, const struct err *error);

/* One that is over: below @parent, or without it below the innermost one that is open. */
struct span *span_add(const char *name, const struct span *parent, uint64_t start_ns,
		      uint64_t end_ns);

void span_rename(struct span *span, const char *name);
void span_set(struct span *span, const char *key, const char *value); /* a NULL value is not set */
void span_setf(struct span *span, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void span_fail(struct span *span, const char *message);

/* For spans that come from elsewhere: not part of this process's trace. */
struct span *span_new(const char *name);
void span_free(struct span *span);

/* Ends what is open. The spans, in the order of their beginning; they stay the trace's. */
void trace_finish(const struct err *error);
const struct span *trace_spans(void);
unsigned trace_dropped(void);

/* Frees all of it; tracing is off again. */
void trace_forget(void);
