/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/storage.h"

#include <errno.h>
#include <fcntl.h>

#include "agent/container/mount.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/str.h"
#include "oci/mount_options.h"

/* Kata's names; the file system comes with the request. */
static const char *const drivers[] = { "9p", "virtio-fs", "ephemeral", NULL };

int storage_check(const Grpc__Storage *storage, struct err *err)
{
	if (!strv_contains((char *const *)(uintptr_t)drivers, storage->driver))
		return err_set(err, ENOSYS,
			       "storage driver '%.32s' is not one of 9p, virtio-fs, ephemeral",
			       storage->driver);
	if (storage->mount_point[0] != '/')
		return err_set(err, EINVAL, "storage: mount point '%.128s' is not absolute",
			       storage->mount_point);
	return 0;
}

int storage_mount(const Grpc__Storage *storage, struct err *err)
{
	__attribute__((cleanup(mount_options_done))) struct mount_options options = { 0 };
	CLEANUP(strv_free) char **words = NULL;
	CLEANUP(close) int mount_fd = -1;
	CLEANUP(close) int target = -1;
	int r;

	for (size_t i = 0; i < storage->n_options; i++)
		strv_add(&words, storage->options[i]);
	r = mount_options_parse(words, &options, err);
	if (r == 0)
		r = mkdir_p(storage->mount_point, 0755, err);
	if (r == 0)
		r = mount_new(storage->fstype, storage->source, options.data, options.attr_set,
			      &mount_fd, err);
	if (r < 0)
		return err_prefix_as(err, ERR_SHARE, "storage %s", storage->mount_point);
	target = open(storage->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target < 0)
		return err_errno_as(err, ERR_SHARE, "storage %s", storage->mount_point);
	return mount_attach(mount_fd, target, err);
}
