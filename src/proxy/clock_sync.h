/* SPDX-License-Identifier: Apache-2.0 */
/* clock_sync.h - keep the guest's clock with the host's (design D12), without any I/O */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;
struct clock_sync;
struct loop;

/* As long as the program. Failure is logged, no more. */
struct clock_sync *clock_sync_new(struct loop *loop);

/* What its owner sends to the agent, over a stream of its own; @data is the struct clock_sync. */
struct buf *clock_sync_out(struct clock_sync *sync);
int clock_sync_feed(void *data, const uint8_t *bytes, size_t len);

/* The agent can be asked: at once, and then once a minute. */
void clock_sync_begin(void *data);
