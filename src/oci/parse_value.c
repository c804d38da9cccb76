/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "oci/parse.h"

/* Between a path and a name. */
static const char *dot(const struct json_at *at)
{
	return *at->path ? "." : "";
}

int parse_missing(const struct json_at *at, const char *key, struct err *err)
{
	return err_set(err, EINVAL, "%s%s%s: missing", at->path, dot(at), key);
}

bool parse_is_set(const struct json_at *at, const char *key)
{
	CLEANUP(free) char *text = NULL;

	if (!json_has(at, key))
		return false;
	text = json_member_text(at, key);
	return !str_eq(text, "null");
}

int parse_needed(const struct json_at *at, const char *key, struct err *err)
{
	return parse_is_set(at, key) ? 0 : parse_missing(at, key, err);
}

static bool says(const struct json_at *at, const char *key)
{
	static const char *const nothing[] = { "null", "{}", "[]", "\"\"", "0", "false" };
	CLEANUP(free) char *text = NULL;

	if (!json_has(at, key))
		return false;
	text = json_member_text(at, key);
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (str_eq(text, nothing[i]))
			return false;
	return true;
}

int parse_unsupported(const struct json_at *at, const char *key, struct err *err)
{
	if (!says(at, key))
		return 0;
	return err_set(err, ENOTSUP, "%s%s%s: is not supported; remove it", at->path, dot(at), key);
}

void parse_dropped(const struct json_at *at, const char *key)
{
	if (says(at, key))
		log_debug("%s%s%s: not for a virtual machine, dropped", at->path, dot(at), key);
}

int parse_u16(const struct json_at *at, const char *key, uint16_t *ret, struct err *err)
{
	uint32_t n = *ret;
	int r;

	CHECK(json_get_u32(at, key, &n, err));
	if (n > UINT16_MAX)
		return err_set(err, EINVAL, "%s%s%s: %" PRIu32 " is over %u", at->path, dot(at),
			       key, n, UINT16_MAX);
	*ret = (uint16_t)n;
	return 0;
}

int parse_i32(const struct json_at *at, const char *key, int32_t *ret, struct err *err)
{
	int64_t n = *ret;
	int r;

	CHECK(json_get_i64(at, key, &n, err));
	if (n < INT32_MIN || n > INT32_MAX)
		return err_set(err, EINVAL, "%s%s%s: %" PRId64 " is not %d to %d", at->path,
			       dot(at), key, n, INT32_MIN, INT32_MAX);
	*ret = (int32_t)n;
	return 0;
}

int parse_text(const struct json_at *at, const char *key, char **ret, struct err *err)
{
	int r;

	CHECK(json_get_string(at, key, ret, err));
	if (*ret && !**ret) {
		free(*ret);
		*ret = NULL;
	}
	return 0;
}
