/* SPDX-License-Identifier: Apache-2.0 */
/* qemu_memory.h - a machine's memory on QEMU's command line: of qemu_args.c only */
#pragma once

struct machine;

/* Adds -m, the object of the memory that -machine names, and -overcommit. */
void qemu_memory_args(const struct machine *machine, char ***args);
