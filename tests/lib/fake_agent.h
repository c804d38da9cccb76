/* SPDX-License-Identifier: Apache-2.0 */
/* fake_agent.h - the other end of kata-proxy: an agent without a guest, honest or not */
#pragma once

struct fake_agent;
struct loop;

/*
 * Serves the serial port @fd (taken over, non-blocking). @share is the host
 * directory that a guest would see as its share.
 *
 * @faults  "NAME@METHOD" or "NAME=ARGUMENT@METHOD", separated by ";": what the
 *          agent does instead of answering METHOD. See fake_agent.c.
 */
struct fake_agent *fake_agent_new(struct loop *loop, int fd, const char *share,
				  char *const *faults);

/* Before each wait: what is to be sent goes out. */
void fake_agent_flush(struct fake_agent *agent);
