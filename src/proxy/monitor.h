/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.h - the last words of a virtual machine */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"

struct err;
struct loop;
struct monitor;

/* Each may be absent: NULL, -1. */
struct monitor_sources {
	const char *console; /* sockets of QEMU */
	const char *events;
	int stderr_fd;          /* QEMU's standard error */
	int share_fd;           /* a pidfd of virtiofsd */
	const char *last_words; /* a file */
	bool relays;            /* the serial port's end stops the loop, else that of events */
};

/*
 * Reads the guest's console, QEMU's events and QEMU's standard error, keeps the
 * last 64 KiB of the console and the last 4 KiB of the others, and writes them
 * to the file last_words at the end. When virtiofsd ends, QEMU is told to quit
 * and the loop stopped: without its files the guest would hang.
 */
int monitor_new(struct loop *loop, const struct monitor_sources *from, struct monitor **ret,
		struct err *err);

/* QEMU has ended: takes in what is still to be read and writes the file. */
void monitor_finish(struct monitor *monitor);

void monitor_free(struct monitor *monitor);
DEFINE_CLEANUP(struct monitor *, monitor_free)
