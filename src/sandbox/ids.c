/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "sandbox/paths.h"
#include "sandbox/sandbox.h"

#define ID_FULL_LEN 64u /* what engines use: never a prefix of another */

int id_check(const char *id, struct err *err)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
		"_.+-";
	size_t len = strlen(id);

	if (len == 0)
		return err_set_as(err, ERR_ID, EINVAL,
				  "container id: empty, 1 to %u characters are allowed", ID_MAX);
	if (len > ID_MAX)
		return err_set_as(
			err, ERR_ID, EINVAL,
			"container id: %zu characters, 1 to %u are allowed (it names files)", len,
			ID_MAX);
	if (strspn(id, letters) != len || *id == '.' || *id == '-')
		return err_set_as(
			err, ERR_ID, EINVAL,
			"container id '%.64s': letters, digits and _ . + - are allowed, the "
			"first a letter, a digit, _ or +",
			id);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names below @path, sorted; none when there is no such directory. */
static int list_dir(const char *path, char ***ret, struct err *err)
{
	CLEANUP(strv_free) char **names = xcalloc(2, sizeof(char *));
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir && errno != ENOENT)
		return err_errno(err, "open %s", path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			strv_add(&names, entry->d_name);
	if (dir)
		closedir(dir);
	qsort(names, strv_len(names), sizeof(char *), compare);
	*ret = take_ptr(names);
	return 0;
}

int id_list(char ***ret, struct err *err)
{
	CLEANUP(free) char *path = paths_mappings();

	return list_dir(path, ret, err);
}

int id_resolve(const char *prefix, char **ret, struct err *err)
{
	CLEANUP(free) char *sandbox = NULL;
	CLEANUP(strv_free) char **ids = NULL;
	const char *found = NULL;
	int r;

	r = id_check(prefix, err);
	if (r < 0)
		return r;
	r = id_list(&ids, err);
	if (r < 0)
		return r;
	assert(ids);
	sandbox = paths_sandbox(prefix);
	/* A sandbox that a crash has left unregistered is meant rather than a longer id. */
	if (strv_contains(ids, prefix) || access(sandbox, F_OK) == 0) {
		*ret = xstrdup(prefix);
		return 0;
	}
	for (char **id = ids; *id && strlen(prefix) < ID_FULL_LEN; id++) {
		if (!str_starts(*id, prefix))
			continue;
		if (found)
			return err_set_as(
				err, ERR_ID, ENOTUNIQ,
				"multiple containers found (%s): %s and %s; give more of the id",
				prefix, found, *id);
		found = *id;
	}
	if (!found)
		return err_set_as(err, ERR_CONTAINER_UNKNOWN, ENOENT,
				  "container ID (%s) does not exist", prefix);
	*ret = xstrdup(found);
	return 0;
}
