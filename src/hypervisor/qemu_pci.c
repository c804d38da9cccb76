/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about QEMU 7.2 that this rests on are tried in tests/facts/qemu-hot-plug.sh. */
#include "hypervisor/qemu_pci.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "hypervisor/machine.h"
#include "hypervisor/qmp.h"

#define SLOTS 32u /* of a PCI bus */

/* Intel 440FX: the host bridge of machine type pc, whose root bus takes hot-plugged devices. */
#define PC_HOST_BRIDGE_VENDOR 0x8086u
#define PC_HOST_BRIDGE_DEVICE 0x1237u

/* What is on the root bus. */
struct root_bus {
	uint32_t used; /* a bit for each slot */
	bool is_pc;
	unsigned n_ports;
	bool found; /* a free port, which is: */
	uint32_t port;
	uint32_t slot;
	uint32_t function;
	unsigned n_bridges;
	bool bridge_found; /* one with a free slot, which is: */
	uint32_t bridge;
	uint32_t bridge_slot; /* its own, on the root bus */
	uint32_t free_slot;   /* behind it */
};

static bool is_numbered(const char *id, const char *prefix, uint32_t *ret)
{
	uint64_t n = 0;

	if (!id || !str_starts(id, prefix) ||
	    str_to_u64(id + strlen(prefix), 0, UINT32_MAX, &n) < 0)
		return false;
	*ret = (uint32_t)n;
	return true;
}

static int look_at_port(const struct json_at *device, uint32_t port, uint32_t slot,
			uint32_t function, struct root_bus *bus, struct err *err)
{
	struct json_at bridge;
	struct json_at behind;
	size_t n = 0;
	int r;

	bus->n_ports++;
	r = json_get_object(device, "pci_bridge", &bridge, err);
	if (r > 0)
		r = json_get_array(&bridge, "devices", &behind, &n, err);
	if (r < 0)
		return r;
	if (n > 0 || bus->found)
		return 0;
	bus->found = true;
	bus->port = port;
	bus->slot = slot;
	bus->function = function;
	return 0;
}

static int look_behind(const struct json_at *devices, size_t n, uint32_t *ret_used, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct json_at device;
		uint32_t slot = 0;
		int r;

		r = json_item_object(devices, i, &device, err);
		if (r == 0)
			r = json_get_u32(&device, "slot", &slot, err);
		if (r < 0)
			return r;
		if (slot < SLOTS)
			*ret_used |= UINT32_C(1) << slot;
	}
	return 0;
}

/* Slot 0 is none: the bridge's hot plug controller has it. */
static int look_at_bridge(const struct json_at *device, uint32_t number, uint32_t slot,
			  struct root_bus *bus, struct err *err)
{
	struct json_at behind = { 0 };
	struct json_at bridge;
	uint32_t used = 0;
	size_t n = 0;
	int r;

	bus->n_bridges++;
	r = json_get_object(device, "pci_bridge", &bridge, err);
	if (r > 0)
		r = json_get_array(&bridge, "devices", &behind, &n, err);
	if (r >= 0 && n > 0)
		r = look_behind(&behind, n, &used, err);
	if (r < 0)
		return r;
	for (uint32_t i = 1; i <= BRIDGE_SLOTS && !bus->bridge_found; i++) {
		if (used & UINT32_C(1) << i)
			continue;
		bus->bridge_found = true;
		bus->bridge = number;
		bus->bridge_slot = slot;
		bus->free_slot = i;
	}
	return 0;
}

static int look_at_device(const struct json_at *device, struct root_bus *bus, struct err *err)
{
	CLEANUP(free) char *qdev_id = NULL;
	uint32_t number = 0;
	uint32_t slot = 0;
	uint32_t function = 0;
	uint32_t vendor = 0;
	uint32_t model = 0;
	uint32_t port = 0;
	struct json_at id;
	int r;

	r = json_get_u32(device, "bus", &number, err);
	if (r == 0)
		r = json_get_u32(device, "slot", &slot, err);
	if (r == 0)
		r = json_get_u32(device, "function", &function, err);
	if (r == 0)
		r = json_get_string(device, "qdev_id", &qdev_id, err);
	if (r == 0)
		r = json_get_object(device, "id", &id, err);
	if (r > 0)
		r = json_get_u32(&id, "vendor", &vendor, err);
	if (r == 0)
		r = json_get_u32(&id, "device", &model, err);
	if (r < 0)
		return r;
	if (slot >= SLOTS || function > 7)
		return err_set_as(err, ERR_QEMU_NONSENSE, EBADMSG, "%s: slot %u, function %u",
				  device->path, slot, function);
	if (number != 0)
		return 0;
	bus->used |= UINT32_C(1) << slot;
	if (slot == 0 && vendor == PC_HOST_BRIDGE_VENDOR && model == PC_HOST_BRIDGE_DEVICE)
		bus->is_pc = true;
	if (is_numbered(qdev_id, ROOT_PORT_ID, &port))
		return look_at_port(device, port, slot, function, bus, err);
	return is_numbered(qdev_id, BRIDGE_ID, &port) ? look_at_bridge(device, port, slot, bus, err)
						      : 0;
}

static int look_at_bus(const struct json_at *bus, struct root_bus *ret, struct err *err)
{
	struct json_at devices;
	uint32_t number = 0;
	size_t n = 0;
	int r;

	r = json_get_u32(bus, "bus", &number, err);
	if (r == 0)
		r = json_get_array(bus, "devices", &devices, &n, err);
	if (r < 0 || number != 0)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < n; i++) {
		struct json_at device;

		r = json_item_object(&devices, i, &device, err);
		if (r == 0)
			r = look_at_device(&device, ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* False: all of its slots are in use. */
static bool choose_on_root_bus(const struct root_bus *bus, struct pci_place *ret)
{
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		if (bus->used & UINT32_C(1) << slot)
			continue;
		snprintf(ret->bus, sizeof(ret->bus), "pci.0");
		snprintf(ret->addr, sizeof(ret->addr), "%x", slot);
		snprintf(ret->guest_path, sizeof(ret->guest_path), "%02x.0", slot);
		return true;
	}
	return false;
}

static int nothing_free(const struct root_bus *bus, struct err *err)
{
	if (bus->is_pc)
		return err_set_as(
			err, ERR_PORTS_EXHAUSTED, ENOSPC,
			"the virtual machine takes no further device: all %u slots of its "
			"PCI bus and of %u bridges are in use; raise [hypervisor.qemu] "
			"default_bridges, or set machine_type = \"q35\" with "
			"default_root_ports",
			SLOTS, bus->n_bridges);
	if (bus->n_ports == 0 && bus->n_bridges == 0)
		return err_set_as(err, ERR_PORTS_EXHAUSTED, ENOSPC,
				  "the virtual machine takes no device: it was started with "
				  "[hypervisor.qemu] default_root_ports = 0 or machine_type = "
				  "\"microvm\", which takes disks of block_device_driver = "
				  "\"virtio-scsi\" only");
	return err_set_as(err, ERR_PORTS_EXHAUSTED, ENOSPC,
			  "the virtual machine takes no further device: all of its PCIe root ports "
			  "are in use, [hypervisor.qemu] default_root_ports = %u, and of its PCI "
			  "bridges, default_bridges = %u",
			  bus->n_ports, bus->n_bridges);
}

/* A root port is fastest; a bridge comes last. */
static int choose(const struct root_bus *bus, struct pci_place *ret, struct err *err)
{
	if (bus->found) {
		snprintf(ret->bus, sizeof(ret->bus), ROOT_PORT_ID "%u", bus->port);
		snprintf(ret->addr, sizeof(ret->addr), "0");
		snprintf(ret->guest_path, sizeof(ret->guest_path), "%02x.%x/00", bus->slot,
			 bus->function);
		return 0;
	}
	if (bus->is_pc && choose_on_root_bus(bus, ret))
		return 0;
	if (!bus->bridge_found)
		return nothing_free(bus, err);
	snprintf(ret->bus, sizeof(ret->bus), BRIDGE_ID "%u", bus->bridge);
	snprintf(ret->addr, sizeof(ret->addr), "%x", bus->free_slot);
	snprintf(ret->guest_path, sizeof(ret->guest_path), "%02x.0/%02x", bus->bridge_slot,
		 bus->free_slot);
	return 0;
}

int qemu_pci_choose(const struct json_at *answer, struct pci_place *ret, struct err *err)
{
	struct root_bus root = { 0 };
	struct json_at buses;
	size_t n = 0;
	int r;

	r = json_get_array(answer, "return", &buses, &n, err);
	if (r < 0)
		return err_prefix(err, "query-pci");
	for (size_t i = 0; i < n; i++) {
		struct json_at bus;

		r = json_item_object(&buses, i, &bus, err);
		if (r == 0)
			r = look_at_bus(&bus, &root, err);
		if (r < 0)
			return err_prefix(err, "query-pci");
	}
	return choose(&root, ret, err);
}

int qemu_pci_free_place(struct qmp *qmp, uint64_t deadline, struct pci_place *ret, struct err *err)
{
	CLEANUP(json_free) struct json *answer = NULL;
	struct json_at root;
	int r;

	r = qmp_query(qmp, "query-pci", NULL, deadline, &answer, err);
	if (r < 0)
		return r;
	root = json_root(answer);
	return qemu_pci_choose(&root, ret, err);
}
