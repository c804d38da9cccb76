/* SPDX-License-Identifier: Apache-2.0 */
/* qemu_pci.h - where a PCI device can be plugged into a running QEMU */
#pragma once

#include <stdint.h>

struct err;
struct json_at;
struct qmp;

/* A place for one device, in QEMU's words and in the guest's. */
struct pci_place {
	char bus[24]; /* "rp3", "pci.0", "pci-bridge-0" */
	char addr[8]; /* the slot on it */
	/*
	 * The guest's way to it from root bus 0000:00: slots and functions in hex,
	 * "10.3/00" behind a root port, "05.0/01" behind a bridge, "1a.0" on the root bus itself.
	 * Source: openEuler, agent patches 0007 and 0008.
	 */
	char guest_path[16];
};

/*
 * Asks QEMU for a free place. Nothing is kept: what QEMU says is what counts.
 * Returns 0, -ENOSPC (all are in use; the error names the key of configuration.toml
 * that says how many there are), or an error of qmp_query().
 */
int qemu_pci_free_place(struct qmp *qmp, uint64_t deadline, struct pci_place *ret, struct err *err);

/* The same from an answer of query-pci. */
int qemu_pci_choose(const struct json_at *answer, struct pci_place *ret, struct err *err);
