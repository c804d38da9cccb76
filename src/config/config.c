/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/toml.h"

const char *const config_default_paths[] = {
	"/etc/kata-containers/configuration.toml",
	"/usr/share/defaults/kata-containers/configuration.toml",
	NULL,
};

static void *field(struct config *config, const struct config_key *key)
{
	return (char *)config + key->offset;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (const struct config_key *key = config_keys; key->section; key++) {
		if (key->kind == CONFIG_STRING)
			free(*(char **)field(config, key));
		else if (key->kind == CONFIG_STRINGS)
			strv_free(*(char ***)field(config, key));
	}
	strv_free(config->warnings);
	free(config->path);
	free(config);
}

static void set_default(struct config *config, const struct config_key *key)
{
	switch (key->kind) {
	case CONFIG_STRING:
		*(char **)field(config, key) = xstrdup(key->default_value);
		break;
	case CONFIG_INTEGER:
		(void)str_to_i64(key->default_value, INT64_MIN, INT64_MAX, field(config, key));
		break;
	case CONFIG_BOOL:
	case CONFIG_STRINGS:
		break; /* false and the empty list are zeros */
	}
}

static const struct config_key *find_key(const char *section, const char *name)
{
	for (const struct config_key *key = config_keys; key->section; key++)
		if (str_eq(key->section, section) && str_eq(key->name, name))
			return key;
	return NULL;
}

/* "<file>:<line>:<column>: [section] key: …" */
#define fail(config, entry, ...)                                                              \
	(err_set(err, EINVAL, __VA_ARGS__),                                                   \
	 err_prefix(err, "%s:%u:%u: [%s] %s", (config)->path, (entry)->line, (entry)->column, \
		    (entry)->table, (entry)->key))

static int check_type(const struct config *config, const struct config_key *key,
		      const struct toml_entry *entry, struct err *err)
{
	static const struct {
		enum toml_type type;
		const char *text;
	} wanted[] = {
		[CONFIG_BOOL] = { TOML_BOOL, "true or false" },
		[CONFIG_INTEGER] = { TOML_INTEGER, "a whole number, without quotes" },
		[CONFIG_STRING] = { TOML_STRING, "a string in quotes" },
		[CONFIG_STRINGS] = { TOML_STRINGS, "an array of strings" },
	};

	if (entry->type != wanted[key->kind].type)
		return fail(config, entry, "must be %s", wanted[key->kind].text);
	return 0;
}

static int check_allowed(const struct config *config, const struct config_key *key,
			 const struct toml_entry *entry, struct err *err)
{
	CLEANUP(free) char *list = NULL;
	char *const *allowed = (char *const *)(uintptr_t)key->allowed;

	if (!allowed || strv_contains(allowed, entry->string))
		return 0;
	list = strv_join(allowed, ", ");
	return fail(config, entry, "'%s' is not one of: %s", entry->string, list);
}

static int set_value(struct config *config, const struct config_key *key,
		     const struct toml_entry *entry, struct err *err)
{
	void *to = field(config, key);
	int r;

	r = check_type(config, key, entry, err);
	if (r < 0)
		return r;
	switch (key->kind) {
	case CONFIG_BOOL:
		*(bool *)to = entry->integer;
		return 0;
	case CONFIG_INTEGER:
		if (entry->integer < key->min || entry->integer > key->max)
			return fail(config, entry,
				    "%" PRId64 " is out of range, allowed is %" PRId64
				    " to %" PRId64,
				    entry->integer, key->min, key->max);
		*(int64_t *)to = entry->integer;
		return 0;
	case CONFIG_STRING:
		r = check_allowed(config, key, entry, err);
		if (r < 0)
			return r;
		free(*(char **)to);
		*(char **)to = xstrdup(entry->string);
		return 0;
	case CONFIG_STRINGS:
		strv_free(*(char ***)to);
		*(char ***)to = strv_copy(entry->strings);
		return 0;
	}
	return 0;
}

static int apply(struct config *config, const struct toml *toml, struct err *err)
{
	for (size_t i = 0; i < toml->n_entries; i++) {
		const struct toml_entry *entry = &toml->entries[i];
		const struct config_key *key = find_key(entry->table, entry->key);
		int r;

		if (!key) {
			strv_addf(&config->warnings, "%s:%u: [%s] %s: unknown key, ignored",
				  config->path, entry->line, entry->table, entry->key);
			continue;
		}
		r = set_value(config, key, entry, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What one key alone cannot tell. */
static int check_whole(const struct config *config, struct err *err)
{
	if (str_eq(config->hypervisor.shared_fs, "virtio-fs") &&
	    str_empty(config->hypervisor.virtio_fs_daemon))
		return err_set(err, EINVAL,
			       "%s: [hypervisor.qemu] virtio_fs_daemon: empty; shared_fs = "
			       "\"virtio-fs\" needs the path of virtiofsd, for instance "
			       "/usr/lib/qemu/virtiofsd",
			       config->path);
	return 0;
}

int config_parse(const char *text, size_t len, const char *path, struct config **ret,
		 struct err *err)
{
	CLEANUP(config_free) struct config *config = xcalloc(1, sizeof(*config));
	CLEANUP(toml_free) struct toml *toml = NULL;
	int r;

	config->path = xstrdup(path);
	for (const struct config_key *key = config_keys; key->section; key++)
		set_default(config, key);
	r = toml_parse(text, len, path, &toml, err);
	if (r < 0)
		return r;
	r = apply(config, toml, err);
	if (r < 0)
		return r;
	r = check_whole(config, err);
	if (r < 0)
		return r;
	*ret = take_ptr(config);
	return 0;
}

static const char *find_file(void)
{
	for (const char *const *path = config_default_paths; *path; path++)
		if (access(*path, F_OK) == 0)
			return *path;
	return NULL;
}

int config_load(const char *path, struct config **ret, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	size_t len = 0;
	int r;

	if (!path)
		path = find_file();
	if (!path)
		return err_set(err, ENOENT,
			       "no configuration file: neither %s nor %s exists; name one with "
			       "--kata-config",
			       config_default_paths[0], config_default_paths[1]);
	r = file_read(path, CONFIG_FILE_MAX, &text, &len, err);
	if (r < 0)
		return err_prefix(err, "configuration");
	return config_parse(text, len, path, ret, err);
}
