/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/image.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

#define SECTOR       512u
#define NVDIMM_ALIGN (2u << 20) /* QEMU places it at such addresses */

#define PFN_SIGNATURE "NVDIMM_PFN_INFO" /* with its NUL */
#define PFN_OFFSET    4096
#define PFN_DATA      56 /* le64 dataoff */

#define MBR_FIRST    446 /* entries of 16 bytes */
#define MBR_TYPE     4
#define MBR_START    8 /* le32, in sectors */
#define MBR_MAGIC    510
#define MBR_TYPE_GPT 0xee
#define GPT_ENTRIES  (UINT64_C(2) * SECTOR)
#define GPT_START    32 /* le64 */

static bool read_at(int fd, uint64_t offset, void *data, size_t len)
{
	return offset < INT64_MAX - len && pread(fd, data, len, (off_t)offset) == (ssize_t)len;
}

static const char *fstype_at(int fd, uint64_t base)
{
	static const struct {
		const char *type;
		unsigned offset;
		size_t len;
		const char *magic;
	} kinds[] = {
		{ "ext4", 1024 + 0x38, 2, "\x53\xef" },
		{ "erofs", 1024, 4, "\xe2\xe1\xf5\xe0" },
		{ "squashfs", 0, 4, "hsqs" },
	};
	char found[4];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (read_at(fd, base + kinds[i].offset, found, kinds[i].len) &&
		    memcmp(found, kinds[i].magic, kinds[i].len) == 0)
			return kinds[i].type;
	return NULL;
}

/* Where the first partition begins, in bytes; 0 when there is none. */
static uint64_t first_partition(int fd, uint64_t base)
{
	uint8_t mbr[SECTOR];
	uint64_t start = 0;
	uint32_t sectors;

	if (!read_at(fd, base, mbr, sizeof(mbr)) || mbr[MBR_MAGIC] != 0x55 ||
	    mbr[MBR_MAGIC + 1] != 0xaa)
		return 0;
	if (mbr[MBR_FIRST + MBR_TYPE] == MBR_TYPE_GPT) {
		if (!read_at(fd, base + GPT_ENTRIES + GPT_START, &start, sizeof(start)))
			return 0;
		start = le64toh(start);
	} else {
		memcpy(&sectors, &mbr[MBR_FIRST + MBR_START], sizeof(sectors));
		start = le32toh(sectors);
	}
	return start < UINT64_MAX / 4 / SECTOR ? start * SECTOR : 0;
}

/* The kernel shows what lies behind the block and the space for its page structs. */
static uint64_t skip_pfn(int fd, bool *ret_there)
{
	char signature[sizeof(PFN_SIGNATURE)];
	uint64_t data = 0;

	*ret_there = read_at(fd, PFN_OFFSET, signature, sizeof(signature)) &&
		     memcmp(signature, PFN_SIGNATURE, sizeof(signature)) == 0 &&
		     read_at(fd, PFN_OFFSET + PFN_DATA, &data, sizeof(data));
	data = le64toh(data);
	return *ret_there && data < UINT64_MAX / 4 ? data : 0;
}

int image_read(const char *path, bool nvdimm, struct image *ret, struct err *err)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image image = { 0 };
	uint64_t base = 0;
	uint64_t start;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno_as(err, ERR_IMAGE, "%s", path);
	image.bytes = (uint64_t)st.st_size;
	if (nvdimm && image.bytes % NVDIMM_ALIGN != 0)
		return err_set_as(
			err, ERR_IMAGE, EINVAL,
			"%s has %llu bytes, as an nvdimm it needs a multiple of 2 MiB; enlarge "
			"it (truncate --size=%%2M), or set disable_image_nvdimm = true",
			path, (unsigned long long)image.bytes);
	if (nvdimm)
		base = skip_pfn(fd, &image.dax);
	image.fstype = fstype_at(fd, base);
	if (!image.fstype) {
		start = first_partition(fd, base);
		image.partition = start > 0;
		image.fstype = start > 0 ? fstype_at(fd, base + start) : NULL;
	}
	if (!image.fstype)
		return err_set_as(
			err, ERR_IMAGE, EINVAL,
			"%s is no file system that the guest can start from, nor has its first "
			"partition one: ext4, erofs, squashfs",
			path);
	*ret = image;
	return 0;
}

const char *image_device(const struct image *image, bool nvdimm)
{
	if (nvdimm)
		return image->partition ? "/dev/pmem0p1" : "/dev/pmem0";
	return image->partition ? "/dev/vda1" : "/dev/vda";
}
