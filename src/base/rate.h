/* SPDX-License-Identifier: Apache-2.0 */
/* rate.h - so many at once, and so many per second */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RATE_MILLI 1000u

/* rate_init() fills it: the first @burst are let through, then @per_second. */
struct rate {
	uint64_t burst;
	uint64_t per_second;
	uint64_t left_milli; /* thousandths of what may pass now */
	uint64_t seen_ms;
};

static inline void rate_init(struct rate *rate, unsigned burst, unsigned per_second)
{
	rate->burst = burst;
	rate->per_second = per_second;
	rate->left_milli = (uint64_t)burst * RATE_MILLI;
	rate->seen_ms = 0;
}

/* Whether one more may pass at @now, in ms of a clock that never goes back. */
static inline bool rate_take(struct rate *rate, uint64_t now)
{
	uint64_t full = rate->burst * RATE_MILLI;
	uint64_t since = now - rate->seen_ms;

	/* ms × per second are thousandths. A long pause fills it, without an overflow. */
	if (since >= full / rate->per_second + 1 ||
	    rate->left_milli + since * rate->per_second > full)
		rate->left_milli = full;
	else
		rate->left_milli += since * rate->per_second;
	rate->seen_ms = now;
	if (rate->left_milli < RATE_MILLI)
		return false;
	rate->left_milli -= RATE_MILLI;
	return true;
}
