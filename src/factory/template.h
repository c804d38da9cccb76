/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h - the virtual machine that others are cloned from
 *
 * It is a tmpfs with its memory, its state and a manifest, at [factory]
 * template_path. It is made detached and put there when it is whole: what a killed
 * command has begun is gone with it, and nobody ever sees a half one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vm/vm.h"

struct config;
struct err;

struct template
{
	struct vm_image image;
	unsigned vcpus;
	uint64_t memory_mib;
};

#define TEMPLATE_INIT                                              \
	{                                                          \
		.image = { .memory = -1, .state = -1 }, .vcpus = 0 \
	}

/*
 * Opens the template for a clone. What is open stays as it is, whatever becomes of
 * the template. @thorough: see manifest_check().
 *
 * Returns 0, -ENOENT (there is none), -ESTALE (it is not of this configuration), -EPERM
 * (owner or mode), or another errno; the text says why it cannot be used.
 */
int template_open(const struct config *config, bool thorough, struct template *ret,
		  struct err *err);
void template_close(struct template *template);

/* Told what is being done; may be NULL. */
typedef void (*template_step_fn)(const char *step);

/*
 * Boots a machine, and makes a template of it. One that is there and cannot be used is
 * replaced. Returns 0, -EEXIST (there is one), -EBUSY (another command is at it), or
 * why it cannot be made, and then nothing is left.
 */
int template_make(const struct config *config, template_step_fn step, struct err *err);

/* Takes it away; its clones live on. Success when there is none. */
int template_remove(const struct config *config, struct err *err);
