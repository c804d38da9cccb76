/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.h - where the time of a start goes
 *
 * A command marks the ends of its phases; "create", "run" and "start" leave them in a small
 * file of the container's directory, one line each, to which kata-shim adds the first output.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"

struct agentc_boot;
struct err;
struct span;

#define TIMELINE_MAX      24u /* phases of one command */
#define TIMELINE_FILE     "timeline"
#define TIMELINE_FILE_MAX 8192u /* bytes of it that are read */

struct phase {
	const char *name;  /* static text, or the owner's */
	uint64_t start_us; /* CLOCK_MONOTONIC */
	uint64_t end_us;
	bool inside; /* of the last one before it that is not */
	const struct span *span;
};

struct timeline {
	uint64_t start_us;
	uint64_t last_us;  /* the end of the last phase */
	struct span *open; /* the trace's, of the phase that has begun; NULL: there is none */
	unsigned n_phases;
	unsigned n_saved;
	struct phase phases[TIMELINE_MAX];
};

void timeline_start(struct timeline *timeline);

/* A trace has begun by now: what comes belongs to a phase. */
void timeline_trace(struct timeline *timeline);

/* The phase @name ends now, and the next one begins. A NULL timeline is not kept. */
void timeline_mark(struct timeline *timeline, const char *name);

/* What the guest says of the phase @outer: the kernel's part and the agent's. */
void timeline_add_boot(struct timeline *timeline, const char *outer,
		       const struct agentc_boot *boot);

/* A line per phase, in milliseconds, and their sum. */
void timeline_print(const struct timeline *timeline, FILE *out);

/* Adds what is new to the file below @dirfd. It is no failure of anything if that fails. */
void timeline_save(struct timeline *timeline, int dirfd);

/* The file, to be added to by another program: a descriptor, or -1. */
int timeline_open(int dirfd);

/* What the commands that made and started a container have left. */
struct saved_timeline {
	char *sandbox;
	char *names;          /* of the phases; owned */
	struct phase *phases; /* by their start; owned */
	unsigned n_phases;
};

/* -ENOENT: no such container; -ENODATA: it has none. */
int saved_timeline_read(const char *cid, struct saved_timeline *ret, struct err *err);
void saved_timeline_done(struct saved_timeline *saved);
