/* SPDX-License-Identifier: Apache-2.0 */
/* qmp.h - QEMU's monitor: one command at a time, each with a deadline */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"

struct err;
struct qmp;

/* The lines are QEMU's, which the guest may have taken over. */
#define QMP_LINE_MAX (1u << 20)

/*
 * Connects to the socket, reads the greeting and ends the negotiation.
 * Returns 0, -ETIMEDOUT (QEMU hangs), -EPIPE (it ended), or errno of connect(2).
 */
int qmp_connect(const char *path, uint64_t deadline, struct qmp **ret, struct err *err);
void qmp_free(struct qmp *qmp);
DEFINE_CLEANUP(struct qmp *, qmp_free)

/*
 * Runs @command with @arguments (JSON text of an object, or NULL). Events in
 * between are passed over. Returns 0, -EIO with QEMU's own words, -ETIMEDOUT
 * or -EPIPE. *ret_reply, if wanted, is the text of the "return" value, owned.
 */
int qmp_command(struct qmp *qmp, const char *command, const char *arguments, uint64_t deadline,
		char **ret_reply, struct err *err);
