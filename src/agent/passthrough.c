/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/passthrough.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/device_wait.h"
#include "agent/pci.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

#define DRIVER_MS  2000u /* its module is loaded before; what is left is its own start */
#define DIRS_MAX   4096u
#define FILES_MAX  256u /* of one device */
#define SMALL_FILE 4096u

const char *passthrough_path(const char *option)
{
	const char *path = strchr(option, '=');

	return path && path != option && path[1] ? path + 1 : NULL;
}

static int look_for_device(void *data, struct err *err)
{
	CLEANUP(free) char *dir = NULL;

	return pci_directory(PCI_SYSFS, data, &dir, err);
}

static int look_for_driver(void *data, struct err *err)
{
	CLEANUP(free) char *dir = NULL;
	CLEANUP(free) char *driver = NULL;
	int r = pci_directory(PCI_SYSFS, data, &dir, err);

	if (r <= 0)
		return r;
	driver = xasprintf("%s/driver", dir);
	return access(driver, F_OK) == 0;
}

int passthrough_wait(const char *path, uint64_t timeout_ms, struct err *err)
{
	CLEANUP(free) char *what = xasprintf("vfio %.32s", path);
	CLEANUP(free) char *copy = xstrdup(path);
	struct err ignored = { 0 };
	int r = device_wait(what, look_for_device, copy, timeout_ms, err);

	if (r == 0 && device_wait(what, look_for_driver, copy, DRIVER_MS, &ignored) < 0)
		log_warn("no driver of the guest has the device at %s", path);
	return r;
}

struct found {
	struct oci_spec *spec;
	unsigned n;
};

static bool has_file(const struct oci_spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->n_devices; i++)
		if (str_eq(spec->devices[i].path, path))
			return true;
	return false;
}

static void add_rule(struct oci_resources *resources, char type, dev_t number)
{
	struct oci_device_rule *rule;

	resources->device_rules =
		xrealloc(resources->device_rules, (resources->n_device_rules + 1) * sizeof(*rule));
	rule = &resources->device_rules[resources->n_device_rules++];
	*rule = (struct oci_device_rule){
		.allow = true, .type = type, .major = major(number), .minor = minor(number)
	};
	memcpy(rule->access, "rwm", sizeof("rwm"));
}

static void add_file(struct found *found, const char *name, char type, dev_t number, uint32_t mode)
{
	CLEANUP(free) char *path = xasprintf("/dev/%s", name);
	struct oci_spec *spec = found->spec;
	struct oci_device *device;

	if (has_file(spec, path) || found->n == FILES_MAX)
		return;
	found->n++;
	spec->devices = xrealloc(spec->devices, (spec->n_devices + 1) * sizeof(*device));
	device = &spec->devices[spec->n_devices++];
	*device = (struct oci_device){ .path = take_ptr(path),
				       .type = xasprintf("%c", type),
				       .major = major(number),
				       .minor = minor(number),
				       .file_mode = mode };
	add_rule(&spec->resources, type, number);
}

/* "block" for disks; all others are characters. */
static bool is_block(const char *dir)
{
	CLEANUP(free) char *link = xasprintf("%s/subsystem", dir);
	char target[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n < 0)
		return false;
	target[n] = '\0';
	return str_eq(path_base(target), "block");
}

/* A directory of sysfs with a number has a file in /dev; its uevent tells under which name. */
static void look_at(struct found *found, const char *dir)
{
	CLEANUP(free) char *number_file = xasprintf("%s/dev", dir);
	CLEANUP(free) char *event_file = xasprintf("%s/uevent", dir);
	CLEANUP(strv_free) char **lines = NULL;
	CLEANUP(free) char *number = NULL;
	CLEANUP(free) char *event = NULL;
	const char *name = NULL;
	uint32_t mode = 0600;
	dev_t dev = 0;

	if (file_read_at(AT_FDCWD, number_file, SMALL_FILE, &number) < 0 ||
	    file_read_at(AT_FDCWD, event_file, SMALL_FILE, &event) < 0)
		return;
	number[strcspn(number, "\n")] = '\0';
	lines = strv_split(event, "\n");
	for (char **line = lines; line && *line; line++) {
		if (str_starts(*line, "DEVNAME="))
			name = *line + strlen("DEVNAME=");
		else if (str_starts(*line, "DEVMODE="))
			mode = (uint32_t)strtoul(*line + strlen("DEVMODE="), NULL, 8) & 0777;
	}
	if (name && str_to_dev(number, &dev) == 0)
		add_file(found, name, is_block(dir) ? 'b' : 'c', dev, mode);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Real directories only: links lead out of the device. */
static void add_below(const char *path, char ***dirs)
{
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.' && entry->d_type == DT_DIR)
			strv_addf(dirs, "%s/%s", path, entry->d_name);
}

static void walk(struct found *found, const char *path)
{
	CLEANUP(strv_free) char **dirs = NULL;

	strv_add(&dirs, path);
	for (size_t i = 0; i < DIRS_MAX && dirs[i]; i++) {
		look_at(found, dirs[i]);
		add_below(dirs[i], &dirs);
	}
}

int passthrough_add_files(const char *pci, const char *path, struct oci_spec *spec, struct err *err)
{
	struct found found = { .spec = spec };
	CLEANUP(free) char *dir = NULL;
	int r = pci_directory(pci, path, &dir, err);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set_as(err, ERR_HOTPLUG, ENODEV, "the device at %.32s has gone", path);
	walk(&found, dir);
	return 0;
}
