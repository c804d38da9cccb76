/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define FIRST_LONG 0x1000 /* getopt values of options; letters are below */

static bool is_option(const struct opt *o)
{
	return o->kind == OPT_KIND_BOOL || o->kind == OPT_KIND_STRING || o->kind == OPT_KIND_LIST;
}

static bool takes_rest(const struct opt *opts)
{
	for (; opts->kind != OPT_KIND_END; opts++)
		if (opts->kind == OPT_KIND_REST)
			return true;
	return false;
}

void opt_print_help(const struct opt *opts)
{
	for (const struct opt *o = opts; o->kind != OPT_KIND_END; o++) {
		CLEANUP(free) char *left = NULL;

		if (!o->help)
			continue;
		if (!is_option(o))
			left = xstrdup(o->name);
		else if (o->letter)
			left = xasprintf("-%c, --%s%s%s", o->letter, o->name, o->metavar ? " " : "",
					 o->metavar ? o->metavar : "");
		else
			left = xasprintf("    --%s%s%s", o->name, o->metavar ? " " : "",
					 o->metavar ? o->metavar : "");
		printf("  %-30s %s\n", left, o->help);
	}
	printf("  %-30s %s\n", "-h, --help", "show this help");
}

static void print_usage(const char *name, const struct opt *opts)
{
	printf("Usage: %s [options]", name);
	for (const struct opt *o = opts; o->kind != OPT_KIND_END; o++) {
		if (is_option(o))
			continue;
		printf(o->optional ? " [%s" : " %s", o->name);
		printf("%s%s", o->kind == OPT_KIND_ARG ? "" : "...", o->optional ? "]" : "");
	}
	printf("\n\n");
	opt_print_help(opts);
}

static void set_value(const struct opt *o, char *argument)
{
	switch (o->kind) {
	case OPT_KIND_BOOL:
		*(bool *)o->value = !argument || !str_eq(argument, "false");
		break;
	case OPT_KIND_STRING:
		*(const char **)o->value = argument;
		break;
	case OPT_KIND_LIST:
		strv_add(o->value, argument);
		break;
	case OPT_KIND_ARG:
	case OPT_KIND_ARGS:
	case OPT_KIND_REST:
	case OPT_KIND_END:
		break;
	}
}

/* getopt's own tables, made from ours. */
struct getopt_tables {
	struct option *longs;
	struct buf letters;
};

static void tables_init(struct getopt_tables *t, const struct opt *opts, bool stop_early,
			bool go_bools)
{
	int bool_argument = go_bools ? optional_argument : no_argument; /* -debug=false */

	size_t n = 0;

	while (opts[n].kind != OPT_KIND_END)
		n++;
	t->longs = xcalloc(n + 2, sizeof(*t->longs));
	buf_printf(&t->letters, "%s:h", stop_early ? "+" : "");
	n = 0;
	for (size_t i = 0; opts[i].kind != OPT_KIND_END; i++) {
		bool flag = opts[i].kind == OPT_KIND_BOOL;

		if (!is_option(&opts[i]))
			continue;
		t->longs[n++] =
			(struct option){ opts[i].name, flag ? bool_argument : required_argument,
					 NULL, FIRST_LONG + (int)i };
		if (opts[i].letter)
			buf_printf(&t->letters, "%c%s", opts[i].letter, flag ? "" : ":");
	}
	t->longs[n] = (struct option){ "help", no_argument, NULL, 'h' };
	*buf_reserve(&t->letters, 1) = '\0';
}

static void tables_done(struct getopt_tables *t)
{
	free(t->longs);
	buf_done(&t->letters);
}

static const struct opt *find_option(const struct opt *opts, int value)
{
	if (value >= FIRST_LONG)
		return &opts[value - FIRST_LONG];
	for (const struct opt *o = opts; o->kind != OPT_KIND_END; o++)
		if (is_option(o) && o->letter == value)
			return o;
	return NULL;
}

static int bad_option(char **argv, bool missing_value, struct err *err)
{
	const char *word = argv[optind - 1];

	if (missing_value)
		return err_set(err, EINVAL, "%s: option '%s' needs a value; see '%s --help'",
			       argv[0], word, argv[0]);
	if (optopt >= FIRST_LONG)
		return err_set(err, EINVAL, "%s: option '%.*s' takes no value; see '%s --help'",
			       argv[0], (int)strcspn(word, "="), word, argv[0]);
	/* Among letters that stand together, word is the one before: only optopt is right. */
	if (optopt)
		return err_set(err, EINVAL, "%s: unknown option '-%c'; see '%s --help'", argv[0],
			       optopt, argv[0]);
	return err_set(err, EINVAL, "%s: unknown option '%s'; see '%s --help'", argv[0], word,
		       argv[0]);
}

static int parse_options(const struct opt *opts, int argc, char **argv, bool stop_early,
			 bool single_dash, struct err *err)
{
	__attribute__((cleanup(tables_done))) struct getopt_tables t = { 0 };

	tables_init(&t, opts, stop_early, single_dash);
	optind = 0; /* glibc: start anew */
	opterr = 0;
	for (;;) {
		const char *letters = (const char *)buf_data(&t.letters);
		const struct opt *o;
		int c;

		assert(letters);
		c = single_dash ? getopt_long_only(argc, argv, letters, t.longs, NULL)
				: getopt_long(argc, argv, letters, t.longs, NULL);
		if (c == -1)
			return 0;
		if (c == 'h')
			return OPT_HELPED;
		o = c == '?' || c == ':' ? NULL : find_option(opts, c);
		if (!o)
			return bad_option(argv, c == ':', err);
		set_value(o, optarg);
	}
}

static int parse_arguments(const struct opt *opts, int argc, char **argv, struct err *err)
{
	int next = optind;

	for (const struct opt *o = opts; o->kind != OPT_KIND_END; o++) {
		if (is_option(o))
			continue;
		if (!o->optional && next >= argc)
			return err_set(err, EINVAL, "%s: missing %s; see '%s --help'", argv[0],
				       o->name, argv[0]);
		if (o->kind == OPT_KIND_ARG && next < argc)
			*(const char **)o->value = argv[next++];
		if (o->kind == OPT_KIND_ARGS || o->kind == OPT_KIND_REST) {
			*(char ***)o->value = argv + next;
			next = argc;
		}
	}
	if (next < argc)
		return err_set(err, EINVAL, "%s: '%s' is one argument too many; see '%s --help'",
			       argv[0], argv[next], argv[0]);
	return 0;
}

static int parse(const struct opt *opts, int argc, char **argv, bool single_dash, struct err *err)
{
	int r = parse_options(opts, argc, argv, takes_rest(opts), single_dash, err);

	if (r == OPT_HELPED)
		print_usage(argv[0], opts);
	if (r == 0)
		r = parse_arguments(opts, argc, argv, err);
	return r < 0 ? err_tag(err, ERR_USAGE) : r;
}

int opt_parse(const struct opt *opts, int argc, char **argv, struct err *err)
{
	return parse(opts, argc, argv, false, err);
}

int opt_parse_go(const struct opt *opts, int argc, char **argv, struct err *err)
{
	return parse(opts, argc, argv, true, err);
}

int opt_parse_leading(const struct opt *opts, int argc, char **argv, int *ret_used, struct err *err)
{
	int r = parse_options(opts, argc, argv, true, false, err);

	*ret_used = optind;
	return r < 0 ? err_tag(err, ERR_USAGE) : r;
}
