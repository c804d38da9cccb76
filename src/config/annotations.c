/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the annotations of one sandbox put over the files.
 *
 * Whoever may start a pod chooses them, so each needs the administrator's word
 * (enable_annotations), and a path of the host a second one (valid_…_paths).
 */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "config/internal.h"
#include "config/keys.h"
#include "config/toml.h"

#define PREFIX      "io.katacontainers.config."
#define HASH_TYPE   "io.katacontainers.asset_hash_type"
#define HASH_DIGITS 128u /* of a SHA-512 */
#define PATTERN_MAX 128u
#define VALUE_MAX   4096u /* bytes; a path has no more */

/* Anchored, so that "default_memory" does not allow more than it says. */
static int compile(const char *pattern, regex_t *ret)
{
	CLEANUP(free) char *whole = xasprintf("^(%s)$", pattern);

	return regcomp(ret, whole, REG_EXTENDED | REG_NOSUB);
}

int annotation_pattern_check(const char *pattern, struct err *err)
{
	regex_t regex;

	if (strlen(pattern) > PATTERN_MAX)
		return err_set(err, EINVAL, "a pattern has at most %u characters", PATTERN_MAX);
	/* Repetitions of repetitions take any amount of memory. */
	if (strchr(pattern, '{'))
		return err_set(err, EINVAL, "'%s': a pattern has no '{'", pattern);
	if (compile(pattern, &regex) != 0)
		return err_set(err, EINVAL, "'%s' is not a regular expression (extended, POSIX)",
			       pattern);
	regfree(&regex);
	return 0;
}

static bool matches(const char *pattern, const char *text)
{
	regex_t regex;
	bool is;

	if (compile(pattern, &regex) != 0)
		return false; /* refused when the file was read */
	is = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return is;
}

/* What stands behind the last dot: the key's own name. */
static const char *base_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static int check_enabled(const struct config *config, const char *name, struct err *err)
{
	char **patterns = config->hypervisor.enable_annotations;

	for (char **pattern = patterns; pattern && *pattern; pattern++)
		if (matches(*pattern, base_name(name)) || matches(*pattern, name))
			return 0;
	return err_set(
		err, EPERM,
		"not allowed; [hypervisor.qemu] enable_annotations would have to list \"%s\"",
		base_name(name));
}

/* "/a/../b" would be another file than the one that the pattern was made for. */
static bool is_plain(const char *path)
{
	CLEANUP(strv_free) char **parts = strv_split(path, "/");

	return *path == '/' && !strv_contains(parts, ".") && !strv_contains(parts, "..");
}

static int check_path(const struct config *config, const struct config_key *key, const char *path,
		      struct err *err)
{
	const struct config_key *list = config_find_key(key->section, key->paths);
	char **const *patterns = (const void *)((const char *)config + list->offset);

	if (!is_plain(path))
		return err_set(err, EINVAL, "'%s' is not an absolute path without '.' and '..'",
			       path);
	for (char **pattern = *patterns; pattern && *pattern; pattern++)
		if (fnmatch(*pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0)
			return 0;
	return err_set(err, EPERM, "%s is not allowed; a pattern of [%s] %s would have to match it",
		       path, key->section, key->paths);
}

/* Source: Go, strconv.ParseBool, which the original uses. */
static int parse_bool(const char *text, int64_t *ret, struct err *err)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True", NULL };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False", NULL };

	*ret = strv_contains((char *const *)(uintptr_t)yes, text);
	if (*ret || strv_contains((char *const *)(uintptr_t)no, text))
		return 0;
	return err_set(err, EINVAL, "'%s' is neither true nor false", text);
}

static int check_processors(int64_t n, struct err *err)
{
	int64_t host = fault_pretend("KATA_FAULT_CPUS", sysconf(_SC_NPROCESSORS_CONF));

	return n <= host
		       ? 0
		       : err_set(err, EINVAL,
				 "%" PRId64 " is more than the %" PRId64 " processors of this host",
				 n, host);
}

static int parse_integer(const struct config_key *key, const char *text, int64_t *ret,
			 struct err *err)
{
	int r = str_to_i64(text, INT64_MIN, INT64_MAX, ret);

	if (r == -EINVAL)
		return err_set(err, EINVAL, "'%s' is not a whole number", text);
	if (r < 0 || *ret < key->min || *ret > key->max)
		return err_set(err, EINVAL,
			       "%s is out of range, allowed is %" PRId64 " to %" PRId64, text,
			       key->min, key->max);
	return key->processors ? check_processors(*ret, err) : 0;
}

/* @value behind what the key @key has; owned. */
static char *behind(const struct config *config, const struct config_key *key, const char *value)
{
	const char *const *before = (const void *)((const char *)config + key->offset);

	return str_empty(*before) ? xstrdup(value) : xasprintf("%s %s", *before, value);
}

/* @value as it would come from a file. */
static int make_entry(const struct config *config, const struct config_key *key, const char *value,
		      struct toml_entry *entry, struct err *err)
{
	switch (key->kind) {
	case CONFIG_BOOL:
		entry->type = TOML_BOOL;
		return parse_bool(value, &entry->integer, err);
	case CONFIG_INTEGER:
		entry->type = TOML_INTEGER;
		return parse_integer(key, value, &entry->integer, err);
	case CONFIG_STRING:
		entry->type = TOML_STRING;
		entry->string = key->appends ? behind(config, key, value) : xstrdup(value);
		/* None is no path: an image instead of the file's initrd needs that. */
		return key->paths && *value ? check_path(config, key, value, err) : 0;
	case CONFIG_STRINGS:
		entry->type = TOML_STRINGS;
		entry->strings = strv_split(value, key->separators ? key->separators : " ");
		return 0;
	}
	return 0;
}

int annotation_set_key(struct config *config, const struct config_key *key, const char *name,
		       const char *value, struct err *err)
{
	struct toml_entry entry = { 0 };
	struct config_origin *origin = &config->origins[key - config_keys];
	int r;

	if (origin->file && origin->line == 0)
		return err_set(err, EINVAL, "means the same as %s; keep one of them", origin->file);
	r = make_entry(config, key, value, &entry, err);
	if (r == 0)
		r = config_set(config, key, &entry, err);
	free(entry.string);
	strv_free(entry.strings);
	if (r < 0)
		return r;
	free(origin->file);
	*origin = (struct config_origin){ .file = xstrdup(name), .spelled = key->name };
	return 0;
}

/* @name is that of the hash. */
static int set_hash(struct config *config, const struct config_key *key, const char *value,
		    struct err *err)
{
	char **hash = &config->hashes[key - config_keys];

	if (strlen(value) != HASH_DIGITS || strspn(value, "0123456789abcdefABCDEF") != HASH_DIGITS)
		return err_set(err, EINVAL, "'%.160s' is not %u hexadecimal digits", value,
			       HASH_DIGITS);
	free(*hash);
	*hash = xstrdup(value);
	for (char *c = *hash; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return 0;
}

static int check_hash_type(const char *value, struct err *err)
{
	return str_eq(value, "sha512")
		       ? 0
		       : err_set(err, EINVAL, "'%.64s' is not one of: sha512", value);
}

static const struct config_key *key_of_hash(const char *name)
{
	for (const struct config_key *key = config_keys; key->section; key++)
		if (key->hash && str_eq(key->hash, name))
			return key;
	return NULL;
}

static const struct config_key *key_of(const char *name)
{
	for (const struct config_key *key = config_keys; key->section; key++)
		if (key->annotation && str_eq(key->annotation, name))
			return key;
	return NULL;
}

static int check_text(const char *value, struct err *err)
{
	if (strlen(value) > VALUE_MAX)
		return err_set(err, EINVAL, "a value has at most %u bytes", VALUE_MAX);
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(err, EINVAL, "a value has no control characters");
	return 0;
}

/* Of a name that is ours. */
static int override(struct config *config, const char *name, const char *value, bool allowed,
		    struct err *err)
{
	const struct config_key *key = key_of(name + strlen(PREFIX));
	const struct config_key *hash = key_of_hash(name + strlen(PREFIX));
	int r;

	if (!key && !hash)
		return err_set(err, EINVAL,
			       "there is no such annotation; configuration.toml(5) "
			       "says which there are");
	r = check_text(value, err);
	if (r == 0 && !allowed)
		r = check_enabled(config, name, err);
	if (r < 0)
		return r;
	return hash ? set_hash(config, hash, value, err)
		    : annotation_set_key(config, key, name, value, err);
}

static int override_own(struct config *config, const struct own_annotation *own, const char *name,
			const char *value, bool allowed, struct err *err)
{
	int r = allowed ? 0 : check_enabled(config, name, err);

	return r == 0 ? own_annotation_set(own, config, name, value, err) : r;
}

/* Others than ours are no matter of this. */
static int take(struct config *config, const char *name, const char *value, bool allowed,
		struct err *err)
{
	const struct own_annotation *own = own_annotation_find(name);

	if (own)
		return override_own(config, own, name, value, allowed, err);
	if (str_eq(name, HASH_TYPE))
		return check_hash_type(value,
				       err); /* does nothing, so that nobody has to list it */
	return str_starts(name, PREFIX) ? override(config, name, value, allowed, err) : 0;
}

int config_allows(const struct config *config, const char *name, struct err *err)
{
	int r = check_enabled(config, name, err);

	return r < 0 ? err_prefix_as(err, ERR_ANNOTATION, "annotation %.128s", name) : 0;
}

int config_override(struct config *config, char *const *annotations, bool allowed, struct err *err)
{
	int r = 0;

	for (char *const *word = annotations; r == 0 && word && *word; word++) {
		const char *equals = strchr(*word, '=');
		CLEANUP(free) char *name = NULL;

		if (!equals)
			continue;
		name = xstrndup(*word, (size_t)(equals - *word));
		r = take(config, name, equals + 1, allowed, err);
		if (r < 0)
			err_prefix_as(err, ERR_ANNOTATION, "annotation %.128s",
				      str_printable(name));
	}
	return r == 0 ? config_check(config, err) : r;
}
