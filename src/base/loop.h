/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - epoll, with watches and timers that live inside their owners */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/cleanup.h"

struct err;
struct loop;
struct watch;
struct timer;

/* @events as epoll reports them: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR. */
typedef void (*watch_fn)(struct watch *watch, uint32_t events);
typedef void (*timer_fn)(struct timer *timer);

/*
 * A watch is embedded in the struct that owns the descriptor and must not move
 * while it is in the loop. It may be removed, and its owner freed, inside any
 * callback: events that were already collected for it are dropped.
 */
struct watch {
	struct loop *loop; /* NULL: not in a loop */
	int fd;            /* borrowed */
	uint32_t events;
	watch_fn fn;
};

/* A timer fires once; its callback may set it again. */
struct timer {
	struct loop *loop;
	struct timer *next; /* by deadline */
	uint64_t deadline;
	timer_fn fn;
};

int loop_new(struct loop **ret, struct err *err);
void loop_free(struct loop *loop);
DEFINE_CLEANUP(struct loop *, loop_free)

/* Returns 0 or errno of epoll_ctl(2). @events may be 0: errors and hang-up are still seen. */
int loop_add(struct loop *loop, struct watch *watch, int fd, uint32_t events, watch_fn fn,
	     struct err *err);
void watch_set_events(struct watch *watch, uint32_t events);
void watch_remove(struct watch *watch);

void timer_set(struct loop *loop, struct timer *timer, uint64_t deadline, timer_fn fn);
void timer_cancel(struct timer *timer);

/* @fn runs before each wait: the place to send what a turn has left in buffers. */
typedef void (*idle_fn)(void *data);
void loop_set_idle(struct loop *loop, idle_fn fn, void *data);

/* Runs until loop_stop(); returns its code, or errno of epoll_wait(2). */
int loop_run(struct loop *loop, struct err *err);
void loop_stop(struct loop *loop, int code);
/* The same, and no longer than until @deadline: 0 then. It may be run again. */
int loop_run_until(struct loop *loop, uint64_t deadline, struct err *err);

/* The owner of an embedded struct: container_of(watch, struct client, watch). */
#define container_of(pointer, type, member) \
	((type *)(void *)((char *)(pointer) - __builtin_offsetof(type, member)))
