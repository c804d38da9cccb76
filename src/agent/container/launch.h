/* SPDX-License-Identifier: Apache-2.0 */
/* launch.h - start a process in a new container, or in one that runs */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "agent/container/rootfs.h"

struct cgroup;
struct err;
struct oci_process;
struct oci_spec;

/* Everything in it is borrowed until the child has said that it runs, or has ended. */
struct launch {
	const char *id;                    /* of the container; for its hooks */
	const char *bundle;                /* likewise; may be NULL */
	const struct oci_spec *spec;       /* of the container */
	const struct oci_process *process; /* what to run */
	struct cgroup *cgroup;             /* the container's; NULL: stay in the caller's */
	int join_pidfd;                    /* the container's init, to run beside it; -1: be init */
	int stdio[3];                      /* the child's ends; unused with a terminal */
	struct rootfs_options rootfs_options;
};

struct launched {
	pid_t pid;   /* of the process, or of the helper */
	bool helper; /* the process itself comes with CONTROL_PID, and the helper ends */
	int pidfd;   /* of the process; owned; -1 with a helper */
	int control; /* owned; see control.h */
};

/*
 * Checks what can be checked without doing anything, and clones the child, or a
 * helper when namespaces have to be entered or mapped before. They do the rest by
 * themselves and report over ret->control; nothing here blocks. A process that a
 * helper leaves becomes a child of the nearest subreaper, which the caller has to
 * be. Returns 0, -EINVAL, -ENOTSUP or -ENOENT with the field that cannot be, or
 * errno of clone3(2) or socketpair(2).
 */
int launch_start(const struct launch *launch, struct launched *ret, struct err *err);
