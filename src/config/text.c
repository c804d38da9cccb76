/* SPDX-License-Identifier: Apache-2.0 */
/* Values as they would stand in a file. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "config/keys.h"

/* A basic string of TOML 1.0. */
static void put_string(struct buf *out, const char *text)
{
	buf_append(out, "\"", 1);
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_printf(out, "\\%c", *c);
		else if ((unsigned char)*c < ' ' || *c == 0x7f)
			buf_printf(out, "\\u%04x", (unsigned)(unsigned char)*c);
		else
			buf_append(out, c, 1);
	}
	buf_append(out, "\"", 1);
}

static void put_strings(struct buf *out, char *const *words)
{
	buf_append(out, "[", 1);
	for (size_t i = 0; words && words[i]; i++) {
		if (i > 0)
			buf_append(out, ", ", 2);
		put_string(out, words[i]);
	}
	buf_append(out, "]", 1);
}

char *config_value_text(const struct config *config, const struct config_key *key)
{
	const void *from = (const char *)config + key->offset;
	CLEANUP(buf_done) struct buf out = { 0 };

	switch (key->kind) {
	case CONFIG_BOOL:
		buf_printf(&out, "%s", *(const bool *)from ? "true" : "false");
		break;
	case CONFIG_INTEGER:
		buf_printf(&out, "%" PRId64, *(const int64_t *)from);
		break;
	case CONFIG_STRING:
		put_string(&out, *(char *const *)from);
		break;
	case CONFIG_STRINGS:
		put_strings(&out, *(char **const *)from);
		break;
	}
	return buf_take_string(&out);
}

static char *literal(const struct config_key *key, const char *value)
{
	CLEANUP(buf_done) struct buf out = { 0 };

	if (key->kind == CONFIG_STRINGS && str_empty(value))
		return xstrdup("[]");
	if (key->kind != CONFIG_STRING)
		return xstrdup(value);
	put_string(&out, value);
	return buf_take_string(&out);
}

char *config_default_text(const struct config_key *key)
{
	return literal(key, key->default_value);
}

char *config_shipped_text(const struct config_key *key)
{
	return literal(key, key->shipped ? key->shipped : key->default_value);
}

const char *config_hash(const struct config *config, const struct config_key *key)
{
	return config->hashes[key - config_keys];
}

const struct config_origin *config_origin(const struct config *config, const struct config_key *key)
{
	return &config->origins[key - config_keys];
}
