/* SPDX-License-Identifier: Apache-2.0 */
/* json_writer.h - plain JSON out, without a library */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * { 0 } is a fresh writer; a NULL key is for the outermost value and
 * for elements of arrays. json_finish() gives the text, owned by the caller.
 */
struct json_writer {
	struct buf out;
	unsigned indent; /* blanks per level; 0 puts everything on one line */
	unsigned depth;
	bool has_member; /* of the innermost open object or array */
};

void json_open_object(struct json_writer *w, const char *key);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w, const char *key);
void json_close_array(struct json_writer *w);
void json_put_string(struct json_writer *w, const char *key, const char *value); /* NULL: null */
void json_put_bool(struct json_writer *w, const char *key, bool value);
void json_put_u64(struct json_writer *w, const char *key, uint64_t value);
void json_put_i64(struct json_writer *w, const char *key, int64_t value);
void json_put_strv(struct json_writer *w, const char *key, char *const *value);
void json_put_map(struct json_writer *w, const char *key, char *const *words); /* "key=value" */
char *json_finish(struct json_writer *w);
