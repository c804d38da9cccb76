/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/timeline.h"

#include <inttypes.h>
#include <string.h>

#include "agentc/agentc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/trace.h"

void timeline_start(struct timeline *timeline)
{
	*timeline = (struct timeline){ .start_us = now_us() };
	timeline->last_us = timeline->start_us;
}

void timeline_trace(struct timeline *timeline)
{
	if (timeline && !timeline->open && trace_is_on())
		timeline->open = span_begin("finish", SPAN_INTERNAL); /* if nothing ends it */
}

static const struct span *trace_mark(struct timeline *timeline, const char *name)
{
	const struct span *ended = timeline->open;

	if (!timeline->open && trace_is_on()) {
		ended = span_add(name, NULL, trace_root()->start_ns, trace_now_ns());
	} else {
		span_rename(timeline->open, name);
		span_end(timeline->open, NULL);
		timeline->open = NULL;
	}
	timeline_trace(timeline);
	return ended;
}

void timeline_mark(struct timeline *timeline, const char *name)
{
	const struct span *span = timeline ? trace_mark(timeline, name) : NULL;
	uint64_t now = now_us();

	if (!timeline || timeline->n_phases == TIMELINE_MAX)
		return;
	log_debug("%s took %" PRIu64 " us", name, now - timeline->last_us);
	timeline->phases[timeline->n_phases++] = (struct phase){
		.name = name, .start_us = timeline->last_us, .end_us = now, .span = span
	};
	timeline->last_us = now;
}

/*
 * The same as a span. It is placed from the phase's own span on: two clocks that are read one
 * after the other would let it begin some ns before.
 */
static void add_span(const struct phase *outer, const struct phase *inner)
{
	const struct span *span = outer->span;
	uint64_t start_ns;
	uint64_t end_ns;

	if (!span)
		return;
	start_ns = span->start_ns + (inner->start_us - outer->start_us) * 1000;
	end_ns = start_ns + (inner->end_us - inner->start_us) * 1000;
	end_ns = end_ns > span->end_ns ? span->end_ns : end_ns;
	start_ns = start_ns > end_ns ? end_ns : start_ns;
	(void)span_add(inner->name, span, start_ns, end_ns);
}

/* Behind @at; it cannot be outside of it, whatever the guest says. */
static void insert(struct timeline *timeline, unsigned at, const struct phase *outer,
		   const char *name, uint64_t start_us, uint64_t end_us)
{
	struct phase *phases = timeline->phases;

	start_us = start_us < outer->start_us ? outer->start_us : start_us;
	end_us = end_us > outer->end_us ? outer->end_us : end_us;
	if (timeline->n_phases == TIMELINE_MAX || start_us > end_us)
		return;
	memmove(&phases[at + 1], &phases[at], (timeline->n_phases - at) * sizeof(*phases));
	phases[at] = (struct phase){
		.name = name, .start_us = start_us, .end_us = end_us, .inside = true
	};
	timeline->n_phases++;
	add_span(outer, &phases[at]);
}

void timeline_add_boot(struct timeline *timeline, const char *outer, const struct agentc_boot *boot)
{
	if (!timeline || boot->kernel_us == 0)
		return;
	for (unsigned i = 0; i < timeline->n_phases; i++) {
		const struct phase phase = timeline->phases[i];
		uint64_t late = boot->ready_us > phase.end_us ? boot->ready_us - phase.end_us : 0;

		if (!str_eq(phase.name, outer))
			continue;
		/* It was ready when the phase ended: the answer that says so took that long. Each
		 * part goes in front of the last. */
		insert(timeline, i + 1, &phase, "agent", boot->agent_us - late,
		       boot->ready_us - late);
		insert(timeline, i + 1, &phase, "kernel", boot->kernel_us - late,
		       boot->agent_us - late);
		insert(timeline, i + 1, &phase, "QEMU", phase.start_us, boot->kernel_us - late);
		return;
	}
}

void timeline_print(const struct timeline *timeline, FILE *out)
{
	for (unsigned i = 0; i < timeline->n_phases; i++) {
		const struct phase *phase = &timeline->phases[i];

		(void)fprintf(out, "%s%-*s %8.1f ms\n", phase->inside ? "  " : "",
			      phase->inside ? 22 : 24, phase->name,
			      (double)(phase->end_us - phase->start_us) / 1000.0);
	}
	(void)fprintf(out, "%-24s %8.1f ms\n", "total",
		      (double)(timeline->last_us - timeline->start_us) / 1000.0);
}
