/* SPDX-License-Identifier: Apache-2.0 */
/* qemu_probe.h - what a QEMU program says of itself */
#pragma once

#include <stdbool.h>

struct err;

#define QEMU_PROBE_MS 15000u

/* The first line of "QEMU --version"; owned. */
int qemu_version(const char *program, char **ret, struct err *err);

/* "5.2.1" out of that line as major * 100 + minor; 0: it has none. */
unsigned qemu_version_number(const char *line);

/* What "QEMU -OPTION help" prints, e.g. of "device" or "machine"; owned. */
int qemu_help(const char *program, const char *option, char **ret, struct err *err);

/* Whether that lists @name, as name "NAME" or as the first word of a line. */
bool qemu_help_has(const char *help, const char *name);
