/* SPDX-License-Identifier: Apache-2.0 */
/* parse.h - config.json into the model of spec.h; of oci/ only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/mem.h"
#include "oci/check.h"

struct err;
struct oci_process;
struct oci_resources;
struct oci_seccomp;
struct oci_spec;

/*
 * Each reads the members of the object @at, with their types; what they may
 * say together is for check.h.
 */
int parse_process(const struct json_at *at, struct oci_process *ret, struct err *err);
int parse_linux(const struct json_at *at, struct oci_spec *ret, struct err *err);
int parse_resources(const struct json_at *at, struct oci_resources *ret, struct err *err);
int parse_seccomp(const struct json_at *at, struct oci_seccomp **ret, struct err *err);

/* -EINVAL "<path>.key: missing". */
int parse_missing(const struct json_at *at, const char *key, struct err *err);

/* -EINVAL when the member is absent or null. */
int parse_needed(const struct json_at *at, const char *key, struct err *err);

/* Whether the member is there and not null. */
bool parse_is_set(const struct json_at *at, const char *key);

/* -ENOTSUP when the member says something (not null, {}, [], "", 0 or false): for what cannot be
 * done in a virtual machine. */
int parse_unsupported(const struct json_at *at, const char *key, struct err *err);

/* A debug line when the member says something: for what is about the host alone. */
void parse_dropped(const struct json_at *at, const char *key);

/* As json_get_…(), for other widths. */
int parse_u16(const struct json_at *at, const char *key, uint16_t *ret, struct err *err);
int parse_i32(const struct json_at *at, const char *key, int32_t *ret, struct err *err);

/* As json_get_string(), but the empty string is an unset one. */
int parse_text(const struct json_at *at, const char *key, char **ret, struct err *err);

/*
 * Reads the objects of the array @key into @list, which it allocates, each by
 * @parse(const struct json_at *, element, err). @count grows with them, so that an error
 * leaves what can be freed. Returns 0 or a negative errno.
 */
#define PARSE_OBJECTS(at, key, list, count, parse, err)                                         \
	__extension__({                                                                         \
		struct json_at array;                                                           \
		struct json_at object;                                                          \
		size_t n_objects = 0;                                                           \
		int result = json_get_array(at, key, &array, &n_objects, err);                  \
                                                                                                \
		if (result >= 0) {                                                              \
			(list) = xcalloc(n_objects, sizeof(*(list)));                           \
			result = 0;                                                             \
		}                                                                               \
		for (size_t at_object = 0; result == 0 && at_object < n_objects; at_object++) { \
			result = json_item_object(&array, at_object, &object, err);             \
			if (result < 0)                                                         \
				break;                                                          \
			(count) = at_object + 1;                                                \
			result = parse(&object, &(list)[at_object], err);                       \
		}                                                                               \
		result;                                                                         \
	})
