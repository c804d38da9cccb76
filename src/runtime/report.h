/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - sections of keys and values that are printed as TOML or as JSON */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* { 0 } is empty. */
struct report {
	struct report_line *lines;
	size_t n;
};

/*
 * @section: "Runtime.Version"; a section comes before those below it, and all of its values
 * stand together. A NULL @value is "".
 */
void report_string(struct report *report, const char *section, const char *key, const char *value);
void report_bool(struct report *report, const char *section, const char *key, bool value);
void report_number(struct report *report, const char *section, const char *key, int64_t value);
void report_strings(struct report *report, const char *section, const char *key,
		    char *const *value);

/* The whole, with a line break at its end; owned. */
char *report_text(const struct report *report, bool json);

void report_done(struct report *report);
static inline void report_donep(struct report *report)
{
	report_done(report);
}
