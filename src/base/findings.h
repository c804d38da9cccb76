/* SPDX-License-Identifier: Apache-2.0 */
/* findings.h - what a look at the host has found, line by line */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

enum finding_level {
	FINDING_OK,
	FINDING_WARNING, /* it works without, but slower or with less */
	FINDING_FAILURE, /* it does not work */
};

/* "ok", "warn", "fail" */
const char *finding_level_name(enum finding_level level);

struct finding {
	enum finding_level level;
	char *name;   /* what was looked at, in one or two words */
	char *text;   /* what is there, or not */
	char *remedy; /* what to do; NULL with FINDING_OK */
};

/* { 0 } is empty. */
struct findings {
	struct finding *list;
	size_t n;
};

void findings_ok(struct findings *findings, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void findings_warn(struct findings *findings, const char *name, const char *remedy, const char *fmt,
		   ...) __attribute__((format(printf, 4, 5)));
void findings_fail(struct findings *findings, const char *name, const char *remedy, const char *fmt,
		   ...) __attribute__((format(printf, 4, 5)));
enum finding_level findings_worst(const struct findings *findings);
void findings_done(struct findings *findings);
static inline void findings_donep(struct findings *findings)
{
	findings_done(findings);
}
