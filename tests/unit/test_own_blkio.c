/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "oci/spec.h"
#include "sandbox/own_blkio.h"

#define DEVICE  "/tmp/test-own-blkio"
#define ENTRY   "{\"path\": \"" DEVICE "\", \"limits\": "
#define ALL(of) "{\"blkiocgroup\": [" of "]}"

static int make_device(void **state __attribute__((unused)))
{
	(void)unlink(DEVICE); /* of a run that was killed */
	return mknod(DEVICE, S_IFBLK | 0600, makedev(7, 3));
}

static int remove_device(void **state __attribute__((unused)))
{
	return unlink(DEVICE);
}

static void refused(const char *json, const char *wanted)
{
	struct oci_resources resources = { 0 };
	struct err err = { 0 };

	assert_int_equal(own_blkio_parse(json, &resources, &err), -EINVAL);
	assert_string_equal(err.text, wanted);
	oci_resources_done(&resources);
}

static void is(const struct oci_throttles *throttles, uint64_t rate)
{
	assert_int_equal(throttles->n, 1);
	assert_int_equal(throttles->devices[0].major, 7);
	assert_int_equal(throttles->devices[0].minor, 3);
	assert_int_equal(throttles->devices[0].rate, rate);
}

TEST(limits_of_a_device_and_a_weight)
{
	struct oci_resources resources = { 0 };
	struct err err = { 0 };
	int r = own_blkio_parse(
		ALL(ENTRY "[{\"type\": \"throttle_read_bps\", \"value\": 400},"
			  "{\"type\": \"throttle_write_bps\", \"value\": 18446744073709551615},"
			  "{\"type\": \"throttle_read_iops\", \"value\": 1},"
			  "{\"type\": \"throttle_write_iops\", \"value\": 2}]},"
			  "{\"limits\": [{\"type\": \"blkio_weight\", \"value\": 100}]}"),
		&resources, &err);

	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
	is(&resources.io_read_bps, 400);
	is(&resources.io_write_bps, UINT64_MAX);
	is(&resources.io_read_iops, 1);
	is(&resources.io_write_iops, 2);
	assert_int_equal(resources.io_weight, 100);
	oci_resources_done(&resources);
}

TEST(a_weight_has_its_range)
{
	struct oci_resources resources = { 0 };
	struct err err = { 0 };

	assert_int_equal(own_blkio_parse(ALL("{\"path\": \"\", \"limits\": [{\"type\": "
					     "\"blkio_weight\", \"value\": 1000}]}"),
					 &resources, &err),
			 0);
	assert_int_equal(resources.io_weight, 1000);
	oci_resources_done(&resources);
	refused(ALL("{\"limits\": [{\"type\": \"blkio_weight\", \"value\": 9}]}"),
		"blkiocgroup[0].limits[0].value: 9 is out of range, allowed is 10 to 1000");
	refused(ALL("{\"limits\": [{\"type\": \"blkio_weight\", \"value\": 1001}]}"),
		"blkiocgroup[0].limits[0].value: 1001 is out of range, allowed is 10 to 1000");
	refused(ALL("{\"limits\": [{\"type\": \"blkio_weight\", \"value\": 10}]},"
		    "{\"limits\": [{\"type\": \"blkio_weight\", \"value\": 10}]}"),
		"blkiocgroup[1].limits[0].type: blkio_weight is there twice");
	refused(ALL("{\"limits\": [{\"type\": \"blkio_leaf_weight\", \"value\": 10}]}"),
		"blkiocgroup[0].limits[0].type: blkio_leaf_weight is not supported");
}

TEST(what_is_wrong_has_its_place)
{
	refused("{}", "blkiocgroup: 0 elements, allowed are 1 to 64");
	refused(ALL("{\"limits\": []}"), "blkiocgroup[0].limits: 0 elements, allowed are 1 to 8");
	refused(ALL("{\"path\": \"/dev/null\", \"limits\": []}"),
		"blkiocgroup[0].path: '/dev/null' is not a block device");
	refused(ALL("{\"path\": \"no\\nsuch\", \"limits\": []}"),
		"blkiocgroup[0].path: 'no?such' is not a block device");
	refused(ALL("{\"limits\": [{\"type\": \"throttle_read_bps\", \"value\": 4}]}"),
		"blkiocgroup[0].limits[0].type: 'throttle_read_bps' without a path, allowed is "
		"blkio_weight");
	refused(ALL(ENTRY "[{\"type\": \"blkio_weight\", \"value\": 400}]}"),
		"blkiocgroup[0].limits[0].type: 'blkio_weight' of a device, allowed are "
		"throttle_read_bps, throttle_write_bps, throttle_read_iops, throttle_write_iops");
	refused(ALL(ENTRY "[{\"value\": 400}]}"),
		"blkiocgroup[0].limits[0].type: '' of a device, allowed are "
		"throttle_read_bps, throttle_write_bps, throttle_read_iops, throttle_write_iops");
	refused(ALL(ENTRY "[{\"type\": \"throttle_read_bps\"}]}"),
		"blkiocgroup[0].limits[0].value: missing or 0, allowed is 1 and more");
	refused(ALL(ENTRY "[{\"type\": \"throttle_read_bps\", \"value\": 4},"
			  "{\"type\": \"throttle_read_bps\", \"value\": 5}]}"),
		"blkiocgroup[0].limits[1].type: throttle_read_bps is there twice for this device");
}

TEST(wrong_json_is_refused)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{\"blkiocgroup\": {}}",
		ALL("1"),
		ALL("{\"limits\": [1]}"),
		ALL("{\"path\": 1}"),
		ALL("{\"limits\": [{\"type\": 1}]}"),
		ALL(ENTRY "[{\"type\": \"throttle_read_bps\", \"value\": -1}]}"),
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct oci_resources resources = { 0 };
		struct err err = { 0 };

		assert_int_equal(own_blkio_parse(texts[i], &resources, &err), -EINVAL);
		assert_string_not_equal(err.text, "");
		oci_resources_done(&resources);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_of_a_device_and_a_weight),
		cmocka_unit_test(a_weight_has_its_range),
		cmocka_unit_test(what_is_wrong_has_its_place),
		cmocka_unit_test(wrong_json_is_refused),
	};

	return cmocka_run_group_tests_name("own_blkio", tests, make_device, remove_device);
}
