/* SPDX-License-Identifier: Apache-2.0 */
/* factory.h - what a sandbox's virtual machine is started from */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "factory/template.h"

struct config;
struct err;

/* By default a machine that boots, with the sizes that it is to have. */
struct factory_base {
	struct template template;
	bool clone; /* of the template, and of its sizes: the rest is plugged in */
};

#define FACTORY_BASE_INIT                  \
	{                                  \
		.template = TEMPLATE_INIT, \
	}

/*
 * Chooses for a machine that is to have @vcpus and @memory_mib in the end. Without a
 * template that is enabled one is made; one that cannot be used is a warning, and the
 * machine boots. Fails only with -ECANCELED (base/interrupt).
 */
int factory_choose(const struct config *config, unsigned vcpus, uint64_t memory_mib,
		   struct factory_base *ret, struct err *err);
void factory_base_done(struct factory_base *base);
