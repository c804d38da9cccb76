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
	bool first_output;   /* it adds the time of that to the timeline in @record_dir */
	int record_dir;      /* where its record goes, */
	const char *record;  /* and its name */
	const char *console; /* path of a pty for its standard descriptors, or NULL */
	const char *console_socket; /* who gets the master of a new pty, or NULL */
	bool terminal;
	bool detach; /* a session of its own */
};

/*
 * A shim that has been started and waits for its process to exist in the guest:
 * while that is made, it is loaded and enters its cgroup.
 */
struct started_shim {
	struct proc_id id;
	int go; /* closed without a word, it ends; -1: none */
};

#define STARTED_SHIM_INIT \
	{                 \
		.go = -1  \
	}

int shim_start(const struct shim_params *params, struct started_shim *ret, struct err *err);

/* The process is there. */
int shim_go(struct started_shim *shim, struct err *err);

/* Ends one that never got so far. */
void started_shim_done(struct started_shim *shim);
