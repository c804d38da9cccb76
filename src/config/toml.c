/* SPDX-License-Identifier: Apache-2.0 */
#include "config/toml.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

struct reader {
	const char *p;
	const char *end;
	const char *line_start;
	unsigned line;
	const char *name;
	struct err *err;
	struct toml *toml;
	char *table;
};

void toml_free(struct toml *toml)
{
	if (!toml)
		return;
	for (size_t i = 0; i < toml->n_entries; i++) {
		free(toml->entries[i].table);
		free(toml->entries[i].key);
		free(toml->entries[i].string);
		strv_free(toml->entries[i].strings);
	}
	free(toml->entries);
	strv_free(toml->tables);
	strv_free(toml->dotted);
	free(toml);
}

__attribute__((format(printf, 2, 3))) static int fail(struct reader *r, const char *fmt, ...)
{
	CLEANUP(free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return err_set(r->err, EINVAL, "%s:%u:%u: %s", r->name, r->line,
		       (unsigned)(r->p - r->line_start) + 1, text);
}

static int peek(const struct reader *r)
{
	return r->p < r->end ? (unsigned char)*r->p : -1;
}

static bool at(const struct reader *r, const char *s)
{
	size_t len = strlen(s);

	return (size_t)(r->end - r->p) >= len && memcmp(r->p, s, len) == 0;
}

static void advance(struct reader *r)
{
	if (*r->p++ == '\n') {
		r->line++;
		r->line_start = r->p;
	}
}

static void skip_blanks(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t')
		r->p++;
}

static bool at_newline(const struct reader *r)
{
	return peek(r) == '\n' || at(r, "\r\n");
}

static int skip_comment(struct reader *r)
{
	if (peek(r) != '#')
		return 0;
	while (peek(r) != -1 && !at_newline(r)) {
		int c = peek(r);

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return fail(r, "control character 0x%02x in a comment", c);
		r->p++;
	}
	return 0;
}

static int end_of_line(struct reader *r)
{
	skip_blanks(r);
	if (skip_comment(r) < 0)
		return -EINVAL;
	if (peek(r) == -1)
		return 0;
	if (!at_newline(r))
		return fail(r, "unexpected text behind the value");
	while (!at(r, "\n"))
		r->p++;
	advance(r);
	return 0;
}

/* Blanks, comments and line breaks, inside an array. */
static int skip_space(struct reader *r)
{
	for (;;) {
		skip_blanks(r);
		if (skip_comment(r) < 0)
			return -EINVAL;
		if (!at_newline(r))
			return 0;
		advance(r);
		if (peek(r) == '\n' && r->p[-1] == '\r')
			advance(r);
	}
}

static void append_utf8(struct buf *out, uint32_t c)
{
	uint8_t b[4];
	size_t n = 0;

	if (c < 0x80) {
		b[n++] = (uint8_t)c;
	} else if (c < 0x800) {
		b[n++] = (uint8_t)(0xc0 | c >> 6);
		b[n++] = (uint8_t)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		b[n++] = (uint8_t)(0xe0 | c >> 12);
		b[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		b[n++] = (uint8_t)(0x80 | (c & 0x3f));
	} else {
		b[n++] = (uint8_t)(0xf0 | c >> 18);
		b[n++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
		b[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		b[n++] = (uint8_t)(0x80 | (c & 0x3f));
	}
	buf_append(out, b, n);
}

static int read_unicode(struct reader *r, unsigned digits, struct buf *out)
{
	uint32_t c = 0;

	for (unsigned i = 0; i < digits; i++) {
		int d = peek(r);

		if (d == -1 || !isxdigit(d))
			return fail(r, "a \\u escape needs %u hexadecimal digits", digits);
		c = c * 16 + (uint32_t)(isdigit(d) ? d - '0' : tolower(d) - 'a' + 10);
		r->p++;
	}
	if (c == 0)
		return fail(r, "a string may not hold the character NUL");
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return fail(r, "U+%04X is not a character", c);
	append_utf8(out, c);
	return 0;
}

static int read_escape(struct reader *r, bool multi_line, struct buf *out)
{
	static const char letters[] = "btnfr\"\\";
	static const char values[] = "\b\t\n\f\r\"\\";
	int c;
	const char *found;

	r->p++; /* the backslash */
	c = peek(r);
	if (c == 'u' || c == 'U') {
		r->p++;
		return read_unicode(r, c == 'u' ? 4 : 8, out);
	}
	found = c > 0 ? strchr(letters, c) : NULL;
	if (found) {
		buf_append(out, &values[found - letters], 1);
		r->p++;
		return 0;
	}
	if (multi_line) {
		/* A backslash at the end of a line takes the white space that follows with it. */
		skip_blanks(r);
		if (at_newline(r)) {
			while (peek(r) != -1 && strchr(" \t\r\n", peek(r)))
				advance(r);
			return 0;
		}
	}
	return fail(r, "unknown escape in a string; use \\\\ for a backslash");
}

/* The three quotes that end a multi-line string; up to two more belong to it. */
static bool at_end_of_multi(struct reader *r, const char *triple, struct buf *out)
{
	if (!at(r, triple))
		return false;
	r->p += 3;
	for (int i = 0; i < 2 && peek(r) == *triple; i++, r->p++)
		buf_append(out, triple, 1);
	return true;
}

static bool is_control(int c, bool multi)
{
	if (c == '\t' || (multi && (c == '\n' || c == '\r')))
		return false;
	return c < 0x20 || c == 0x7f;
}

/* One character, or one escape, of a string. */
static int read_character(struct reader *r, char quote, bool multi, struct buf *out)
{
	int c = peek(r);

	if (c == -1 || (!multi && at_newline(r)))
		return fail(r, "the string is not closed");
	if (c == '\\' && quote == '"')
		return read_escape(r, multi, out);
	if (is_control(c, multi) || (c == '\r' && !at_newline(r)))
		return fail(r, "control character 0x%02x in a string", c);
	buf_append(out, r->p, 1);
	advance(r);
	return 0;
}

static int read_string(struct reader *r, char **ret)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	const char quote = *r->p;
	const char triple[] = { quote, quote, quote, '\0' };
	bool multi = at(r, triple);

	r->p += multi ? 3 : 1;
	if (multi && at_newline(r)) {
		if (peek(r) == '\r')
			r->p++;
		advance(r);
	}
	for (;;) {
		if (multi && at_end_of_multi(r, triple, &out))
			break;
		if (!multi && peek(r) == quote) {
			r->p++;
			break;
		}
		if (read_character(r, quote, multi, &out) < 0)
			return -EINVAL;
	}
	*ret = buf_take_string(&out);
	return 0;
}

static bool is_word(int c)
{
	return c > 0 && (isalnum(c) || c == '_' || c == '-');
}

/* "a.b" or a."b c": the parts joined by dots. */
static int read_name(struct reader *r, char **ret)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };

	for (unsigned parts = 1;; parts++) {
		if (parts > TOML_PARTS_MAX)
			return fail(r, "a name of more than the %u parts that are allowed",
				    TOML_PARTS_MAX);
		skip_blanks(r);
		if (peek(r) == '"' || peek(r) == '\'') {
			CLEANUP(free) char *part = NULL;

			if (at(r, "\"\"\"") || at(r, "'''"))
				return fail(r, "a name cannot be a multi-line string");
			if (read_string(r, &part) < 0)
				return -EINVAL;
			assert(part);
			buf_append(&out, part, strlen(part));
		} else if (is_word(peek(r))) {
			while (is_word(peek(r)))
				buf_append(&out, r->p++, 1);
		} else {
			return fail(r, "a name is expected: letters, digits, '_' and '-'");
		}
		skip_blanks(r);
		if (peek(r) != '.')
			break;
		buf_append(&out, r->p++, 1);
	}
	*ret = buf_take_string(&out);
	return 0;
}

static int digit_value(int c, unsigned base)
{
	int v = isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : 99;

	return v < (int)base ? v : -1;
}

/* Digits, with single underscores between them. Stops at what is neither. */
static int read_digits(struct reader *r, unsigned base, uint64_t max, uint64_t *ret)
{
	const char *first = r->p;
	uint64_t n = 0;

	for (;; r->p++) {
		int c = peek(r);
		int v = c > 0 ? digit_value(c, base) : -1;

		if (c == '_' && r->p > first && r->p[-1] != '_' && r->p + 1 < r->end &&
		    digit_value((unsigned char)r->p[1], base) >= 0)
			continue;
		if (v < 0)
			break;
		if (n > (max - (uint64_t)v) / base)
			return fail(r, "the number does not fit into 64 bits");
		n = n * base + (uint64_t)v;
	}
	if (r->p == first)
		return fail(r, "a number is expected");
	if (base == 10 && *first == '0' && r->p - first > 1)
		return fail(r, "a number may not begin with 0");
	*ret = n;
	return 0;
}

/* What may not stand behind a whole number, and what it would have made of it. */
static int check_behind_number(struct reader *r)
{
	int c = peek(r);

	if (c == '.' || c == 'e' || c == 'E')
		return fail(r, "floating-point numbers are not supported");
	if (c == '-' || c == ':')
		return fail(r, "dates and times are not supported");
	return is_word(c) ? fail(r, "unexpected text behind the number") : 0;
}

static int read_integer(struct reader *r, int64_t *ret)
{
	bool negative = peek(r) == '-';
	bool sign = negative || peek(r) == '+';
	unsigned base = 10;
	uint64_t n = 0;

	if (sign)
		r->p++;
	if (!sign && (at(r, "0x") || at(r, "0o") || at(r, "0b"))) {
		base = r->p[1] == 'x' ? 16 : r->p[1] == 'o' ? 8 : 2;
		r->p += 2;
	}
	if (read_digits(r, base, (uint64_t)INT64_MAX + negative, &n) < 0 ||
	    check_behind_number(r) < 0)
		return -EINVAL;
	*ret = negative ? (int64_t)(0 - n) : (int64_t)n;
	return 0;
}

static int read_array(struct reader *r, char ***ret)
{
	CLEANUP(strv_free) char **words = NULL;

	r->p++;
	for (;;) {
		char *word = NULL;

		if (skip_space(r) < 0)
			return -EINVAL;
		if (peek(r) == ']')
			break;
		if (peek(r) != '"' && peek(r) != '\'')
			return fail(r, "only strings are supported in an array");
		if (read_string(r, &word) < 0)
			return -EINVAL;
		strv_take(&words, word);
		if (skip_space(r) < 0)
			return -EINVAL;
		if (peek(r) == ',')
			r->p++;
		else if (peek(r) != ']')
			return fail(r, "',' or ']' is expected in the array");
	}
	r->p++;
	*ret = words ? take_ptr(words) : xcalloc(2, sizeof(char *));
	return 0;
}

static int read_value(struct reader *r, struct toml_entry *entry)
{
	int c = peek(r);

	if (c == '"' || c == '\'') {
		entry->type = TOML_STRING;
		return read_string(r, &entry->string);
	}
	if (c == '[') {
		entry->type = TOML_STRINGS;
		return read_array(r, &entry->strings);
	}
	if ((at(r, "true") && !is_word(r->p + 4 < r->end ? r->p[4] : -1)) ||
	    (at(r, "false") && !is_word(r->p + 5 < r->end ? r->p[5] : -1))) {
		entry->type = TOML_BOOL;
		entry->integer = c == 't';
		r->p += c == 't' ? 4 : 5;
		return 0;
	}
	if (c == '{')
		return fail(r, "inline tables are not supported");
	if (at(r, "inf") || at(r, "nan") || at(r, "+inf") || at(r, "-inf"))
		return fail(r, "floating-point numbers are not supported");
	if (c == '+' || c == '-' || (c > 0 && isdigit(c))) {
		entry->type = TOML_INTEGER;
		return read_integer(r, &entry->integer);
	}
	return fail(r,
		    "a value is expected: a string in quotes, a number, true, false or an array");
}

/* A dotted key belongs to the table that its first parts name. */
static void split_key(struct reader *r, char *name, struct toml_entry *entry)
{
	char *dot;

	assert(name);
	dot = strrchr(name, '.');

	if (!dot) {
		entry->table = xstrdup(r->table);
		entry->key = name;
		return;
	}
	*dot = '\0';
	entry->table = *r->table ? xasprintf("%s.%s", r->table, name) : xstrdup(name);
	entry->key = xstrdup(dot + 1);
	free(name);
}

static struct toml_entry *find_entry(const struct toml *toml, const char *table, const char *key,
				     size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (str_eq(toml->entries[i].table, table) && str_eq(toml->entries[i].key, key))
			return &toml->entries[i];
	return NULL;
}

/* Whether @path, which has @len bytes, is the value of a key: then it is no table. */
static const struct toml_entry *value_at(const struct toml *toml, const char *path, size_t len,
					 size_t before)
{
	for (size_t i = 0; i < before; i++) {
		const struct toml_entry *entry = &toml->entries[i];
		size_t table = strlen(entry->table);
		size_t key = strlen(entry->key);

		if (table == 0 ? len == key && memcmp(path, entry->key, len) == 0
			       : len == table + 1 + key && memcmp(path, entry->table, table) == 0 &&
					 path[table] == '.' &&
					 memcmp(path + table + 1, entry->key, key) == 0)
			return entry;
	}
	return NULL;
}

/* Whether one of @tables is @path, or lies below it. */
static bool has_table(char *const *tables, const char *path, size_t len)
{
	for (; tables && *tables; tables++)
		if (strncmp(*tables, path, len) == 0 &&
		    ((*tables)[len] == '\0' || (*tables)[len] == '.'))
			return true;
	return false;
}

static int refuse_value(struct reader *r, const char *path, size_t len,
			const struct toml_entry *value)
{
	return fail(r, "'%.*s' cannot be a table: it is a value on line %u already", (int)len, path,
		    value->line);
}

/*
 * A dotted key defines the tables of its first parts, as a header defines its own: a
 * name is one table, defined in one place, or one value. Source: toml.io/en/v1.0.0#table
 */
static int define_tables(struct reader *r, const struct toml_entry *entry)
{
	struct toml *toml = r->toml;
	const char *path = entry->table;
	CLEANUP(free)
	char *own = *path ? xasprintf("%s.%s", path, entry->key) : xstrdup(entry->key);

	if (has_table(toml->tables, own, strlen(own)) || has_table(toml->dotted, own, strlen(own)))
		return fail(r, "'%s' cannot be a value: it is a table already", own);
	for (size_t len = strlen(r->table); path[len];) {
		const struct toml_entry *value;

		len += len > 0 || path[len] == '.';
		len += strcspn(path + len, ".");
		value = value_at(toml, path, len, toml->n_entries - 1);
		if (value)
			return refuse_value(r, path, len, value);
		if (has_table(toml->tables, path, len))
			return fail(r, "'%.*s' is a section: its keys stand there", (int)len, path);
		if (!has_table(toml->dotted, path, len))
			strv_take(&toml->dotted, xstrndup(path, len));
	}
	return 0;
}

static int check_header(struct reader *r, const char *name)
{
	const struct toml *toml = r->toml;

	if (strv_contains(toml->tables, name))
		return fail(r, "the section [%s] is there a second time", name);
	if (strv_contains(toml->dotted, name))
		return fail(r, "the section [%s] is there already, by keys with dots", name);
	for (size_t len = 0; name[len]; len++) {
		const struct toml_entry *value;

		len += strcspn(name + len, ".");
		value = value_at(toml, name, len, toml->n_entries);
		if (value)
			return refuse_value(r, name, len, value);
		if (!name[len])
			break;
	}
	return 0;
}

static int read_entry(struct reader *r)
{
	struct toml *toml = r->toml;
	struct toml_entry *entry;
	struct toml_entry *twin;
	char *name = NULL;

	if (toml->n_entries == TOML_ENTRIES_MAX)
		return fail(r, "more than the %u keys that are allowed", TOML_ENTRIES_MAX);
	if ((toml->n_entries & (toml->n_entries + 1)) == 0)
		toml->entries =
			xrealloc(toml->entries, (2 * toml->n_entries + 2) * sizeof(*toml->entries));
	entry = &toml->entries[toml->n_entries];
	*entry = (struct toml_entry){ .line = r->line,
				      .column = (unsigned)(r->p - r->line_start) + 1 };
	if (read_name(r, &name) < 0)
		return -EINVAL;
	split_key(r, name, entry);
	toml->n_entries++;
	twin = find_entry(toml, entry->table, entry->key, toml->n_entries - 1);
	if (twin)
		return fail(r, "[%s] %s: set a second time; it is on line %u already", entry->table,
			    entry->key, twin->line);
	if (peek(r) != '=')
		return fail(r, "'=' is expected behind the key");
	if (define_tables(r, entry) < 0)
		return -EINVAL;
	r->p++;
	skip_blanks(r);
	if (read_value(r, entry) < 0)
		return -EINVAL;
	return end_of_line(r);
}

static int read_table(struct reader *r)
{
	char *name = NULL;

	r->p++;
	if (peek(r) == '[')
		return fail(r, "arrays of tables ([[…]]) are not supported");
	if (read_name(r, &name) < 0)
		return -EINVAL;
	assert(name);
	if (strv_len(r->toml->tables) == TOML_ENTRIES_MAX || check_header(r, name) < 0) {
		if (strv_len(r->toml->tables) == TOML_ENTRIES_MAX)
			(void)fail(r, "more than the %u sections that are allowed",
				   TOML_ENTRIES_MAX);
		free(name);
		return -EINVAL;
	}
	free(r->table);
	r->table = name;
	strv_add(&r->toml->tables, name);
	if (peek(r) != ']')
		return fail(r, "']' is expected behind the section's name");
	r->p++;
	return end_of_line(r);
}

static int check_text(struct reader *r)
{
	while (r->p < r->end) {
		size_t n = str_utf8_len(r->p, (size_t)(r->end - r->p));

		if (n == 0)
			return fail(r, "byte 0x%02x is not UTF-8", (unsigned char)*r->p);
		if (*r->p == '\0')
			return fail(r, "NUL byte");
		while (n-- > 1)
			r->p++;
		advance(r);
	}
	return 0;
}

static int read_document(struct reader *r)
{
	if (at(r, "\xef\xbb\xbf"))
		r->p += 3;
	for (;;) {
		if (skip_space(r) < 0)
			return -EINVAL;
		if (peek(r) == -1)
			return 0;
		if ((peek(r) == '[' ? read_table(r) : read_entry(r)) < 0)
			return -EINVAL;
	}
}

int toml_parse(const char *text, size_t len, const char *name, struct toml **ret, struct err *err)
{
	CLEANUP(toml_free) struct toml *toml = xcalloc(1, sizeof(*toml));
	struct reader r = { .p = text,
			    .end = text + len,
			    .line_start = text,
			    .line = 1,
			    .name = name,
			    .err = err,
			    .toml = toml };
	struct reader check = r;
	int result;

	if (check_text(&check) < 0)
		return -EINVAL;
	r.table = xstrdup("");
	result = read_document(&r);
	free(r.table);
	if (result < 0)
		return result;
	*ret = take_ptr(toml);
	return 0;
}
