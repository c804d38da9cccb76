/* SPDX-License-Identifier: Apache-2.0 */
/* process.h - one process of a container: its streams, its start and its end */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/loop.h"

struct agent;
struct container;
struct err;
struct launch;
struct oci_process;
struct ttrpc_request;

#define PROCESS_READ_MAX (64u << 10) /* bytes of one ReadStdout answer */

/* A stream that the host reads. */
struct outlet {
	struct watch watch;           /* in the loop while a reader waits */
	int fd;                       /* owned; -1: at its end, or never there */
	struct ttrpc_request *reader; /* the one call that waits */
	uint32_t want;
};

/* The stream that the host writes. */
struct inlet {
	struct watch watch;
	int fd;
	struct ttrpc_request *writer; /* the one call whose bytes are not all written */
	struct buf pending;
	uint32_t len; /* what to answer */
	bool closing; /* CloseStdin came while a call was writing */
};

enum process_state { PROCESS_STARTING, PROCESS_READY, PROCESS_RUNNING, PROCESS_EXITED };

struct process {
	struct process *next;
	struct container *container; /* borrowed */
	char *exec_id;
	enum process_state state;
	bool terminal;
	bool is_init;
	bool was_ready; /* init: the container was created */
	bool waited;    /* somebody has been told the status */
	pid_t pid;      /* 0: not known yet */
	pid_t helper;
	int pidfd; /* of init: to enter its namespaces; owned */
	int32_t status;
	struct inlet in;
	struct outlet out;
	struct outlet err;
	struct watch control; /* of the socket to the child, owned */
	int control_fd;
	struct ttrpc_request *starter; /* CreateContainer, StartContainer or ExecProcess */
	struct ttrpc_request *waiters; /* linked by ->waiting */
};

/*
 * Launches @launch, whose stdio is filled in here. @starter is answered when
 * the child is ready (a new container) or runs (an exec), or has failed; on
 * failure the process frees itself through process_ended().
 */
int process_launch(struct container *container, const char *exec_id, const struct oci_process *spec,
		   struct launch *launch, struct ttrpc_request *starter, struct process **ret,
		   struct err *err);

/* Lets a ready init go; @starter is answered when the program runs or could not be started. */
int process_start(struct process *process, struct ttrpc_request *starter, struct err *err);

/* Init may be started: its container is created. Or it may not, and ends. */
void process_ready(struct process *process);
void process_fail(struct process *process, const struct err *error);

void process_read(struct outlet *outlet, uint32_t want, struct ttrpc_request *req);
void process_write(struct process *process, const uint8_t *data, size_t len,
		   struct ttrpc_request *req);
void process_close_stdin(struct process *process);
int process_resize(struct process *process, uint32_t rows, uint32_t columns, struct err *err);
void process_wait(struct process *process, struct ttrpc_request *req);
int process_signal(struct process *process, int signo, struct err *err);

/*
 * Takes in what the child has said so far. To be called before process_reaped():
 * an error explains more than a status, and a pid may be among it.
 */
void process_read_control(struct process *process);

/* wait4(2) has seen @pid end. Returns whether it was of this process. */
bool process_reaped(struct process *process, pid_t pid, int wait_status);

/* Nobody will ask for it again: exited, status told, streams read to their end. */
bool process_is_done(const struct process *process);

/* Answers what still waits and frees. */
void process_free(struct process *process);
