/* SPDX-License-Identifier: Apache-2.0 */
/* log_internal.h - what the parts of log.h have of each other */
#pragma once

#include <stdbool.h>

struct log_entry;
struct log_fields;

/*
 * Gives a line to the system's log. False: it is lost. A function of its own, and
 * set, so that the agent, which has no such log, is linked without it.
 */
typedef bool (*log_system_fn)(const struct log_entry *entry, const struct log_fields *fields);
void log_set_system(log_system_fn fn);
