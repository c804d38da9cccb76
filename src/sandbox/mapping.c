/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "sandbox/internal.h"
#include "sandbox/paths.h"

int mapping_find(const char *cid, char **ret_sid, struct err *err)
{
	CLEANUP(free) char *path = paths_mapping(cid);
	DIR *dir = opendir(path);
	struct dirent *entry;
	char *sid = NULL;

	while (dir && !sid && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			sid = xstrdup(entry->d_name);
	if (dir)
		closedir(dir);
	if (!sid)
		return err_set(err, ENOENT, "container ID (%s) does not exist", cid);
	*ret_sid = sid;
	return 0;
}

int mapping_add(const char *cid, const char *sid, struct err *err)
{
	CLEANUP(free) char *mapping = paths_mapping(cid);
	CLEANUP(free) char *path = xasprintf("%s/%s", mapping, sid);

	return mkdir_p(path, 0700, err);
}

int mapping_remove(const char *cid, struct err *err)
{
	CLEANUP(free) char *path = paths_mapping(cid);

	return rm_tree(path, err);
}
