/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"

enum kind { STRING, BOOL, NUMBER, STRINGS };

struct report_line {
	char *section;
	char *key;
	enum kind kind;
	char *string;
	char **strings;
	int64_t number;
};

static struct report_line *add(struct report *report, const char *section, const char *key,
			       enum kind kind)
{
	struct report_line *line;

	report->lines = xrealloc(report->lines, (report->n + 1) * sizeof(*report->lines));
	line = &report->lines[report->n++];
	*line = (struct report_line){ .section = xstrdup(section),
				      .key = xstrdup(key),
				      .kind = kind };
	return line;
}

void report_string(struct report *report, const char *section, const char *key, const char *value)
{
	add(report, section, key, STRING)->string = xstrdup(value ? value : "");
}

void report_bool(struct report *report, const char *section, const char *key, bool value)
{
	add(report, section, key, BOOL)->number = value;
}

void report_number(struct report *report, const char *section, const char *key, int64_t value)
{
	add(report, section, key, NUMBER)->number = value;
}

void report_strings(struct report *report, const char *section, const char *key, char *const *value)
{
	add(report, section, key, STRINGS)->strings = strv_copy(value);
}

static void put_json(struct json_writer *w, const struct report_line *line)
{
	switch (line->kind) {
	case STRING:
		json_put_string(w, line->key, line->string);
		break;
	case BOOL:
		json_put_bool(w, line->key, line->number);
		break;
	case NUMBER:
		json_put_i64(w, line->key, line->number);
		break;
	case STRINGS:
		json_put_strv(w, line->key, line->strings);
		break;
	}
}

/* How many of the words of the two sections are the same from the start. */
static size_t common_words(char *const *a, char *const *b)
{
	size_t n = 0;

	while (a && b && a[n] && b[n] && str_eq(a[n], b[n]))
		n++;
	return n;
}

static char *as_json(const struct report *report)
{
	struct json_writer w = { .indent = 2 };
	CLEANUP(strv_free) char **open = NULL;
	CLEANUP(free) char *text = NULL;

	json_open_object(&w, NULL);
	for (size_t i = 0; i < report->n; i++) {
		CLEANUP(strv_free) char **words = strv_split(report->lines[i].section, ".");
		size_t same = common_words(open, words);

		for (size_t n = strv_len(open); n > same; n--)
			json_close_object(&w);
		for (size_t n = same; n < strv_len(words); n++)
			json_open_object(&w, words[n]);
		strv_free(open);
		open = take_ptr(words);
		put_json(&w, &report->lines[i]);
	}
	for (size_t n = strv_len(open); n > 0; n--)
		json_close_object(&w);
	json_close_object(&w);
	text = json_finish(&w);
	return xasprintf("%s\n", text);
}

/* JSON's strings, numbers, booleans and arrays of strings on one line are TOML's as well. */
static char *toml_value(const struct report_line *line)
{
	struct report_line bare = *line;
	struct json_writer w = { 0 };

	bare.key = NULL;
	put_json(&w, &bare);
	return json_finish(&w);
}

static char *as_toml(const struct report *report)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	const char *section = "";

	for (size_t i = 0; i < report->n; i++) {
		const struct report_line *line = &report->lines[i];
		CLEANUP(free) char *value = toml_value(line);
		int indent = 0;

		for (const char *c = line->section; *c; c++)
			indent += *c == '.' ? 2 : 0;
		if (!str_eq(section, line->section))
			buf_printf(&out, "%s%*s[%s]\n", i > 0 ? "\n" : "", indent, "",
				   line->section);
		section = line->section;
		buf_printf(&out, "%*s%s = %s\n", indent + 2, "", line->key, value);
	}
	return buf_take_string(&out);
}

char *report_text(const struct report *report, bool json)
{
	return json ? as_json(report) : as_toml(report);
}

void report_done(struct report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		free(report->lines[i].section);
		free(report->lines[i].key);
		free(report->lines[i].string);
		strv_free(report->lines[i].strings);
	}
	free(report->lines);
	*report = (struct report){ 0 };
}
