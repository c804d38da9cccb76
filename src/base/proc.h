/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.h - start programs, and know them again later
 *
 * A process is identified by its pid and the time it was started, in clock
 * ticks since boot: a pid alone may be somebody else's by now, and the name of
 * the program changes when it is a script or has been upgraded. Where records
 * are kept, the boot id is kept too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

struct proc_id {
	pid_t pid; /* 0: none */
	uint64_t start;
};

#define BOOT_ID_LEN 37

/* The host's boot id: pids and times of start are of one boot. */
int boot_id_read(char ret[BOOT_ID_LEN], struct err *err);

/* -ESRCH when there is no such process, or only its remains (a zombie). */
int proc_identify(pid_t pid, struct proc_id *ret);

bool proc_alive(const struct proc_id *id);

/* Sends a signal if the process is still the same. Returns 0, -ESRCH or errno of kill(2). */
int proc_signal(const struct proc_id *id, int signo);

/* Kills it and waits until it has gone. Returns 0 (also when it was gone already) or -ETIMEDOUT. */
int proc_kill(const struct proc_id *id, uint64_t deadline);

/* Waits until it has gone, of itself. */
int proc_wait_gone(const struct proc_id *id, uint64_t deadline);

/* The record that a started program leaves, below @dirfd. -ENOENT: it never was started. */
int proc_record_read(int dirfd, const char *name, struct proc_id *ret);

struct spawn {
	char *const *argv; /* argv[0] is the program's path */
	const int *fds;    /* descriptors to pass on, under the same numbers */
	size_t n_fds;
	int stdio[3]; /* -1: /dev/null */
	bool new_session;
	bool controlling_terminal; /* with new_session: stdio[0] becomes it */
	bool new_pid_ns;           /* it is the init of a pid namespace of its own */
	bool dies_with_us;         /* it is killed when we end, before it is done */
	int netns;                 /* of another network namespace, or -1 */
	int cgroup;                /* of version 2, that it starts in, or -1 */
	/* Called in the child, for cgroups of version 1; a -errno fails the start. Or NULL. */
	int (*enter)(const void *data);
	const void *enter_data;
	int record_dir;     /* where the record goes, or -1 */
	const char *record; /* its name */
};

#define SPAWN_INIT                                                                   \
	{                                                                            \
		.stdio = { -1, -1, -1 }, .netns = -1, .cgroup = -1, .record_dir = -1 \
	}

/*
 * Starts a program. The child writes its record itself, before exec, so that
 * there is never a program without one. Returns when exec has succeeded, with
 * the process in *ret, or the errno of the step that failed, which is named.
 */
int spawn_start(const struct spawn *spawn, struct proc_id *ret, struct err *err);
