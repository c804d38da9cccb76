/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest_hooks.h - programs of the guest that run around every container
 *
 * The administrator puts them into the guest's image, below guest_hook_path:
 * every executable file in prestart/, poststart/ and poststop/, in the order of
 * their names, with the container's state on standard input. They see the guest
 * as the agent does. Source: reference 05, section 9.
 */
#pragma once

#include "oci/spec.h"

struct agent;
struct container;
struct err;

/* What is below @path, from now on. Nothing there is a warning. */
void guest_hooks_scan(struct agent *agent, const char *path);

/* @error->code is 0 when all have run and none failed. */
typedef void (*guest_hooks_done)(struct container *container, const struct err *error);

/*
 * Runs the hooks of @kind in a helper. @container must stay until @done, which is
 * called at once when there are none.
 */
void guest_hooks_run(struct container *container, enum oci_hook_kind kind, guest_hooks_done done);
