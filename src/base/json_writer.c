/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static void put_quoted(struct buf *out, const char *s)
{
	buf_append(out, "\"", 1);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		size_t n = str_utf8_len(s, strnlen(s, 4));

		if (n == 0) {
			buf_append(out, "\xef\xbf\xbd", 3); /* U+FFFD, for what is no character */
		} else if (n > 1) {
			buf_append(out, s, n);
			s += n - 1;
		} else if (c == '"' || c == '\\') {
			buf_printf(out, "\\%c", c);
		} else if (c == '\n') {
			buf_append(out, "\\n", 2);
		} else if (c < 0x20 || c == 0x7f) {
			buf_printf(out, "\\u%04x", c);
		} else {
			buf_append(out, &c, 1);
		}
	}
	buf_append(out, "\"", 1);
}

/* Comma, line break and key in front of the next value. */
static void begin_value(struct json_writer *w, const char *key)
{
	if (w->has_member)
		buf_append(&w->out, ",", 1);
	if (w->indent && w->depth > 0)
		buf_printf(&w->out, "\n%*s", (int)(w->indent * w->depth), "");
	w->has_member = true;
	if (!key)
		return;
	put_quoted(&w->out, key);
	buf_printf(&w->out, w->indent ? ": " : ":");
}

static void open_value(struct json_writer *w, const char *key, const char *bracket)
{
	begin_value(w, key);
	buf_append(&w->out, bracket, 1);
	w->depth++;
	w->has_member = false;
}

static void close_value(struct json_writer *w, const char *bracket)
{
	assert(w->depth > 0);
	w->depth--;
	if (w->indent && w->has_member)
		buf_printf(&w->out, "\n%*s", (int)(w->indent * w->depth), "");
	buf_append(&w->out, bracket, 1);
	w->has_member = true;
}

void json_open_object(struct json_writer *w, const char *key)
{
	open_value(w, key, "{");
}

void json_close_object(struct json_writer *w)
{
	close_value(w, "}");
}

void json_open_array(struct json_writer *w, const char *key)
{
	open_value(w, key, "[");
}

void json_close_array(struct json_writer *w)
{
	close_value(w, "]");
}

void json_put_string(struct json_writer *w, const char *key, const char *value)
{
	begin_value(w, key);
	if (value)
		put_quoted(&w->out, value);
	else
		buf_append(&w->out, "null", 4);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
	begin_value(w, key);
	buf_printf(&w->out, "%s", value ? "true" : "false");
}

void json_put_u64(struct json_writer *w, const char *key, uint64_t value)
{
	begin_value(w, key);
	buf_printf(&w->out, "%" PRIu64, value);
}

void json_put_i64(struct json_writer *w, const char *key, int64_t value)
{
	begin_value(w, key);
	buf_printf(&w->out, "%" PRId64, value);
}

void json_put_strv(struct json_writer *w, const char *key, char *const *value)
{
	json_open_array(w, key);
	for (; value && *value; value++)
		json_put_string(w, NULL, *value);
	json_close_array(w);
}

void json_put_map(struct json_writer *w, const char *key, char *const *words)
{
	json_open_object(w, key);
	for (; words && *words; words++) {
		const char *equals = strchr(*words, '=');
		CLEANUP(free) char *name = NULL;

		assert(equals);
		name = xstrndup(*words, (size_t)(equals - *words));
		json_put_string(w, name, equals + 1);
	}
	json_close_object(w);
}

char *json_finish(struct json_writer *w)
{
	assert(w->depth == 0);
	return buf_take_string(&w->out);
}
