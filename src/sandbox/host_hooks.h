/* SPDX-License-Identifier: Apache-2.0 */
/* host_hooks.h - the engine's hooks on the host: prestart, createRuntime, poststart, poststop */
#pragma once

#include "oci/spec.h"

struct container_record;
struct err;

/*
 * prestart, then createRuntime, while the container is being made. The state's
 * pid is a process in the network namespace @netns that ends with this call:
 * Docker's libnetwork takes the namespace from it. Blocking, with the hooks'
 * time-outs. The error names the hook.
 */
int host_hooks_create(const struct oci_spec *spec, const struct container_record *record, int netns,
		      struct err *err);

/* Whether there are hooks for later: see host_hooks_after(). */
bool host_hooks_wanted_later(const struct oci_spec *spec);

/*
 * poststart or poststop, which the bundle's config.json names. What fails is
 * logged, as the runtime-spec wants it. @record says what the bundle is.
 */
void host_hooks_after(const struct container_record *record, enum oci_hook_kind kind);

/* The same for a specification that is loaded, when the container could not be made. */
void host_hooks_stopped(const struct oci_spec *spec, const struct container_record *record);
