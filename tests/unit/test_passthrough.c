/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's side of devices of the host, on a tree that looks like sysfs. */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/passthrough.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"
#include "tests/unit/tmp.h"

static struct err err;

static void make(const char *name)
{
	CLEANUP(free) char *path = tmp_path("%s", name);

	assert_int_equal(mkdir_p(path, 0755, &err), 0);
}

/* A directory that has a file in /dev. */
static void make_node(const char *dir, const char *subsystem, const char *number,
		      const char *uevent)
{
	CLEANUP(free) char *link = tmp_path("%s/subsystem", dir);
	CLEANUP(free) char *dev = xasprintf("%s/dev", dir);
	CLEANUP(free) char *event = xasprintf("%s/uevent", dir);
	CLEANUP(free) char *target = xasprintf("../../../class/%s", subsystem);

	make(dir);
	tmp_write(dev, number);
	tmp_write(event, uevent);
	assert_int_equal(symlink(target, link), 0);
}

/* An NVMe drive with a partition behind root port 10.0, and a graphics card on the root bus. */
static void make_tree(void)
{
	CLEANUP(free) char *loop = NULL;

	make("0000:00:10.0/pci_bus/0000:01");
	make_node("0000:01:00.0/nvme/nvme0", "nvme", "240:0\n",
		  "MAJOR=240\nMINOR=0\nDEVNAME=nvme0\n");
	make_node("0000:01:00.0/nvme/nvme0/nvme0n1", "block", "259:0\n",
		  "MAJOR=259\nMINOR=0\nDEVNAME=nvme0n1\nDEVTYPE=disk\n");
	make_node("0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p1", "block", "259:1\n",
		  "DEVNAME=nvme0n1p1\nDEVTYPE=partition\n");
	make("0000:01:00.0/power");
	loop = tmp_path("0000:01:00.0/nvme/nvme0/device");
	assert_int_equal(symlink("../..", loop), 0);
	make_node("0000:00:14.0/drm/renderD128", "drm", "226:128\n",
		  "DEVNAME=dri/renderD128\nDEVMODE=0666\n");
	make("0000:00:15.0");
}

static char *list(const struct oci_spec *spec)
{
	CLEANUP(strv_free) char **all = NULL;

	for (size_t i = 0; i < spec->n_devices; i++) {
		const struct oci_device *device = &spec->devices[i];
		const struct oci_device_rule *rule = &spec->resources.device_rules[i];

		assert_int_equal(rule->major, device->major);
		assert_int_equal(rule->minor, device->minor);
		assert_int_equal(rule->type, *device->type);
		assert_true(rule->allow);
		assert_string_equal(rule->access, "rwm");
		strv_addf(&all, "%s %s %d:%d %o", device->path, device->type, (int)device->major,
			  (int)device->minor, device->file_mode);
	}
	return all ? strv_join(all, "\n") : xstrdup("");
}

static struct oci_spec *new_spec(void)
{
	return xcalloc(1, sizeof(struct oci_spec));
}

static void add(const char *path, struct oci_spec *spec)
{
	if (passthrough_add_files(tmp, path, spec, &err) < 0)
		fail_msg("%s", err.text);
}

TEST(the_container_gets_the_files_that_the_drivers_have_made)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = new_spec();
	CLEANUP(free) char *text = NULL;

	make_tree();
	add("10.0/00", spec);
	text = list(spec);
	/* The order of a directory is nobody's promise. */
	assert_non_null(strstr(text, "/dev/nvme0 c 240:0 600"));
	assert_non_null(strstr(text, "/dev/nvme0n1 b 259:0 600"));
	assert_non_null(strstr(text, "/dev/nvme0n1p1 b 259:1 600"));
	assert_int_equal(spec->n_devices, 3);
}

TEST(a_file_keeps_its_directory_and_its_mode)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = new_spec();
	CLEANUP(free) char *text = NULL;

	make_tree();
	add("14.0", spec);
	add("14.0", spec); /* what is named already stays */
	text = list(spec);
	assert_string_equal(text, "/dev/dri/renderD128 c 226:128 666");
}

TEST(a_device_without_files_is_none_the_less_there)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = new_spec();

	make_tree();
	add("15.0", spec);
	assert_int_equal(spec->n_devices, 0);
	assert_int_equal(passthrough_add_files(tmp, "16.0", spec, &err), -ENODEV);
	assert_string_equal(err.text, "the device at 16.0 has gone");
	assert_int_equal(passthrough_add_files(tmp, "../x", spec, &err), -EINVAL);
}

TEST(options_name_a_path)
{
	static const char *const bad[] = { "", "=", "10.0/00", "=10.0", "0000:01:00.0=" };

	assert_string_equal(passthrough_path("0000:01:00.0=10.0/00"), "10.0/00");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(passthrough_path(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(the_container_gets_the_files_that_the_drivers_have_made),
		TMP_TEST(a_file_keeps_its_directory_and_its_mode),
		TMP_TEST(a_device_without_files_is_none_the_less_there),
		cmocka_unit_test(options_name_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
