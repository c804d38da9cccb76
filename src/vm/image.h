/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - a disk image with a guest's root file system: what is where in the file */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;

/* Of a view on the file: as memory (nvdimm) the kernel skips what stands before it for DAX. */
struct image {
	uint64_t bytes;
	const char *fstype; /* "ext4", "erofs", "squashfs" */
	bool partition;     /* it is in the first partition, not in the whole of it */
	bool dax;           /* it has a PFN info block: files can be mapped without a copy */
};

/*
 * Reads the beginning of @path. -EINVAL: it is no file system that we know, nor has
 * one in its first partition; or, @nvdimm, its size is not a multiple of 2 MiB.
 * Sources: Linux, fs/ext4/ext4.h, erofs_fs.h, squashfs_fs.h, drivers/nvdimm/pfn.h.
 */
int image_read(const char *path, bool nvdimm, struct image *ret, struct err *err);

/* The device that the kernel mounts: "/dev/pmem0", "/dev/vda1", … */
const char *image_device(const struct image *image, bool nvdimm);
