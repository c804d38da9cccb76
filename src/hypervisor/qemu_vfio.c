/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: QEMU 7.2, docs/system/devices and hw/vfio/pci.c; reference 07, section 6. */
#include "hypervisor/qemu_vfio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/fault.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "hypervisor/machine.h"
#include "hypervisor/qemu_pci.h"
#include "hypervisor/qmp.h"

/* Behind the root ports, of which there are up to 25; q35 has a device of its own at 1f. */
#define FIRST_SLOT 0x14u

void qemu_vfio_id(const char *name, char ret[QEMU_VFIO_ID_LEN])
{
	snprintf(ret, QEMU_VFIO_ID_LEN, "vfio-%s", name);
	for (char *c = ret; *c; c++)
		if (*c == ':')
			*c = '-';
}

char *qemu_vfio_mediated_dir(const char *uuid)
{
	return xasprintf("/sys/bus/mdev/devices/%s", uuid);
}

static int behind_port(const struct qemu_vfio_layout *layout, unsigned i, struct pci_place *ret,
		       struct err *err)
{
	if (i >= layout->root_ports)
		return err_set_as(
			err, ERR_PORTS_EXHAUSTED, ENOSPC,
			"the virtual machine has no PCIe root port left for a device of the "
			"host: [hypervisor.qemu] default_root_ports = %u; more of them, or "
			"hotplug_vfio_on_root_bus = true",
			layout->root_ports);
	snprintf(ret->bus, sizeof(ret->bus), ROOT_PORT_ID "%u", i);
	snprintf(ret->addr, sizeof(ret->addr), "0");
	snprintf(ret->guest_path, sizeof(ret->guest_path), "%02x.%x/00",
		 ROOT_PORT_FIRST_SLOT + i / FUNCTIONS_PER_SLOT, i % FUNCTIONS_PER_SLOT);
	return 0;
}

int qemu_vfio_cold_place(const struct qemu_vfio_layout *layout, unsigned i, struct pci_place *ret,
			 struct err *err)
{
	bool is_pc = str_eq(layout->type, "pc");

	if (!is_pc && !layout->on_root_bus)
		return behind_port(layout, i, ret, err);
	if (i >= QEMU_VFIO_COLD_MAX)
		return err_set_as(
			err, ERR_PORTS_EXHAUSTED, ENOSPC,
			"the root bus of the virtual machine takes %u devices of the host%s",
			QEMU_VFIO_COLD_MAX,
			is_pc ? ""
			      : "; with [hypervisor.qemu] hotplug_vfio_on_root_bus = false "
				"each takes one of default_root_ports");
	snprintf(ret->bus, sizeof(ret->bus), "%s", is_pc ? "pci.0" : "pcie.0");
	snprintf(ret->addr, sizeof(ret->addr), "%x", FIRST_SLOT + i);
	snprintf(ret->guest_path, sizeof(ret->guest_path), "%02x.0", FIRST_SLOT + i);
	return 0;
}

int qemu_add_vfio(struct qmp *qmp, const char *name, bool mediated, const struct pci_place *place,
		  uint64_t deadline, struct err *err)
{
	const char *another = fault_pretend_name("KATA_FAULT_VFIO", NULL); /* see qemu_args.c */
	CLEANUP(free) char *dir = mediated ? qemu_vfio_mediated_dir(name) : NULL;
	CLEANUP(free) char *arguments = NULL;
	struct json_writer w = { 0 };
	char id[QEMU_VFIO_ID_LEN];

	qemu_vfio_id(name, id);
	json_open_object(&w, NULL);
	json_put_string(&w, "id", id);
	json_put_string(&w, "driver", another ? another : "vfio-pci");
	if (!another)
		json_put_string(&w, dir ? "sysfsdev" : "host", dir ? dir : name);
	json_put_string(&w, "bus", place->bus);
	json_put_string(&w, "addr", place->addr);
	json_put_string(&w, "romfile", "");
	json_close_object(&w);
	arguments = json_finish(&w);
	return qmp_command(qmp, "device_add", arguments, deadline, NULL, err);
}
