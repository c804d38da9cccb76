/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.h - the last words of a virtual machine */
#pragma once

#include "base/cleanup.h"

struct err;
struct loop;
struct monitor;

/*
 * Reads the guest's console, QEMU's events and QEMU's standard error, keeps the
 * last 64 KiB of the console and the last 4 KiB of the others, and writes them
 * to the file @last_words at the end. Every source may be absent (NULL, -1).
 */
int monitor_new(struct loop *loop, const char *console, const char *events, int stderr_fd,
		const char *last_words, struct monitor **ret, struct err *err);

/* QEMU has ended: takes in what is still to be read and writes the file. */
void monitor_finish(struct monitor *monitor);

void monitor_free(struct monitor *monitor);
DEFINE_CLEANUP(struct monitor *, monitor_free)
