/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toml.h - the part of TOML 1.0 that a configuration file needs
 *
 * Tables with dotted names, and keys with strings (basic, literal, and both
 * multi-line forms), integers, booleans and arrays of strings. Floats, dates,
 * inline tables and arrays of tables are errors that say so. Every value knows
 * its line and column.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct err;

#define TOML_ENTRIES_MAX 4096u /* keys, and as many sections */
#define TOML_PARTS_MAX   16u   /* of a name, between dots */

enum toml_type { TOML_STRING, TOML_INTEGER, TOML_BOOL, TOML_STRINGS };

struct toml_entry {
	char *table; /* "hypervisor.qemu", "" above the first table */
	char *key;
	enum toml_type type;
	char *string;
	int64_t integer; /* BOOL: 0 or 1 */
	char **strings;
	unsigned line; /* of the key, from 1 */
	unsigned column;
};

struct toml {
	struct toml_entry *entries;
	size_t n_entries;
	char **tables; /* the headers, in the file's order */
	char **dotted; /* tables that only keys with dots name */
};

/*
 * @name is shown in errors: "<name>:<line>:<column>: …". Returns 0 or -EINVAL.
 * Source: toml.io/en/v1.0.0.
 */
int toml_parse(const char *text, size_t len, const char *name, struct toml **ret, struct err *err);
void toml_free(struct toml *toml);
DEFINE_CLEANUP(struct toml *, toml_free)
