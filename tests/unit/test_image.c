/* SPDX-License-Identifier: Apache-2.0 */
/* Files with nothing but the numbers that tell a file system. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "tests/unit/tmp.h"
#include "vm/image.h"

#define MIB2 ((off_t)2 << 20)

static char *path;
static int fd;
static struct err err;

/* An empty file of @size bytes. */
static void start(off_t size)
{
	free(path);
	path = tmp_path("image");
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	memset(&err, 0, sizeof(err));
}

static void put(off_t offset, const void *data, size_t len)
{
	assert_int_equal(pwrite(fd, data, len, offset), len);
}

static void put_mbr(off_t base, uint32_t start_sector)
{
	put(base + 446 + 4, "\x83", 1);
	put(base + 446 + 8, &start_sector, sizeof(start_sector));
	put(base + 510, "\x55\xaa", 2);
}

static void assert_image(bool nvdimm, const char *device, const char *fstype, bool dax)
{
	struct image image = { 0 };

	if (image_read(path, nvdimm, &image, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(image_device(&image, nvdimm), device);
	assert_string_equal(image.fstype, fstype);
	assert_int_equal(image.dax, dax);
	close(fd);
}

static void assert_refused(bool nvdimm, const char *text)
{
	struct image image = { 0 };

	assert_int_equal(image_read(path, nvdimm, &image, &err), -EINVAL);
	assert_non_null(strstr(err.text, text));
	close(fd);
}

TEST(a_file_system_alone_is_the_whole_device)
{
	start(MIB2);
	put(1024 + 0x38, "\x53\xef", 2);
	assert_image(true, "/dev/pmem0", "ext4", false);
	start(MIB2);
	put(1024, "\xe2\xe1\xf5\xe0", 4);
	assert_image(false, "/dev/vda", "erofs", false);
	start(MIB2);
	put(0, "hsqs", 4);
	assert_image(true, "/dev/pmem0", "squashfs", false);
}

TEST(a_file_system_in_the_first_partition_of_either_kind_of_table)
{
	uint64_t start_sector = 64;

	start(MIB2);
	put_mbr(0, 2048);
	put((1 << 20) + 1024 + 0x38, "\x53\xef", 2);
	assert_image(true, "/dev/pmem0p1", "ext4", false);
	start(MIB2);
	put_mbr(0, 1);
	put(446 + 4, "\xee", 1);
	put(1024 + 32, &start_sector, sizeof(start_sector));
	put(64 * 512 + 1024, "\xe2\xe1\xf5\xe0", 4);
	assert_image(false, "/dev/vda1", "erofs", false);
}

/* guest/image/build makes the first kind, the original's image builder the second. */
TEST(behind_a_pfn_block_memory_begins_where_it_says)
{
	uint64_t data = (uint64_t)MIB2;

	start(2 * MIB2);
	put(4096, "NVDIMM_PFN_INFO", 16);
	put(4096 + 56, &data, sizeof(data));
	put_mbr(0, (uint32_t)(MIB2 / 512));
	put(MIB2 + 1024 + 0x38, "\x53\xef", 2);
	assert_image(false, "/dev/vda1", "ext4", false);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_image(true, "/dev/pmem0", "ext4", true);

	start(3 * MIB2);
	put(4096, "NVDIMM_PFN_INFO", 16);
	put(4096 + 56, &data, sizeof(data));
	put_mbr(0, 3 * 2048);
	put_mbr(MIB2, 2048);
	put((3 << 20) + 1024 + 0x38, "\x53\xef", 2);
	assert_image(false, "/dev/vda1", "ext4", false);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_image(true, "/dev/pmem0p1", "ext4", true);
}

TEST(what_is_no_file_system_is_refused)
{
	uint64_t wild = UINT64_MAX;

	start(MIB2);
	assert_refused(true, "no file system that the guest can start from");
	start(100);
	assert_refused(false, "ext4, erofs, squashfs");
	start(MIB2);
	put_mbr(0, UINT32_MAX);
	assert_refused(true, "no file system");
	start(MIB2);
	put_mbr(0, 1);
	put(446 + 4, "\xee", 1);
	put(1024 + 32, &wild, sizeof(wild));
	put(4096, "NVDIMM_PFN_INFO", 16);
	put(4096 + 56, &wild, sizeof(wild));
	assert_refused(true, "no file system");
}

TEST(memory_has_whole_blocks_of_two_mebibytes)
{
	start(MIB2 + 4096);
	put(1024 + 0x38, "\x53\xef", 2);
	assert_refused(true, "2101248 bytes, as an nvdimm it needs a multiple of 2 MiB");
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_image(false, "/dev/vda", "ext4", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_file_system_alone_is_the_whole_device),
		TMP_TEST(a_file_system_in_the_first_partition_of_either_kind_of_table),
		TMP_TEST(behind_a_pfn_block_memory_begins_where_it_says),
		TMP_TEST(what_is_no_file_system_is_refused),
		TMP_TEST(memory_has_whole_blocks_of_two_mebibytes),
	};
	int r = cmocka_run_group_tests_name("image", tests, NULL, NULL);

	free(path);
	return r;
}
