/* SPDX-License-Identifier: Apache-2.0 */
/* timeline.h - where the time of a start goes */
#pragma once

#include <stdint.h>
#include <stdio.h>

#define TIMELINE_MAX 16u

struct timeline {
	uint64_t start_us; /* CLOCK_MONOTONIC */
	unsigned n_phases;
	struct {
		const char *name; /* static text */
		uint64_t end_us;
	} phases[TIMELINE_MAX];
};

void timeline_start(struct timeline *timeline);

/* The phase @name ends now. A NULL timeline is not kept. */
void timeline_mark(struct timeline *timeline, const char *name);

/* A line per phase, in milliseconds, and their sum. */
void timeline_print(const struct timeline *timeline, FILE *out);
