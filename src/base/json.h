/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - strict JSON in; json_writer.h writes it */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct err;
struct json; /* a parsed document, or a node that is borrowed from one */

/*
 * Parses exactly one JSON value of at most @max_depth levels. json-c alone is
 * lenient: rubbish behind the value, bad UTF-8 and NUL characters are refused
 * here. Returns 0 or -EINVAL with the offset of the fault.
 */
int json_parse(const char *text, size_t len, unsigned max_depth, struct json **ret,
	       struct err *err);
void json_free(struct json *doc);
DEFINE_CLEANUP(struct json *, json_free)

/* A node with its path for messages: "process.rlimits[0]". */
struct json_at {
	struct json *node;
	char path[160];
};

struct json_at json_root(struct json *doc);

/*
 * Getters of members of the object @at. A member that is absent or null leaves
 * *ret as it is and counts as success; a member of the wrong type, or a number
 * out of range, is -EINVAL with its path. Strings and vectors are copied, and
 * what *ret held before is freed.
 */
int json_get_string(const struct json_at *at, const char *key, char **ret, struct err *err);
int json_get_strv(const struct json_at *at, const char *key, char ***ret, struct err *err);
int json_get_bool(const struct json_at *at, const char *key, bool *ret, struct err *err);
int json_get_u32(const struct json_at *at, const char *key, uint32_t *ret, struct err *err);
int json_get_u64(const struct json_at *at, const char *key, uint64_t *ret, struct err *err);
int json_get_i64(const struct json_at *at, const char *key, int64_t *ret, struct err *err);

/* An object of strings as "key=value" words, in its order. Keys may not hold '='. */
int json_get_map(const struct json_at *at, const char *key, char ***ret, struct err *err);

/* Both return 1 (found, *ret set), 0 (absent or null) or -EINVAL. */
int json_get_object(const struct json_at *at, const char *key, struct json_at *ret,
		    struct err *err);
int json_get_array(const struct json_at *at, const char *key, struct json_at *ret, size_t *ret_len,
		   struct err *err);

/* Element @i of the array @at, which must be an object. */
int json_item_object(const struct json_at *at, size_t i, struct json_at *ret, struct err *err);

/* Element @i of the array @at, which must be an unsigned integer of 32 bits. */
int json_item_u32(const struct json_at *at, size_t i, uint32_t *ret, struct err *err);

/* Whether the object has that member, null included. */
bool json_has(const struct json_at *at, const char *key);

/* The member as JSON text, owned; "null" when it is not there. */
char *json_member_text(const struct json_at *at, const char *key);

/*
 * Members of the object @at that differ from one of @keys (NULL at the end) in the
 * case of letters only are called by that key from now on: Go's programs read JSON
 * so. -EINVAL when two would be the same member.
 */
int json_fold_keys(const struct json_at *at, const char *const *keys, struct err *err);

/* The document must be an object, or an array: of *ret_len elements. */
int json_check_object(const struct json_at *at, struct err *err);
int json_check_array(const struct json_at *at, size_t *ret_len, struct err *err);
