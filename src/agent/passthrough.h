/* SPDX-License-Identifier: Apache-2.0 */
/* passthrough.h - devices of the host that the guest's own drivers have */
#pragma once

#include <stdint.h>

struct err;
struct oci_spec;

#define PASSTHROUGH_TYPE "vfio-pci-gk" /* of a device in CreateContainer; Kata 3's name */

/*
 * The PCI path in "0000:01:00.0=10.0/00", the device's address on the host and its path
 * here; borrowed. NULL: it is none.
 */
const char *passthrough_path(const char *option);

/*
 * Waits until the device at @path is there, up to @timeout_ms, and then a moment for its
 * driver: without one, which is logged, the container gets no file of it. For helpers.
 */
int passthrough_wait(const char *path, uint64_t timeout_ms, struct err *err);

/*
 * Gives @spec the device files that the drivers of the device at @path have made, under
 * their names in /dev, with a rule for each: a drive's disk and its partitions, a card's
 * nodes. A file that the specification names itself stays as it is.
 *
 * @pci    PCI_SYSFS; another for tests
 */
int passthrough_add_files(const char *pci, const char *path, struct oci_spec *spec,
			  struct err *err);
