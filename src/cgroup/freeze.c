/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freeze.c - stopping and killing what is in a cgroup
 *
 * Version 2 does both by itself, at once and without a race, also when no
 * controller is there. Its freezer is used when it is mounted. Version 1's keeps a process
 * from dying, even by cgroup.kill, until it is thawed, and a container may have frozen
 * cgroups of its own with it: killing thaws them all.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define FROZEN_TRIES 50u /* then thawed for a moment: the kernel may wait for one that waits */

static const struct cgroup_dir *v2_with(const struct cgroup *cgroup, const char *file)
{
	const struct cgroup_dir *v2 = cgroup_dir_v2(cgroup);

	return v2 && cgroup_has_file(v2->dir, file) ? v2 : NULL;
}

static int freeze_v2(int dir, bool frozen, uint64_t deadline)
{
	CLEANUP(cgroup_events_close) struct cgroup_events events = { dir, -1 };
	uint64_t now = 0;
	int r;

	r = cgroup_write_at(dir, "cgroup.freeze", frozen ? "1" : "0");
	while (r == 0) {
		r = cgroup_read_key(dir, "cgroup.events", "frozen", &now);
		if (r < 0 || now == (frozen ? 1 : 0))
			return r;
		if (deadline_left(deadline) == 0)
			return -ETIMEDOUT;
		cgroup_events_wait(&events, deadline);
	}
	return r;
}

/* 1 if the state is @want, 0 if not (yet), or -errno. */
static int is_state_v1(int dir, const char *want)
{
	CLEANUP(free) char *state = NULL;
	int r = file_read_at(dir, "freezer.state", CGROUP_FILE_MAX, &state);

	if (r < 0)
		return r;
	state[strcspn(state, "\n")] = '\0';
	return str_eq(state, want);
}

static int freeze_v1(int dir, bool frozen, uint64_t deadline)
{
	struct cgroup_events none = { -1, -1 };
	const char *want = frozen ? "FROZEN" : "THAWED";

	for (unsigned i = 1;; i++) {
		int r;

		if (frozen && i % FROZEN_TRIES == 0)
			(void)cgroup_write_at(dir, "freezer.state", "THAWED");
		r = cgroup_write_at(dir, "freezer.state", want);
		if (r == 0)
			r = is_state_v1(dir, want);
		if (r != 0)
			return r < 0 ? r : 0;
		if (deadline_left(deadline) == 0)
			return -ETIMEDOUT;
		cgroup_events_wait(&none, deadline);
	}
}

/* As @frozen says; -ENOTSUP if nothing here can. */
static int freeze(const struct cgroup *cgroup, bool frozen, uint64_t deadline)
{
	const struct cgroup_dir *v2 = v2_with(cgroup, "cgroup.freeze");
	const struct cgroup_dir *v1 = cgroup_dir_of(cgroup, CTL_FREEZER);
	int r = -ENOTSUP;

	if (v2)
		r = freeze_v2(v2->dir, frozen, deadline);
	else if (v1)
		r = freeze_v1(v1->dir, frozen, deadline);
	if (r < 0 && r != -ENOTSUP && frozen) {
		if (v2)
			(void)cgroup_write_at(v2->dir, "cgroup.freeze", "0");
		else
			(void)cgroup_write_at(v1->dir, "freezer.state", "THAWED");
	}
	return r;
}

int cgroup_freeze(struct cgroup *cgroup, bool frozen, uint64_t deadline, struct err *err)
{
	int r = freeze(cgroup, frozen, deadline);

	if (r == 0)
		return 0;
	if (r == -ENOTSUP)
		return err_set(err, ENOTSUP,
			       "cgroup %s: there is no freezer: neither version 2 nor version 1's "
			       "controller is mounted",
			       cgroup->path);
	errno = -r;
	return err_errno(err, "%s cgroup %s", frozen ? "freeze" : "thaw", cgroup->path);
}

static int thaw_one(int dir, void *data __attribute__((unused)))
{
	(void)cgroup_write_at(dir, "freezer.state", "THAWED"); /* it may have gone meanwhile */
	return 0;
}

static int thaw_tree_v1(const struct cgroup *cgroup)
{
	const struct cgroup_dir *v1 = cgroup_dir_of(cgroup, CTL_FREEZER);

	return v1 ? cgroup_walk(v1->dir, thaw_one, NULL, false) : 0;
}

/* SIGKILL to all that are in it now. Returns 1 if there was one that is still to die. */
static int kill_once(const struct cgroup *cgroup, struct err *err)
{
	CLEANUP(free) pid_t *pids = NULL;
	size_t n = 0;
	int alive = 0;
	int r;

	r = cgroup_pids(cgroup, &pids, &n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		alive |= kill(pids[i], SIGKILL) == 0;
	return alive;
}

/*
 * Without cgroup.kill. While it is frozen no process is made, and one look is
 * enough; if it does not freeze, we look until nothing is left.
 */
static int kill_by_pid(const struct cgroup *cgroup, struct err *err)
{
	struct cgroup_events none = { -1, -1 };
	uint64_t deadline = deadline_in(CGROUP_KILL_MS);
	int frozen;
	int r;

	frozen = freeze(cgroup, true, deadline_in(CGROUP_KILL_MS / 5));
	r = kill_once(cgroup, err);
	if (frozen == 0)
		(void)freeze(cgroup, false,
			     deadline_in(CGROUP_KILL_MS / 5)); /* dead ones stay dead */
	(void)thaw_tree_v1(cgroup);
	while (r == 1 && frozen < 0) {
		if (deadline_left(deadline) == 0)
			return err_set(err, ETIMEDOUT,
				       "kill the processes of cgroup %s: some are left after %u ms",
				       cgroup->path, CGROUP_KILL_MS);
		cgroup_events_wait(&none, deadline);
		r = kill_once(cgroup, err);
	}
	return r < 0 ? r : 0;
}

int cgroup_kill(struct cgroup *cgroup, struct err *err)
{
	const struct cgroup_dir *v2 = v2_with(cgroup, "cgroup.kill");
	int r;

	if (!v2)
		return kill_by_pid(cgroup, err);
	r = cgroup_write_at(v2->dir, "cgroup.kill", "1");
	if (r == 0)
		r = thaw_tree_v1(cgroup);
	if (r == 0)
		return 0;
	errno = -r;
	return err_errno(err, "kill the processes of cgroup %s", cgroup->path);
}
