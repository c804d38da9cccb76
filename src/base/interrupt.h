/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interrupt.h - ^C while something is being made
 *
 * Between interrupt_catch() and interrupt_ignore() a SIGINT, SIGTERM or SIGHUP
 * does not end the program but the step that it is in: waits and steps
 * (base/fault) return -ECANCELED, and the command undoes what it has made.
 */
#pragma once

#include <stdbool.h>

struct err;

void interrupt_catch(void);

/* From now on they are nothing: for undoing. Programs started later are not affected. */
void interrupt_ignore(void);

/* Back to what is usual: they end the program. */
void interrupt_release(void);

/* 0, or -ECANCELED once for each signal that has come. */
int interrupt_check(struct err *err);
