/* SPDX-License-Identifier: Apache-2.0 */
/* ipvs_words.h - the command lines of ipvsadm and conntrack as words and options */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;

#define IPVS_LINE_MAX 4096u /* bytes of a command line, or of a line of a rule file */

/*
 * Splits @text at blanks and tabs. 'x y' and "x y" are one word; nothing else
 * is special. *ret is a vector of its own, NULL when there are no words.
 * -EINVAL: too long, a quote that is not closed, a byte that is not printable ASCII.
 */
int ipvs_words_split(const char *text, size_t len, char ***ret, struct err *err);

/* @text for a message: printable, cut to some 60 bytes, in a buffer of the caller's. */
#define IPVS_SHOWN_SIZE 64u
const char *ipvs_shown(const char *text, char ret[static IPVS_SHOWN_SIZE]);

/* An option that a command line may have. The last of a table has no name. */
struct ipvs_option {
	const char *name;
	const char *metavar; /* NULL: it takes no value */
	char letter;         /* 0: none */
	bool hidden;         /* known, so that it can be refused by name */
};

/*
 * Reads @words. An option's value follows it as a word of its own or behind
 * '='; letters without values may stand together.
 *
 * @options   the table
 * @ret       as long as the table: the value of each option, "" of one that takes none, NULL if it
 *            is not there; borrowed from @words
 * @ret_rest  words that are no option and no value, at most @max_rest; their
 *            number is in *ret_n_rest
 * -EINVAL: an unknown option, one that is given twice, a missing or a superfluous value.
 */
int ipvs_words_read(char *const *words, const struct ipvs_option *options, const char **ret,
		    const char **ret_rest, size_t max_rest, size_t *ret_n_rest, struct err *err);
