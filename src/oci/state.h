/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - a container's state as the runtime-spec has it, for "state" and for hooks */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct oci_state {
	const char *version; /* all borrowed */
	const char *id;
	const char *status; /* "creating", "created", "running", "stopped"; engines know "paused" */
	pid_t pid;          /* 0: none */
	const char *bundle;
	char *const *annotations; /* "key=value" */
};

/*
 * The state as one JSON object.
 *
 * @pretty  over several lines, the last one ended too, as people read it
 *
 * Returns an owned string. Source: runtime-spec, runtime.md, "State".
 */
char *oci_state_json(const struct oci_state *state, bool pretty);
