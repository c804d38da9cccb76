/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/device_wait.h"
#include "agent/pci.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/tmp.h"

static struct err err;

static void make(const char *name)
{
	CLEANUP(free) char *path = tmp_path("%s", name);

	assert_int_equal(mkdir_p(path, 0755, &err), 0);
}

/* A root port at 10.3 with a NIC behind it, a disk on the root bus, and a card that is not virtio.
 */
static void make_tree(void)
{
	make("0000:00:10.3/pci_bus/0000:05");
	make("0000:05:00.0/virtio4/net/eth1");
	make("0000:00:1a.0/virtio2/block/vda");
	make("0000:00:02.0/net/eth0");
	make("0000:00:10.4/pci_bus");
}

static void assert_found(const char *path, const char *class, const char *wanted)
{
	CLEANUP(free) char *name = NULL;

	assert_int_equal(pci_find(tmp, path, class, &name, &err), wanted ? 1 : 0);
	if (wanted)
		assert_string_equal(name, wanted);
	else
		assert_null(name);
}

TEST(a_device_is_found_behind_its_port)
{
	make_tree();
	assert_found("10.3/00", "net", "eth1");
	assert_found("10.3/00.0", "net", "eth1");
	assert_found("1a.0", "block", "vda");
	assert_found("1A", "block", "vda");
	assert_found("02", "net", "eth0");
}

TEST(a_disk_is_found_behind_its_own_controller)
{
	CLEANUP(free) char *name = NULL;

	make_tree();
	make("0000:00:12.0/virtio7/host3/scsi_host/host3");
	make("0000:00:12.0/virtio7/host3/target3:0:1/power");
	assert_int_equal(pci_find_scsi_disk(tmp, "12.0", &name, &err), 0);
	make("0000:00:12.0/virtio7/host3/target3:0:1/3:0:1:0/block/sdb");
	assert_int_equal(pci_find_scsi_disk(tmp, "12.0", &name, &err), 1);
	assert_string_equal(name, "sdb");
	free(take_ptr(name));
	assert_int_equal(pci_find_scsi_disk(tmp, "13.0", &name, &err), 0);
	assert_int_equal(pci_find_scsi_disk(tmp, "1a.0", &name, &err), 0);
}

TEST(what_is_not_there_may_still_come)
{
	make_tree();
	assert_found("10.3/00", "block", NULL);
	assert_found("10.3/01", "net", NULL);
	assert_found("10.4/00", "net", NULL);
	assert_found("10.5/00", "net", NULL);
	assert_found("02/00", "net", NULL);
}

TEST(what_is_no_path_is_refused)
{
	static const char *const paths[] = {
		"",        "/",     "20",     "10.8",   "10.",        "x",
		"10.3/..", "100.0", "10.3.0", "10.3 0", "../10.3/00", "1/1/1/1/1/1/1/1/1"
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		CLEANUP(free) char *name = NULL;
		CLEANUP(free)
		char *wanted = xasprintf("'%s' is not a PCI path such as 10.3/00", paths[i]);

		if (pci_find(tmp, paths[i], "net", &name, &err) != -EINVAL)
			fail_msg("%s", paths[i]);
		assert_string_equal(err.text, wanted);
	}
}

TEST(durations)
{
	static const char *const bad[] = { "", "0s", "10", "s", "-1s", "1x", "1s2", "1 s", "1.5s" };
	uint64_t ms = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(device_timeout_parse(bad[i], &ms), -EINVAL);
	assert_int_equal(ms, 7);
	assert_int_equal(device_timeout_parse("10s", &ms), 0);
	assert_int_equal(ms, 10000);
	assert_int_equal(device_timeout_parse("1h1m30s250ms", &ms), 0);
	assert_int_equal(ms, 3690250);
	assert_int_equal(device_timeout_parse("999999999h", &ms), 0);
	assert_int_equal(ms, 86400000);
}

static int look_for_nothing(void *data, struct err *error __attribute__((unused)))
{
	++*(int *)data;
	return 0;
}

static int look_once(void *data, struct err *error)
{
	return ++*(int *)data == 1 ? err_set(error, EINVAL, "no path") : 0;
}

TEST(waiting_ends_with_the_deadline_and_with_an_error)
{
	int looks = 0;

	assert_int_equal(device_wait("10.3/00", look_for_nothing, &looks, 30, &err), -ETIMEDOUT);
	assert_string_equal(err.text, "timeout reached after 30 ms waiting for device 10.3/00");
	assert_true(looks >= 1);
	looks = 0;
	assert_int_equal(device_wait("x", look_once, &looks, 60000, &err), -EINVAL);
	assert_string_equal(err.text, "no path");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_device_is_found_behind_its_port),
		TMP_TEST(a_disk_is_found_behind_its_own_controller),
		TMP_TEST(what_is_not_there_may_still_come),
		TMP_TEST(what_is_no_path_is_refused),
		cmocka_unit_test(durations),
		cmocka_unit_test(waiting_ends_with_the_deadline_and_with_an_error),
	};

	return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
