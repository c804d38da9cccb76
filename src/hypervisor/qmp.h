/* SPDX-License-Identifier: Apache-2.0 */
/* qmp.h - QEMU's monitor: one command at a time, each with a deadline */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"

struct err;
struct json;
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
 * between are passed over. Returns 0, -ENODEV (QEMU's class DeviceNotFound) or
 * -EIO with QEMU's own words, -ETIMEDOUT or -EPIPE. *ret_reply, if wanted, is
 * the text of the "return" value, owned.
 */
int qmp_command(struct qmp *qmp, const char *command, const char *arguments, uint64_t deadline,
		char **ret_reply, struct err *err);

/* The same for a question: the member "return" of *ret is the answer. */
int qmp_query(struct qmp *qmp, const char *command, const char *arguments, uint64_t deadline,
	      struct json **ret, struct err *err);

/* Gives QEMU a copy of the descriptor @fd, under a name for a later command. */
int qmp_give_fd(struct qmp *qmp, const char *name, int fd, uint64_t deadline, struct err *err);

/*
 * Waits until QEMU has told that the device @id, or its virtio backend, is gone
 * (DEVICE_DELETED); also when it told so before, on this connection. Returns 0, -ETIMEDOUT or
 * -EPIPE.
 */
int qmp_wait_deleted(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err);

/*
 * The same for what the guest does: it opens its serial port @id. QEMU tells of one
 * port at most once in a second.
 */
int qmp_wait_opened(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err);

/*
 * Waits until the migration that was begun on this connection has ended, with the
 * capability "events". Returns 0, -EIO (it failed), -ETIMEDOUT or -EPIPE.
 */
int qmp_wait_migrated(struct qmp *qmp, uint64_t deadline, struct err *err);
