/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "agent/container/devices.h"
#include "agent/container/sysctl.h"
#include "base/err.h"
#include "base/str.h"
#include "oci/check.h"
#include "oci/spec.h"
#include "tests/unit/tmp.h"

static struct oci_device_rule rules[4];
static struct oci_spec spec;
static struct err err;

static void use_rules(size_t n)
{
	spec = (struct oci_spec){ 0 };
	spec.resources.device_rules = rules;
	spec.resources.n_device_rules = n;
}

TEST(only_a_rule_for_everything_is_privileged)
{
	use_rules(0);
	assert_false(oci_allows_all_devices(&spec.resources));
	rules[0] = (struct oci_device_rule){ true, 'a', "rwm", -1, -1 };
	use_rules(1);
	assert_true(oci_allows_all_devices(&spec.resources));
	rules[0].access[1] = '\0';
	assert_false(oci_allows_all_devices(&spec.resources));
	rules[0] = (struct oci_device_rule){ true, 'a', "rwm", 1, -1 };
	assert_false(oci_allows_all_devices(&spec.resources));
}

TEST(block_and_character_together_are_everything)
{
	rules[0] = (struct oci_device_rule){ false, 'a', "rwm", -1, -1 };
	rules[1] = (struct oci_device_rule){ true, 'b', "mwr", -1, -1 };
	rules[2] = (struct oci_device_rule){ true, 'c', "rwm", -1, -1 };
	use_rules(2);
	assert_false(oci_allows_all_devices(&spec.resources));
	use_rules(3);
	assert_true(oci_allows_all_devices(&spec.resources));
}

TEST(a_later_rule_that_denies_makes_it_unprivileged)
{
	rules[0] = (struct oci_device_rule){ true, 'a', "rwm", -1, -1 };
	rules[1] = (struct oci_device_rule){ false, 'b', "w", 8, 0 };
	use_rules(2);
	assert_false(oci_allows_all_devices(&spec.resources));
}

TEST(the_rules_of_an_ordinary_container_are_not_privileged)
{
	rules[0] = (struct oci_device_rule){ false, 'a', "rwm", -1, -1 };
	rules[1] = (struct oci_device_rule){ true, 'c', "m", -1, -1 };
	rules[2] = (struct oci_device_rule){ true, 'b', "m", -1, -1 };
	rules[3] = (struct oci_device_rule){ true, 'c', "rwm", 1, 3 };
	use_rules(4);
	assert_false(oci_allows_all_devices(&spec.resources));
}

static void make(const char *name, mode_t mode, dev_t rdev)
{
	CLEANUP(free) char *path = tmp_path("%s", name);

	if (mknod(path, mode, rdev) < 0)
		require(errno != EPERM);
}

static const struct device *find(const struct device_list *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->items[i].path, path))
			return &list->items[i];
	return NULL;
}

/* CVE-2020-2023. */
TEST(the_devices_of_the_guest_are_all_but_its_disks)
{
	const dev_t denied[] = { makedev(254, 0) };
	struct device_list list = { 0 };
	CLEANUP(free) char *sub = tmp_path("net");
	CLEANUP(free) char *pts = tmp_path("pts");

	assert_int_equal(mkdir(sub, 0755) + mkdir(pts, 0755), 0);
	make("disk", S_IFBLK | 0600, makedev(254, 0));
	make("alias", S_IFBLK | 0600, makedev(254, 0));
	make("other", S_IFBLK | 0640, makedev(254, 16));
	make("same-numbers", S_IFCHR | 0600, makedev(254, 0));
	make("net/tun", S_IFCHR | 0666, makedev(10, 200));
	make("pts/0", S_IFCHR | 0600, makedev(136, 0));
	make("console", S_IFCHR | 0600, makedev(5, 1));
	tmp_write("file", "");
	assert_int_equal(devices_of_guest(tmp, denied, 1, &list, &err), 0);
	assert_int_equal(list.n, 3);
	assert_non_null(find(&list, "/dev/net/tun"));
	assert_non_null(find(&list, "/dev/same-numbers"));
	assert_int_equal(find(&list, "/dev/other")->mode & 07777, 0640);
	devices_done(&list);
}

TEST(a_disk_of_the_guest_cannot_be_asked_for)
{
	const dev_t denied[] = { makedev(254, 0) };
	struct oci_device device = { (char[]){ "/dev/x" }, (char[]){ "b" }, 254, 0, 0600, 0, 0 };
	struct oci_spec with = { .devices = &device, .n_devices = 1 };
	struct device_list list = { 0 };

	assert_int_equal(devices_list(&with, denied, 1, &list, &err), -EPERM);
	assert_string_equal(err.text, "device /dev/x: 254:0 is a disk of the guest itself");
	devices_done(&list);
}

static int list_one(char *type, int64_t major, int64_t minor)
{
	struct oci_device device = { (char[]){ "/dev/x" }, type, major, minor, 0600, 0, 0 };
	struct oci_spec with = { .devices = &device, .n_devices = 1 };
	struct device_list list = { 0 };
	int r = devices_list(&with, NULL, 0, &list, &err);

	devices_done(&list);
	return r;
}

/* They come over the wire too, where no parser of JSON has looked at them. */
TEST(an_entry_that_is_no_device_is_refused)
{
	assert_int_equal(list_one((char[]){ "q" }, 1, 3), -EINVAL);
	assert_string_equal(err.text, "device /dev/x: type 'q' is not c, b, u or p");
	assert_int_equal(list_one((char[]){ "" }, 1, 3), -EINVAL);
	assert_int_equal(list_one((char[]){ "c" }, 4096, 0), -EINVAL);
	assert_string_equal(err.text, "device /dev/x: 4096:0 is not within 0:0 and 4095:1048575");
	assert_int_equal(list_one((char[]){ "b" }, 1, -1), -EINVAL);
	assert_int_equal(list_one((char[]){ "p" }, -1, -1), 0);
	assert_int_equal(list_one((char[]){ "u" }, 1, 3), 0);
	assert_int_equal(list_one((char[]){ "u" }, 4095, 1048575), -ENODEV);
	assert_non_null(strstr(err.text, "(character 4095:1048575): the guest has no such device"));
}

TEST(keys_of_sysctl_are_files)
{
	static const char *const cases[][2] = {
		{ "net.ipv4.ip_forward", "net/ipv4/ip_forward" },
		{ "net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding" },
		{ "net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding" },
		{ "kernel", "kernel" },
	};
	static const char *const bad[] = {
		"",          ".",       "net..ipv4",        "net/../kernel/sem",
		"net.ipv4.", "net/./x", "/net/x",           "net//x",
		"../x",      "net/..",  "net.//.kernel.sem"
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(free) char *file = sysctl_file(cases[i][0]);

		assert_string_equal(file, cases[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(sysctl_file(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_rule_for_everything_is_privileged),
		cmocka_unit_test(block_and_character_together_are_everything),
		cmocka_unit_test(a_later_rule_that_denies_makes_it_unprivileged),
		cmocka_unit_test(the_rules_of_an_ordinary_container_are_not_privileged),
		TMP_TEST(the_devices_of_the_guest_are_all_but_its_disks),
		cmocka_unit_test(a_disk_of_the_guest_cannot_be_asked_for),
		cmocka_unit_test(an_entry_that_is_no_device_is_refused),
		cmocka_unit_test(keys_of_sysctl_are_files),
	};

	return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
