/* SPDX-License-Identifier: Apache-2.0 */
/* fake_process.h - what the fake agent runs: host processes in the container's root */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct err;
struct fake_process;
struct loop;
struct ttrpc_request;

/* Everything is borrowed for the call; strings and vectors are copied. */
struct fake_process_params {
	const char *container;
	const char *exec_id;
	const char *root; /* on the host */
	char *const *args;
	char *const *env;
	const char *cwd;
	unsigned uid;
	unsigned gid;
	int terminal;
};

/* All of one fake agent. */
struct fake_processes {
	struct loop *loop;
	struct fake_process *list;
};

/* A process that waits for its start. -EEXIST when there is one of that name. */
int fake_process_add(struct fake_processes *all, const struct fake_process_params *params,
		     struct fake_process **ret, struct err *err);

/* Starts it: a container's own in a new pid namespace, any other in the container's. */
int fake_process_start(struct fake_processes *all, struct fake_process *process, struct err *err);

/* -ENOENT when the container, or the process in it, is not there. */
int fake_process_find(struct fake_processes *all, const char *container, const char *exec_id,
		      struct fake_process **ret, struct err *err);

int fake_process_signal(struct fake_process *process, int signo, struct err *err);
int fake_process_resize(struct fake_process *process, unsigned rows, unsigned columns,
			struct err *err);
void fake_process_close_stdin(struct fake_process *process);

/* These answer @req, at once or late. */
void fake_process_wait(struct fake_process *process, struct ttrpc_request *req);
void fake_process_read(struct fake_process *process, int from_stderr, uint32_t max,
		       struct ttrpc_request *req);
void fake_process_write(struct fake_process *process, const uint8_t *data, size_t len,
			struct ttrpc_request *req);

/* Kills and forgets every process of @container. */
void fake_process_remove(struct fake_processes *all, const char *container);
