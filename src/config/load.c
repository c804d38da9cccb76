/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a configuration: one, and those that an administrator puts beside it. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "config/internal.h"

const char *const config_default_paths[] = {
	"/etc/kata-containers/configuration.toml",
	"/usr/share/defaults/kata-containers/configuration.toml",
	NULL,
};

static const char *find_file(void)
{
	for (const char *const *path = config_default_paths; *path; path++)
		if (access(*path, F_OK) == 0)
			return *path;
	return NULL;
}

static int apply_file(struct config *config, const char *path, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	size_t len = 0;
	int r;

	r = file_read(path, CONFIG_FILE_MAX, &text, &len, err);
	if (r < 0)
		return err_prefix(err, "configuration");
	return config_apply(config, text, len, path, err);
}

/* Editors leave "name~", packagers "name.toml.dpkg-old": neither is read. */
static int is_drop_in(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > strlen(".toml") &&
	       str_eq(entry->d_name + len - strlen(".toml"), ".toml");
}

/* In the order of their bytes, whatever the locale is. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int apply_drop_ins(struct config *config, const char *folder, struct err *err)
{
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, is_drop_in, by_name);
	int r = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : err_errno(err, "configuration: %s", folder);
	if ((unsigned)n > CONFIG_DROP_INS_MAX)
		r = err_set(err, E2BIG, "configuration: %s has %d files, allowed are %u", folder, n,
			    CONFIG_DROP_INS_MAX);
	for (int i = 0; i < n; i++) {
		if (r == 0) {
			strv_addf(&config->drop_ins, "%s/%s", folder, entries[i]->d_name);
			r = apply_file(config, config->drop_ins[strv_len(config->drop_ins) - 1],
				       err);
		}
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int load(const char *path, struct config **ret, struct err *err)
{
	CLEANUP(config_free) struct config *config = NULL;
	CLEANUP(free) char *folder = NULL;
	int r;

	if (!path)
		path = find_file();
	if (!path)
		return err_set_as(err, ERR_CONFIG_MISSING, ENOENT,
				  "no configuration file: neither %s nor %s exists; name one with "
				  "--kata-config",
				  config_default_paths[0], config_default_paths[1]);
	config = config_new(path);
	folder = xasprintf("%.*sconfig.d", (int)(path_base(path) - path), path);
	r = apply_file(config, path, err);
	if (r < 0)
		return r;
	r = apply_drop_ins(config, folder, err);
	if (r < 0)
		return r;
	r = config_check(config, err);
	if (r < 0)
		return r;
	*ret = take_ptr(config);
	return 0;
}

int config_load(const char *path, struct config **ret, struct err *err)
{
	int r = load(path, ret, err);

	return r < 0 ? err_tag(err, r == -ENOENT ? ERR_CONFIG_MISSING : ERR_CONFIG) : r;
}
