/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/vhost_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"

bool vhost_store_has(const struct config *config, dev_t dev)
{
	return config->hypervisor.enable_vhost_user_store &&
	       (major(dev) == VHOST_STORE_BLK || major(dev) == VHOST_STORE_SCSI);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The name of the device file with that number; owned, NULL without one. */
static char *name_of(const char *path, dev_t dev)
{
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct stat st;

		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISBLK(st.st_mode) && st.st_rdev == dev)
			return xstrdup(entry->d_name);
	}
	return NULL;
}

int vhost_store_find(const struct config *config, dev_t dev, enum plug_driver *ret_driver,
		     char **ret_socket, struct err *err)
{
	const char *store = config->hypervisor.vhost_user_store_path;
	CLEANUP(free) char *devices = xasprintf("%s/block/devices", store);
	CLEANUP(free) char *socket = NULL;
	CLEANUP(free) char *name = NULL;
	struct stat st;

	if (!vhost_store_has(config, dev))
		return 0;
	name = name_of(devices, dev);
	if (!name)
		return err_set_as(
			err, ERR_DEVICE, ENODEV,
			"no device file in %s has the number %u:%u; see [hypervisor.qemu] "
			"vhost_user_store_path",
			devices, major(dev), minor(dev));
	socket = xasprintf("%s/block/sockets/%s", store, name);
	if (stat(socket, &st) < 0)
		return err_errno_as(err, ERR_DEVICE, "the socket of the vhost-user device %s: %s",
				    name, socket);
	if (!S_ISSOCK(st.st_mode))
		return err_set_as(err, ERR_DEVICE, ENOTSOCK,
				  "the vhost-user device %s: %s is not a socket", name, socket);
	*ret_driver = major(dev) == VHOST_STORE_SCSI ? PLUG_VHOST_USER_SCSI : PLUG_VHOST_USER_BLK;
	*ret_socket = take_ptr(socket);
	return 1;
}
