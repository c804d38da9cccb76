/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor.h - follows a sandbox's network namespace
 *
 * What has happened does not matter, only that something has: then kata-runtime
 * compares the whole namespace with the guest ("kata-network sync"). One such
 * command runs at a time; what happens meanwhile makes one more. So nothing is
 * waited for by sleeping: an interface that is still being set up is looked at
 * again when its address comes.
 */
#pragma once

struct err;

struct monitor_params {
	const char *runtime; /* kata-runtime's path */
	const char *sandbox;
	int vm; /* a pidfd of the virtual machine's process, or -1 */
};

/* In the namespace of now. Runs until the sandbox ends or SIGTERM comes. */
int monitor_run(const struct monitor_params *params, struct err *err);
