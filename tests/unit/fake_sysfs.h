/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_sysfs.h - PCI devices, their drivers and IOMMU groups in the test's directory
 *
 * fake_kernel() does at each write what the kernel does: devices/X/fits names the
 * driver that knows device X, and X has the network interface devices/X/called
 * while that driver has it. After fake_steps writes the writer is "killed".
 */
#pragma once

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/tmp.h"
#include "vfio/group.h"

#define FAKE_FOR_EVER UINT_MAX

static unsigned fake_steps;

static inline void fake_dir(char *path)
{
	struct err err = { 0 };

	assert_int_equal(mkdir_p(path, 0755, &err), 0);
	free(path);
}

static inline void fake_file(char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fprintf(f, "%s\n", text) > 0);
	assert_int_equal(fclose(f), 0);
	free(path);
}

/* The first line of a file; owned, "" without one. */
static inline char *fake_read(char *path)
{
	struct err err = { 0 };
	char *text = NULL;

	if (file_read(path, 4096, &text, NULL, &err) < 0)
		text = xstrdup("");
	text[strcspn(text, "\n")] = '\0';
	free(path);
	return text;
}

static inline void fake_link(const char *target, char *path)
{
	(void)unlink(path);
	assert_int_equal(symlink(target, path), 0);
	free(path);
}

static inline bool fake_has_driver(const char *driver)
{
	CLEANUP(free) char *path = tmp_path("bus/pci/drivers/%s", driver);

	return access(path, F_OK) == 0;
}

static inline void fake_bind(const char *device, const char *driver)
{
	CLEANUP(free) char *target = xasprintf("../../drivers/%s", driver);
	CLEANUP(free) char *fits = fake_read(tmp_path("bus/pci/devices/%s/fits", device));
	CLEANUP(free) char *name = fake_read(tmp_path("bus/pci/devices/%s/called", device));

	fake_link(target, tmp_path("bus/pci/devices/%s/driver", device));
	if (*name && str_eq(fits, driver))
		fake_dir(tmp_path("bus/pci/devices/%s/net/%s", device, name));
}

static inline void fake_driver(const char *name)
{
	fake_dir(tmp_path("bus/pci/drivers/%s", name));
}

/* @fits: the driver that knows it, which has it, too; "" for none. */
static inline void fake_device(const char *address, unsigned group, const char *class,
			       const char *fits)
{
	CLEANUP(free) char *target = xasprintf("../../../kernel/iommu_groups/%u", group);

	fake_dir(tmp_path("bus/pci/devices/%s", address));
	fake_dir(tmp_path("kernel/iommu_groups/%u/devices", group));
	fake_file(tmp_path("bus/pci/devices/%s/class", address), class);
	fake_file(tmp_path("bus/pci/devices/%s/vendor", address), "0x8086");
	fake_file(tmp_path("bus/pci/devices/%s/device", address), "0x1572");
	fake_file(tmp_path("bus/pci/devices/%s/driver_override", address), "(null)");
	fake_file(tmp_path("bus/pci/devices/%s/fits", address), fits);
	fake_link(target, tmp_path("bus/pci/devices/%s/iommu_group", address));
	fake_link(address, tmp_path("kernel/iommu_groups/%u/devices/%s", group, address));
	if (!*fits)
		return;
	fake_driver(fits);
	fake_bind(address, fits);
}

static inline void fake_unbind(const char *device)
{
	CLEANUP(free) char *link = tmp_path("bus/pci/devices/%s/driver", device);
	CLEANUP(free) char *net = tmp_path("bus/pci/devices/%s/net", device);
	struct err err = { 0 };

	(void)unlink(link);
	assert_int_equal(rm_tree(net, &err), 0);
}

static inline void fake_probe(const char *device)
{
	CLEANUP(free) char *has = vfio_driver_of(&(struct sysfs){ .root = tmp }, device);
	CLEANUP(free)
	char *override = fake_read(tmp_path("bus/pci/devices/%s/driver_override", device));
	CLEANUP(free) char *fits = fake_read(tmp_path("bus/pci/devices/%s/fits", device));
	const char *wanted = str_eq(override, "(null)") ? fits : override;

	if (!has && *wanted && fake_has_driver(wanted))
		fake_bind(device, wanted);
}

static inline int fake_kernel(void *data __attribute__((unused)), const char *path,
			      const char *text, struct err *err)
{
	const char *file = path_base(path);

	if (fake_steps == 0)
		return err_set(err, ECANCELED, "killed");
	if (fake_steps != FAKE_FOR_EVER)
		fake_steps--;
	if (str_eq(file, "driver_override"))
		fake_file(xstrdup(path), str_eq(text, "\n") ? "(null)" : text);
	else if (str_eq(file, "unbind"))
		fake_unbind(text);
	else if (str_eq(file, "drivers_probe"))
		fake_probe(text);
	else
		fail_msg("nothing is to be written to %s", path);
	return 0;
}

/* For the directory of the test that runs. */
static inline struct sysfs fake_sysfs(void)
{
	fake_steps = FAKE_FOR_EVER;
	return (struct sysfs){ .root = tmp, .write = fake_kernel };
}

static inline void assert_driver(const char *device, const char *wanted)
{
	CLEANUP(free) char *driver = vfio_driver_of(&(struct sysfs){ .root = tmp }, device);

	assert_string_equal(driver ? driver : "", wanted);
}
