/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that includes json-c; its traps are listed in style/libraries. */
#include "base/json.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

static struct json_object *obj(const struct json_at *at)
{
	return (struct json_object *)at->node;
}

static void cleanup_tokener(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

/* The parser stops behind the value; only white space may follow. */
static bool only_space(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r\n", text[i]) || !text[i])
			return false;
	return true;
}

/*
 * What json-c does not see to: it lets arrays without elements go one level
 * deeper, and takes names in single quotes and raw control characters.
 */
static int check_shape(const char *text, size_t len, unsigned max_depth, struct err *err)
{
	bool in_string = false;
	unsigned depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (in_string && (unsigned char)c < 0x20)
			return err_set(err, EINVAL,
				       "not JSON: control character 0x%02x in a string at byte %zu",
				       (unsigned)c, i);
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && c == '\'')
			return err_set(err, EINVAL, "not JSON: single quote at byte %zu", i);
		else if (!in_string && (c == '[' || c == '{') && ++depth > max_depth)
			return err_set(err, EINVAL,
				       "JSON nested deeper than %u levels, at byte %zu", max_depth,
				       i);
		else if (!in_string && (c == ']' || c == '}') && depth > 0)
			depth--;
	}
	return 0;
}

int json_parse(const char *text, size_t len, unsigned max_depth, struct json **ret, struct err *err)
{
	__attribute__((cleanup(cleanup_tokener))) struct json_tokener *tokener = NULL;
	enum json_tokener_error why;
	struct json_object *doc;
	size_t used;

	if (len == 0 || only_space(text, len))
		return err_set(err, EINVAL, "not JSON: the text is empty");
	if (len > INT32_MAX)
		return err_set(err, EINVAL, "not JSON: %zu bytes are too many", len);
	if (check_shape(text, len, max_depth, err) < 0)
		return -EINVAL;
	tokener = json_tokener_new_ex((int)max_depth + 1); /* json-c counts the value itself */
	if (!tokener)
		abort();
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);

	/* One NUL more than the text lets a bare number end. */
	doc = json_tokener_parse_ex(tokener, text, (int)len);
	why = json_tokener_get_error(tokener);
	if (why == json_tokener_continue && !doc) {
		doc = json_tokener_parse_ex(tokener, "", 1);
		why = json_tokener_get_error(tokener);
		if (why == json_tokener_continue || (why != json_tokener_success && !doc))
			return err_set(err, EINVAL, "not JSON: it ends in the middle, at byte %zu",
				       len);
		used = len;
	} else {
		used = json_tokener_get_parse_end(tokener);
	}
	if (why != json_tokener_success)
		return err_set(err, EINVAL, "not JSON: %s at byte %zu",
			       json_tokener_error_desc(why), used);
	if (used < len && !only_space(text + used, len - used)) {
		json_object_put(doc);
		return err_set(err, EINVAL, "not JSON: more text behind the value, at byte %zu",
			       used);
	}
	*ret = (struct json *)doc;
	return 0;
}

void json_free(struct json *doc)
{
	json_object_put((struct json_object *)doc);
}

struct json_at json_root(struct json *doc)
{
	return (struct json_at){ .node = doc };
}

/* Finds a member that is there and not null; its path is set either way. */
static bool member(const struct json_at *at, const char *key, struct json_at *ret)
{
	struct json_object *value = NULL;

	*ret = (struct json_at){ 0 };
	snprintf(ret->path, sizeof(ret->path), "%.120s%s%.36s", at->path, *at->path ? "." : "",
		 key);
	if (!json_object_object_get_ex(obj(at), key, &value) || !value)
		return false;
	ret->node = (struct json *)value;
	return true;
}

static int wrong(const struct json_at *at, const char *wanted, struct err *err)
{
	const char *is = json_type_to_name(json_object_get_type(obj(at)));

	return err_set(err, EINVAL, "%s: must be %s, is of type %s", *at->path ? at->path : "JSON",
		       wanted, is);
}

int json_check_object(const struct json_at *at, struct err *err)
{
	if (json_object_get_type(obj(at)) != json_type_object)
		return wrong(at, "an object", err);
	return 0;
}

int json_check_array(const struct json_at *at, size_t *ret_len, struct err *err)
{
	if (json_object_get_type(obj(at)) != json_type_array)
		return wrong(at, "an array", err);
	*ret_len = json_object_array_length(obj(at));
	return 0;
}

/* Calls @from by @to; its value is kept. */
static int rename_member(const struct json_at *at, const char *from, const char *to,
			 struct err *err)
{
	struct json_object *value = NULL;

	if (json_object_object_get_ex(obj(at), to, NULL))
		return err_set(err, EINVAL, "%s%s%.36s: is there twice, as '%.36s' too", at->path,
			       *at->path ? "." : "", to, from);
	(void)json_object_object_get_ex(obj(at), from, &value);
	json_object_object_add(obj(at), to, json_object_get(value));
	json_object_object_del(obj(at), from);
	return 0;
}

/* A member that is @key but for the case of its letters; owned, or NULL. */
static char *misspelt(const struct json_at *at, const char *key)
{
	json_object_object_foreach(obj(at), name, value)
	{
		(void)value;
		if (strcasecmp(name, key) == 0 && !str_eq(name, key))
			return xstrdup(name);
	}
	return NULL;
}

int json_fold_keys(const struct json_at *at, const char *const *keys, struct err *err)
{
	for (; *keys; keys++) {
		char *name;

		while ((name = misspelt(at, *keys))) {
			int r = rename_member(at, name, *keys, err);

			free(name);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

bool json_has(const struct json_at *at, const char *key)
{
	return json_object_object_get_ex(obj(at), key, NULL);
}

char *json_member_text(const struct json_at *at, const char *key)
{
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(obj(at), key, &value);
	return xstrdup(json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* A C string cannot hold the NUL that JSON writes as \u0000. */
static int copy_string(const struct json_at *at, char **ret, struct err *err)
{
	const char *s = json_object_get_string(obj(at));
	size_t len = (size_t)json_object_get_string_len(obj(at));

	if (json_object_get_type(obj(at)) != json_type_string)
		return wrong(at, "a string", err);
	if (strlen(s) != len)
		return err_set(err, EINVAL, "%s: holds a NUL character", at->path);
	*ret = xstrdup(s);
	return 0;
}

int json_get_string(const struct json_at *at, const char *key, char **ret, struct err *err)
{
	struct json_at value;
	char *s = NULL;
	int r;

	if (!member(at, key, &value))
		return 0;
	if (json_object_get_type(obj(&value)) != json_type_string)
		return wrong(&value, "a string", err);
	r = copy_string(&value, &s, err);
	if (r < 0)
		return r;
	free(*ret);
	*ret = s;
	return 0;
}

int json_get_strv(const struct json_at *at, const char *key, char ***ret, struct err *err)
{
	CLEANUP(strv_free) char **v = NULL;
	struct json_at array;
	size_t n = 0;
	int r;

	r = json_get_array(at, key, &array, &n, err);
	if (r <= 0)
		return r;
	v = xcalloc(2 * n + 2, sizeof(char *));
	for (size_t i = 0; i < n; i++) {
		struct json_at item = { 0 };

		item.node = (struct json *)json_object_array_get_idx(obj(&array), i);
		snprintf(item.path, sizeof(item.path), "%.130s[%zu]", array.path, i);
		if (json_object_get_type(obj(&item)) != json_type_string)
			return wrong(&item, "a string", err);
		r = copy_string(&item, &v[i], err);
		if (r < 0)
			return r;
	}
	strv_free(*ret);
	*ret = take_ptr(v);
	return 0;
}

int json_get_bool(const struct json_at *at, const char *key, bool *ret, struct err *err)
{
	struct json_at value;

	if (!member(at, key, &value))
		return 0;
	if (json_object_get_type(obj(&value)) != json_type_boolean)
		return wrong(&value, "true or false", err);
	*ret = json_object_get_boolean(obj(&value));
	return 0;
}

/*
 * json-c saturates numbers that do not fit, so the bounds themselves are
 * doubtful: INT64_MIN, and UINT64_MAX, which OCI uses as "unlimited" and which
 * is therefore accepted.
 */
/* The number @at, which is there. */
static int read_u64(const struct json_at *at, uint64_t max, uint64_t *ret, struct err *err)
{
	int64_t n = json_object_get_int64(obj(at));

	if (json_object_get_type(obj(at)) != json_type_int)
		return wrong(at, "an unsigned integer", err);
	if (n < 0)
		return err_set(err, EINVAL, "%s: %" PRId64 " is negative, allowed is 0 to %" PRIu64,
			       at->path, n, max);
	if (json_object_get_uint64(obj(at)) > max)
		return err_set(err, EINVAL, "%s: %" PRIu64 " is over %" PRIu64, at->path,
			       json_object_get_uint64(obj(at)), max);
	*ret = json_object_get_uint64(obj(at));
	return 0;
}

int json_get_u64(const struct json_at *at, const char *key, uint64_t *ret, struct err *err)
{
	struct json_at value;

	return member(at, key, &value) ? read_u64(&value, UINT64_MAX, ret, err) : 0;
}

int json_get_i64(const struct json_at *at, const char *key, int64_t *ret, struct err *err)
{
	struct json_at value;

	if (!member(at, key, &value))
		return 0;
	if (json_object_get_type(obj(&value)) != json_type_int)
		return wrong(&value, "an integer", err);
	if (json_object_get_uint64(obj(&value)) > INT64_MAX)
		return err_set(err, EINVAL, "%s: %" PRIu64 " is over 2^63-1", value.path,
			       json_object_get_uint64(obj(&value)));
	*ret = json_object_get_int64(obj(&value));
	return 0;
}

int json_get_u32(const struct json_at *at, const char *key, uint32_t *ret, struct err *err)
{
	struct json_at value;
	uint64_t n = *ret;
	int r;

	if (!member(at, key, &value))
		return 0;
	r = read_u64(&value, UINT32_MAX, &n, err);
	*ret = (uint32_t)n;
	return r;
}

int json_item_u32(const struct json_at *at, size_t i, uint32_t *ret, struct err *err)
{
	struct json_at item = { 0 };
	uint64_t n = 0;
	int r;

	item.node = (struct json *)json_object_array_get_idx(obj(at), i);
	snprintf(item.path, sizeof(item.path), "%.130s[%zu]", at->path, i);
	r = read_u64(&item, UINT32_MAX, &n, err);
	if (r == 0)
		*ret = (uint32_t)n;
	return r;
}

int json_get_map(const struct json_at *at, const char *key, char ***ret, struct err *err)
{
	CLEANUP(strv_free) char **words = NULL;
	struct json_at map;
	int r;

	r = json_get_object(at, key, &map, err);
	if (r <= 0)
		return r;
	json_object_object_foreach(obj(&map), name, node)
	{
		CLEANUP(free) char *value = NULL;
		struct json_at item = { .node = (struct json *)node };

		snprintf(item.path, sizeof(item.path), "%.80s[\"%.70s\"]", map.path, name);
		if (strchr(name, '='))
			return err_set(err, EINVAL, "%s: a key may not hold '='", item.path);
		r = copy_string(&item, &value, err);
		if (r < 0)
			return r;
		strv_addf(&words, "%s=%s", name, value);
	}
	strv_free(*ret);
	*ret = take_ptr(words);
	return 0;
}

int json_get_object(const struct json_at *at, const char *key, struct json_at *ret, struct err *err)
{
	if (!member(at, key, ret))
		return 0;
	if (json_object_get_type(obj(ret)) != json_type_object)
		return wrong(ret, "an object", err);
	return 1;
}

int json_get_array(const struct json_at *at, const char *key, struct json_at *ret, size_t *ret_len,
		   struct err *err)
{
	if (!member(at, key, ret))
		return 0;
	if (json_object_get_type(obj(ret)) != json_type_array)
		return wrong(ret, "an array", err);
	*ret_len = json_object_array_length(obj(ret));
	return 1;
}

int json_item_object(const struct json_at *at, size_t i, struct json_at *ret, struct err *err)
{
	*ret = (struct json_at){ 0 };
	ret->node = (struct json *)json_object_array_get_idx(obj(at), i);
	snprintf(ret->path, sizeof(ret->path), "%.130s[%zu]", at->path, i);
	return json_check_object(ret, err);
}
