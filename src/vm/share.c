/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/share.h"

#include <stdlib.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/mem.h"

int share_dir_make(const char *dir, struct err *err)
{
	CLEANUP(free) char *mounts = xasprintf("%s/" SHARE_MOUNTS, dir);
	CLEANUP(free) char *export = xasprintf("%s/" SHARE_EXPORT, dir);
	int r;

	r = mkdir_p(mounts, 0700, err);
	if (r == 0)
		r = mkdir_p(export, 0700, err);
	if (r == 0)
		r = fault_point("share directories", err);
	if (r < 0)
		return r;
	if (mount(mounts, mounts, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, mounts, NULL, MS_SHARED, NULL) < 0)
		return err_errno(err, "mount %s", mounts);
	r = fault_point("share mounts", err);
	if (r < 0)
		return r;
	if (mount(mounts, export, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, export, NULL, MS_SLAVE, NULL) < 0 ||
	    mount(NULL, export, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NODEV | MS_NOSUID,
		  NULL) < 0)
		return err_errno(err, "mount %s", export);
	return fault_point("share export", err);
}

int share_dir_remove(const char *dir, struct err *err)
{
	int r = unmount_tree(dir, err);

	return r < 0 ? r : rm_tree(dir, err);
}
