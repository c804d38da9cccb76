/* SPDX-License-Identifier: Apache-2.0 */
/* pci.h - devices of the guest by the host's PCI paths */
#pragma once

struct err;

#define PCI_SYSFS "/sys/bus/pci/devices"

/*
 * Finds what the kernel made of the PCI device at @path: the name in the class
 * "net" or "block", such as "eth0" or "vda"; owned.
 *
 * @sysfs  PCI_SYSFS; another for tests
 * @path   slots and functions in hex from root bus 0000:00 on, one for each
 *         bridge and one for the device: "10.3/00". Without ".F" it is function 0
 *
 * Returns 1 (found), 0 (not there yet), or -EINVAL for a path that is none.
 * Source: openEuler, agent patches 0007 and 0008; the host: hypervisor/qemu_pci.h.
 */
int pci_find(const char *sysfs, const char *path, const char *class, char **ret, struct err *err);

/* Its directory in sysfs, whatever it is; owned. Returns as pci_find(). */
int pci_directory(const char *sysfs, const char *path, char **ret, struct err *err);

/* The first disk of the SCSI controller there; owned. Returns as pci_find(). */
int pci_find_scsi_disk(const char *sysfs, const char *path, char **ret, struct err *err);
