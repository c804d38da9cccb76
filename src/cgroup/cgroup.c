/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define PROCS_FILE "cgroup.procs"
#define MAKE_TRIES 5u /* another container's end may remove a parent between two of our steps */

/* What a child gets of version 2, if it is there. */
static const enum controller delegated[] = { CTL_CPU,    CTL_CPUSET, CTL_IO,
					     CTL_MEMORY, CTL_PIDS,   CTL_HUGETLB };
#define N_DELEGATED (sizeof(delegated) / sizeof(delegated[0]))

char *cgroup_path(const char *cgroups_path, const char *id)
{
	CLEANUP(strv_free) char **parts = NULL;
	CLEANUP(strv_free) char **kept = NULL;
	CLEANUP(free) char *joined = NULL;

	if (str_empty(cgroups_path))
		cgroups_path = id;
	if (*cgroups_path != '/' && strchr(cgroups_path, ':')) {
		/* systemd's "slice:prefix:name": the slice is systemd's matter. */
		parts = strv_split(strchr(cgroups_path, ':') + 1, ":/");
	} else {
		parts = strv_split(cgroups_path, "/");
	}
	for (char **part = parts; part && *part; part++)
		if (!str_eq(*part, "."))
			strv_add(&kept, *part);
	if (strv_contains(kept, "..") || strv_len(kept) == 0)
		return NULL;
	joined = strv_join(kept, "/");
	return xasprintf("/%s", joined);
}

/* Hands the controllers that @dir has to its children, one by one if all at once is refused. */
static void delegate(int dir)
{
	CLEANUP(free) char *there = NULL;
	CLEANUP(strv_free) char **words = NULL;
	CLEANUP(free) char *all = NULL;
	unsigned controllers;

	if (file_read_at(dir, "cgroup.controllers", CGROUP_FILE_MAX, &there) < 0)
		return;
	controllers = controllers_parse(there, " \n", true);
	for (size_t i = 0; i < N_DELEGATED; i++)
		if (controllers & CTL_BIT(delegated[i]))
			strv_addf(&words, "+%s", controller_name(delegated[i], true));
	if (!words)
		return;
	all = strv_join(words, " ");
	if (cgroup_write_at(dir, "cgroup.subtree_control", all) == 0)
		return;
	for (char **word = words; *word; word++)
		(void)cgroup_write_at(dir, "cgroup.subtree_control",
				      *word); /* a limit will say it */
}

/* Nothing can enter a cpuset of version 1 before it has processors and memory. */
static int fill_cpuset_file(int parent, int dir, const char *file)
{
	CLEANUP(free) char *mine = NULL;
	CLEANUP(free) char *theirs = NULL;
	int r;

	r = file_read_at(dir, file, CGROUP_FILE_MAX, &mine);
	if (r < 0 || strspn(mine, " \n") != strlen(mine))
		return r;
	r = file_read_at(parent, file, CGROUP_FILE_MAX, &theirs);
	return r < 0 ? r : cgroup_write_at(dir, file, theirs);
}

int cgroup_widen_cpus(const struct cgroup *cgroup, struct err *err)
{
	const struct cgroup_dir *cpuset = cgroup_dir_of(cgroup, CTL_CPUSET);
	CLEANUP(strv_free) char **parts = strv_split(cgroup->path, "/");
	CLEANUP(free) char *all = NULL;
	CLEANUP(close) int at = -1;

	if (!cpuset || cpuset->v2)
		return 0;
	if (file_read_at(cpuset->root, "cpuset.cpus", CGROUP_FILE_MAX, &all) < 0)
		return err_set(err, ENOENT, "read the root's cpuset.cpus");
	for (char **part = parts; part && *part; part++) {
		int next = openat(at < 0 ? cpuset->root : at, *part,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		closep(&at);
		at = next;
		if (at < 0 || cgroup_write_at(at, "cpuset.cpus", all) < 0)
			return err_set(err, EIO, "cgroup %s: give it the processors %s",
				       cgroup->path, all);
	}
	return 0;
}

static int prepare_v1(unsigned controllers, int parent, int dir)
{
	int r = 0;

	if (controllers & CTL_BIT(CTL_CPUSET)) {
		r = fill_cpuset_file(parent, dir, "cpuset.cpus");
		if (r == 0)
			r = fill_cpuset_file(parent, dir, "cpuset.mems");
	}
	/* Before Linux 5.11 a limit does not hold for the cgroups below unless told so. */
	if (controllers & CTL_BIT(CTL_MEMORY))
		(void)cgroup_write_at(dir, "memory.use_hierarchy", "1");
	return r;
}

/* One component of the path. Returns its descriptor or -errno; *ret_made when it is new. */
static int make_one(const struct hierarchy *in, int parent, const char *name, bool *ret_made)
{
	CLEANUP(close) int dir = -1;
	int r = 0;

	if (in->v2)
		delegate(parent);
	*ret_made = mkdirat(parent, name, 0755) == 0;
	if (!*ret_made && errno != EEXIST)
		return -errno;
	dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	if (!in->v2)
		r = prepare_v1(in->controllers, parent, dir);
	return r < 0 ? r : take_fd(&dir);
}

/* @path without its leading slash, cut to its first @n components; "" for none. Owned. */
static char *first_components(const char *path, size_t n)
{
	const char *end = path;

	for (size_t i = 0; i < n; i++)
		end += 1 + strcspn(end + 1, "/");
	return end == path ? xstrdup("") : xstrndup(path + 1, (size_t)(end - path - 1));
}

static size_t count_components(const char *path)
{
	size_t n = 0;

	for (const char *p = path; *p; p++)
		n += *p == '/';
	return n;
}

/* Removes what lies on the path below its first @keep components, the deepest first. */
static void unmake(int root, const char *path, size_t keep)
{
	for (size_t n = count_components(path); n > keep; n--) {
		CLEANUP(free) char *part = first_components(path, n);

		if (unlinkat(root, part, AT_REMOVEDIR) < 0 && errno != ENOENT)
			return; /* somebody else's as well */
	}
}

static int make_path(const struct hierarchy *in, const char *path, struct cgroup_dir *dir)
{
	CLEANUP(strv_free) char **parts = strv_split(path, "/");
	CLEANUP(close) int at = -1;

	dir->found = 0;
	for (char **part = parts; part && *part; part++) {
		bool made = false;
		int next = make_one(in, at < 0 ? in->root : at, *part, &made);

		if (next < 0) {
			unmake(in->root, path, dir->found);
			return next;
		}
		dir->found += !made;
		closep(&at);
		at = next;
	}
	dir->dir = take_fd(&at);
	return 0;
}

static int find_path(const struct hierarchy *in, const char *path, struct cgroup_dir *dir)
{
	dir->found = count_components(path);
	dir->dir = openat(in->root, path + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir->dir < 0 ? -errno : 0;
}

static int open_rest(const struct hierarchy *in, struct cgroup_dir *dir)
{
	CLEANUP(free) char *controllers = NULL;
	int r;

	/* Version 1 lets a thread move itself by "tasks" without waiting for all other processes.
	 */
	dir->entry =
		openat(dir->dir, in->v2 ? PROCS_FILE : "tasks", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->entry < 0)
		return -errno;
	dir->root = fcntl(in->root, F_DUPFD_CLOEXEC, 0);
	if (dir->root < 0)
		return -errno;
	dir->controllers = in->controllers;
	if (!in->v2)
		return 0;
	r = file_read_at(dir->dir, "cgroup.controllers", CGROUP_FILE_MAX, &controllers);
	if (r == 0)
		dir->controllers = controllers_parse(controllers, " \n", true);
	return r;
}

/* "memory", "cpu,cpuacct", "version 2": for messages. Owned. */
static char *hierarchy_text(const struct hierarchy *in)
{
	CLEANUP(strv_free) char **names = NULL;

	if (in->v2)
		return xstrdup("version 2");
	for (unsigned i = 0; i < CTL_COUNT; i++)
		if (in->controllers & CTL_BIT(i))
			strv_add(&names, controller_name((enum controller)i, false));
	return strv_join(names, ",");
}

static int fail_in(const struct hierarchy *in, const char *step, const char *path, int r,
		   struct err *err)
{
	CLEANUP(free) char *text = hierarchy_text(in);

	errno = -r;
	return err_errno(err, "%s cgroup %s (%s)", step, path, text);
}

static struct cgroup *cgroup_new(const struct hierarchies *in, const char *path)
{
	struct cgroup *cgroup = xcalloc(1, sizeof(*cgroup));

	cgroup->path = xstrdup(path);
	cgroup->swaps = in->swaps;
	return cgroup;
}

static struct cgroup_dir *add_dir(struct cgroup *cgroup, const struct hierarchy *in)
{
	struct cgroup_dir *dir = &cgroup->dirs[cgroup->n_dirs++];

	*dir = (struct cgroup_dir){ .v2 = in->v2, .root = -1, .dir = -1, .entry = -1 };
	return dir;
}

static int create_in_one(const struct hierarchy *in, struct cgroup *cgroup, struct err *err)
{
	struct cgroup_dir *dir = NULL;
	int r = -ENOENT;

	dir = add_dir(cgroup, in);
	for (unsigned i = 0; i < MAKE_TRIES && r == -ENOENT; i++)
		r = make_path(in, cgroup->path, dir);
	if (r < 0) {
		cgroup->n_dirs--; /* it holds nothing */
		return fail_in(in, "make", cgroup->path, r, err);
	}
	r = open_rest(in, dir);
	if (r < 0) {
		unmake(in->root, cgroup->path, dir->found);
		return fail_in(in, "open", cgroup->path, r, err);
	}
	return 0;
}

/* Somebody else's processes would be limited, and killed in the end. */
static int check_empty(const struct cgroup *cgroup, struct err *err)
{
	CLEANUP(free) pid_t *pids = NULL;
	size_t n_pids = 0;
	bool found = false;
	int r;

	for (size_t i = 0; i < cgroup->n_dirs; i++)
		found |= cgroup->dirs[i].found == count_components(cgroup->path);
	if (!found)
		return 0;
	r = cgroup_pids(cgroup, &pids, &n_pids, err);
	if (r < 0 || n_pids == 0)
		return r;
	return err_set_as(err, ERR_CGROUP_IN_USE, EBUSY,
			  "cgroup %s is in use: %zu processes are in it, the first is %d",
			  cgroup->path, n_pids, pids[0]);
}

int cgroup_create_in(const struct hierarchies *in, const char *path, struct cgroup **ret,
		     struct err *err)
{
	CLEANUP(cgroup_free) struct cgroup *cgroup = cgroup_new(in, path);
	int r = 0;

	for (size_t i = 0; i < in->n && r == 0; i++)
		r = create_in_one(&in->list[i], cgroup, err);
	if (r == 0)
		r = check_empty(cgroup, err);
	if (r < 0) {
		for (size_t i = 0; i < cgroup->n_dirs; i++)
			if (cgroup->dirs[i].root >= 0)
				unmake(cgroup->dirs[i].root, path, cgroup->dirs[i].found);
		return r;
	}
	*ret = take_ptr(cgroup);
	return 0;
}

int cgroup_open_in(const struct hierarchies *in, const char *path, struct cgroup **ret,
		   struct err *err)
{
	CLEANUP(cgroup_free) struct cgroup *cgroup = cgroup_new(in, path);

	for (size_t i = 0; i < in->n; i++) {
		struct cgroup_dir *dir = add_dir(cgroup, &in->list[i]);
		int r = find_path(&in->list[i], path, dir);

		if (r == -ENOENT) {
			cgroup->n_dirs--;
			continue;
		}
		if (r == 0)
			r = open_rest(&in->list[i], dir);
		if (r < 0)
			return fail_in(&in->list[i], "open", path, r, err);
	}
	if (cgroup->n_dirs == 0)
		return err_set(err, ENOENT, "cgroup %s does not exist", path);
	*ret = take_ptr(cgroup);
	return 0;
}

typedef int (*make_fn)(const struct hierarchies *in, const char *path, struct cgroup **ret,
		       struct err *err);

static int with_hierarchies(make_fn fn, const char *path, struct cgroup **ret, struct err *err)
{
	CLEANUP(hierarchies_close) struct hierarchies in = { 0 };
	int r;

	if (*path != '/' || str_eq(path, "/"))
		return err_set(err, EINVAL,
			       "cgroup '%s': the path is to be absolute, and not the root", path);
	r = hierarchies_open(&in, err);
	return r < 0 ? r : fn(&in, path, ret, err);
}

int cgroup_create(const char *path, struct cgroup **ret, struct err *err)
{
	return with_hierarchies(cgroup_create_in, path, ret, err);
}

int cgroup_open(const char *path, struct cgroup **ret, struct err *err)
{
	return with_hierarchies(cgroup_open_in, path, ret, err);
}

void cgroup_free(struct cgroup *cgroup)
{
	if (!cgroup)
		return;
	for (size_t i = 0; i < cgroup->n_dirs; i++) {
		closep(&cgroup->dirs[i].entry);
		closep(&cgroup->dirs[i].dir);
		closep(&cgroup->dirs[i].root);
	}
	free(cgroup->path);
	free(cgroup);
}

const struct cgroup_dir *cgroup_dir_of(const struct cgroup *cgroup, enum controller controller)
{
	for (size_t i = 0; i < cgroup->n_dirs; i++)
		if (cgroup->dirs[i].controllers & CTL_BIT(controller))
			return &cgroup->dirs[i];
	return NULL;
}

const struct cgroup_dir *cgroup_dir_v2(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->n_dirs; i++)
		if (cgroup->dirs[i].v2)
			return &cgroup->dirs[i];
	return NULL;
}

int cgroup_clone_fd(const struct cgroup *cgroup)
{
	const struct cgroup_dir *v2 = cgroup_dir_v2(cgroup);

	return v2 ? v2->dir : -1;
}

static int fail_to_enter(const struct cgroup *cgroup, const struct cgroup_dir *dir, int r,
			 struct err *err)
{
	const struct hierarchy in = { .v2 = dir->v2, .controllers = dir->controllers };

	return fail_in(&in, "enter", cgroup->path, r, err);
}

static int enter(const struct cgroup *cgroup, bool v2, struct err *err)
{
	for (size_t i = 0; i < cgroup->n_dirs; i++) {
		const struct cgroup_dir *dir = &cgroup->dirs[i];
		int r = dir->v2 == v2 ? write_full(dir->entry, "0", 1) : 0;

		if (r < 0)
			return fail_to_enter(cgroup, dir, r, err);
	}
	return 0;
}

int cgroup_enter_rest(const struct cgroup *cgroup, struct err *err)
{
	return enter(cgroup, false, err);
}

int cgroup_enter(const struct cgroup *cgroup, struct err *err)
{
	int r = cgroup_enter_rest(cgroup, err);

	return r < 0 ? r : enter(cgroup, true, err);
}

static int enter_rest(const void *cgroup)
{
	struct err ignored = { 0 };

	return cgroup_enter_rest(cgroup, &ignored);
}

void cgroup_spawn_in(const struct cgroup *cgroup, struct spawn *spawn)
{
	if (!cgroup)
		return;
	spawn->cgroup = cgroup_clone_fd(cgroup);
	spawn->enter = enter_rest;
	spawn->enter_data = cgroup;
}

int cgroup_add(const struct cgroup *cgroup, pid_t pid, struct err *err)
{
	CLEANUP(free) char *text = xasprintf("%d", pid);

	for (size_t i = 0; i < cgroup->n_dirs; i++) {
		const struct cgroup_dir *dir = &cgroup->dirs[i];
		int r = cgroup_write_at(dir->dir, PROCS_FILE, text);

		if (r < 0) {
			(void)fail_to_enter(cgroup, dir, r, err);
			return err_prefix(err, "process %d", pid);
		}
	}
	return 0;
}

struct pid_list {
	pid_t *pids;
	size_t n;
};

static int add_pids(int dir, void *data)
{
	struct pid_list *list = data;
	CLEANUP(free) char *text = NULL;
	CLEANUP(strv_free) char **words = NULL;
	int r;

	r = file_read_at(dir, "cgroup.procs", CGROUP_FILE_MAX, &text);
	/* It has gone meanwhile, or is threaded: then its processes are listed above it. */
	if (r == -ENODEV || r == -ENOENT || r == -EOPNOTSUPP)
		return 0;
	if (r < 0)
		return r;
	words = strv_split(text, "\n");
	list->pids = xrealloc(list->pids, (list->n + strv_len(words) + 1) * sizeof(pid_t));
	for (char **word = words; word && *word; word++) {
		int64_t pid;

		/* 0 is a process that this pid namespace does not have. */
		if (str_to_i64(*word, 1, INT32_MAX, &pid) == 0)
			list->pids[list->n++] = (pid_t)pid;
	}
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t *left = a;
	const pid_t *right = b;

	return (*left > *right) - (*left < *right);
}

static void sort_pids(struct pid_list *list)
{
	size_t kept = 0;

	if (list->n == 0)
		return;
	qsort(list->pids, list->n, sizeof(pid_t), compare_pids);
	for (size_t i = 1; i < list->n; i++)
		if (list->pids[i] != list->pids[kept])
			list->pids[++kept] = list->pids[i];
	list->n = kept + 1;
}

/* In every hierarchy: who is in one of them only belongs to it all the same. */
int cgroup_pids(const struct cgroup *cgroup, pid_t **ret, size_t *ret_n, struct err *err)
{
	struct pid_list list = { 0 };

	for (size_t i = 0; i < cgroup->n_dirs; i++) {
		int r = cgroup_walk(cgroup->dirs[i].dir, add_pids, &list, false);

		if (r < 0) {
			free(list.pids);
			errno = -r;
			return err_errno(err, "list the processes of cgroup %s", cgroup->path);
		}
	}
	sort_pids(&list);
	*ret = list.pids;
	*ret_n = list.n;
	return 0;
}

/* All of it in every hierarchy that lets us. -EBUSY: something is still in it. */
static int try_remove(const struct cgroup *cgroup, enum cgroup_parents parents)
{
	int result = 0;

	for (size_t i = 0; i < cgroup->n_dirs; i++) {
		const struct cgroup_dir *dir = &cgroup->dirs[i];
		int r = cgroup_walk(dir->dir, NULL, NULL, true);

		if (unlinkat(dir->root, cgroup->path + 1, AT_REMOVEDIR) < 0 && errno != ENOENT)
			result = r < 0 && r != -E2BIG ? r : -errno;
		else if (parents == CGROUP_REMOVE_PARENTS)
			unmake(dir->root, cgroup->path, 0);
	}
	return result;
}

int cgroup_remove(struct cgroup *cgroup, enum cgroup_parents parents, uint64_t deadline,
		  struct err *err)
{
	const struct cgroup_dir *v2 = cgroup_dir_v2(cgroup);
	CLEANUP(cgroup_events_close) struct cgroup_events events = { v2 ? v2->dir : -1, -1 };
	int r;

	for (;;) {
		r = try_remove(cgroup, parents);
		if (r != -EBUSY || deadline_left(deadline) == 0)
			break;
		cgroup_events_wait(&events, deadline);
	}
	if (r == 0)
		return 0;
	errno = -r;
	return err_errno(err, "remove cgroup %s", cgroup->path);
}
