/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - the table of configuration.toml */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct config_origin;
struct err;

enum config_kind { CONFIG_BOOL, CONFIG_INTEGER, CONFIG_STRING, CONFIG_STRINGS };

/*
 * One key. The parser, the checks, the shipped file, configuration.toml(5), the
 * table of docs/configuration.md and "kata-runtime config" are made from these.
 */
struct config_key {
	const char *section; /* "hypervisor.qemu" */
	const char *name;
	const char *same_as; /* another key of the section, whose second name this is; or NULL */
	enum config_kind kind;
	bool appends;              /* STRING: the annotation is put behind what files have */
	bool processors;           /* INTEGER: from the annotation no more than the host has */
	size_t offset;             /* in struct config */
	const char *default_value; /* as it would stand in the file, without quotes; "" for [] */
	int64_t min;               /* INTEGER */
	int64_t max;
	const char *const *allowed; /* STRING, and each of STRINGS: one of these; NULL: any */
	const char *refused;        /* why no other value than the default is taken; or NULL */
	const char *help;           /* a clause in lower case, without a full stop */
	const char *note;           /* more, in sentences, for who decides; or NULL */
	const char *shipped;        /* in the shipped file; may be @VARIABLE@; NULL: the default */
	/*
	 * What stands behind io.katacontainers.config. in the annotation that sets it for one
	 * sandbox, where the administrator allows it; or NULL: no annotation can.
	 */
	const char *annotation;
	const char *paths;      /* the key of the section with patterns for its value; or NULL */
	const char *separators; /* STRINGS: between the words of the annotation; NULL: spaces */
	const char *hash;       /* of an asset: the annotation with its SHA-512, as .annotation */
};

/* The whole table; it ends with a NULL section. */
extern const struct config_key config_keys[];

/* NULL: there is none. A second name is answered with the row of the first. */
const struct config_key *config_find_key(const char *section, const char *name);

/* "a whole number", for errors and tables. */
const char *config_kind_text(enum config_kind kind);

/* What @config has for @key as it would stand in a file, quoted; owned. */
char *config_value_text(const struct config *config, const struct config_key *key);

/* The same of the default, and of what the shipped file has, whose @VARIABLES@ stay. */
char *config_default_text(const struct config_key *key);
char *config_shipped_text(const struct config_key *key);

/* The name in the table that equals @name, which may be a second one; it lasts. NULL: none. */
const char *config_spelling(const char *section, const char *name);

/*
 * The SHA-512, in 128 hexadecimal digits of lower case, that the file which @key names has to
 * have; NULL: any.
 */
const char *config_hash(const struct config *config, const struct config_key *key);

/* Of a row that is not a second name. */
const struct config_origin *config_origin(const struct config *config,
					  const struct config_key *key);
