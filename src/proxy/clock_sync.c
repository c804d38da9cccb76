/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest is asked for its time; the answer holds for the middle between
 * question and answer. While the round trip is long (the guest boots, or is
 * busy) the measurement says little and is made again. Small differences are
 * left alone: a clock that jumps is worse than one that is a little off.
 */
#include "proxy/clock_sync.h"

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "agentc/calls.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"

#define SYNC_PERIOD_MS    60000u
#define SYNC_ROUNDTRIP_US 20000
#define SYNC_TOLERANCE_US 10000 /* openEuler's proxy patch 0001 */
#define SYNC_TRIES        5u

struct clock_sync {
	struct loop *loop;
	struct timer timer;
	struct calls *calls;
	int64_t asked_us;
	unsigned tries;
};

static int64_t realtime_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void ask(struct clock_sync *sync);

static void next_round(struct timer *timer)
{
	struct clock_sync *sync = container_of(timer, struct clock_sync, timer);

	sync->tries = 0;
	ask(sync);
}

static void set_done(void *owner __attribute__((unused)), const struct err *error)
{
	if (error->code)
		log_warn("the guest's clock could not be set: %s", error->text);
}

static void answered(void *owner, int64_t guest_us, const struct err *error)
{
	struct clock_sync *sync = owner;
	int64_t now = realtime_us();
	int64_t middle = sync->asked_us + (now - sync->asked_us) / 2;
	int64_t off = guest_us - middle;

	if (error->code) {
		log_warn("the guest's clock could not be read: %s", error->text);
	} else if (now - sync->asked_us > SYNC_ROUNDTRIP_US && ++sync->tries < SYNC_TRIES) {
		ask(sync);
		return;
	} else if (llabs(off) > SYNC_TOLERANCE_US) {
		calls_set_clock(sync->calls, now + (now - sync->asked_us) / 2, set_done);
	}
	timer_set(sync->loop, &sync->timer, deadline_in(SYNC_PERIOD_MS), next_round);
}

static void ask(struct clock_sync *sync)
{
	sync->asked_us = realtime_us();
	calls_get_clock(sync->calls, answered);
}

int clock_sync_feed(void *data, const uint8_t *bytes, size_t len)
{
	struct clock_sync *sync = data;
	struct err error = { 0 };
	int r = calls_feed(sync->calls, bytes, len, &error);

	if (r < 0)
		log_error("clock stream: %s", error.text);
	return r;
}

struct buf *clock_sync_out(struct clock_sync *sync)
{
	return calls_out(sync->calls);
}

void clock_sync_begin(void *data)
{
	ask(data);
}

struct clock_sync *clock_sync_new(struct loop *loop)
{
	struct clock_sync *sync = xcalloc(1, sizeof(*sync));

	sync->loop = loop;
	sync->calls = calls_new(sync);
	return sync;
}
