/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/ipvs_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

const char *ipvs_shown(const char *text, char ret[static IPVS_SHOWN_SIZE])
{
	size_t len = strnlen(text, IPVS_SHOWN_SIZE);
	bool cut = len == IPVS_SHOWN_SIZE;

	if (cut)
		len = IPVS_SHOWN_SIZE - sizeof("...");
	memcpy(ret, text, len);
	memcpy(ret + len, cut ? "..." : "", cut ? sizeof("...") : 1);
	return str_printable(ret);
}

static int check_text(const char *text, size_t len, struct err *err)
{
	if (len > IPVS_LINE_MAX)
		return err_set(err, EINVAL, "%zu bytes, allowed are up to %u", len, IPVS_LINE_MAX);
	for (size_t i = 0; i < len; i++)
		if ((text[i] < ' ' || text[i] > '~') && text[i] != '\t')
			return err_set(err, EINVAL,
				       "byte %zu is 0x%02x: only printable ASCII is allowed", i + 1,
				       (unsigned char)text[i]);
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* One word from *pos on, which is not a blank; "a'b c'd" is the word "ab cd". */
static int take_word(const char *text, size_t len, size_t *pos, char **ret, struct err *err)
{
	char word[IPVS_LINE_MAX];
	size_t start = *pos;
	char quote = '\0';
	size_t n = 0;

	for (; *pos < len && (quote || !is_blank(text[*pos])); (*pos)++) {
		char c = text[*pos];

		if (quote && c == quote)
			quote = '\0';
		else if (!quote && (c == '\'' || c == '"'))
			quote = c;
		else
			word[n++] = c;
	}
	if (quote)
		return err_set(err, EINVAL, "the quote %c at byte %zu and later is not closed",
			       quote, start + 1);
	*ret = xstrndup(word, n);
	return 0;
}

int ipvs_words_split(const char *text, size_t len, char ***ret, struct err *err)
{
	CLEANUP(strv_free) char **words = NULL;
	size_t pos = 0;
	int r;

	r = check_text(text, len, err);
	if (r < 0)
		return r;
	for (;;) {
		char *word = NULL;

		while (pos < len && is_blank(text[pos]))
			pos++;
		if (pos == len)
			break;
		r = take_word(text, len, &pos, &word, err);
		if (r < 0)
			return r;
		strv_take(&words, word);
	}
	*ret = take_ptr(words);
	return 0;
}

/* Where reading a command line has come to. */
struct reader {
	char *const *words; /* the next one */
	const struct ipvs_option *options;
	const char **values;
};

static int unknown(const char *word, const struct ipvs_option *options, struct err *err)
{
	char shown[IPVS_SHOWN_SIZE];
	char known[600] = "";
	size_t used = 0;

	for (; options->name && used < sizeof(known); options++) {
		const char letter[] = { '-', options->letter, ' ', '\0' };

		if (!options->hidden)
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s--%s",
						 used ? ", " : "", options->letter ? letter : "",
						 options->name);
	}
	return err_set(err, EINVAL, "'%s' is not one of the options: %s", ipvs_shown(word, shown),
		       known);
}

static const struct ipvs_option *find_long(const struct ipvs_option *options, const char *name,
					   size_t len)
{
	for (; options->name; options++)
		if (strlen(options->name) == len && memcmp(options->name, name, len) == 0)
			return options;
	return NULL;
}

static const struct ipvs_option *find_letter(const struct ipvs_option *options, char letter)
{
	for (; options->name; options++)
		if (options->letter && options->letter == letter)
			return options;
	return NULL;
}

static int set(struct reader *reader, const struct ipvs_option *option, const char *value,
	       struct err *err)
{
	const char **to = &reader->values[option - reader->options];

	if (*to)
		return err_set(err, EINVAL, "--%s is given twice", option->name);
	*to = value;
	return 0;
}

/* The value behind '=' or in the next word; @rest is what follows the option in its own word. */
static int set_with_value(struct reader *reader, const struct ipvs_option *option, const char *rest,
			  struct err *err)
{
	const char *value = rest;

	if (*rest == '=')
		value = rest + 1;
	else if (!*rest && *reader->words)
		value = *reader->words++;
	if (!*value)
		return err_set(err, EINVAL, "--%s needs a value, %s", option->name,
			       option->metavar);
	return set(reader, option, value, err);
}

static int read_long(struct reader *reader, const char *word, struct err *err)
{
	size_t len = strcspn(word + 2, "=");
	const struct ipvs_option *option = find_long(reader->options, word + 2, len);
	char shown[IPVS_SHOWN_SIZE];

	if (!option)
		return unknown(word, reader->options, err);
	if (option->metavar)
		return set_with_value(reader, option, word + 2 + len, err);
	if (word[2 + len])
		return err_set(err, EINVAL, "'%s': --%s takes no value", ipvs_shown(word, shown),
			       option->name);
	return set(reader, option, "", err);
}

/* "-Ln", "-t 1.2.3.4:80", "-t1.2.3.4:80", "-t=1.2.3.4:80" */
static int read_letters(struct reader *reader, const char *word, struct err *err)
{
	for (const char *at = word + 1; *at; at++) {
		const struct ipvs_option *option = find_letter(reader->options, *at);
		int r;

		if (!option)
			return unknown(word, reader->options, err);
		if (option->metavar)
			return set_with_value(reader, option, at + 1, err);
		r = set(reader, option, "", err);
		if (r < 0)
			return r;
	}
	return 0;
}

int ipvs_words_read(char *const *words, const struct ipvs_option *options, const char **ret,
		    const char **ret_rest, size_t max_rest, size_t *ret_n_rest, struct err *err)
{
	struct reader reader = { .words = words, .options = options, .values = ret };
	char shown[IPVS_SHOWN_SIZE];

	*ret_n_rest = 0;
	while (reader.words && *reader.words) {
		const char *word = *reader.words++;
		int r = 0;

		if (str_starts(word, "--"))
			r = read_long(&reader, word, err);
		else if (word[0] == '-' && word[1])
			r = read_letters(&reader, word, err);
		else if (*ret_n_rest < max_rest)
			ret_rest[(*ret_n_rest)++] = word;
		else
			r = err_set(err, EINVAL, "'%s' is no option and not the value of one",
				    ipvs_shown(word, shown));
		if (r < 0)
			return r;
	}
	return 0;
}
