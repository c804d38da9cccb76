/* SPDX-License-Identifier: Apache-2.0 */
/* lock.h - one command at a time per sandbox (design E7) */
#pragma once

#include <stdbool.h>

struct err;

#define LOCK_TIMEOUT_S 30u

/*
 * Opens the sandbox's directory @path and locks it. Returns the descriptor,
 * which holds the lock until it is closed; -ENOENT when there is no such
 * sandbox (also when it went away while we waited), or -ETIMEDOUT with who
 * holds it.
 *
 * @create  make the directory; -EEXIST when it is there
 */
int lock_sandbox(const char *path, bool create, struct err *err);

/* The same for one that is there, with a wait of our own: -EBUSY when it is 0 and another has it.
 */
int lock_sandbox_within(const char *path, unsigned seconds, struct err *err);
