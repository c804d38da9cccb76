/* SPDX-License-Identifier: Apache-2.0 */
/* relay.h - the standard streams, signals and end of one guest process */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"

struct err;
struct loop;
struct relay;

/* The exit code when the virtual machine has gone: restart policies act on it (design E8). */
#define RELAY_LOST 255

/*
 * Relays between descriptors 0 to 2 and the process, over the connection @fd
 * (taken over), until the process has ended and its output is written; then
 * the loop stops with its status, or with RELAY_LOST.
 *
 * @timeline  where the time of the first output goes, or -1; taken over
 * @terminal  our standard input is made raw, and its size follows
 */
int relay_new(struct loop *loop, int fd, const char *container, const char *exec_id, bool terminal,
	      int timeline, struct relay **ret, struct err *err);
void relay_free(struct relay *relay);
DEFINE_CLEANUP(struct relay *, relay_free)
