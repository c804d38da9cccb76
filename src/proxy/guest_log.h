/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest_log.h - what the agent logs, into our own logs
 *
 * The agent is asked over a stream of its own and answers when it has something.
 * The guest is hostile: its lines are cut, made printable and limited in number, and
 * the loss, in the guest or here, is a line of its own. They keep the guest's time
 * and carry name=kata-agent.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;
struct guest_log;
struct loop;

#define GUEST_LOG_BURST 1000u /* lines at once; the agent has the same limits */
#define GUEST_LOG_RATE  200u  /* lines a second after that */

struct guest_log *guest_log_new(struct loop *loop);
void guest_log_free(struct guest_log *log);

/* What its owner sends to the agent, over a stream of its own; @data is the struct guest_log. */
struct buf *guest_log_out(struct guest_log *log);
int guest_log_feed(void *data, const uint8_t *bytes, size_t len);

/* The agent can be asked. */
void guest_log_begin(void *data);
