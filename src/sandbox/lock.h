/* SPDX-License-Identifier: Apache-2.0 */
/* lock.h - one command at a time per sandbox (design E7) */
#pragma once

#include <stdbool.h>

struct err;

#define LOCK_TIMEOUT_S 30

/*
 * Opens the sandbox's directory @path and locks it. Returns the descriptor,
 * which holds the lock until it is closed; -ENOENT when there is no such
 * sandbox (also when it went away while we waited), or -ETIMEDOUT with who
 * holds it.
 *
 * @create  make the directory; -EEXIST when it is there
 */
int lock_sandbox(const char *path, bool create, struct err *err);

/* The same for one that is there, without waiting: -EBUSY when another holds the lock. */
int lock_sandbox_now(const char *path, struct err *err);
