/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind.h - takes a PCI device from its driver for VFIO, and gives it back
 *
 * Both look at what is there and do what is left to do, so that either can be done
 * again after a process was killed at any step of either.
 * Source: kernel, Documentation/ABI/testing/sysfs-bus-pci, driver_override.
 */
#pragma once

#include <stdbool.h>

#include "vfio/group.h"

/*
 * Whether vfio_bind() can work: -ENOENT (vfio-pci is not loaded), -ENODEV (no IOMMU), -EBUSY
 * (another device of its group is in use by the host: the error names it). Changes nothing.
 */
int vfio_bind_check(const struct sysfs *sysfs, const char *address, struct err *err);

/* The PCI device @address is vfio-pci's from now on. */
int vfio_bind(const struct sysfs *sysfs, const char *address, struct err *err);

/*
 * It is @driver's again ("": nobody's). -ENODEV when @driver does not take it, or has gone.
 * A device that has gone is success. No process may have it open any more: the kernel waits.
 */
int vfio_give_back(const struct sysfs *sysfs, const char *address, const char *driver,
		   struct err *err);
