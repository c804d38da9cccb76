/* SPDX-License-Identifier: Apache-2.0 */
/* cache_config.h - what the machines of a cache are made of, so that none is used for anything else
 */
#pragma once

#include <stddef.h>

#include "factory/manifest.h"

struct config;
struct err;

/* Of machines that are started by @config. -errno of reading one of the files that it names. */
int cache_config_begin(const struct config *config, struct manifest *ret, struct err *err);

/*
 * Whether a machine of @config would be the same, whatever its sizes. Returns 0, or
 * -ESTALE with what is different.
 */
int cache_config_check(const struct manifest *manifest, const struct config *config,
		       struct err *err);
