/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/timeline.h"

#include "base/clock.h"

void timeline_start(struct timeline *timeline)
{
	*timeline = (struct timeline){ .start_us = now_us() };
}

void timeline_mark(struct timeline *timeline, const char *name)
{
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
