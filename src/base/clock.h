/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - absolute deadlines on CLOCK_MONOTONIC */
#pragma once

#include <stdint.h>

#define DEADLINE_NEVER UINT64_MAX

uint64_t now_ms(void);
uint64_t now_us(void);

/* The time @timeout_ms from now. */
uint64_t deadline_in(uint64_t timeout_ms);

/* Milliseconds that are left, for poll(2): 0 when it has passed, -1 for never. */
int deadline_left(uint64_t deadline);

/* Waits until @fd is ready for @events (poll.h). Returns 0, -ETIMEDOUT, or -errno of poll(2). */
int wait_fd(int fd, short events, uint64_t deadline);
