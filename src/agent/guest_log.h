/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest_log.h - what the agent logs, on its way to the host
 *
 * Lines come from PID 1 and from its helpers, over a socket that all of them have;
 * they are kept until the host asks (ReadLog), at most GUEST_LOG_KEEP bytes, of
 * which the oldest go first. More than GUEST_LOG_RATE lines a second are dropped.
 * What is missing is counted. The kernel's log gets the same lines.
 */
#pragma once

#include <stddef.h>

struct agent;
struct err;

#define GUEST_LOG_KEEP  (64u << 10)
#define GUEST_LOG_BURST 1000u /* lines at once */
#define GUEST_LOG_RATE  200u  /* lines a second after that */

/* From here on log lines are kept. */
int guest_log_open(struct agent *agent, struct err *err);
/* @kmsg: /dev/kmsg, once it is there; taken over. */
void guest_log_to_kernel(struct agent *agent, int kmsg);
/* The agent has a loop: the host may read. */
int guest_log_watch(struct agent *agent, struct err *err);
