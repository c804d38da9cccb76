/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"

static struct loop *loop;
static struct err err;
static char trace[64];
static unsigned idles;

static int setup(void **state __attribute__((unused)))
{
	memset(&err, 0, sizeof(err));
	memset(trace, 0, sizeof(trace));
	idles = 0;
	return loop_new(&loop, &err);
}

static int teardown(void **state __attribute__((unused)))
{
	loop_free(loop);
	return 0;
}

/* A pipe that is readable from the start. */
struct source {
	struct watch watch;
	struct timer timer;
	struct source *victim; /* removed by our callback, and freed */
	int write_fd;
	char name;
	bool again;
};

static struct source *source_new(char name, watch_fn fn)
{
	struct source *s = xcalloc(1, sizeof(*s));
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	s->name = name;
	s->write_fd = ends[1];
	assert_int_equal(loop_add(loop, &s->watch, ends[0], EPOLLIN, fn, &err), 0);
	return s;
}

static void source_free(struct source *s)
{
	watch_remove(&s->watch);
	watch_remove(&s->watch); /* twice does no harm */
	timer_cancel(&s->timer);
	close(s->watch.fd);
	close(s->write_fd);
	free(s);
}

static void note(char name)
{
	size_t len = strlen(trace);

	assert_true(len + 1 < sizeof(trace));
	trace[len] = name;
}

static void on_event(struct watch *watch, uint32_t events)
{
	struct source *s = container_of(watch, struct source, watch);
	struct source *victim = s->victim;

	assert_true(events & EPOLLIN);
	note(s->name);
	if (victim && victim->victim == s)
		victim->victim = NULL;
	if (victim)
		source_free(victim);
	s->victim = NULL;
	watch_remove(&s->watch);
	loop_stop(loop, 7);
}

static void on_timer(struct timer *timer)
{
	struct source *s = container_of(timer, struct source, timer);

	note(s->name);
	if (s->again) {
		s->again = false;
		timer_set(loop, timer, deadline_in(0), on_timer);
	}
	if (s->name == 'z')
		loop_stop(loop, 3);
}

static void on_idle(void *data)
{
	assert_ptr_equal(data, trace);
	idles++;
}

TEST(the_loop_ends_with_the_code_of_stop)
{
	struct source *s = source_new('a', on_event);

	loop_set_idle(loop, on_idle, trace);
	assert_int_equal(loop_run(loop, &err), 7);
	assert_string_equal(trace, "a");
	assert_int_equal(idles, 1);
	source_free(s);
}

TEST(an_event_of_a_watch_that_was_removed_meanwhile_is_dropped)
{
	struct source *a = source_new('a', on_event);
	struct source *b = source_new('b', on_event);

	/* Both are ready in the same turn; whichever comes first frees the other. */
	a->victim = b;
	b->victim = a;
	assert_int_equal(loop_run(loop, &err), 7);
	assert_int_equal(strlen(trace), 1);
	source_free(*trace == 'a' ? a : b);
}

static void set_timer(struct source *s, char name, uint64_t deadline)
{
	memset(s, 0, sizeof(*s));
	s->name = name;
	timer_set(loop, &s->timer, deadline, on_timer);
}

TEST(timers_fire_by_deadline_and_equal_ones_in_their_order)
{
	uint64_t now = now_ms();
	struct source s[5];

	set_timer(&s[0], 'z', now + 30);
	set_timer(&s[1], 'b', now + 10);
	set_timer(&s[2], 'c', now + 10);
	set_timer(&s[3], 'a', now);
	set_timer(&s[4], 'd', now + 20);
	assert_int_equal(loop_run(loop, &err), 3);
	assert_string_equal(trace, "abcdz");
	assert_true(now_ms() >= now + 30);
}

TEST(a_timer_can_be_cancelled_and_set_anew)
{
	uint64_t now = now_ms();
	struct source s[3];

	set_timer(&s[0], 'a', now + 5);
	set_timer(&s[1], 'b', now + 5);
	set_timer(&s[2], 'z', now + 10);
	timer_cancel(&s[0].timer);
	timer_cancel(&s[0].timer);
	timer_set(loop, &s[1].timer, now + 1, on_timer);
	s[1].again = true;
	assert_int_equal(loop_run(loop, &err), 3);
	assert_string_equal(trace, "bbz");
}

static void stop_in_callback(struct timer *timer)
{
	(void)timer;
	loop_stop(loop, 1);
}

TEST(events_that_are_not_wanted_do_not_wake)
{
	struct source *s = source_new('a', on_event);
	struct timer timer = { 0 };

	watch_set_events(&s->watch, 0);
	timer_set(loop, &timer, deadline_in(20), stop_in_callback);
	assert_int_equal(loop_run(loop, &err), 1);
	assert_string_equal(trace, "");
	source_free(s);
}

TEST(a_descriptor_that_cannot_be_watched_is_an_error)
{
	struct watch watch = { 0 };

	assert_int_equal(loop_add(loop, &watch, -1, EPOLLIN, on_event, &err), -EBADF);
	assert_string_equal(err.text, "watch descriptor -1: Bad file descriptor");
	assert_null(watch.loop);
	watch_remove(&watch);
	watch_set_events(&watch, EPOLLIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETUP_TEST(the_loop_ends_with_the_code_of_stop),
		SETUP_TEST(an_event_of_a_watch_that_was_removed_meanwhile_is_dropped),
		SETUP_TEST(timers_fire_by_deadline_and_equal_ones_in_their_order),
		SETUP_TEST(a_timer_can_be_cancelled_and_set_anew),
		SETUP_TEST(events_that_are_not_wanted_do_not_wake),
		SETUP_TEST(a_descriptor_that_cannot_be_watched_is_an_error),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
