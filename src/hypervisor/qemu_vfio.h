/* SPDX-License-Identifier: Apache-2.0 */
/* qemu_vfio.h - devices of the host in a QEMU */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;
struct pci_place;
struct qmp;

#define QEMU_VFIO_ID_LEN   48u /* of the id and its NUL */
#define QEMU_VFIO_COLD_MAX 11u /* that a root bus takes at the start */

/* What QEMU calls the device @name, "0000:01:00.0" or a UUID. */
void qemu_vfio_id(const char *name, char ret[QEMU_VFIO_ID_LEN]);

/* "/sys/bus/mdev/devices/UUID"; owned. */
char *qemu_vfio_mediated_dir(const char *uuid);

/* What decides where devices are that a machine is started with. */
struct qemu_vfio_layout {
	const char *type;    /* of the machine */
	unsigned root_ports; /* that it has */
	bool on_root_bus;    /* hotplug_vfio_on_root_bus; type pc has nothing else */
};

/*
 * The place of device @i of those that the machine starts with. -ENOSPC names the
 * keys that decide how many there can be.
 */
int qemu_vfio_cold_place(const struct qemu_vfio_layout *layout, unsigned i, struct pci_place *ret,
			 struct err *err);

/* Into a running machine; it is removed by qemu_remove_device(). */
int qemu_add_vfio(struct qmp *qmp, const char *name, bool mediated, const struct pci_place *place,
		  uint64_t deadline, struct err *err);
