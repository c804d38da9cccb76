/* SPDX-License-Identifier: Apache-2.0 */
/* qemu_args.h - a machine as QEMU's command line */
#pragma once

struct err;
struct machine;

/*
 * The argument vector, owned by the caller. Pure: the same machine gives the
 * same line, which golden files of the tests show. -EINVAL for a machine type
 * that QEMU has but we do not know how to fill.
 */
int qemu_args_build(const struct machine *machine, char ***ret, struct err *err);
