/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the host on their way to a guest: sandbox/passthrough.c on a fake sysfs. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdlib.h>

#include "agentc/agentc.h"
#include "oci/spec.h"
#include "sandbox/internal.h"
#include "sandbox/passthrough.h"
#include "sandbox/paths.h"
#include "tests/unit/fake_sysfs.h"
#include "vm/vm.h"

#define CARD  "0000:01:00.0"
#define AUDIO "0000:01:00.1"
#define NVME  "0000:02:00.0"

static struct err err;
static struct sysfs sysfs;
static struct oci_spec *spec;
static struct passthrough list;

static int setup(void **state)
{
	memset(&err, 0, sizeof(err));
	list = (struct passthrough){ 0 };
	spec = xcalloc(1, sizeof(*spec));
	return tmp_setup(state) == 0 ? setenv("KATA_RUN_DIR", tmp, 1) : -1;
}

static int teardown(void **state)
{
	oci_spec_free(spec);
	passthrough_done(&list);
	return tmp_teardown(state);
}

static void make_tree(void)
{
	sysfs = fake_sysfs();
	fake_driver("vfio-pci");
	fake_device(CARD, 12, "0x030000", "vfio-pci");
	fake_device(AUDIO, 12, "0x040300", "vfio-pci");
	fake_device(NVME, 13, "0x010802", "vfio-pci");
	fake_dir(tmp_path("dev/char/243:1"));
	fake_file(tmp_path("dev/char/243:1/uevent"), "MAJOR=243\nMINOR=1\nDEVNAME=vfio/13");
}

/* As engines write it: the device, and a rule for it. */
static void give(const char *path, const char *type, int major, int minor)
{
	struct oci_resources *resources = &spec->resources;

	spec->devices = xrealloc(spec->devices, (spec->n_devices + 1) * sizeof(spec->devices[0]));
	spec->devices[spec->n_devices++] = (struct oci_device){
		.path = xstrdup(path), .type = xstrdup(type), .major = major, .minor = minor
	};
	resources->device_rules =
		xrealloc(resources->device_rules,
			 (resources->n_device_rules + 1) * sizeof(resources->device_rules[0]));
	resources->device_rules[resources->n_device_rules++] = (struct oci_device_rule){
		.allow = true, .type = *type, .access = "rwm", .major = major, .minor = minor
	};
}

static void take(void)
{
	if (passthrough_take(&sysfs, spec, &list, &err) < 0)
		fail_msg("%s", err.text);
}

TEST(all_devices_of_a_group_are_taken_and_its_file_is_left_out)
{
	make_tree();
	give("/dev/fuse", "c", 10, 229);
	give("/dev/vfio/vfio", "c", 10, 196);
	give("/dev/vfio/12", "c", 243, 0);
	take();
	assert_int_equal(list.n, 2);
	assert_string_equal(list.items[0].device.name, CARD);
	assert_string_equal(list.items[1].device.name, AUDIO);
	assert_string_equal(list.items[1].container_path, "/dev/vfio/12");
	assert_int_equal(spec->n_devices, 1);
	assert_string_equal(spec->devices[0].path, "/dev/fuse");
	assert_int_equal(spec->resources.n_device_rules, 1);
	assert_int_equal(spec->resources.device_rules[0].minor, 229);
}

TEST(a_group_is_known_by_its_number_whatever_its_file_is_called)
{
	make_tree();
	give("/dev/drive", "c", 243, 1);
	take();
	assert_int_equal(list.n, 1);
	assert_int_equal(list.items[0].group, 13);
	assert_string_equal(list.items[0].device.name, NVME);
}

TEST(without_an_iommu_the_device_is_named)
{
	sysfs = fake_sysfs();
	give("/dev/vfio/12", "c", 243, 0);
	assert_int_equal(passthrough_take(&sysfs, spec, &list, &err), -ENODEV);
	assert_non_null(strstr(err.text, "linux.devices: /dev/vfio/12: this host has no IOMMU"));
	assert_non_null(strstr(err.text, "intel_iommu=on"));
}

TEST(a_group_is_given_once)
{
	make_tree();
	give("/dev/vfio/13", "c", 243, 1);
	give("/dev/again", "c", 243, 1);
	assert_int_equal(passthrough_take(&sysfs, spec, &list, &err), -EEXIST);
	assert_string_equal(err.text, "linux.devices: /dev/again: IOMMU group 13 is there twice");
}

TEST(a_device_without_protection_is_refused)
{
	make_tree();
	give("/dev/vfio/noiommu-0", "c", 243, 7);
	assert_int_equal(passthrough_take(&sysfs, spec, &list, &err), -ENOTSUP);
}

TEST(a_privileged_container_gets_none_of_the_hosts_devices)
{
	make_tree();
	spec->resources.device_rules = xcalloc(1, sizeof(spec->resources.device_rules[0]));
	spec->resources.device_rules[spec->resources.n_device_rules++] = (struct oci_device_rule){
		.allow = true, .type = 'a', .access = "rwm", .major = -1, .minor = -1
	};
	give("/dev/vfio/12", "c", 243, 0);
	give("/dev/vfio/noiommu-0", "c", 243, 7);
	give("/dev/null", "c", 1, 3);
	take();
	assert_int_equal(list.n, 0);
	assert_int_equal(spec->n_devices, 1);
	assert_string_equal(spec->devices[0].path, "/dev/null");
}

TEST(the_agent_is_told_where_the_machine_has_put_them)
{
	struct vm_vfio vfio[2];
	struct agentc_disk told[2];

	make_tree();
	give("/dev/vfio/12", "c", 243, 0);
	take();
	passthrough_for_vm(&list, vfio);
	assert_string_equal(vfio[1].name, AUDIO);
	assert_false(vfio[1].mediated);
	strcpy(vfio[0].path, "10.0/00");
	strcpy(vfio[1].path, "10.1/00");
	passthrough_from_vm(&list, vfio);
	passthrough_for_agent(&list, told);
	assert_string_equal(told[0].driver, "vfio-pci-gk");
	assert_string_equal(told[0].address, CARD "=10.0/00");
	assert_string_equal(told[1].address, AUDIO "=10.1/00");
	assert_string_equal(told[1].container_path, "/dev/vfio/12");
	/* It has them already: QEMU is not asked, and there is none here. */
	assert_int_equal(passthrough_plug(&list, "s1", &err), 0);
}

/* A container of sandbox s1 whose record names the devices of @from. */
static void add_container(const char *id, const struct passthrough *from)
{
	struct container_record *record = xcalloc(1, sizeof(*record));
	CLEANUP(free) char *path = paths_container("s1", id);
	CLEANUP(close) int dir = -1;

	assert_int_equal(mkdir_p(path, 0700, &err), 0);
	assert_int_equal(mapping_add(id, "s1", &err), 0);
	record->id = xstrdup(id);
	record->sandbox = xstrdup("s1");
	record->bundle = xstrdup("/b");
	record->oci_version = xstrdup("1.0.2");
	record->created = xstrdup("2026-01-01T00:00:00.000000000Z");
	passthrough_note(from, record);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(container_record_write(dir, record, &err), 0);
	container_record_free(record);
}

TEST(a_group_of_another_container_of_the_pod_is_refused)
{
	struct passthrough none = { 0 };

	make_tree();
	give("/dev/vfio/12", "c", 243, 0);
	take();
	add_container("s1", &none);
	add_container("c1", &list);
	add_container("c2", &list);
	assert_int_equal(passthrough_check_free(&none, "s1", "c2", &err), 0);
	assert_int_equal(passthrough_check_free(&list, "s1", "c2", &err), -EBUSY);
	assert_string_equal(err.text, "linux.devices: IOMMU group 12 is container c1's");
	/* Without a machine there is nothing to take away. */
	assert_int_equal(passthrough_unplug("s1", "c1", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETUP_TEST(all_devices_of_a_group_are_taken_and_its_file_is_left_out),
		SETUP_TEST(a_group_is_known_by_its_number_whatever_its_file_is_called),
		SETUP_TEST(without_an_iommu_the_device_is_named),
		SETUP_TEST(a_group_is_given_once),
		SETUP_TEST(a_device_without_protection_is_refused),
		SETUP_TEST(a_privileged_container_gets_none_of_the_hosts_devices),
		SETUP_TEST(the_agent_is_told_where_the_machine_has_put_them),
		SETUP_TEST(a_group_of_another_container_of_the_pod_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
