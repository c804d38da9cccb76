/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/tracing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/agent.h"
#include "agent/api.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/trace.h"
#include "katac.pb-c.h"
#include "rpc/ttrpc_server.h"

#define GATHER_MS  200u   /* spans that come together go together */
#define ANSWER_MAX 64u    /* spans */
#define STOP_MS    200u   /* how long StopTracing waits for the reader to come back */
#define STEP_MIN   50000u /* ns: what took less is no step */

struct tracing {
	struct agent *agent;
	bool on;
	bool collated;
	struct span *root;  /* of the agent's own trace */
	bool root_used;     /* there are spans below it */
	struct span *spans; /* that have ended, oldest first; owned */
	struct span **last;
	unsigned n;
	unsigned lost;
	struct timer timer;           /* until what has come is told, or StopTracing answered */
	struct ttrpc_request *reader; /* ReadSpans that waits */
	struct ttrpc_request *stopper;
};

/* Of a request that is under way. */
struct request_span {
	struct span *span;
	uint64_t step_ns; /* end of the last step */
};

/* They last as long as the guest does, or are the reading itself. */
static const char *const untraced[] = {
	"WaitProcess",  "ReadStdout",     "ReadStderr",  "WriteStdin", "GetOOMEvent",
	"NextDnsQuery", "AnswerDnsQuery", "ReadLog",     "ReadSpans",  "Clock",
	"BootTimes",    "StartTracing",   "StopTracing", NULL,
};

uint64_t tracing_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct tracing *tracing_of(struct agent *agent)
{
	struct tracing *tracing = agent->tracing;

	if (tracing)
		return tracing;
	tracing = xcalloc(1, sizeof(*tracing));
	tracing->agent = agent;
	tracing->last = &tracing->spans;
	agent->tracing = tracing;
	return tracing;
}

static void answer_stop(struct tracing *tracing)
{
	const Katac__TracingResponse response = KATAC__TRACING_RESPONSE__INIT;
	struct ttrpc_request *stopper = tracing->stopper;

	tracing->stopper = NULL;
	if (stopper)
		ttrpc_reply(stopper, &response.base);
}

static Katac__Span to_pb(const struct span *span)
{
	Katac__Span message = KATAC__SPAN__INIT;

	message.trace_id.data = (uint8_t *)(uintptr_t)span->own.trace_id;
	message.trace_id.len = TRACE_ID_LEN;
	message.span_id.data = (uint8_t *)(uintptr_t)span->own.span_id;
	message.span_id.len = SPAN_ID_LEN;
	message.parent_id.data = (uint8_t *)(uintptr_t)span->parent_id;
	message.parent_id.len = SPAN_ID_LEN;
	if (span->has_link) {
		message.link_trace_id.data = (uint8_t *)(uintptr_t)span->link.trace_id;
		message.link_trace_id.len = TRACE_ID_LEN;
		message.link_span_id.data = (uint8_t *)(uintptr_t)span->link.span_id;
		message.link_span_id.len = SPAN_ID_LEN;
	}
	message.name = span->name;
	message.server = span->kind == SPAN_SERVER;
	message.start_ns = span->start_ns;
	message.end_ns = span->end_ns;
	message.failed = span->failed;
	if (span->message)
		message.message = span->message;
	message.n_attributes = strv_len(span->attributes);
	message.attributes = span->attributes;
	return message;
}

static void drop_first(struct tracing *tracing)
{
	struct span *span = tracing->spans;

	tracing->spans = span->next;
	if (!tracing->spans)
		tracing->last = &tracing->spans;
	tracing->n--;
	span_free(span);
}

static void tell(struct tracing *tracing)
{
	Katac__ReadSpansResponse response = KATAC__READ_SPANS_RESPONSE__INIT;
	struct ttrpc_request *reader = tracing->reader;
	Katac__Span messages[ANSWER_MAX];
	Katac__Span *list[ANSWER_MAX];
	size_t n = 0;

	if (!reader)
		return;
	tracing->reader = NULL;
	response.now_ns = tracing_now_ns();
	if (reader->conn) { /* else it has gone: the spans are for the next */
		for (struct span *span = tracing->spans; span && n < ANSWER_MAX;
		     span = span->next) {
			messages[n] = to_pb(span);
			list[n] = &messages[n];
			n++;
		}
		response.lost = tracing->lost;
		tracing->lost = 0;
	}
	response.n_spans = n;
	response.spans = list;
	ttrpc_reply(reader, &response.base);
	while (n-- > 0)
		drop_first(tracing);
}

static void gathered(struct timer *timer)
{
	tell(container_of(timer, struct tracing, timer));
}

static void stop_late(struct timer *timer)
{
	answer_stop(container_of(timer, struct tracing, timer));
}

/* Takes @span over. */
static void add(struct tracing *tracing, struct span *span)
{
	if (tracing->n == TRACING_SPANS_MAX) {
		tracing->lost++;
		span_free(span);
		return;
	}
	*tracing->last = span;
	tracing->last = &span->next;
	tracing->n++;
	if (tracing->n >= ANSWER_MAX)
		tell(tracing);
	else if (tracing->n == 1 && tracing->agent->loop)
		timer_set(tracing->agent->loop, &tracing->timer, deadline_in(GATHER_MS), gathered);
}

/* A span below @parent, or below the agent's own first one. */
static struct span *new_span(struct tracing *tracing, const char *name,
			     const struct trace_context *parent)
{
	struct span *span = span_new(name);

	if (!parent) {
		parent = &tracing->root->own;
		tracing->root_used = true;
	}
	trace_new_context(parent, &span->own);
	memcpy(span->parent_id, parent->span_id, SPAN_ID_LEN);
	return span;
}

static void *begun(struct ttrpc_request *req, const char *traceparent)
{
	struct agent *agent = req->context;
	struct tracing *tracing = agent->tracing;
	struct request_span *of_request;
	struct trace_context caller;
	CLEANUP(free) char *name = NULL;
	bool called;

	if (!tracing || !tracing->on ||
	    strv_contains((char *const *)(uintptr_t)untraced, req->method->name))
		return NULL;
	called = trace_parse(traceparent, &caller);
	if (tracing->collated && !called)
		return NULL; /* there is nothing that it is part of */
	name = xasprintf("%s/%s", req->service->name, req->method->name);
	of_request = xcalloc(1, sizeof(*of_request));
	of_request->span = new_span(tracing, name, tracing->collated && called ? &caller : NULL);
	of_request->span->kind = SPAN_SERVER;
	of_request->span->start_ns = tracing_now_ns();
	of_request->step_ns = of_request->span->start_ns;
	span_set(of_request->span, "rpc.system", "ttrpc");
	span_set(of_request->span, "rpc.service", req->service->name);
	span_set(of_request->span, "rpc.method", req->method->name);
	if (!tracing->collated && called) {
		of_request->span->has_link = true;
		of_request->span->link = caller;
	}
	return of_request;
}

static void answered(struct ttrpc_request *req, const struct err *error)
{
	struct request_span *of_request = req->observed;
	struct agent *agent = req->context;

	of_request->span->end_ns = tracing_now_ns();
	if (error && error->code)
		span_fail(of_request->span, error->text);
	add(agent->tracing, of_request->span);
	free(of_request);
}

const struct ttrpc_observer tracing_observer = { begun, answered };

void tracing_step(struct ttrpc_request *req, const char *name)
{
	struct request_span *of_request = req ? req->observed : NULL;
	struct agent *agent;
	struct span *step;
	uint64_t now;

	if (!of_request)
		return;
	now = tracing_now_ns();
	if (now - of_request->step_ns < STEP_MIN)
		return;
	agent = req->context;
	step = new_span(agent->tracing, name, &of_request->span->own);
	step->start_ns = of_request->step_ns;
	step->end_ns = now;
	of_request->step_ns = now;
	add(agent->tracing, step);
}

int tracing_start(struct agent *agent, bool collated, struct err *err)
{
	struct tracing *tracing = tracing_of(agent);

	if (tracing->on)
		return err_set(err, EALREADY, "tracing is on already; StopTracing ends it");
	tracing->on = true;
	tracing->collated = collated;
	tracing->root = span_new("kata-agent");
	trace_new_context(NULL, &tracing->root->own);
	tracing->root->start_ns = tracing_now_ns();
	tracing->root_used = false;
	return 0;
}

void tracing_boot(struct agent *agent, uint64_t main_ns)
{
	struct tracing *tracing = agent->tracing;
	struct span *kernel;
	struct span *start;

	if (!tracing || !tracing->on)
		return;
	tracing->root->start_ns = 0;
	kernel = new_span(tracing, "kernel", NULL);
	kernel->end_ns = main_ns;
	add(tracing, kernel);
	start = new_span(tracing, "start of the agent", NULL);
	start->start_ns = main_ns;
	start->end_ns = tracing_now_ns();
	add(tracing, start);
}

void api_start_tracing(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Katac__StartTracingRequest *message = (const Katac__StartTracingRequest *)in;
	const Katac__TracingResponse response = KATAC__TRACING_RESPONSE__INIT;
	struct err err = { 0 };

	if (tracing_start(req->context, message->collated, &err) < 0)
		ttrpc_reply_error(req, &err);
	else
		ttrpc_reply(req, &response.base);
}

/* Answered when the reader has all that there is, which shows by its coming back. */
void api_stop_tracing(struct ttrpc_request *req, const ProtobufCMessage *in __attribute__((unused)))
{
	struct agent *agent = req->context;
	struct tracing *tracing = agent->tracing;
	struct err err = { 0 };

	if (!tracing || !tracing->on) {
		(void)err_set(&err, EALREADY, "tracing is off already; StartTracing begins it");
		ttrpc_reply_error(req, &err);
		return;
	}
	tracing->on = false;
	tracing->root->end_ns = tracing_now_ns();
	if (tracing->root_used)
		add(tracing, take_ptr(tracing->root));
	span_free(tracing->root);
	tracing->root = NULL;
	tracing->stopper = req;
	timer_set(agent->loop, &tracing->timer, deadline_in(STOP_MS), stop_late);
	tell(tracing);
}

void api_read_spans(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Katac__ReadSpansRequest *message = (const Katac__ReadSpansRequest *)in;
	struct tracing *tracing = tracing_of(req->context);
	struct err err = { 0 };

	if (tracing->reader) {
		(void)err_set(&err, ECANCELED, "the agent's spans: another reads them now");
		ttrpc_reply_error(tracing->reader, &err);
	}
	tracing->reader = req;
	if (tracing->stopper && tracing->n == 0)
		answer_stop(tracing);
	if (message->at_once || (tracing->n > 0 && !tracing->timer.loop) || tracing->stopper ||
	    tracing->n >= ANSWER_MAX)
		tell(tracing);
}

void tracing_free(struct agent *agent)
{
	struct tracing *tracing = agent->tracing;

	if (!tracing)
		return;
	timer_cancel(&tracing->timer);
	if (tracing->reader)
		tell(tracing);
	answer_stop(tracing);
	while (tracing->spans)
		drop_first(tracing);
	span_free(tracing->root);
	free(tracing);
	agent->tracing = NULL;
}
