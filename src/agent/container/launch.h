/* SPDX-License-Identifier: Apache-2.0 */
/* launch.h - start a process in a new container, or in one that runs */
#pragma once

#include <sys/types.h>

struct err;
struct oci_process;
struct oci_spec;

struct launch {
	const struct oci_spec *spec;       /* of a new container; NULL: join one */
	const struct oci_process *process; /* what to run */
	int cgroup_fd;                     /* directory of the container's cgroup (v2), or -1 */
	int init_pidfd;                    /* join: the container's init; else -1 */
	int stdio[3];                      /* the child's ends, borrowed; unused with a terminal */
};

struct launched {
	pid_t pid;   /* join: of the helper, which ends after CONTROL_PID */
	int pidfd;   /* owned */
	int control; /* owned; see control.h */
};

/*
 * Clones the child. It does the rest by itself and reports over ret->control;
 * nothing here blocks. Returns 0, or errno of clone3(2) or socketpair(2).
 */
int launch_start(const struct launch *launch, struct launched *ret, struct err *err);
