/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config-pages - the table of keys as what packages ship and people read
 *
 *   config-pages toml NAME=VALUE…   configuration.toml, with @NAME@ replaced
 *   config-pages man                configuration.toml(5)
 *   config-pages markdown           the table of docs/configuration.md
 *
 * On standard output. Used by the build only.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "config/keys.h"

#define COLUMNS 100u

/* "The guest kernel. More." - help and note as sentences. */
static char *sentences(const struct config_key *key)
{
	char *text =
		xasprintf("%s.%s%s", key->help, key->note ? " " : "", key->note ? key->note : "");

	text[0] = (char)toupper((unsigned char)text[0]);
	return text;
}

/* "1 to 240", "a" or "b"; NULL: the kind says it all. */
static char *limits(const struct config_key *key)
{
	CLEANUP(buf_done) struct buf out = { 0 };

	if (key->refused)
		return xasprintf("nothing else: %s", key->refused);
	if (key->kind == CONFIG_INTEGER)
		return xasprintf("%" PRId64 " to %" PRId64, key->min, key->max);
	if (!key->allowed)
		return NULL;
	for (size_t i = 0; key->allowed[i]; i++)
		buf_printf(&out, "%s\"%s\"",
			   i == 0                ? ""
			   : key->allowed[i + 1] ? ", "
						 : " or ",
			   key->allowed[i]);
	return buf_take_string(&out);
}

/* Other names of @key, as "x, y"; NULL: it has none. */
static char *other_names(const struct config_key *key)
{
	CLEANUP(strv_free) char **names = NULL;

	for (const struct config_key *k = config_keys; k->section; k++)
		if (k->same_as && str_eq(k->section, key->section) && str_eq(k->same_as, key->name))
			strv_add(&names, k->name);
	return names ? strv_join(names, ", ") : NULL;
}

/* @text as comments of at most COLUMNS columns. */
static void print_comment(const char *text)
{
	CLEANUP(strv_free) char **words = strv_split(text, " ");
	size_t column = 0;

	for (char **word = words; word && *word; word++) {
		if (column > 0 && column + 1 + strlen(*word) > COLUMNS) {
			printf("\n");
			column = 0;
		}
		column += (size_t)printf("%s%s", column == 0 ? "# " : " ", *word);
	}
	printf("\n");
}

static const char *variable(int argc, char **argv, const char *name, size_t len)
{
	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
			return argv[i] + len + 1;
	(void)fprintf(stderr, "config-pages: @%.*s@ is not given\n", (int)len, name);
	exit(2);
}

/* @text with its @NAME@s replaced. */
static void print_with_variables(const char *text, int argc, char **argv)
{
	const char *start;

	while ((start = strchr(text, '@'))) {
		const char *end = strchr(start + 1, '@');

		if (!end)
			break;
		printf("%.*s%s", (int)(start - text), text,
		       variable(argc, argv, start + 1, (size_t)(end - start - 1)));
		text = end + 1;
	}
	printf("%s\n", text);
}

static void print_toml_key(const struct config_key *key, int argc, char **argv)
{
	CLEANUP(free) char *text = sentences(key);
	CLEANUP(free) char *allowed = limits(key);
	CLEANUP(free) char *fallback = config_default_text(key);
	CLEANUP(free) char *value = config_shipped_text(key);
	CLEANUP(free) char *names = other_names(key);
	CLEANUP(free)
	char *rest = xasprintf("Default: %s%s%s%s%s.", fallback, allowed ? "; allowed: " : "",
			       allowed ? allowed : "", names ? "; also called " : "",
			       names ? names : "");

	print_comment(text);
	print_comment(rest);
	printf("%s = ", key->name);
	print_with_variables(value, argc, argv);
}

static void print_toml(int argc, char **argv)
{
	const char *section = "";

	printf("# configuration.toml - how kata-runtime makes its virtual machines\n"
	       "#\n"
	       "# /etc/kata-containers/configuration.toml replaces this file as a whole; files in\n"
	       "# config.d/ next to it that end in .toml go over single keys, in the order of "
	       "their\n"
	       "# names. \"Default\" is what a key is when no file has it; what stands here is "
	       "what\n"
	       "# starts fastest without giving up hot plug. configuration.toml(5) has more.\n");
	for (const struct config_key *key = config_keys; key->section; key++) {
		if (key->same_as)
			continue;
		if (!str_eq(key->section, section))
			printf("\n[%s]\n", key->section);
		section = key->section;
		print_toml_key(key, argc, argv);
	}
}

/* @text for roff: no escape and no request in it. */
static void print_roff(const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\\')
			printf("\\e");
		else if (*c == '-')
			printf("\\-");
		else if (*c == '\'' || *c == '.')
			printf("\\&%c", *c);
		else
			printf("%c", *c);
	}
}

static void print_man_key(const struct config_key *key)
{
	CLEANUP(free) char *text = sentences(key);
	CLEANUP(free) char *allowed = limits(key);
	CLEANUP(free) char *fallback = config_default_text(key);
	CLEANUP(free) char *names = other_names(key);

	printf(".TP\n.B %s\n", key->name);
	print_roff(text);
	printf("\n.br\nDefault: ");
	print_roff(fallback);
	if (allowed) {
		printf("; allowed: ");
		print_roff(allowed);
	} else {
		printf("; %s", config_kind_text(key->kind));
	}
	if (names)
		printf("; also called \\fB%s\\fR", names);
	printf(".\n");
	if (key->annotation)
		printf(".br\nAnnotation: io.katacontainers.config.%s\n", key->annotation);
	if (key->hash)
		printf(".br\nIts SHA-512: io.katacontainers.config.%s\n", key->hash);
}

static void print_man(void)
{
	const char *section = "";

	printf(".TH CONFIGURATION.TOML 5 \"\" \"kata-c\" \"File formats\"\n"
	       ".SH NAME\nconfiguration.toml \\- how kata-runtime makes its virtual machines\n"
	       ".SH DESCRIPTION\n"
	       "The first of these files that exists is read, for every sandbox anew:\n");
	for (const char *const *path = config_default_paths; *path; path++)
		printf(".TP\n.I %s\n", *path);
	printf(".PP\n.B kata\\-runtime \\-\\-kata\\-config\n.I FILE\nreads another one. Then the "
	       "files\n"
	       ".I config.d/*.toml\nnext to it are read in the order of their names; a key that "
	       "they "
	       "have\nreplaces the one before.\n.B kata\\-runtime config\nshows the result, and "
	       "where each value comes from.\n"
	       ".PP\nThe format is TOML 1.0, without floats, dates, inline tables and arrays of "
	       "tables.\nUnknown keys are ignored with a warning. Everything else that is wrong is "
	       "an "
	       "error\nof one line with file, line, column and key, and nothing is started.\n");
	for (const struct config_key *key = config_keys; key->section; key++) {
		if (key->same_as)
			continue;
		if (!str_eq(key->section, section))
			printf(".SH [%s]\n", key->section);
		section = key->section;
		print_man_key(key);
	}
	printf(".SH SEE ALSO\n.BR kata-runtime (8)\n");
}

static void print_cell(const char *text)
{
	for (const char *c = text; *c; c++)
		printf(*c == '|' ? "\\%c" : "%c", *c);
}

static void print_markdown_key(const struct config_key *key)
{
	CLEANUP(free) char *text = sentences(key);
	CLEANUP(free) char *allowed = limits(key);
	CLEANUP(free) char *fallback = config_default_text(key);
	CLEANUP(free) char *shipped = config_shipped_text(key);
	CLEANUP(free) char *names = other_names(key);

	printf("| `%s`%s%s%s | `%s` | %s%s%s | ", key->name, names ? ", also `" : "",
	       names ? names : "", names ? "`" : "", fallback,
	       strcmp(shipped, fallback) == 0 || strchr(shipped, '@') ? "" : "`",
	       strcmp(shipped, fallback) == 0 ? ""
	       : strchr(shipped, '@')         ? "as built"
					      : shipped,
	       strcmp(shipped, fallback) == 0 || strchr(shipped, '@') ? "" : "`");
	print_cell(allowed ? allowed : config_kind_text(key->kind));
	printf(" | ");
	print_cell(text);
	if (key->annotation)
		printf(" Annotation: `%s`%s%s%s.", key->annotation,
		       key->hash ? ", its SHA-512 `" : "", key->hash ? key->hash : "",
		       key->hash ? "`" : "");
	printf(" |\n");
}

static void print_markdown(void)
{
	const char *section = "";

	for (const struct config_key *key = config_keys; key->section; key++) {
		if (key->same_as)
			continue;
		if (!str_eq(key->section, section))
			printf("%s### [%s]\n\n| key | default | shipped | allowed | what it does "
			       "|\n"
			       "|---|---|---|---|---|\n",
			       *section ? "\n" : "", key->section);
		section = key->section;
		print_markdown_key(key);
	}
}

int main(int argc, char **argv)
{
	const char *page = argc > 1 ? argv[1] : "";

	if (strcmp(page, "toml") == 0)
		print_toml(argc - 2, argv + 2);
	else if (strcmp(page, "man") == 0)
		print_man();
	else if (strcmp(page, "markdown") == 0)
		print_markdown();
	else
		return 2;
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
