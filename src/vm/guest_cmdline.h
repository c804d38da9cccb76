/* SPDX-License-Identifier: Apache-2.0 */
/* guest_cmdline.h - the command line of the guest's kernel */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct config;
struct image;

/* What the configuration alone does not say. */
struct guest_facts {
	unsigned max_vcpus;
	bool vsock;                /* the agent is reached by it */
	uint64_t max_files;        /* that virtiofsd may have open */
	const struct image *image; /* that it starts from; NULL: an initrd */
	uint64_t tsc_khz; /* for a machine that has no clock to find it out by; 0: it has */
};

/*
 * The words in their order: of two that contradict, the last one counts, so
 * kernel_params come last. Owned. Source: reference 01, section 7.
 */
char **guest_cmdline(const struct config *config, const struct guest_facts *facts);
