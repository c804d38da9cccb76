/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/timeline.h"

#include "base/clock.h"
#include "base/trace.h"

void timeline_start(struct timeline *timeline)
{
	*timeline = (struct timeline){ .start_us = now_us() };
}

void timeline_trace(struct timeline *timeline)
{
	if (timeline && !timeline->open && trace_is_on())
		timeline->open = span_begin("finish", SPAN_INTERNAL); /* if nothing ends it */
}

static void trace_mark(struct timeline *timeline, const char *name)
{
	if (!timeline->open && trace_is_on()) {
		(void)span_add(name, NULL, trace_root()->start_ns, trace_now_ns());
	} else {
		span_rename(timeline->open, name);
		span_end(timeline->open, NULL);
		timeline->open = NULL;
	}
	timeline_trace(timeline);
}

void timeline_mark(struct timeline *timeline, const char *name)
{
	if (timeline)
		trace_mark(timeline, name);
	if (!timeline || timeline->n_phases == TIMELINE_MAX)
		return;
	timeline->phases[timeline->n_phases].name = name;
	timeline->phases[timeline->n_phases++].end_us = now_us();
}

void timeline_print(const struct timeline *timeline, FILE *out)
{
	uint64_t previous = timeline->start_us;

	for (unsigned i = 0; i < timeline->n_phases; i++) {
		uint64_t end = timeline->phases[i].end_us;

		(void)fprintf(out, "%-24s %8.1f ms\n", timeline->phases[i].name,
			      (double)(end - previous) / 1000.0);
		previous = end;
	}
	(void)fprintf(out, "%-24s %8.1f ms\n", "total",
		      (double)(previous - timeline->start_us) / 1000.0);
}
