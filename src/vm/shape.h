/* SPDX-License-Identifier: Apache-2.0 */
/* shape.h - what the configuration says of a virtual machine; of vm/ only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/machine.h"

struct config;
struct image;

/* Without what each machine has of its own: id, sizes, paths, descriptors, NICs. */
struct shape {
	struct machine machine; /* its strings are the configuration's and those below */
	char *options;
	char **params;
	char **globals;
};

/* @vsock: its agent is reached so. @image: what it starts from, or NULL: the initrd. */
void shape_of(const struct config *config, bool vsock, const struct image *image,
	      struct shape *ret);
void shape_done(struct shape *shape);

/* How many files virtiofsd may have open. */
uint64_t shape_max_files(void);
