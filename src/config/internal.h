/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - a configuration while it is put together */
#pragma once

#include <stddef.h>

struct config;
struct err;

/* All defaults. @path: the first file, for errors. */
struct config *config_new(const char *path);

/* What the text of @file says goes over what @config has. As config_parse(). */
int config_apply(struct config *config, const char *text, size_t len, const char *file,
		 struct err *err);

/* What one key alone cannot tell; once, behind the last file. */
int config_check(const struct config *config, struct err *err);
