/* SPDX-License-Identifier: Apache-2.0 */
/* memlock.h - a machine with devices of the host has all of its memory locked */
#pragma once

#include <sys/types.h>

struct err;

/*
 * Lifts the limit of locked memory of a process (0: of ours, which those that we
 * start inherit): the kernel locks what a device can reach, which is all of the
 * guest's memory, and later what is plugged in. -EPERM where we may not, and the limit
 * counts for the process.
 */
int vfio_lift_memlock(pid_t pid, struct err *err);
