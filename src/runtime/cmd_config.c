/* SPDX-License-Identifier: Apache-2.0 */
/* kata-runtime config: what counts, and where it comes from */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/cli.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "config/keys.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"

/* "/etc/….toml:7", or "default"; owned. */
static char *origin_text(const struct config *config, const struct config_key *key)
{
	const struct config_origin *origin = config_origin(config, key);

	if (!origin->file)
		return xstrdup("default");
	return origin->line > 0 ? xasprintf("%s:%u", origin->file, origin->line)
				: xasprintf("annotation %s", origin->file);
}

/* It is a configuration file itself, but for the paths of its parts. */
static void print_toml(const struct config *config, bool changed)
{
	const char *section = "";

	printf("# %s\n", config->path);
	for (char **path = config->drop_ins; path && *path; path++)
		printf("# %s\n", *path);
	for (const struct config_key *key = config_keys; key->section; key++) {
		CLEANUP(free) char *origin = NULL;
		CLEANUP(free) char *value = NULL;

		if (key->same_as || (changed && !config_origin(config, key)->file))
			continue;
		origin = origin_text(config, key);
		value = config_value_text(config, key);
		if (!str_eq(section, key->section))
			printf("\n[%s]\n", key->section);
		section = key->section;
		printf("%s = %s # %s\n", key->name, value, origin);
	}
}

/* Values are texts, as they would stand in a file: JSON has other kinds than TOML. */
static void print_json(const struct config *config, bool changed)
{
	struct json_writer w = { .indent = 2 };
	CLEANUP(free) char *text = NULL;

	json_open_object(&w, NULL);
	json_put_string(&w, "file", config->path);
	json_put_strv(&w, "dropIns", config->drop_ins);
	json_open_array(&w, "keys");
	for (const struct config_key *key = config_keys; key->section; key++) {
		CLEANUP(free) char *origin = NULL;
		CLEANUP(free) char *value = NULL;

		if (key->same_as || (changed && !config_origin(config, key)->file))
			continue;
		origin = origin_text(config, key);
		value = config_value_text(config, key);
		json_open_object(&w, NULL);
		json_put_string(&w, "section", key->section);
		json_put_string(&w, "key", key->name);
		json_put_string(&w, "value", value);
		json_put_string(&w, "origin", origin);
		json_close_object(&w);
	}
	json_close_array(&w);
	json_close_object(&w);
	text = json_finish(&w);
	(void)puts(text);
}

/* What counts for the sandbox of a container, whose annotations may say otherwise. */
static int override(struct config *config, const char *name, struct err *err)
{
	CLEANUP(free) char *id = NULL;
	int r = id_resolve(name, &id, err);

	return r == 0 ? sandbox_override(id, config, err) : r;
}

static int run_config(const struct globals *globals, int argc, char **argv, struct err *err)
{
	CLEANUP(config_free) struct config *config = NULL;
	const char *container = NULL;
	bool changed = false;
	bool json = false;
	int r;

	const struct opt opts[] = {
		OPT_BOOL(0, "json", &json, "as JSON instead of TOML"),
		OPT_BOOL(0, "set", &changed, "only what is set, not the defaults"),
		OPT_ARG_OPTIONAL("container-id", &container,
				 "with the annotations of its sandbox over it"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	r = load_config(globals, false, &config, err);
	if (r == 0 && container)
		r = override(config, container, err);
	if (r < 0)
		return r;
	for (char **text = config->warnings; text && *text; text++)
		log_tell("%s", *text);
	if (json)
		print_json(config, changed);
	else
		print_toml(config, changed);
	return 0;
}

const struct command cmd_config = {
	"config", NULL, "the configuration that counts, and where each value comes from", run_config
};
