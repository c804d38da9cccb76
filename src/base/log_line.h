/* SPDX-License-Identifier: Apache-2.0 */
/* log_line.h - the forms of one line of a log */
#pragma once

#include <stddef.h>

struct buf;
struct log_entry;

/* A field of every line of the program. */
struct log_field {
	char *key;
	char *value;
};

struct log_fields {
	const struct log_field *items;
	size_t n;
};

#define LOG_LINE_MAX 4096u /* a pipe takes so much whole or not at all (PIPE_BUF) */

/*
 * As logrus writes them, with a line feed: time, level and msg, then the others by
 * name; values that need it quoted as Go does. At most LOG_LINE_MAX bytes: a
 * message that is longer when it is quoted is cut.
 */
void log_line_text(struct buf *out, const struct log_entry *entry, const struct log_fields *fields);
void log_line_json(struct buf *out, const struct log_entry *entry, const struct log_fields *fields);

/* A datagram for journald. Source: systemd.io, JOURNAL_NATIVE_PROTOCOL. */
void log_line_journal(struct buf *out, const struct log_entry *entry,
		      const struct log_fields *fields);
/* A datagram for syslog(3)'s socket, with the line of log_line_text(). */
void log_line_syslog(struct buf *out, const struct log_entry *entry,
		     const struct log_fields *fields);
