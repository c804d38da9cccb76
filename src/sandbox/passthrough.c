/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device is in the record of its container before it is plugged in, "GROUP NAME",
 * and until it is out; QEMU's name for it derives from its own, so removing needs no
 * more. The host gave it to vfio-pci before we came, where it stays.
 */
#include "sandbox/passthrough.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentc/agentc.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/check.h"
#include "oci/spec.h"
#include "sandbox/internal.h"
#include "sandbox/paths.h"
#include "vfio/memlock.h"
#include "vm/vm.h"

#define VFIO_FILES  "/dev/vfio/"
#define AGENT_TYPE  "vfio-pci-gk" /* Kata 3's name: the guest's kernel has the device */
#define NO_IOMMU    "noiommu-"
#define CONTROL     "vfio" /* /dev/vfio/vfio */
#define GROUP_WORDS 2u

void passthrough_done(struct passthrough *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i].container_path);
	free(list->items);
	*list = (struct passthrough){ 0 };
}

enum file_kind { OTHER_FILE, CONTROL_FILE, GROUP_FILE, UNSAFE_FILE };

/* By its number, and by its name, for a host without an IOMMU knows no number. */
static enum file_kind kind_of(const struct sysfs *sysfs, const struct oci_device *device,
			      unsigned *ret_group)
{
	const char *name = device->path + strlen(VFIO_FILES);

	if (!str_eq(device->type, "c") && !str_eq(device->type, "u"))
		return OTHER_FILE;
	if (vfio_group_of_file(sysfs, (unsigned)device->major, (unsigned)device->minor, ret_group))
		return GROUP_FILE;
	if (!str_starts(device->path, VFIO_FILES))
		return OTHER_FILE;
	if (str_starts(name, NO_IOMMU))
		return UNSAFE_FILE;
	if (vfio_parse_group(name, ret_group))
		return GROUP_FILE;
	return str_eq(name, CONTROL) ? CONTROL_FILE : OTHER_FILE;
}

static void drop_rules(struct oci_resources *resources, const struct oci_device *device)
{
	size_t n = 0;

	for (size_t i = 0; i < resources->n_device_rules; i++) {
		const struct oci_device_rule *rule = &resources->device_rules[i];

		if (rule->type != 'c' || rule->major != device->major ||
		    rule->minor != device->minor)
			resources->device_rules[n++] = *rule;
	}
	resources->n_device_rules = n;
}

/* Its numbers would be another device's in the guest. */
static void drop_device(struct oci_spec *spec, size_t i)
{
	drop_rules(&spec->resources, &spec->devices[i]);
	free(spec->devices[i].path);
	free(spec->devices[i].type);
	spec->n_devices--;
	memmove(&spec->devices[i], &spec->devices[i + 1],
		(spec->n_devices - i) * sizeof(spec->devices[0]));
}

static int take_group(const struct sysfs *sysfs, unsigned number, const char *path,
		      struct passthrough *list, struct err *err)
{
	struct vfio_group group = { 0 };
	int r;

	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].group == number)
			return err_set_as(err, ERR_DEVICE, EEXIST, "IOMMU group %u is there twice",
					  number);
	r = vfio_group_read(sysfs, number, &group, err);
	if (r == 0)
		r = vfio_group_check(sysfs, &group, err);
	if (r < 0)
		return r;
	if (list->n + group.n > PASSED_MAX)
		return err_set_as(err, ERR_DEVICE, E2BIG,
				  "a container has at most %u devices of the host", PASSED_MAX);
	list->items = xrealloc(list->items, (list->n + group.n) * sizeof(*list->items));
	for (size_t i = 0; i < group.n; i++)
		list->items[list->n++] = (struct passed){ .group = number,
							  .device = group.devices[i],
							  .container_path = xstrdup(path) };
	return 0;
}

int passthrough_take(const struct sysfs *sysfs, struct oci_spec *spec, struct passthrough *ret,
		     struct err *err)
{
	bool privileged = oci_allows_all_devices(&spec->resources);
	size_t i = 0;

	while (i < spec->n_devices) {
		const struct oci_device *device = &spec->devices[i];
		unsigned group = 0;
		enum file_kind kind = kind_of(sysfs, device, &group);
		int r = 0;

		if (kind == OTHER_FILE) {
			i++;
			continue;
		}
		if (kind == UNSAFE_FILE && !privileged)
			r = err_set(err, ENOTSUP,
				    "a device without an IOMMU could reach all memory of the host "
				    "and is not given to a virtual machine");
		else if (kind == GROUP_FILE && !privileged)
			r = take_group(sysfs, group, device->path, ret, err);
		if (r < 0)
			return err_prefix(err, "linux.devices: %s", device->path);
		drop_device(spec, i);
	}
	return 0;
}

void passthrough_note(const struct passthrough *list, struct container_record *record)
{
	for (size_t i = 0; i < list->n; i++)
		strv_addf(&record->passed, "%u %s", list->items[i].group,
			  list->items[i].device.name);
}

/* The group and the device of a line of the record. */
static bool parse(const char *line, unsigned *ret_group, struct vfio_device *ret)
{
	CLEANUP(strv_free) char **words = strv_split(line, " ");

	if (strv_len(words) != GROUP_WORDS || !vfio_parse_group(words[0], ret_group) ||
	    strlen(words[1]) >= sizeof(ret->name))
		return false;
	snprintf(ret->name, sizeof(ret->name), "%s", words[1]);
	ret->mediated = !vfio_is_address(ret->name);
	return true;
}

static bool has_group(const struct passthrough *list, unsigned group)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].group == group)
			return true;
	return false;
}

int passthrough_check_free(const struct passthrough *list, const char *sid, const char *cid,
			   struct err *err)
{
	CLEANUP(strv_free) char **members = list->n > 0 ? sandbox_members(sid) : NULL;

	for (char **member = members; member && *member; member++) {
		__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
		struct err ignored = { 0 };

		if (str_eq(*member, cid) || container_look(*member, &view, &ignored) < 0)
			continue;
		for (char **line = view.record->passed; line && *line; line++) {
			struct vfio_device device;
			unsigned group = 0;

			if (parse(*line, &group, &device) && has_group(list, group))
				return err_set_as(err, ERR_DEVICE, EBUSY,
						  "linux.devices: IOMMU group %u is container %s's",
						  group, *member);
		}
	}
	return 0;
}

void passthrough_for_vm(const struct passthrough *list, struct vm_vfio *ret)
{
	for (size_t i = 0; i < list->n; i++)
		ret[i] = (struct vm_vfio){ .name = list->items[i].device.name,
					   .mediated = list->items[i].device.mediated };
}

static void set_address(struct passed *passed, const char *path)
{
	snprintf(passed->address, sizeof(passed->address), "%.39s=%.15s", passed->device.name,
		 path);
}

void passthrough_from_vm(struct passthrough *list, const struct vm_vfio *from)
{
	list->cold = true;
	for (size_t i = 0; i < list->n; i++)
		set_address(&list->items[i], from[i].path);
}

/* Before QEMU opens the first one: the kernel locks the guest's memory at once. */
static int allow(const char *vm, struct err *err)
{
	struct proc_id qemu = { 0 };

	if (vm_process(vm, &qemu) < 0)
		return err_set_as(err, ERR_MACHINE_ENDED, EPIPE, "the virtual machine has ended");
	return vfio_lift_memlock(qemu.pid, err);
}

int passthrough_plug(struct passthrough *list, const char *sid, struct err *err)
{
	CLEANUP(free) char *vm = paths_vm(sid);
	CLEANUP(plug_close) struct plug *plug = NULL;
	int r;

	if (list->n == 0 || list->cold)
		return 0;
	r = allow(vm, err);
	if (r == 0)
		r = plug_open(vm, &plug, err);
	for (size_t i = 0; r == 0 && i < list->n; i++) {
		struct passed *passed = &list->items[i];
		char path[PLUG_PATH_LEN];

		r = plug_vfio_add(plug, passed->device.name, passed->device.mediated, path, err);
		if (r < 0)
			return err_prefix(err, "linux.devices: %s", passed->container_path);
		set_address(passed, path);
	}
	return r;
}

int passthrough_unplug(const char *sid, const char *cid, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	CLEANUP(free) char *vm = paths_vm(sid);
	CLEANUP(plug_close) struct plug *plug = NULL;
	struct err ignored = { 0 };
	int r;

	if (container_look(cid, &view, &ignored) < 0 || !view.record->passed || !vm_is_alive(vm))
		return 0;
	r = plug_open(vm, &plug, err);
	for (char **line = view.record->passed; r == 0 && *line; line++) {
		struct vfio_device device;
		unsigned group = 0;

		if (parse(*line, &group, &device))
			r = plug_vfio_remove(plug, device.name, err);
	}
	return r;
}

void passthrough_for_agent(const struct passthrough *list, struct agentc_disk *ret)
{
	for (size_t i = 0; i < list->n; i++)
		ret[i] = (struct agentc_disk){ .driver = AGENT_TYPE,
					       .address = list->items[i].address,
					       .container_path = list->items[i].container_path };
}
