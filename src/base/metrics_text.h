/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics_text.h - metrics of several sources in one text
 *
 * Prometheus wants all samples of a name together, under one heading, and each
 * label once. What comes from a guest is taken line by line if it is well-formed.
 */
#pragma once

#include <stddef.h>

/* { 0 } is empty. */
struct metrics_text {
	struct metrics_family *families;
	size_t n;
};

/*
 * Takes the samples of @text whose names begin with one of @prefixes (ends with NULL). With @label
 * each gets that label with @value, in front of its own. Returns how many lines were left out:
 * those that are not well-formed, have another prefix, or have @label already.
 */
size_t metrics_text_take(struct metrics_text *metrics, const char *text,
			 const char *const *prefixes, const char *label, const char *value);

/* Owned; families in the order in which they came first. */
char *metrics_text_all(const struct metrics_text *metrics);

void metrics_text_done(struct metrics_text *metrics);
