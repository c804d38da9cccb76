/* SPDX-License-Identifier: Apache-2.0 */
/* dial.h - the agent's address: "unix:///path" (kata-proxy's) or "vsock://CID:PORT" */
#pragma once

#include <stdint.h>

struct err;

#define DIAL_AGENT_PORT 1024u /* where the agent listens; Kata's vSockPort */

/* -EINVAL with what is allowed. */
int dial_check(const char *url, struct err *err);

/*
 * Connects, at most until @deadline. Returns a stream socket, close-on-exec and
 * blocking, or -EINVAL, -ETIMEDOUT, or errno of connect(2): of a virtual machine
 * whose agent does not listen yet -ECONNRESET or -ENODEV.
 */
int dial(const char *url, uint64_t deadline, struct err *err);

/*
 * Begins to connect, for a program with a loop: the descriptor does not block,
 * and when it can be written to dial_outcome() says what became of it: 0 or -errno.
 */
int dial_start(const char *url, struct err *err);
int dial_outcome(int fd);
