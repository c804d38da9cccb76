/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug_console.h - programs beside the containers, in the guest itself
 *
 * For whoever looks after the host, and only with agent.debug_console. They are the
 * processes of a container that is none: it has no first process, no cgroup and no
 * namespaces of its own, and is not in the list of the pod's.
 */
#pragma once

struct agent;
struct container;
struct err;
struct oci_process;

#define DEBUG_CONSOLE_ID "@guest" /* of the container that is none: no other can be called so */

int debug_console_enable(struct agent *agent, struct err *err);

/* As container_find(), and @id may be DEBUG_CONSOLE_ID; -EPERM with what has to be set. */
int debug_console_find(struct agent *agent, const char *id, struct container **ret,
		       struct err *err);

/*
 * Makes @process one of the guest's root. -ENOENT: the guest does not have the program; the
 * error says which initrd has a shell.
 */
int debug_console_prepare(struct oci_process *process, struct err *err);
