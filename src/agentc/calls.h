/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.h - calls to the agent without waiting: for programs with a loop
 *
 * No I/O here: the owner sends what calls_out() holds and feeds what it reads.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"

struct calls;
struct err;

/* Bytes of one read or write: small enough that many streams share the channel fairly. */
#define CALLS_DATA_MAX (64u << 10)

/* @error->code is 0 after success. At the end of a stream it is ERANGE. */
typedef void (*calls_done_fn)(void *owner, const struct err *error);
typedef void (*calls_data_fn)(void *owner, const uint8_t *data, size_t len,
			      const struct err *error);
typedef void (*calls_status_fn)(void *owner, int status, const struct err *error);
typedef void (*calls_clock_fn)(void *owner, int64_t realtime_us, const struct err *error);

/* @owner is given to every callback. */
struct calls *calls_new(void *owner);
void calls_free(struct calls *calls);
DEFINE_CLEANUP(struct calls *, calls_free)

/* Tells the place in a trace (W3C traceparent) of the calls that follow; NULL: none. Borrowed. */
void calls_set_traceparent(struct calls *calls, const char *traceparent);

struct buf *calls_out(struct calls *calls);
int calls_feed(struct calls *calls, const uint8_t *data, size_t len, struct err *err);

/* The process @exec_id of @container; the strings are copied. */
void calls_wait(struct calls *calls, const char *container, const char *exec_id,
		calls_status_fn fn);
void calls_read_stdout(struct calls *calls, const char *container, const char *exec_id,
		       calls_data_fn fn);
void calls_read_stderr(struct calls *calls, const char *container, const char *exec_id,
		       calls_data_fn fn);
void calls_write_stdin(struct calls *calls, const char *container, const char *exec_id,
		       const uint8_t *data, size_t len, calls_done_fn fn);
void calls_close_stdin(struct calls *calls, const char *container, const char *exec_id,
		       calls_done_fn fn);
void calls_signal(struct calls *calls, const char *container, const char *exec_id, int signo,
		  calls_done_fn fn);
void calls_resize(struct calls *calls, const char *container, const char *exec_id, unsigned rows,
		  unsigned columns, calls_done_fn fn);

/*
 * The next question that a program of the guest has for the name server @address, when
 * there is one. @data is NULL with an error; at most CALLS_DNS_MAX bytes.
 */
#define CALLS_DNS_MAX 65535u
typedef void (*calls_dns_fn)(void *owner, uint64_t id, bool tcp, const uint8_t *data, size_t len,
			     const struct err *error);
void calls_next_dns_query(struct calls *calls, const char *address, calls_dns_fn fn);
/* @len 0: no answer has come. */
void calls_answer_dns_query(struct calls *calls, uint64_t id, const uint8_t *data, size_t len,
			    calls_done_fn fn);

/*
 * Spans of the agent, when there are some, or @at_once. @arrived is told the guest's
 * CLOCK_BOOTTIME first and says what to add for the host's CLOCK_REALTIME; then @fn gets
 * them, as spans_pb.h says, with the number of those that are lost.
 */
struct span;
typedef int64_t (*calls_arrived_fn)(void *owner, uint64_t guest_ns);
typedef void (*calls_spans_fn)(void *owner, const struct span *spans, unsigned lost,
			       const struct err *error);
void calls_read_spans(struct calls *calls, bool at_once, calls_arrived_fn arrived,
		      calls_spans_fn fn);

/*
 * What the agent has logged, when there is something, oldest first; *@lost lines are
 * missing in front. Its texts are as the guest sends them: not bounded, not printable.
 */
struct calls_log_line {
	int64_t time_ns; /* CLOCK_REALTIME of the guest */
	uint32_t level;  /* as the agent says: may be any number */
	uint32_t pid;
	const char *text;
	const char *subsystem;
	const char *container;
};
#define CALLS_LOG_MAX 1024u /* lines of one answer: others are counted as lost */
typedef void (*calls_log_fn)(void *owner, const struct calls_log_line *lines, size_t n,
			     uint64_t lost, const struct err *error);
void calls_read_log(struct calls *calls, calls_log_fn fn);

/* The guest's CLOCK_REALTIME in µs, and setting it. */
void calls_get_clock(struct calls *calls, calls_clock_fn fn);
void calls_set_clock(struct calls *calls, int64_t realtime_us, calls_done_fn fn);
