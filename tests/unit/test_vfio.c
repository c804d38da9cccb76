/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/fake_sysfs.h"
#include "vfio/bind.h"
#include "vfio/memlock.h"

#define NIC    "0000:01:00.0"
#define AUDIO  "0000:01:00.1"
#define PORT   "0000:00:01.0"
#define NVME   "0000:02:00.0"
#define UUID   "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define BRIDGE "0x060400"

static struct err err;
static struct sysfs sysfs;

/* A card of two functions behind a bridge, in group 12; an NVMe drive alone in 13. */
static void make_tree(void)
{
	sysfs = fake_sysfs();
	fake_device(PORT, 12, BRIDGE, "pcieport");
	fake_device(NIC, 12, "0x020000", "i40e");
	fake_device(AUDIO, 12, "0x040300", "snd_hda_intel");
	fake_device(NVME, 13, "0x010802", "nvme");
	fake_driver("vfio-pci");
}

static void for_vfio(const char *device)
{
	fake_unbind(device);
	fake_bind(device, "vfio-pci");
}

static void assert_no_override(const char *device)
{
	CLEANUP(free)
	char *text = fake_read(tmp_path("bus/pci/devices/%s/driver_override", device));

	assert_string_equal(text, "(null)");
}

TEST(a_group_is_all_of_its_devices_but_bridges)
{
	struct vfio_group group = { 0 };

	make_tree();
	assert_int_equal(vfio_group_read(&sysfs, 12, &group, &err), 0);
	assert_int_equal(group.number, 12);
	assert_int_equal(group.n, 2);
	assert_string_equal(group.devices[0].name, NIC);
	assert_string_equal(group.devices[1].name, AUDIO);
	assert_false(group.devices[0].mediated);
}

TEST(a_group_with_a_device_that_the_host_uses_is_refused)
{
	struct vfio_group group = { 0 };

	make_tree();
	for_vfio(NIC);
	assert_int_equal(vfio_group_read(&sysfs, 12, &group, &err), 0);
	assert_int_equal(vfio_group_check(&sysfs, &group, &err), -EBUSY);
	assert_string_equal(err.text,
			    "device " AUDIO
			    " (8086:1572) of IOMMU group 12 has the driver snd_hda_intel, not "
			    "vfio-pci: all devices of a group go together; modprobe vfio-pci, and "
			    "driverctl set-override " AUDIO " vfio-pci");
	fake_unbind(AUDIO);
	assert_int_equal(vfio_group_check(&sysfs, &group, &err), -EBUSY);
	assert_non_null(strstr(err.text, "has no driver, not vfio-pci"));
	for_vfio(AUDIO);
	assert_int_equal(vfio_group_check(&sysfs, &group, &err), 0);
}

TEST(without_an_iommu_the_error_says_what_to_do)
{
	struct vfio_group group = { 0 };

	sysfs = fake_sysfs();
	assert_int_equal(vfio_group_read(&sysfs, 12, &group, &err), -ENODEV);
	assert_string_equal(err.text,
			    "this host has no IOMMU in use, without which no device can be given "
			    "to a virtual machine: switch VT-d or AMD-Vi on in its firmware and, "
			    "on Intel, boot it with intel_iommu=on");
	make_tree();
	assert_int_equal(vfio_group_read(&sysfs, 99, &group, &err), -ENODEV);
	assert_string_equal(err.text, "the host has no IOMMU group 99; /sys/kernel/iommu_groups "
				      "lists those that there are");
}

TEST(a_group_of_bridges_is_none)
{
	struct vfio_group group = { 0 };

	sysfs = fake_sysfs();
	fake_device(PORT, 3, BRIDGE, "pcieport");
	assert_int_equal(vfio_group_read(&sysfs, 3, &group, &err), -ENODEV);
	assert_string_equal(err.text, "IOMMU group 3 holds no device for a guest");
}

TEST(a_group_has_at_most_32_devices)
{
	struct vfio_group group = { 0 };

	sysfs = fake_sysfs();
	for (unsigned i = 0; i < VFIO_DEVICES_MAX; i++) {
		CLEANUP(free) char *address = xasprintf("0000:05:%02x.0", i);

		fake_device(address, 5, "0x020000", "");
	}
	fake_device(PORT, 5, BRIDGE, "pcieport");
	assert_int_equal(vfio_group_read(&sysfs, 5, &group, &err), 0);
	assert_int_equal(group.n, VFIO_DEVICES_MAX);
	fake_device(NVME, 5, "0x010802", "");
	assert_int_equal(vfio_group_read(&sysfs, 5, &group, &err), -E2BIG);
}

TEST(a_mediated_device_needs_no_driver_but_the_interface_of_pci)
{
	struct vfio_group group = { 0 };

	sysfs = fake_sysfs();
	fake_dir(tmp_path("kernel/iommu_groups/7/devices/" UUID));
	fake_dir(tmp_path("bus/mdev/devices/" UUID "/mdev_type"));
	fake_file(tmp_path("bus/mdev/devices/" UUID "/mdev_type/device_api"), "vfio-ccw");
	assert_int_equal(vfio_group_read(&sysfs, 7, &group, &err), 0);
	assert_true(group.devices[0].mediated);
	assert_int_equal(vfio_group_check(&sysfs, &group, &err), -ENOTSUP);
	assert_string_equal(err.text, "mediated device " UUID
				      " has the interface vfio-ccw; only vfio-pci is one");
	fake_file(tmp_path("bus/mdev/devices/" UUID "/mdev_type/device_api"), "vfio-pci");
	assert_int_equal(vfio_group_check(&sysfs, &group, &err), 0);
}

TEST(what_is_no_pci_device_is_refused)
{
	struct vfio_group group = { 0 };

	sysfs = fake_sysfs();
	fake_dir(tmp_path("kernel/iommu_groups/8/devices/AMDI0020:00"));
	assert_int_equal(vfio_group_read(&sysfs, 8, &group, &err), -ENOTSUP);
}

TEST(addresses)
{
	static const char *const good[] = { "0000:01:00.0", "10000:ff:1f.7", "0000:0a:1F.3" };
	static const char *const bad[] = { "",
					   "000:01:00.0",
					   "0000:1:00.0",
					   "0000:01:20.0",
					   "0000:01:00.8",
					   "0000:01:00",
					   "0000:01:00.0x",
					   "0000-01:00.0",
					   "123456789:01:00.0",
					   "0000:01:00.0,x=y" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(vfio_is_address(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(vfio_is_address(bad[i]));
}

TEST(a_character_device_tells_its_group)
{
	unsigned group = 0;

	sysfs = fake_sysfs();
	fake_dir(tmp_path("dev/char/243:4"));
	fake_dir(tmp_path("dev/char/10:196"));
	fake_file(tmp_path("dev/char/243:4/uevent"), "MAJOR=243\nMINOR=4\nDEVNAME=vfio/12");
	fake_file(tmp_path("dev/char/10:196/uevent"), "MAJOR=10\nMINOR=196\nDEVNAME=vfio/vfio");
	assert_true(vfio_group_of_file(&sysfs, 243, 4, &group));
	assert_int_equal(group, 12);
	assert_false(vfio_group_of_file(&sysfs, 10, 196, &group));
	assert_false(vfio_group_of_file(&sysfs, 1, 3, &group));
}

TEST(a_device_goes_to_vfio_and_comes_back)
{
	make_tree();
	assert_int_equal(vfio_bind_check(&sysfs, NVME, &err), 0);
	assert_driver(NVME, "nvme");
	assert_int_equal(vfio_bind(&sysfs, NVME, &err), 0);
	assert_driver(NVME, "vfio-pci");
	assert_int_equal(vfio_bind(&sysfs, NVME, &err), 0);
	assert_int_equal(vfio_give_back(&sysfs, NVME, "nvme", &err), 0);
	assert_driver(NVME, "nvme");
	assert_int_equal(vfio_give_back(&sysfs, NVME, "nvme", &err), 0);
	assert_no_override(NVME);
}

TEST(a_device_without_a_driver_has_none_again)
{
	make_tree();
	fake_device("0000:03:00.0", 14, "0x020000", "");
	assert_int_equal(vfio_bind(&sysfs, "0000:03:00.0", &err), 0);
	assert_driver("0000:03:00.0", "vfio-pci");
	assert_int_equal(vfio_give_back(&sysfs, "0000:03:00.0", "", &err), 0);
	assert_driver("0000:03:00.0", "");
}

TEST(whatever_step_binding_and_giving_back_are_killed_at_it_comes_back)
{
	unsigned bind_steps = 0;
	int r = -1;

	for (; r < 0; bind_steps++) {
		make_tree();
		fake_steps = bind_steps;
		r = vfio_bind(&sysfs, NVME, &err);
		/* Giving back is killed at each of its steps, too, before it gets through. */
		for (unsigned back = 0; back < 8; back++) {
			fake_steps = back;
			(void)vfio_give_back(&sysfs, NVME, "nvme", &err);
		}
		fake_steps = FAKE_FOR_EVER;
		assert_int_equal(vfio_give_back(&sysfs, NVME, "nvme", &err), 0);
		assert_driver(NVME, "nvme");
	}
	assert_true(bind_steps >= 4);
}

TEST(nothing_is_changed_where_it_could_not_work)
{
	CLEANUP(free) char *vfio = NULL;

	make_tree();
	assert_int_equal(vfio_bind_check(&sysfs, NIC, &err), -EBUSY);
	assert_string_equal(err.text,
			    "device " NIC " shares IOMMU group 12 with " AUDIO
			    ", which the host's driver snd_hda_intel has: they can only go "
			    "together; unbind that one, or put this one into another slot");
	for_vfio(AUDIO);
	assert_int_equal(vfio_bind_check(&sysfs, NIC, &err), 0);
	fake_unbind(AUDIO);
	assert_int_equal(vfio_bind_check(&sysfs, NIC, &err), 0);
	vfio = tmp_path("bus/pci/drivers/vfio-pci");
	assert_int_equal(rmdir(vfio), 0);
	assert_int_equal(vfio_bind_check(&sysfs, NIC, &err), -ENOENT);
	assert_string_equal(err.text, "the host has not loaded vfio-pci, which device " NIC
				      " needs to go to a virtual machine; modprobe vfio-pci");
	assert_int_equal(vfio_bind_check(&sysfs, "0000:77:00.0", &err), -ENODEV);
	assert_non_null(strstr(err.text, "device 0000:77:00.0 is in no IOMMU group"));
}

TEST(a_driver_that_has_gone_is_told_of)
{
	CLEANUP(free) char *driver = NULL;

	make_tree();
	assert_int_equal(vfio_bind(&sysfs, NVME, &err), 0);
	driver = tmp_path("bus/pci/drivers/nvme");
	assert_int_equal(rmdir(driver), 0);
	assert_int_equal(vfio_give_back(&sysfs, NVME, "nvme", &err), -ENODEV);
	assert_string_equal(err.text,
			    "device " NVME ": the driver nvme does not take it; see dmesg");
	assert_no_override(NVME);
}

TEST(a_device_that_was_pulled_out_is_no_error)
{
	sysfs = fake_sysfs();
	assert_int_equal(vfio_give_back(&sysfs, NVME, "nvme", &err), 0);
}

/* Whether we may is for the machine to say; what is told has to be so. */
TEST(memory_can_be_locked_or_the_error_says_why)
{
	const struct rlimit low = { 65536, 65536 };
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		int r = setrlimit(RLIMIT_MEMLOCK, &low) < 0 ? 1 : vfio_lift_memlock(0, &err);
		void *memory = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		bool locks = mlock(memory, 1 << 20) == 0;

		_exit(r == (locks ? 0 : -EPERM) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_group_is_all_of_its_devices_but_bridges),
		TMP_TEST(a_group_with_a_device_that_the_host_uses_is_refused),
		TMP_TEST(without_an_iommu_the_error_says_what_to_do),
		TMP_TEST(a_group_of_bridges_is_none),
		TMP_TEST(a_group_has_at_most_32_devices),
		TMP_TEST(a_mediated_device_needs_no_driver_but_the_interface_of_pci),
		TMP_TEST(what_is_no_pci_device_is_refused),
		cmocka_unit_test(addresses),
		TMP_TEST(a_character_device_tells_its_group),
		TMP_TEST(a_device_goes_to_vfio_and_comes_back),
		TMP_TEST(a_device_without_a_driver_has_none_again),
		TMP_TEST(whatever_step_binding_and_giving_back_are_killed_at_it_comes_back),
		TMP_TEST(nothing_is_changed_where_it_could_not_work),
		TMP_TEST(a_driver_that_has_gone_is_told_of),
		TMP_TEST(a_device_that_was_pulled_out_is_no_error),
		cmocka_unit_test(memory_can_be_locked_or_the_error_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
