/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/internal.h"
#include "config/keys.h"
#include "config/toml.h"

static void *field(struct config *config, const struct config_key *key)
{
	return (char *)config + key->offset;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (const struct config_key *key = config_keys; key->section; key++) {
		free(config->origins[key - config_keys].file);
		free(config->hashes[key - config_keys]);
		if (key->same_as)
			continue;
		if (key->kind == CONFIG_STRING)
			free(*(char **)field(config, key));
		else if (key->kind == CONFIG_STRINGS)
			strv_free(*(char ***)field(config, key));
	}
	free(config->origins);
	free(config->hashes); /* not a vector that ends at the first NULL */
	strv_free(config->drop_ins);
	strv_free(config->warnings);
	free(config->sandbox.dns);
	free(config->sandbox.blkio);
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

static int check_type(const struct config_key *key, const struct toml_entry *entry, struct err *err)
{
	static const enum toml_type wanted[] = {
		[CONFIG_BOOL] = TOML_BOOL,
		[CONFIG_INTEGER] = TOML_INTEGER,
		[CONFIG_STRING] = TOML_STRING,
		[CONFIG_STRINGS] = TOML_STRINGS,
	};

	if (entry->type != wanted[key->kind])
		return err_set(err, EINVAL, "must be %s", config_kind_text(key->kind));
	return 0;
}

static int check_allowed(const struct config_key *key, const char *word, struct err *err)
{
	CLEANUP(free) char *list = NULL;
	char *const *allowed = (char *const *)(uintptr_t)key->allowed;

	if (!allowed || strv_contains(allowed, word))
		return 0;
	list = strv_join(allowed, ", ");
	return err_set(err, EINVAL, "'%s' is not one of: %s", word, list);
}

static int set_value(struct config *config, const struct config_key *key,
		     const struct toml_entry *entry, struct err *err)
{
	void *to = field(config, key);
	int r = 0;

	switch (key->kind) {
	case CONFIG_BOOL:
		*(bool *)to = entry->integer;
		return 0;
	case CONFIG_INTEGER:
		if (entry->integer < key->min || entry->integer > key->max)
			return err_set(err, EINVAL,
				       "%" PRId64 " is out of range, allowed is %" PRId64
				       " to %" PRId64,
				       entry->integer, key->min, key->max);
		*(int64_t *)to = entry->integer;
		return 0;
	case CONFIG_STRING:
		r = check_allowed(key, entry->string, err);
		if (r < 0)
			return r;
		free(*(char **)to);
		*(char **)to = xstrdup(entry->string);
		return 0;
	case CONFIG_STRINGS:
		for (char **word = entry->strings; r == 0 && word && *word; word++)
			r = check_allowed(key, *word, err);
		if (r < 0)
			return r;
		strv_free(*(char ***)to);
		*(char ***)to = strv_copy(entry->strings);
		return 0;
	}
	return 0;
}

static int check_refused(const struct config *config, const struct config_key *key, struct err *err)
{
	CLEANUP(free) char *value = NULL;
	CLEANUP(free) char *only = NULL;

	if (!key->refused)
		return 0;
	value = config_value_text(config, key);
	only = config_default_text(key);
	return str_eq(value, only) ? 0
				   : err_set(err, EINVAL, "%s is refused: %s; allowed is %s", value,
					     key->refused, only);
}

int config_set(struct config *config, const struct config_key *key, const struct toml_entry *entry,
	       struct err *err)
{
	int r = check_type(key, entry, err);

	if (r == 0)
		r = set_value(config, key, entry, err);
	return r == 0 ? check_refused(config, key, err) : r;
}

/* One key under both of its names in one file is as wrong as a key that is there twice. */
static int set_origin(struct config *config, const char *file, const struct config_key *key,
		      const struct toml_entry *entry, struct err *err)
{
	struct config_origin *origin = &config->origins[key - config_keys];

	if (origin->file && str_eq(origin->file, file))
		return err_set(err, EINVAL, "means the same as %s on line %u; keep one of them",
			       origin->spelled, origin->line);
	free(origin->file);
	*origin = (struct config_origin){ .file = xstrdup(file),
					  .line = entry->line,
					  .spelled = config_spelling(entry->table, entry->key) };
	return 0;
}

static int apply_entry(struct config *config, const char *file, const struct toml_entry *entry,
		       struct err *err)
{
	const struct config_key *key = config_find_key(entry->table, entry->key);
	int r;

	if (!key) {
		strv_addf(&config->warnings, "%s:%u: [%s] %s: unknown key, ignored", file,
			  entry->line, entry->table, entry->key);
		return 0;
	}
	r = config_set(config, key, entry, err);
	if (r == 0)
		r = set_origin(config, file, key, entry, err);
	return r == 0 ? 0
		      : err_prefix(err, "%s:%u:%u: [%s] %s", file, entry->line, entry->column,
				   entry->table, entry->key);
}

/* Sections with somebody else's name are another program's, whose keys would be read in vain. */
static int check_sections(const char *file, const struct toml *toml, struct err *err)
{
	static const struct {
		const char *kind;
		const char *only;
	} sections[] = {
		{ "hypervisor.", "hypervisor.qemu" },
		{ "proxy.", "proxy.kata" },
		{ "shim.", "shim.kata" },
		{ "agent.", "agent.kata" },
	};

	for (char **table = toml->tables; table && *table; table++)
		for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
			if (str_starts(*table, sections[i].kind) &&
			    !str_eq(*table, sections[i].only))
				return err_set(err, EINVAL,
					       "%s: [%s] is not supported; use [%s] alone", file,
					       *table, sections[i].only);
	return 0;
}

int config_apply(struct config *config, const char *text, size_t len, const char *file,
		 struct err *err)
{
	CLEANUP(toml_free) struct toml *toml = NULL;
	int r;

	r = toml_parse(text, len, file, &toml, err);
	if (r < 0)
		return r;
	r = check_sections(file, toml, err);
	for (size_t i = 0; r == 0 && i < toml->n_entries; i++)
		r = apply_entry(config, file, &toml->entries[i], err);
	return r;
}

struct config *config_new(const char *path)
{
	struct config *config = xcalloc(1, sizeof(*config));
	size_t n = 0;

	config->path = xstrdup(path);
	while (config_keys[n].section)
		n++;
	config->origins = xcalloc(n, sizeof(*config->origins));
	config->hashes = xcalloc(n, sizeof(*config->hashes));
	for (size_t i = 0; i < n; i++)
		if (!config_keys[i].same_as)
			set_default(config, &config_keys[i]);
	return config;
}

/* "<file>:<line>: [section] key", where it was set, or with the name of the first file. */
static int wrong(const struct config *config, const char *section, const char *name,
		 const char *text, struct err *err)
{
	const struct config_origin *origin = config_origin(config, config_find_key(section, name));

	if (origin->file && origin->line > 0)
		return err_set(err, EINVAL, "%s:%u: [%s] %s: %s", origin->file, origin->line,
			       section, origin->spelled, text);
	if (origin->file)
		return err_set_as(err, ERR_ANNOTATION, EINVAL, "annotation %s: %s", origin->file,
				  text);
	return err_set(err, EINVAL, "%s: [%s] %s: %s", config->path, section, name, text);
}

/* What allows annotations has to be right before one comes. */
static int check_patterns(const struct config *config, struct err *err)
{
	char **patterns = config->hypervisor.enable_annotations;
	const struct config_key *list;

	for (char **pattern = patterns; pattern && *pattern; pattern++) {
		struct err why = { 0 };

		if (annotation_pattern_check(*pattern, &why) < 0)
			return wrong(config, "hypervisor.qemu", "enable_annotations", why.text,
				     err);
	}
	for (const struct config_key *key = config_keys; key->section; key++) {
		if (!key->paths)
			continue;
		list = config_find_key(key->section, key->paths);
		patterns = *(char ***)field((struct config *)(uintptr_t)config, list);
		for (char **pattern = patterns; pattern && *pattern; pattern++)
			if (**pattern != '/')
				return wrong(config, list->section, list->name,
					     "a pattern for paths begins with '/'", err);
	}
	return 0;
}

const char *config_image(const struct config *config)
{
	return str_empty(config->hypervisor.image) ? config->hypervisor.initrd
						   : config->hypervisor.image;
}

/* 0: nobody has said it, 1: a file, 2: an annotation. */
static int rank(const struct config *config, const char *name)
{
	const struct config_origin *origin =
		config_origin(config, config_find_key("hypervisor.qemu", name));

	return !origin || !origin->file ? 0 : origin->line > 0 ? 1 : 2;
}

/* Of an initrd and an image, what was said more expressly replaces the other. */
static int choose_image(struct config *config, struct err *err)
{
	bool initrd = !str_empty(config->hypervisor.initrd);
	bool image = !str_empty(config->hypervisor.image);
	int more = rank(config, "image") - rank(config, "initrd");

	if (!initrd && !image)
		return wrong(config, "hypervisor.qemu", "initrd",
			     "either initrd or image must name a file, and both are \"\"", err);
	if (!initrd || !image)
		return 0;
	if (more == 0)
		return wrong(config, "hypervisor.qemu", "image",
			     "having both an image and an initrd is not supported; set one of the "
			     "two to \"\"",
			     err);
	*(more > 0 ? config->hypervisor.initrd : config->hypervisor.image) = '\0';
	return 0;
}

/* A clone has the template's memory, device by device, and nothing else. */
static int check_template(const struct config *config, struct err *err)
{
	const struct {
		const char *name;
		bool set;
		const char *text;
	} keys[] = {
		{ "image", !str_empty(config->hypervisor.image),
		  "[factory] enable_template needs an initrd instead; set image to \"\"" },
		{ "file_mem_backend", !str_empty(config->hypervisor.file_mem_backend),
		  "[factory] enable_template has a file of its own for the memory; set it to "
		  "\"\"" },
		{ "enable_hugepages", config->hypervisor.enable_hugepages,
		  "[factory] enable_template makes clones of ordinary pages; set it to false" },
		{ "enable_mem_prealloc", config->hypervisor.enable_mem_prealloc,
		  "[factory] enable_template lets clones share what they do not change; set it "
		  "to false" },
		{ "enable_virtio_mem", config->hypervisor.enable_virtio_mem,
		  "[factory] enable_template makes clones without such a device; set it to "
		  "false" },
	};

	for (size_t i = 0; config->factory.enable_template && i < sizeof(keys) / sizeof(keys[0]);
	     i++)
		if (keys[i].set)
			return wrong(config, "hypervisor.qemu", keys[i].name, keys[i].text, err);
	return 0;
}

/* What needs something to be plugged in, or ACPI's tables of memory, of which it has none. */
static int check_microvm(const struct config *config, struct err *err)
{
	static const char later[] =
		"machine_type = \"microvm\" takes nothing more once it runs; set "
		"it to ";
	const struct {
		const char *section;
		const char *name;
		bool set;
		const char *instead;
	} keys[] = {
		{ "hypervisor.qemu", "enable_cpu_memory_hotplug",
		  config->hypervisor.enable_cpu_memory_hotplug, "false" },
		{ "runtime", "enable_cpu_memory_hotplug", config->runtime.enable_cpu_memory_hotplug,
		  "false" },
		{ "hypervisor.qemu", "enable_virtio_mem", config->hypervisor.enable_virtio_mem,
		  "false" },
		{ "hypervisor.qemu", "default_root_ports", config->hypervisor.root_ports > 0, "0" },
		{ "hypervisor.qemu", "default_bridges", config->hypervisor.bridges > 0, "0" },
		{ "hypervisor.qemu", "block_device_driver",
		  str_eq(config->hypervisor.block_device_driver, "nvdimm"), "\"virtio-scsi\"" },
		{ "hypervisor.qemu", "disable_image_nvdimm",
		  !str_empty(config->hypervisor.image) && !config->hypervisor.disable_image_nvdimm,
		  "true, for it has no nvdimm" },
		{ "netmon", "enable_netmon", config->netmon.enable_netmon, "false" },
		{ "factory", "vm_cache_number", config->factory.vm_cache_number > 0, "0" },
	};

	if (!str_eq(config->hypervisor.machine_type, "microvm"))
		return 0;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		CLEANUP(free) char *text = xasprintf("%s%s", later, keys[i].instead);

		if (keys[i].set)
			return wrong(config, keys[i].section, keys[i].name, text, err);
	}
	return 0;
}

static int check_cache(const struct config *config, struct err *err)
{
	if (config->factory.vm_cache_number == 0 || *config->factory.vm_cache_endpoint == '/')
		return 0;
	return wrong(config, "factory", "vm_cache_endpoint",
		     "vm_cache_number needs an absolute path here, for instance "
		     "/var/run/kata-containers/cache.sock",
		     err);
}

int config_check(struct config *config, struct err *err)
{
	int r = check_patterns(config, err);

	if (r == 0)
		r = choose_image(config, err);
	if (r == 0)
		r = check_template(config, err);
	if (r == 0)
		r = check_microvm(config, err);
	if (r == 0)
		r = check_cache(config, err);
	if (r < 0)
		return r;
	if (!str_eq(config->hypervisor.shared_fs, "virtio-fs"))
		return 0;
	if (str_empty(config->hypervisor.virtio_fs_daemon))
		return wrong(config, "hypervisor.qemu", "virtio_fs_daemon",
			     "empty; shared_fs = \"virtio-fs\" needs the path of virtiofsd, for "
			     "instance /usr/lib/qemu/virtiofsd",
			     err);
	if (config->hypervisor.virtio_fs_cache_size > 0)
		return wrong(config, "hypervisor.qemu", "virtio_fs_cache_size",
			     "must be 0 with shared_fs = \"virtio-fs\": QEMU has no DAX window "
			     "(cache-size) for it",
			     err);
	if (config->factory.enable_template)
		return wrong(config, "factory", "enable_template",
			     "clones have memory of their own, which virtiofsd cannot reach; set "
			     "[hypervisor.qemu] shared_fs = \"virtio-9p\", or enable_template = "
			     "false",
			     err);
	return 0;
}

int config_parse(const char *text, size_t len, const char *path, struct config **ret,
		 struct err *err)
{
	CLEANUP(config_free) struct config *config = config_new(path);
	int r;

	r = config_apply(config, text, len, path, err);
	if (r < 0)
		return r;
	r = config_check(config, err);
	if (r < 0)
		return r;
	*ret = take_ptr(config);
	return 0;
}
