/* SPDX-License-Identifier: Apache-2.0 */
/* timeline.h - where the time of a start goes */
#pragma once

#include <stdint.h>
#include <stdio.h>

struct span;

#define TIMELINE_MAX 16u

struct timeline {
	uint64_t start_us; /* CLOCK_MONOTONIC */
	struct span *open; /* the trace's, of the phase that has begun; NULL: there is none */
	unsigned n_phases;
	struct {
		const char *name; /* static text */
		uint64_t end_us;
	} phases[TIMELINE_MAX];
};

void timeline_start(struct timeline *timeline);

/* A trace has begun by now: what comes belongs to a phase. */
void timeline_trace(struct timeline *timeline);

/* The phase @name ends now, and the next one begins. A NULL timeline is not kept. */
void timeline_mark(struct timeline *timeline, const char *name);

/* A line per phase, in milliseconds, and their sum. */
void timeline_print(const struct timeline *timeline, FILE *out);
