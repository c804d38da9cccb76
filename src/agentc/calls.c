/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/calls.h"

#include <stdlib.h>

#include "agent.pb-c.h"
#include "agentc/spans_pb.h"
#include "base/err.h"
#include "base/mem.h"
#include "katac.pb-c.h"
#include "rpc/ttrpc_client.h"

#define SERVICE (&grpc__agent_service__descriptor)

struct calls {
	struct ttrpc_client client;
	void *owner;
};

/* One outstanding call: which of the callbacks is its own. */
struct pending {
	void *owner;
	calls_done_fn done;
	calls_data_fn data;
	calls_status_fn status;
	calls_clock_fn clock;
	calls_dns_fn dns;
	calls_spans_fn spans;
	calls_arrived_fn arrived;
	calls_log_fn log;
};

struct calls *calls_new(void *owner)
{
	struct calls *calls = xcalloc(1, sizeof(*calls));

	calls->owner = owner;
	return calls;
}

void calls_free(struct calls *calls)
{
	if (!calls)
		return;
	ttrpc_client_fail(&calls->client, &(struct err){ .code = -1 });
	ttrpc_client_done(&calls->client);
	free(calls);
}

void calls_set_traceparent(struct calls *calls, const char *traceparent)
{
	calls->client.traceparent = traceparent;
}

struct buf *calls_out(struct calls *calls)
{
	return &calls->client.out;
}

int calls_feed(struct calls *calls, const uint8_t *data, size_t len, struct err *err)
{
	return ttrpc_client_feed(&calls->client, data, len, err);
}

static void spans_read(const struct pending *pending, const Katac__ReadSpansResponse *answer,
		       const struct err *error)
{
	struct span *spans = NULL;
	unsigned lost = 0;

	if (answer)
		spans = spans_from_pb(answer, pending->arrived(pending->owner, answer->now_ns),
				      &lost);
	pending->spans(pending->owner, spans, lost, error);
	spans_free(spans);
}

static void log_read(const struct pending *pending, const Katac__ReadLogResponse *read,
		     const struct err *error)
{
	size_t there = read ? read->n_entries : 0;
	size_t n = there < CALLS_LOG_MAX ? there : CALLS_LOG_MAX;
	CLEANUP(free) struct calls_log_line *lines = xcalloc(n + 1, sizeof(*lines));

	for (size_t i = 0; i < n; i++) {
		const Katac__LogEntry *from = read->entries[i];

		lines[i] = (struct calls_log_line){ .time_ns = from->time_ns,
						    .level = from->level,
						    .pid = from->pid,
						    .text = from->text,
						    .subsystem = from->subsystem,
						    .container = from->container };
	}
	pending->log(pending->owner, lines, n, read ? read->lost + (there - n) : 0, error);
}

static void finished(void *data, const ProtobufCMessage *response, const struct err *error)
{
	struct pending *pending = data;

	if (error->code < 0) {
		/* calls_free(): nobody is interested any more */
	} else if (pending->done) {
		pending->done(pending->owner, error);
	} else if (pending->data) {
		const Grpc__ReadStreamResponse *read = (const Grpc__ReadStreamResponse *)response;

		pending->data(pending->owner, read ? read->data.data : NULL,
			      read ? read->data.len : 0, error);
	} else if (pending->status) {
		const Grpc__WaitProcessResponse *wait = (const Grpc__WaitProcessResponse *)response;

		pending->status(pending->owner, wait ? wait->status : -1, error);
	} else if (pending->spans) {
		spans_read(pending, (const Katac__ReadSpansResponse *)response, error);
	} else if (pending->dns) {
		const Katac__DnsQuery *query = (const Katac__DnsQuery *)response;

		pending->dns(pending->owner, query ? query->id : 0, query && query->tcp,
			     query ? query->message.data : NULL, query ? query->message.len : 0,
			     error);
	} else if (pending->log) {
		log_read(pending, (const Katac__ReadLogResponse *)response, error);
	} else {
		const Katac__ClockResponse *clock = (const Katac__ClockResponse *)response;

		pending->clock(pending->owner, clock ? clock->sec * 1000000 + clock->usec : 0,
			       error);
	}
	free(pending);
}

static void call(struct calls *calls, const ProtobufCServiceDescriptor *service, const char *method,
		 const ProtobufCMessage *message, struct pending pending)
{
	struct pending *copy = xmemdup(&pending, sizeof(pending));

	copy->owner = calls->owner;
	ttrpc_client_call(&calls->client, service, method, message, 0, finished, copy);
}

/* protobuf-c's structs hold plain char pointers; nothing is written through them. */
static char *unconst(const char *s)
{
	return (char *)(uintptr_t)s;
}

void calls_wait(struct calls *calls, const char *container, const char *exec_id, calls_status_fn fn)
{
	Grpc__WaitProcessRequest message = GRPC__WAIT_PROCESS_REQUEST__INIT;

	message.container_id = unconst(container);
	message.exec_id = unconst(exec_id);
	call(calls, SERVICE, "WaitProcess", &message.base, (struct pending){ .status = fn });
}

static void read_stream(struct calls *calls, const char *method, const char *container,
			const char *exec_id, calls_data_fn fn)
{
	Grpc__ReadStreamRequest message = GRPC__READ_STREAM_REQUEST__INIT;

	message.container_id = unconst(container);
	message.exec_id = unconst(exec_id);
	message.len = CALLS_DATA_MAX;
	call(calls, SERVICE, method, &message.base, (struct pending){ .data = fn });
}

void calls_read_stdout(struct calls *calls, const char *container, const char *exec_id,
		       calls_data_fn fn)
{
	read_stream(calls, "ReadStdout", container, exec_id, fn);
}

void calls_read_stderr(struct calls *calls, const char *container, const char *exec_id,
		       calls_data_fn fn)
{
	read_stream(calls, "ReadStderr", container, exec_id, fn);
}

void calls_write_stdin(struct calls *calls, const char *container, const char *exec_id,
		       const uint8_t *data, size_t len, calls_done_fn fn)
{
	Grpc__WriteStreamRequest message = GRPC__WRITE_STREAM_REQUEST__INIT;

	message.container_id = unconst(container);
	message.exec_id = unconst(exec_id);
	message.data.data = (uint8_t *)(uintptr_t)data;
	message.data.len = len;
	call(calls, SERVICE, "WriteStdin", &message.base, (struct pending){ .done = fn });
}

void calls_close_stdin(struct calls *calls, const char *container, const char *exec_id,
		       calls_done_fn fn)
{
	Grpc__CloseStdinRequest message = GRPC__CLOSE_STDIN_REQUEST__INIT;

	message.container_id = unconst(container);
	message.exec_id = unconst(exec_id);
	call(calls, SERVICE, "CloseStdin", &message.base, (struct pending){ .done = fn });
}

void calls_signal(struct calls *calls, const char *container, const char *exec_id, int signo,
		  calls_done_fn fn)
{
	Grpc__SignalProcessRequest message = GRPC__SIGNAL_PROCESS_REQUEST__INIT;

	message.container_id = unconst(container);
	message.exec_id = unconst(exec_id);
	message.signal = (uint32_t)signo;
	call(calls, SERVICE, "SignalProcess", &message.base, (struct pending){ .done = fn });
}

void calls_resize(struct calls *calls, const char *container, const char *exec_id, unsigned rows,
		  unsigned columns, calls_done_fn fn)
{
	Grpc__TtyWinResizeRequest message = GRPC__TTY_WIN_RESIZE_REQUEST__INIT;

	message.container_id = unconst(container);
	message.exec_id = unconst(exec_id);
	message.row = rows;
	message.column = columns;
	call(calls, SERVICE, "TtyWinResize", &message.base, (struct pending){ .done = fn });
}

void calls_get_clock(struct calls *calls, calls_clock_fn fn)
{
	Katac__ClockRequest message = KATAC__CLOCK_REQUEST__INIT;

	call(calls, &katac__agent_extension__descriptor, "Clock", &message.base,
	     (struct pending){ .clock = fn });
}

void calls_set_clock(struct calls *calls, int64_t realtime_us, calls_done_fn fn)
{
	Grpc__SetGuestDateTimeRequest message = GRPC__SET_GUEST_DATE_TIME_REQUEST__INIT;

	message.sec = realtime_us / 1000000;
	message.usec = realtime_us % 1000000;
	call(calls, SERVICE, "SetGuestDateTime", &message.base, (struct pending){ .done = fn });
}

void calls_next_dns_query(struct calls *calls, const char *address, calls_dns_fn fn)
{
	Katac__NextDnsQueryRequest message = KATAC__NEXT_DNS_QUERY_REQUEST__INIT;

	message.address = (char *)(uintptr_t)address;
	call(calls, &katac__agent_extension__descriptor, "NextDnsQuery", &message.base,
	     (struct pending){ .dns = fn });
}

void calls_answer_dns_query(struct calls *calls, uint64_t id, const uint8_t *data, size_t len,
			    calls_done_fn fn)
{
	Katac__DnsAnswer message = KATAC__DNS_ANSWER__INIT;

	message.id = id;
	message.message.data = (uint8_t *)(uintptr_t)data;
	message.message.len = len;
	call(calls, &katac__agent_extension__descriptor, "AnswerDnsQuery", &message.base,
	     (struct pending){ .done = fn });
}

void calls_read_spans(struct calls *calls, bool at_once, calls_arrived_fn arrived,
		      calls_spans_fn fn)
{
	Katac__ReadSpansRequest message = KATAC__READ_SPANS_REQUEST__INIT;

	message.at_once = at_once;
	call(calls, &katac__agent_extension__descriptor, "ReadSpans", &message.base,
	     (struct pending){ .spans = fn, .arrived = arrived });
}

void calls_read_log(struct calls *calls, calls_log_fn fn)
{
	Katac__ReadLogRequest message = KATAC__READ_LOG_REQUEST__INIT;

	call(calls, &katac__agent_extension__descriptor, "ReadLog", &message.base,
	     (struct pending){ .log = fn });
}
