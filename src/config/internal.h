/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - a configuration while it is put together */
#pragma once

#include <stddef.h>

struct config;
struct config_key;
struct err;
struct own_annotation;
struct toml_entry;

/* All defaults. @path: the first file, for errors. */
struct config *config_new(const char *path);

/* What the text of @file says goes over what @config has. As config_parse(). */
int config_apply(struct config *config, const char *text, size_t len, const char *file,
		 struct err *err);

/* One value, of the type and within the limits of @key; the error says what is wrong, not where. */
int config_set(struct config *config, const struct config_key *key, const struct toml_entry *entry,
	       struct err *err);

/* The same by the annotation @name, as the text that it has. */
int annotation_set_key(struct config *config, const struct config_key *key, const char *name,
		       const char *value, struct err *err);

/* One of openEuler's own by its whole name; NULL: it is none. */
const struct own_annotation *own_annotation_find(const char *name);
int own_annotation_set(const struct own_annotation *own, struct config *config, const char *name,
		       const char *value, struct err *err);

/* Whether @pattern can stand in enable_annotations. */
int annotation_pattern_check(const char *pattern, struct err *err);

/* What one key alone cannot tell; behind the last file, and again behind annotations. */
int config_check(struct config *config, struct err *err);
