/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracing.h - spans of the agent: one for each request, and its steps below it
 *
 * They wait in a list of SPANS_MAX for the host, which asks for them (ReadSpans); what
 * finds no room is counted. Times are of the guest's CLOCK_BOOTTIME: the host knows
 * better what time it is. Off, a request costs one comparison.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct agent;
struct err;
struct ttrpc_observer;
struct ttrpc_request;

#define TRACING_SPANS_MAX 512u

/* For each connection of the agent's: what begins and ends a request's span. */
extern const struct ttrpc_observer tracing_observer;

/*
 * From now on. @collated: requests that name their caller, whose spans theirs lie below;
 * else all, in one trace of the agent's own. -EALREADY: it is on.
 */
int tracing_start(struct agent *agent, bool collated, struct err *err);

/* What the machine and the agent did before the first request. */
void tracing_boot(struct agent *agent, uint64_t main_ns);

/* The step @name of a request ends now; it began with the request, or with its last step. */
void tracing_step(struct ttrpc_request *req, const char *name);

uint64_t tracing_now_ns(void);

/* What waits to be read is lost. */
void tracing_free(struct agent *agent);
