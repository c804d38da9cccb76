/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vacant.h - the end of a machine in which nothing runs any more
 *
 * An engine that has died, or that keeps ended containers, may not ask for the end of
 * the machine for a long time. Nothing can begin in an ended container, so what is
 * left costs the host its memory and is of no use.
 */
#pragma once

#include <stdint.h>

struct agent;

#define VACANT_TIMEOUT_MS 30000u /* the default of agent.vacant_timeout */

/*
 * Ends the loop, and with it the machine, when for @timeout_ms (up to twice as long) there
 * were containers, and every process of theirs had ended, and its output and exit code had
 * been fetched. Once per agent; @agent is borrowed.
 */
void vacant_watch(struct agent *agent, uint64_t timeout_ms);
