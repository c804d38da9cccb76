/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#define LOOP_BATCH 16

struct loop {
	int epoll;
	bool stopped;
	int code;
	struct timer *timers;                 /* by deadline, borrowed */
	struct epoll_event batch[LOOP_BATCH]; /* .data.ptr is NULL for a removed watch */
	int n_batch;
	idle_fn idle;
	void *idle_data;
};

int loop_new(struct loop **ret, struct err *err)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	struct loop *loop;

	if (fd < 0)
		return err_errno(err, "epoll_create1");
	loop = xcalloc(1, sizeof(*loop));
	loop->epoll = fd;
	*ret = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	close(loop->epoll);
	free(loop);
}

int loop_add(struct loop *loop, struct watch *watch, int fd, uint32_t events, watch_fn fn,
	     struct err *err)
{
	struct epoll_event event = { .events = events, .data = { .ptr = watch } };

	assert(!watch->loop);
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_errno(err, "watch descriptor %d", fd);
	*watch = (struct watch){ .loop = loop, .fd = fd, .events = events, .fn = fn };
	return 0;
}

void watch_set_events(struct watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data = { .ptr = watch } };

	if (!watch->loop || watch->events == events)
		return;
	/* Cannot fail for a descriptor that is in the set. */
	(void)epoll_ctl(watch->loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
	watch->events = events;
}

void watch_remove(struct watch *watch)
{
	struct loop *loop = watch->loop;

	if (!loop)
		return;
	(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	for (int i = 0; i < loop->n_batch; i++)
		if (loop->batch[i].data.ptr == watch)
			loop->batch[i].data.ptr = NULL;
	watch->loop = NULL;
}

void timer_set(struct loop *loop, struct timer *timer, uint64_t deadline, timer_fn fn)
{
	struct timer **at = &loop->timers;

	timer_cancel(timer);
	while (*at && (*at)->deadline <= deadline)
		at = &(*at)->next;
	*timer = (struct timer){ .loop = loop, .next = *at, .deadline = deadline, .fn = fn };
	*at = timer;
}

void timer_cancel(struct timer *timer)
{
	struct timer **at;

	if (!timer->loop)
		return;
	at = &timer->loop->timers;
	while (*at && *at != timer)
		at = &(*at)->next;
	if (*at)
		*at = timer->next;
	timer->loop = NULL;
}

void loop_set_idle(struct loop *loop, idle_fn fn, void *data)
{
	loop->idle = fn;
	loop->idle_data = data;
}

static void run_timers(struct loop *loop)
{
	uint64_t now = now_ms();

	while (!loop->stopped && loop->timers && loop->timers->deadline <= now) {
		struct timer *timer = loop->timers;

		timer_cancel(timer);
		timer->fn(timer);
	}
}

int loop_run_until(struct loop *loop, uint64_t deadline, struct err *err)
{
	while (!loop->stopped && deadline_left(deadline) != 0) {
		uint64_t next;
		int n;

		if (loop->idle)
			loop->idle(loop->idle_data);
		next = loop->timers && loop->timers->deadline < deadline ? loop->timers->deadline
									 : deadline;
		n = epoll_wait(loop->epoll, loop->batch, LOOP_BATCH, deadline_left(next));

		if (n < 0 && errno != EINTR)
			return err_errno(err, "epoll_wait");
		loop->n_batch = n > 0 ? n : 0;
		for (int i = 0; i < loop->n_batch && !loop->stopped; i++) {
			struct watch *watch = loop->batch[i].data.ptr;

			if (watch)
				watch->fn(watch, loop->batch[i].events);
		}
		loop->n_batch = 0;
		run_timers(loop);
	}
	return loop->code;
}

int loop_run(struct loop *loop, struct err *err)
{
	return loop_run_until(loop, DEADLINE_NEVER, err);
}

void loop_stop(struct loop *loop, int code)
{
	loop->stopped = true;
	loop->code = code;
}
