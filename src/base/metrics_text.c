/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

#define FAMILIES_MAX 256u
#define HELP_MAX     200u

struct metrics_family {
	char *name;
	char *help; /* NULL: none was given */
	struct buf samples;
};

/* NULL: there are too many. */
static struct metrics_family *family_of(struct metrics_text *metrics, const char *name, size_t len)
{
	struct metrics_family *family;

	for (size_t i = 0; i < metrics->n; i++)
		if (strlen(metrics->families[i].name) == len &&
		    memcmp(metrics->families[i].name, name, len) == 0)
			return &metrics->families[i];
	if (metrics->n == FAMILIES_MAX)
		return NULL;
	metrics->families =
		xrealloc(metrics->families, (metrics->n + 1) * sizeof(*metrics->families));
	family = &metrics->families[metrics->n++];
	*family = (struct metrics_family){ .name = xstrndup(name, len) };
	return family;
}

static size_t name_len(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return isdigit((unsigned char)*text) ? 0 : len;
}

static bool has_prefix(const char *name, const char *const *prefixes)
{
	for (; *prefixes; prefixes++)
		if (str_starts(name, *prefixes))
			return true;
	return false;
}

/* Behind a quoted value of printable ASCII with Prometheus' escapes; NULL: it is none. */
static const char *skip_quoted(const char *at)
{
	if (*at++ != '"')
		return NULL;
	for (; *at != '"'; at++) {
		if (*at == '\\' && !strchr("\\\"n", at[1]))
			return NULL;
		if (*at == '\\')
			at++;
		if (*at < ' ' || *at > '~')
			return NULL; /* the end of the line as well */
	}
	return at + 1;
}

/* Whether a label of that name is among those from @labels up to @at. */
static bool has_label(const char *labels, const char *at, const char *name, size_t len)
{
	for (; labels < at; labels = skip_quoted(labels + name_len(labels) + 1) + 1)
		if (name_len(labels) == len && memcmp(labels, name, len) == 0)
			return true;
	return false;
}

/* Behind name="value",…} with each name once; NULL: it is not well-formed, or has @label. */
static const char *skip_labels(const char *labels, const char *label)
{
	const char *at = labels;

	for (;;) {
		size_t len = name_len(at);

		if (len == 0 || has_label(labels, at, at, len) ||
		    (label && strlen(label) == len && memcmp(at, label, len) == 0))
			return NULL;
		at += len;
		if (*at++ != '=')
			return NULL;
		at = skip_quoted(at);
		if (!at || (*at != ',' && *at != '}'))
			return NULL;
		if (*at++ == '}')
			return at;
	}
}

/* One that Go reads too: what strtod(3) takes besides, others do not. */
static bool is_number(const char *text)
{
	char *end = NULL;

	(void)strtod(text, &end);
	return end != text && *end == '\0' && strspn(text, "+-.0123456789eE") == strlen(text);
}

static void put_escaped(struct buf *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			buf_append(out, "\\", 1);
		buf_append(out, value, 1);
	}
}

static bool take_sample(struct metrics_text *metrics, const char *line, const char *label,
			const char *value)
{
	size_t len = name_len(line);
	const char *labels = line + len;
	const char *number = labels;
	struct metrics_family *family;

	if (*labels == '{')
		number = skip_labels(labels + 1, label);
	if (!number || *number != ' ' || !is_number(number + 1) || len > 100)
		return false;
	family = family_of(metrics, line, len);
	if (!family)
		return false;
	buf_append(&family->samples, line, len);
	if (label) {
		buf_printf(&family->samples, "{%s=\"", label);
		put_escaped(&family->samples, value);
		buf_printf(&family->samples, "\"%s", *labels == '{' ? "," : "}");
		labels += *labels == '{';
	}
	buf_printf(&family->samples, "%s\n", labels);
	return true;
}

static bool take_help(struct metrics_text *metrics, const char *line, const char *const *prefixes)
{
	const char *name = line + strlen("# HELP ");
	size_t len = name_len(name);
	struct metrics_family *family;

	if (len == 0 || name[len] != ' ' || !has_prefix(name, prefixes))
		return false;
	family = family_of(metrics, name, len);
	if (family && !family->help)
		family->help = str_printable(xstrndup(name + len + 1, HELP_MAX));
	return family != NULL;
}

static bool take_line(struct metrics_text *metrics, const char *line, const char *const *prefixes,
		      const char *label, const char *value)
{
	if (str_starts(line, "# HELP "))
		return take_help(metrics, line, prefixes);
	if (str_starts(line, "# TYPE "))
		return true; /* all are gauges */
	return name_len(line) > 0 && has_prefix(line, prefixes) &&
	       take_sample(metrics, line, label, value);
}

size_t metrics_text_take(struct metrics_text *metrics, const char *text,
			 const char *const *prefixes, const char *label, const char *value)
{
	CLEANUP(strv_free) char **lines = strv_split(text, "\n");
	size_t left_out = 0;

	for (char **line = lines; line && *line; line++)
		left_out += !take_line(metrics, *line, prefixes, label, value);
	return left_out;
}

char *metrics_text_all(const struct metrics_text *metrics)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };

	for (size_t i = 0; i < metrics->n; i++) {
		const struct metrics_family *family = &metrics->families[i];

		if (buf_len(&family->samples) == 0)
			continue;
		if (family->help)
			buf_printf(&out, "# HELP %s %s\n", family->name, family->help);
		buf_printf(&out, "# TYPE %s gauge\n", family->name);
		buf_append(&out, buf_data(&family->samples), buf_len(&family->samples));
	}
	return buf_take_string(&out);
}

void metrics_text_done(struct metrics_text *metrics)
{
	for (size_t i = 0; i < metrics->n; i++) {
		free(metrics->families[i].name);
		free(metrics->families[i].help);
		buf_done(&metrics->families[i].samples);
	}
	free(metrics->families);
	*metrics = (struct metrics_text){ 0 };
}
