/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/guest_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agentc/calls.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rate.h"
#include "base/str.h"

#define ASK_MS     50u /* a guest that has always something is asked so often */
#define LOSS_MS    1000u
#define WORD_MAX   64u /* bytes of names; an id of a container has at most 64 */
#define YEAR_10000 253402300800

struct guest_log {
	struct loop *loop;
	struct timer timer;
	struct timer loss; /* until the loss is told */
	struct calls *calls;
	struct rate rate;
	uint64_t lost; /* not told yet */
};

/* Text of the guest, for a log of the host: short and printable; owned. */
static char *clean(const char *text, size_t max)
{
	return str_printable(xstrndup(text, strnlen(text, max)));
}

static struct timespec time_of(int64_t ns)
{
	struct timespec ts = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	/* A guest may say anything, but not what no log can show. */
	if (ns < 0 || ts.tv_sec >= YEAR_10000)
		ts = (struct timespec){ 0 };
	return ts;
}

static void put(struct log_entry *entry)
{
	entry->name = "kata-agent";
	entry->source = "agent";
	log_entry(entry);
}

static void put_line(const struct calls_log_line *line)
{
	CLEANUP(free) char *text = clean(line->text, LOG_TEXT_MAX);
	CLEANUP(free) char *subsystem = clean(line->subsystem, WORD_MAX);
	CLEANUP(free) char *container = clean(line->container, WORD_MAX);
	struct log_entry entry = {
		.level = line->level <= LOG_LEVEL_DEBUG ? (enum log_level)line->level
							: LOG_LEVEL_DEBUG,
		.time = time_of(line->time_ns),
		.pid = line->pid <= INT32_MAX ? (pid_t)line->pid : 0,
		.subsystem = *subsystem ? subsystem : NULL,
		.container = *container ? container : NULL,
		.text = text,
	};

	put(&entry);
}

/* Once a second at most. */
static void tell_loss(struct timer *timer)
{
	struct guest_log *log = container_of(timer, struct guest_log, loss);
	CLEANUP(free)
	char *text = xasprintf("%" PRIu64 " lines of the guest are missing: there were too many",
			       log->lost);
	struct log_entry entry = { .level = LOG_LEVEL_WARN, .subsystem = "log", .text = text };

	clock_gettime(CLOCK_REALTIME, &entry.time);
	log->lost = 0;
	put(&entry);
}

static void add_loss(struct guest_log *log, uint64_t lines)
{
	log->lost += lines < UINT32_MAX ? lines : UINT32_MAX;
	if (log->lost > 0 && !log->loss.loop)
		timer_set(log->loop, &log->loss, deadline_in(LOSS_MS), tell_loss);
}

static void ask(struct guest_log *log);

static void ask_again(struct timer *timer)
{
	ask(container_of(timer, struct guest_log, timer));
}

static void answered(void *owner, const struct calls_log_line *lines, size_t n, uint64_t lost,
		     const struct err *error)
{
	struct guest_log *log = owner;
	uint64_t now = now_ms();

	if (error->code) {
		/* An agent of another version may have no log to give. */
		log_debug("the guest's log: %s", error->text);
		return;
	}
	add_loss(log, lost);
	for (size_t i = 0; i < n; i++) {
		if (rate_take(&log->rate, now))
			put_line(&lines[i]);
		else
			add_loss(log, 1);
	}
	timer_set(log->loop, &log->timer, deadline_in(ASK_MS), ask_again);
}

static void ask(struct guest_log *log)
{
	calls_read_log(log->calls, answered);
}

struct guest_log *guest_log_new(struct loop *loop)
{
	struct guest_log *log = xcalloc(1, sizeof(*log));

	log->loop = loop;
	log->calls = calls_new(log);
	rate_init(&log->rate, GUEST_LOG_BURST, GUEST_LOG_RATE);
	return log;
}

void guest_log_free(struct guest_log *log)
{
	if (!log)
		return;
	timer_cancel(&log->timer);
	timer_cancel(&log->loss);
	calls_free(log->calls);
	free(log);
}

struct buf *guest_log_out(struct guest_log *log)
{
	return calls_out(log->calls);
}

int guest_log_feed(void *data, const uint8_t *bytes, size_t len)
{
	struct guest_log *log = data;
	struct err error = { 0 };
	int r = calls_feed(log->calls, bytes, len, &error);

	if (r < 0)
		log_error("the guest's log: %s", error.text);
	return r;
}

void guest_log_begin(void *data)
{
	ask(data);
}
