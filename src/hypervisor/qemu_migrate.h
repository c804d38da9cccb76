/* SPDX-License-Identifier: Apache-2.0 */
/* qemu_migrate.h - the state of a virtual machine, into a file and out of it again */
#pragma once

#include <stdint.h>

struct err;
struct qmp;

/*
 * Both leave out memory that is shared with a file (machine.h, memory_file), and
 * give QEMU a copy of @fd, because its sandbox lets it start no program (design E11).
 * On one connection only once.
 */

/* Stops the machine and writes its state to @fd. For good: it is of no more use then. */
int qemu_save(struct qmp *qmp, int fd, uint64_t deadline, struct err *err);

/* Reads the state from @fd, at its offset, into a machine with "clone", and lets it run. */
int qemu_load(struct qmp *qmp, int fd, uint64_t deadline, struct err *err);
