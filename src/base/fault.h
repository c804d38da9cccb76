/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h - named steps at which a test build stops itself
 *
 * With the build option fault_points, KATA_FAULT=create:7:kill makes the
 * command "create" kill itself at its seventh step, KATA_FAULT=create:7:fail
 * makes that step fail, and KATA_FAULT=create:list prints each step on standard
 * error. A test that walks through all of them finds new steps by itself. In
 * every build a step is where an interrupted command stops (base/interrupt).
 */
#pragma once

#include <stdint.h>

#include "base/interrupt.h"

struct err;

#ifdef KATA_FAULT_POINTS
/* The command whose steps are counted from now on. */
void fault_begin(const char *command);

/* Returns 0, or -ECANCELED when this step is to fail or a signal has come. */
int fault_point(const char *name, struct err *err);

/* What the machine has, or what the environment says instead: a test needs more than two
 * processors. */
int64_t fault_pretend(const char *variable, int64_t real);
/* The same for a name; borrowed. */
const char *fault_pretend_name(const char *variable, const char *real);
#else
static inline void fault_begin(const char *command)
{
	(void)command;
}

static inline int fault_point(const char *name, struct err *err)
{
	(void)name;
	return interrupt_check(err);
}

static inline int64_t fault_pretend(const char *variable, int64_t real)
{
	(void)variable;
	return real;
}

static inline const char *fault_pretend_name(const char *variable, const char *real)
{
	(void)variable;
	return real;
}
#endif
