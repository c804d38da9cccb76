/* SPDX-License-Identifier: Apache-2.0 */
/* control.h - what the agent and a process that it is starting say to each other */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct err;

/*
 * One sequenced-packet socket per start. The child says, in this order:
 *   PID    a helper's word: the process, with its pidfd
 *   READY  init only: root file system is set up; waits for GO
 *   TTY    with a terminal: carries the master's descriptor
 *   ERROR  what failed; the child then ends
 * and closes it by exec(2), which is the sign of success. The socket is
 * close-on-exec, so the container never sees it.
 */
enum control_type { CONTROL_PID = 1, CONTROL_READY, CONTROL_TTY, CONTROL_ERROR, CONTROL_GO };

struct control_message {
	int32_t type; /* enum control_type */
	int32_t code; /* ERROR: errno */
	int32_t id;   /* ERROR: enum err_id */
	int32_t pid;  /* PID: as seen by the agent */
	char text[900];
};

/* Both return 0 or -errno; control_receive() returns 1 for a message, 0 at the end. */
int control_send(int sock, const struct control_message *message, int fd);
int control_receive(int sock, struct control_message *ret, int *ret_fd);

int control_send_error(int sock, const struct err *error);
