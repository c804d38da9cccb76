/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - the words agent.NAME=VALUE of the kernel's command line */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "agent/device_wait.h"
#include "agent/vacant.h"
#include "base/log.h"

enum agent_trace { AGENT_TRACE_OFF, AGENT_TRACE_ISOLATED, AGENT_TRACE_COLLATED };

struct agent_options {
	enum log_level log;           /* log */
	bool debug_console;           /* debug_console */
	bool unified;                 /* unified_cgroup_hierarchy */
	bool vsock;                   /* use_vsock */
	uint64_t hotplug_ms;          /* hotplug_timeout: how long a device is waited for */
	uint64_t vacant_ms;           /* vacant_timeout */
	uint64_t container_pipe_size; /* of the containers' standard streams, bytes; 0: the kernel's
				       */
	uint64_t max_inodes;          /* 0: as many as there may be */
	enum agent_trace trace;       /* from the start */
};

#define AGENT_OPTIONS_INIT                                                               \
	{                                                                                \
		.log = LOG_LEVEL_INFO, .unified = true, .hotplug_ms = DEVICE_TIMEOUT_MS, \
		.vacant_ms = VACANT_TIMEOUT_MS,                                          \
	}

/*
 * Reads @cmdline. Where a word comes twice the last counts, as for the kernel. A wrong
 * value changes nothing; it and unknown names are warnings in the log.
 */
void agent_options_read(const char *cmdline, struct agent_options *ret);

/* What there is, for people. */
void agent_options_print(FILE *out);
