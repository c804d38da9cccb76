/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h - command lines described by a table */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;

enum opt_kind {
	OPT_KIND_END,
	OPT_KIND_BOOL,   /* value: bool * */
	OPT_KIND_STRING, /* value: const char **, borrowed from argv */
	OPT_KIND_LIST,   /* value: char ***, a vector that grows with each use, owned */
	OPT_KIND_ARG,    /* a positional argument; value: const char ** */
	OPT_KIND_ARGS,   /* all positional arguments that are left; value: char ***, in argv */
	OPT_KIND_REST,   /* as ARGS, and options behind the first argument are not ours */
};

struct opt {
	enum opt_kind kind;
	char letter; /* 0: none */
	bool optional;
	const char *name;
	void *value;
	const char *metavar; /* of a value in the help text */
	const char *help;    /* NULL hides the option */
};

#define OPT_BOOL(letter, name, value, help)                          \
	{                                                            \
		OPT_KIND_BOOL, letter, true, name, value, NULL, help \
	}
#define OPT_STRING(letter, name, value, metavar, help)                    \
	{                                                                 \
		OPT_KIND_STRING, letter, true, name, value, metavar, help \
	}
#define OPT_LIST(letter, name, value, metavar, help)                    \
	{                                                               \
		OPT_KIND_LIST, letter, true, name, value, metavar, help \
	}
#define OPT_ARG(name, value, help)                              \
	{                                                       \
		OPT_KIND_ARG, 0, false, name, value, NULL, help \
	}
#define OPT_ARG_OPTIONAL(name, value, help)                    \
	{                                                      \
		OPT_KIND_ARG, 0, true, name, value, NULL, help \
	}
#define OPT_ARGS(name, value, help)                              \
	{                                                        \
		OPT_KIND_ARGS, 0, false, name, value, NULL, help \
	}
#define OPT_REST(name, value, help)                             \
	{                                                       \
		OPT_KIND_REST, 0, true, name, value, NULL, help \
	}
#define OPT_END                                                \
	{                                                      \
		OPT_KIND_END, 0, false, NULL, NULL, NULL, NULL \
	}

/* The help was asked for, and printed (but by opt_parse_leading()). No exit code is as large. */
#define OPT_HELPED 0x10000

/*
 * Reads @argv into the values of @opts. argv[0] is the name to show, e.g.
 * "kata-runtime kill". Options take "--name value" and "--name=value"; with
 * one dash as well, as Go's flag package does, when @single_dash is set.
 *
 * Returns 0, OPT_HELPED, or -EINVAL with the word that is wrong.
 */
int opt_parse(const struct opt *opts, int argc, char **argv, struct err *err);
int opt_parse_go(const struct opt *opts, int argc, char **argv, struct err *err);

/* As opt_parse(), but stops at the first argument: *ret_used words belong to us. */
int opt_parse_leading(const struct opt *opts, int argc, char **argv, int *ret_used,
		      struct err *err);

/* The lines of a help text that describe @opts, on standard output. */
void opt_print_help(const struct opt *opts);
