/* SPDX-License-Identifier: Apache-2.0 */
/* factory.h - what a sandbox's virtual machine is started from */
#pragma once

#include <stdint.h>

#include "factory/cache_client.h"
#include "factory/template.h"

struct config;
struct err;

enum factory_kind {
	FACTORY_COLD,   /* it boots */
	FACTORY_CLONE,  /* of the template */
	FACTORY_CACHED, /* it has been started: cache_take(), then vm_adopt() */
};

/* By default a machine that boots, with the sizes that it is to have. */
struct factory_base {
	enum factory_kind kind;
	struct template template;
	struct cached cached;
};

#define FACTORY_BASE_INIT                                        \
	{                                                        \
		.template = TEMPLATE_INIT, .cached = CACHED_INIT \
	}

/*
 * Chooses for a machine that is to have @vcpus and @memory_mib in the end: one of the
 * cache in @cache, or a clone, if it is not larger; the rest is plugged in. Without a
 * template that is enabled one is made. What cannot be used is a warning. Fails only
 * with -ECANCELED (base/interrupt).
 */
int factory_choose(const struct config *config, const char *cache, unsigned vcpus,
		   uint64_t memory_mib, struct factory_base *ret, struct err *err);
/* The same without the cache. */
int factory_choose_template(const struct config *config, unsigned vcpus, uint64_t memory_mib,
			    struct factory_base *ret, struct err *err);

/* The sizes that it has at the start, where it does not boot. */
void factory_base_size(const struct factory_base *base, unsigned *ret_vcpus, uint64_t *ret_mib);
void factory_base_done(struct factory_base *base);
