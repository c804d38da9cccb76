/* SPDX-License-Identifier: Apache-2.0 */
/* host_only.h - what a configuration asks for that a virtual machine cannot have */
#pragma once

#include <stdbool.h>

struct err;
struct machine_size;
struct oci_resources;
struct oci_spec;

/*
 * Refuses the host's namespaces, and processors that the machine does
 * not have: -ENOTSUP or -EINVAL with what to do instead. Of a privileged
 * container, to which engines give every device of the host, the disks are taken
 * out of @spec.
 */
int host_only_check(struct oci_spec *spec, const struct machine_size *size, struct err *err);

/* The same for limits that are changed later. */
int host_only_check_limits(const struct oci_resources *resources, const struct machine_size *size,
			   struct err *err);
