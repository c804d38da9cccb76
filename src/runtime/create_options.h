/* SPDX-License-Identifier: Apache-2.0 */
/* create_options.h - what "create" and "run" have in common */
#pragma once

#include <stdbool.h>

struct create_options {
	const char *bundle;
	const char *console;
	const char *console_socket;
	const char *pid_file;
	const char *preserve_fds;
	const char *id;
	bool no_pivot;
	bool no_new_keyring;
};

#define CREATE_OPTIONS_INIT   \
	{                     \
		.bundle = "." \
	}

/* The rows of the options table, for a struct create_options @o. */
#define CREATE_OPTIONS(o)                                                                  \
	OPT_STRING('b', "bundle", &(o).bundle, "DIR",                                      \
		   "the OCI bundle (default: the current directory)"),                     \
		OPT_STRING(0, "console", &(o).console, "PATH",                             \
			   "an existing terminal for the process"),                        \
		OPT_STRING(0, "console-socket", &(o).console_socket, "SOCKET",             \
			   "who is sent the master of a new terminal"),                    \
		OPT_STRING(0, "pid-file", &(o).pid_file, "FILE",                           \
			   "where the shim's pid is written, as the last step"),           \
		OPT_STRING(0, "preserve-fds", &(o).preserve_fds, "N", "only 0: see exec"), \
		OPT_BOOL(0, "no-pivot", &(o).no_pivot, "accepted, without effect"),        \
		OPT_BOOL(0, "no-new-keyring", &(o).no_new_keyring,                         \
			 "accepted, the guest's keys are its own"),                        \
		OPT_ARG("container-id", &(o).id, "the id of the new container")
