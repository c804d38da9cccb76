/* SPDX-License-Identifier: Apache-2.0 */
/* nic_physical.h - network hardware in the sandbox's namespace goes to the guest, and comes back */
#pragma once

#include "net/wire.h"
#include "vfio/group.h"

struct err;

/*
 * Completes a wire of hardware, for it to be written down: which PCI device it is, and
 * whose. Changes nothing. -ENOTSUP (not on a PCI bus), or an error of vfio_bind_check().
 *
 * @netns  where the interface is
 */
int nic_physical_plan(const struct sysfs *sysfs, int netns, struct wire *wire, struct err *err);

/* vfio-pci has it from now on: its interface is gone. */
int nic_physical_take(const struct sysfs *sysfs, const struct wire *wire, struct err *err);

/*
 * Its driver has it again, whatever became of it before, and its interface is again what
 * and where it was: in @netns, or where that has gone (-1), in the host's namespace, that
 * of @host. QEMU has ended.
 */
int nic_physical_give_back(const struct sysfs *sysfs, const struct wire *wire, struct netlink *host,
			   int netns, struct err *err);
