/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log_line.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#define MEMBERS_MAX 16u /* eight fields of the program, and our own */

/* One word of a line; a NULL text is the number. */
struct member {
	const char *key;
	const char *text;
	int64_t number;
};

struct members {
	struct member items[MEMBERS_MAX];
	size_t n;
};

static void add(struct members *members, const char *key, const char *text, int64_t number)
{
	size_t at = members->n;

	if (at == MEMBERS_MAX)
		return;
	while (at > 0 && strcmp(members->items[at - 1].key, key) > 0) {
		members->items[at] = members->items[at - 1];
		at--;
	}
	members->items[at] = (struct member){ .key = key, .text = text, .number = number };
	members->n++;
}

static void collect(struct members *ret, const struct log_entry *entry,
		    const struct log_fields *fields)
{
	for (size_t i = 0; i < fields->n; i++)
		if (!entry->container || !str_eq(fields->items[i].key, "container"))
			add(ret, fields->items[i].key, fields->items[i].value, 0);
	if (entry->container)
		add(ret, "container", entry->container, 0);
	if (entry->name)
		add(ret, "name", entry->name, 0);
	if (entry->pid > 0)
		add(ret, "pid", NULL, entry->pid);
	if (entry->source)
		add(ret, "source", entry->source, 0);
	if (entry->subsystem)
		add(ret, "subsystem", entry->subsystem, 0);
}

static void format_time(const struct timespec *ts, char *ret, size_t size)
{
	struct tm tm;
	size_t len;

	gmtime_r(&ts->tv_sec, &tm);
	len = strftime(ret, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + len, size - len, ".%09ldZ", ts->tv_nsec);
}

/* logrus's TextFormatter.needsQuoting(). */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-._/@^+", *s))
			return false;
	return true;
}

static void put_escaped(struct buf *out, unsigned char c)
{
	static const char letters[] = "abtnvfr"; /* of 7 to 13 */

	if (c == '"' || c == '\\')
		buf_printf(out, "\\%c", c);
	else if (c >= 7 && c <= 13)
		buf_printf(out, "\\%c", letters[c - 7]);
	else if (c < 0x20 || c >= 0x7f)
		buf_printf(out, "\\x%02x", c);
	else
		buf_append(out, &c, 1);
}

/* Go's %q. */
static void put_quoted(struct buf *out, const char *s)
{
	buf_append(out, "\"", 1);
	for (; *s; s++) {
		size_t n = str_utf8_len(s, strnlen(s, 4));

		if (n == 2 && (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0) {
			buf_printf(out, "\\u%04x", (unsigned char)s[1]); /* a control character */
			s++;
		} else if (n > 1) {
			buf_append(out, s, n);
			s += n - 1;
		} else {
			put_escaped(out, (unsigned char)*s);
		}
	}
	buf_append(out, "\"", 1);
}

static void put_text(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, "%s=", key);
	if (is_plain(value))
		buf_append(out, value, strlen(value));
	else
		put_quoted(out, value);
}

static void text_line(struct buf *out, const struct log_entry *entry,
		      const struct log_fields *fields)
{
	struct members members = { .n = 0 };
	char when[64];

	format_time(&entry->time, when, sizeof(when));
	buf_printf(out, "time=\"%s\" level=%s ", when, log_level_name(entry->level));
	put_text(out, "msg", entry->text);
	collect(&members, entry, fields);
	for (size_t i = 0; i < members.n; i++) {
		const struct member *m = &members.items[i];

		buf_append(out, " ", 1);
		if (m->text)
			put_text(out, m->key, m->text);
		else
			buf_printf(out, "%s=%" PRId64, m->key, m->number);
	}
	buf_append(out, "\n", 1);
}

static void json_line(struct buf *out, const struct log_entry *entry,
		      const struct log_fields *fields)
{
	struct members members = { .n = 0 };
	CLEANUP(free) char *line = NULL;
	struct json_writer w = { 0 };
	char when[64];

	format_time(&entry->time, when, sizeof(when));
	collect(&members, entry, fields);
	add(&members, "level", log_level_name(entry->level), 0);
	add(&members, "msg", entry->text, 0);
	add(&members, "time", when, 0);
	json_open_object(&w, NULL);
	for (size_t i = 0; i < members.n; i++) {
		const struct member *m = &members.items[i];

		if (m->text)
			json_put_string(&w, m->key, m->text);
		else
			json_put_i64(&w, m->key, m->number);
	}
	json_close_object(&w);
	line = json_finish(&w);
	buf_printf(out, "%s\n", line);
}

typedef void (*line_fn)(struct buf *out, const struct log_entry *entry,
			const struct log_fields *fields);

/* Quoting makes a byte up to six: the message is halved until the line has its size. */
static void bounded(struct buf *out, const struct log_entry *entry, const struct log_fields *fields,
		    line_fn fn)
{
	CLEANUP(free) char *text = xstrdup(entry->text);
	struct log_entry shorter = *entry;
	size_t before = buf_len(out);
	size_t len = strlen(text);

	shorter.text = text;
	for (;;) {
		fn(out, &shorter, fields);
		if (buf_len(out) - before <= LOG_LINE_MAX || len == 0)
			return;
		buf_truncate(out, before);
		len /= 2;
		text[len] = '\0';
	}
}

void log_line_text(struct buf *out, const struct log_entry *entry, const struct log_fields *fields)
{
	bounded(out, entry, fields, text_line);
}

void log_line_json(struct buf *out, const struct log_entry *entry, const struct log_fields *fields)
{
	bounded(out, entry, fields, json_line);
}

static int priority(enum log_level level)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

	return priorities[level];
}

/* KEY=value, or with its length where the value has a line feed. */
static void put_journal(struct buf *out, const char *prefix, const char *key, const char *value)
{
	uint64_t len = strlen(value);

	buf_append(out, prefix, strlen(prefix));
	for (; *key; key++) {
		char c = (char)toupper((unsigned char)*key);

		buf_append(out, isalnum((unsigned char)c) ? &c : "_", 1);
	}
	if (!strchr(value, '\n')) {
		buf_printf(out, "=%s\n", value);
		return;
	}
	buf_append(out, "\n", 1);
	for (unsigned i = 0; i < sizeof(len); i++) {
		uint8_t byte = (uint8_t)(len >> (8 * i)); /* little endian */

		buf_append(out, &byte, 1);
	}
	buf_append(out, value, len);
	buf_append(out, "\n", 1);
}

void log_line_journal(struct buf *out, const struct log_entry *entry,
		      const struct log_fields *fields)
{
	struct members members = { .n = 0 };
	char number[32];
	char when[64];

	format_time(&entry->time, when, sizeof(when));
	snprintf(number, sizeof(number), "%d", priority(entry->level));
	put_journal(out, "", "message", entry->text);
	put_journal(out, "", "priority", number);
	put_journal(out, "", "syslog_identifier", entry->name ? entry->name : "kata");
	put_journal(out, "", "syslog_facility", "3"); /* LOG_DAEMON */
	put_journal(out, "KATA_", "time", when);
	put_journal(out, "KATA_", "level", log_level_name(entry->level));
	collect(&members, entry, fields);
	for (size_t i = 0; i < members.n; i++) {
		const struct member *m = &members.items[i];

		snprintf(number, sizeof(number), "%" PRId64, m->number);
		put_journal(out, "KATA_", m->key, m->text ? m->text : number);
	}
}

void log_line_syslog(struct buf *out, const struct log_entry *entry,
		     const struct log_fields *fields)
{
	time_t now = time(NULL);
	char when[64];
	struct tm tm;

	/* As syslog(3): local time, and no year. */
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm);
	buf_printf(out, "<%d>%s %s[%d]: ", LOG_DAEMON | priority(entry->level), when,
		   entry->name ? entry->name : "kata", (int)entry->pid);
	log_line_text(out, entry, fields);
	buf_truncate(out, buf_len(out) - 1); /* the line feed */
}
