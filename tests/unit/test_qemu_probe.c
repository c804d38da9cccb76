/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "hypervisor/qemu_probe.h"

TEST(the_version_is_a_number_that_can_be_compared)
{
	assert_int_equal(qemu_version_number("QEMU emulator version 7.2.22 (Debian 1:7.2)"), 702);
	assert_int_equal(qemu_version_number("QEMU emulator version 10.0.0"), 1000);
	assert_int_equal(qemu_version_number("QEMU emulator version x"), 0);
	assert_int_equal(qemu_version_number("busybox"), 0);
	assert_int_equal(qemu_version_number(""), 0);
}

TEST(devices_and_machines_are_found_in_the_help)
{
	static const char devices[] = "Storage devices:\nname \"nvme\", bus PCI\n"
				      "name \"virtio-blk-pci\", bus PCI\n";
	static const char machines[] =
		"Supported machines are:\nmicrovm              microvm (i386)\n"
		"pc                   Standard PC\nq35                  Standard\n";

	assert_true(qemu_help_has(devices, "virtio-blk-pci"));
	assert_false(qemu_help_has(devices, "virtio-blk"));
	assert_false(qemu_help_has(devices, "virtio-scsi-pci"));
	assert_true(qemu_help_has(machines, "q35"));
	assert_true(qemu_help_has(machines, "pc"));
	assert_false(qemu_help_has(machines, "q3"));
	assert_false(qemu_help_has("", "pc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_version_is_a_number_that_can_be_compared),
		cmocka_unit_test(devices_and_machines_are_found_in_the_help),
	};

	return cmocka_run_group_tests_name("qemu_probe", tests, NULL, NULL);
}
