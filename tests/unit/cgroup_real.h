/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_real.h - throw-away cgroups in what this machine has mounted, and processes in them */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "cgroup/internal.h"

#define SECONDS UINT64_C(1000)

static struct err err;
static struct hierarchies all;  /* of this machine */
static struct hierarchies some; /* those that the test wants; borrowed from all */
static struct cgroup *cgroup;
static char *cgroup_name; /* "/kata-unit-PID/c" */

static inline int real_setup(void **state __attribute__((unused)))
{
	memset(&err, 0, sizeof(err));
	memset(&some, 0, sizeof(some));
	cgroup = NULL;
	cgroup_name = xasprintf("/kata-unit-%d/c", getpid());
	if (hierarchies_open(&all, &err) < 0)
		memset(&err, 0, sizeof(err)); /* then the test says what it needs */
	return 0;
}

static inline int real_teardown(void **state __attribute__((unused)))
{
	int r = 0;

	if (cgroup) {
		(void)cgroup_freeze(cgroup, false, deadline_in(SECONDS), &err);
		(void)cgroup_kill(cgroup, &err);
		/* With a deadline: what a test finds may be that something does not die. */
		for (unsigned i = 0; i < 1000 && waitpid(-1, NULL, WNOHANG) >= 0; i++)
			usleep(2000);
		r = cgroup_remove(cgroup, CGROUP_REMOVE_PARENTS, deadline_in(5 * SECONDS), &err);
	}
	cgroup_free(cgroup);
	free(cgroup_name);
	hierarchies_close(&all);
	return r;
}

#define REAL_TEST(name) cmocka_unit_test_setup_teardown(name, real_setup, real_teardown)

/* Adds version 2, or the hierarchy of version 1 with that controller; false: it is not here. */
static inline bool with_v2(void)
{
	for (size_t i = 0; i < all.n; i++) {
		if (!all.list[i].v2)
			continue;
		some.list[some.n++] = all.list[i];
		return true;
	}
	return false;
}

static inline bool with_v1(enum controller controller)
{
	for (size_t i = 0; i < all.n; i++) {
		if (!(all.list[i].controllers & CTL_BIT(controller)))
			continue;
		some.list[some.n++] = all.list[i];
		return true;
	}
	return false;
}

static inline void create(void)
{
	some.swaps = "/proc/swaps";
	assert_int_equal(cgroup_create_in(&some, cgroup_name, &cgroup, &err), 0);
}

/* Calls @fn in a child in the cgroup; returns what it returned, 0 to 255. */
static inline int in_cgroup(int (*fn)(void *data), void *data)
{
	struct err child_err = { 0 };
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(cgroup_enter(cgroup, &child_err) < 0 ? 255 : fn(data));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A process in the cgroup that does nothing, and is there when this returns. */
static inline pid_t sleeper(void)
{
	struct err child_err = { 0 };
	char byte = 0;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (cgroup_enter(cgroup, &child_err) < 0 || write(fds[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	return pid;
}

/* Whether it is killed within a while. */
static inline bool dies(pid_t pid)
{
	uint64_t deadline = deadline_in(5 * SECONDS);
	int status = 0;

	while (deadline_left(deadline) > 0) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		usleep(2000);
	}
	return false;
}
