/* SPDX-License-Identifier: Apache-2.0 */
/* shims.h - start a kata-shim for a process in the guest */
#pragma once

#include <stdbool.h>

#include "base/proc.h"

struct cgroup;
struct config;
struct err;

struct shim_params {
	const struct config *config;
	const char *sid;
	const char *cid;
	const char *exec_id;
	char *const *args;           /* of the process: ps shows them as the shim's */
	int netns;                   /* of the sandbox */
	const struct cgroup *cgroup; /* of the container, or NULL */
	int files_fd;        /* see shim/view.h; -1: it stays in the host's mount namespace */
	int record_dir;      /* where its record goes, */
	const char *record;  /* and its name */
	const char *console; /* path of a pty for its standard descriptors, or NULL */
	const char *console_socket; /* who gets the master of a new pty, or NULL */
	bool terminal;
	bool detach; /* a session of its own */
};

int shim_start(const struct shim_params *params, struct proc_id *ret, struct err *err);
