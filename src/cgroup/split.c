/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/split.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define VCPU        "vcpu"
#define EMULATOR    "emulator"
#define THREADS_MAX 65536u /* of one process that we look at */
#define PASSES_MAX  16u    /* threads are made while we move them */

/* The hierarchy that has the cpu controller; NULL: none. */
static const struct hierarchy *cpu_hierarchy(const struct hierarchies *in)
{
	for (size_t i = 0; i < in->n; i++)
		if (!in->list[i].v2 && (in->list[i].controllers & CTL_BIT(CTL_CPU)))
			return &in->list[i];
	for (size_t i = 0; i < in->n; i++) {
		CLEANUP(free) char *words = NULL;

		if (in->list[i].v2 &&
		    file_read_at(in->list[i].root, "cgroup.controllers", CGROUP_FILE_MAX, &words) ==
			    0 &&
		    (controllers_parse(words, " \n", true) & CTL_BIT(CTL_CPU)))
			return &in->list[i];
	}
	return NULL;
}

static char *below(const char *path, const char *name)
{
	return xasprintf("%s/%s", path, name);
}

char *cgroup_split_home_in(const struct hierarchies *in, const char *path)
{
	const struct hierarchy *cpu = cpu_hierarchy(in);

	return cpu && !cpu->v2 ? below(path, VCPU) : xstrdup(path);
}

static int make_in_cpu(const struct hierarchies *in, const struct hierarchy *cpu, const char *path,
		       struct err *err)
{
	const struct hierarchies alone = { .list = { *cpu }, .n = 1, .swaps = in->swaps };
	CLEANUP(cgroup_free) struct cgroup *made = NULL;
	CLEANUP(free) char *emulator = below(path, EMULATOR);

	return cgroup_create_in(&alone, emulator, &made, err);
}

/* A threaded cgroup in @dir. */
static int make_threaded(int dir, const char *name)
{
	CLEANUP(close) int fd = -1;

	if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : cgroup_write_at(fd, "cgroup.type", "threaded");
}

/* Returns the errno; nothing stays. */
static int split_v2(int dir)
{
	int r;

	r = make_threaded(dir, VCPU);
	if (r == 0)
		r = make_threaded(dir, EMULATOR);
	/* Nothing but this: other controllers would not let threads be apart. */
	if (r == 0)
		r = cgroup_write_at(dir, "cgroup.subtree_control", "+cpu");
	if (r < 0) {
		(void)unlinkat(dir, VCPU, AT_REMOVEDIR);
		(void)unlinkat(dir, EMULATOR, AT_REMOVEDIR);
	}
	return r;
}

int cgroup_split_create_in(const struct hierarchies *in, const char *path, struct cgroup **ret,
			   char **ret_reason, struct err *err)
{
	const struct hierarchy *cpu = cpu_hierarchy(in);
	CLEANUP(free) char *home = cgroup_split_home_in(in, path);
	CLEANUP(cgroup_free) struct cgroup *cgroup = NULL;
	int r;

	r = cgroup_create_in(in, home, &cgroup, err);
	if (r == 0 && cpu && !cpu->v2)
		r = make_in_cpu(in, cpu, path, err);
	if (r < 0)
		return r;
	if (!cpu)
		*ret_reason = xstrdup("the host has no cpu controller of cgroups");
	else if (cpu->v2 && (r = split_v2(cgroup_clone_fd(cgroup))) < 0)
		*ret_reason = xasprintf("make threaded cgroups below %s: %s", path, strerror(-r));
	*ret = take_ptr(cgroup);
	return 0;
}

/* The two in the cpu hierarchy. */
struct halves {
	bool v2;
	int vcpu;     /* owned */
	int emulator; /* owned */
};

static void halves_donep(struct halves *halves)
{
	closep(&halves->vcpu);
	closep(&halves->emulator);
}

static int open_half(const struct hierarchy *cpu, const char *path, const char *name, int *ret)
{
	CLEANUP(free) char *full = below(path, name);
	int fd = openat(cpu->root, full + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

static int open_halves(const struct hierarchies *in, const char *path, struct halves *ret,
		       struct err *err)
{
	const struct hierarchy *cpu = cpu_hierarchy(in);
	int r = -ENOENT;

	assert(*path == '/');
	if (cpu) {
		ret->v2 = cpu->v2;
		r = open_half(cpu, path, VCPU, &ret->vcpu);
	}
	if (cpu && r == 0)
		r = open_half(cpu, path, EMULATOR, &ret->emulator);
	if (r == 0)
		return 0;
	errno = -r;
	return err_errno(err, "cgroups " VCPU " and " EMULATOR " of %s", path);
}

int cgroup_split_limit_in(const struct hierarchies *in, const char *path,
			  const struct oci_resources *resources, struct err *err)
{
	__attribute__((cleanup(halves_donep))) struct halves halves = { .vcpu = -1,
									.emulator = -1 };
	CLEANUP(cgroup_free) struct cgroup *vcpu = NULL;
	CLEANUP(free) char *full = below(path, VCPU);
	int r;

	r = open_halves(in, path, &halves, err);
	if (r == 0)
		r = cgroup_open_in(in, full, &vcpu, err);
	if (r == 0)
		r = cgroup_apply(vcpu, resources, err);
	return r < 0 && r != -ENOENT ? err_prefix(err, "cgroup %s", full) : r;
}

/* Numbers of threads. */
struct tids {
	pid_t *list; /* owned */
	size_t n;
};

static void tids_donep(struct tids *tids)
{
	free(tids->list);
}

static bool has(const pid_t *list, size_t n, pid_t tid)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == tid)
			return true;
	return false;
}

/* Adds the number that @word is; other words are none. */
static void add_tid(struct tids *tids, const char *word)
{
	int64_t tid = 0;

	if (tids->n >= THREADS_MAX || str_to_i64(word, 1, INT32_MAX, &tid) < 0)
		return;
	tids->list = xrealloc(tids->list, (tids->n + 1) * sizeof(*tids->list));
	tids->list[tids->n++] = (pid_t)tid;
}

static int list_threads(pid_t pid, struct tids *ret)
{
	CLEANUP(free) char *path = xasprintf("/proc/%d/task", pid);
	DIR *dir = opendir(path);

	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		add_tid(ret, entry->d_name);
	closedir(dir);
	return ret->n > 0 ? 0 : -ESRCH;
}

static int list_half(int dir, const char *file, struct tids *ret)
{
	CLEANUP(strv_free) char **words = NULL;
	CLEANUP(free) char *text = NULL;
	int r = file_read_at(dir, file, CGROUP_FILE_MAX, &text);

	if (r < 0)
		return r;
	words = strv_split(text, "\n");
	for (char **word = words; word && *word; word++)
		add_tid(ret, *word);
	return 0;
}

/* Returns how many were moved. A thread that has ended meanwhile needs no place. */
static int place_once(const struct halves *halves, pid_t pid, const pid_t *vcpus, size_t n)
{
	const char *file = halves->v2 ? "cgroup.threads" : "tasks";
	__attribute__((cleanup(tids_donep))) struct tids threads = { 0 };
	__attribute__((cleanup(tids_donep))) struct tids in_vcpu = { 0 };
	__attribute__((cleanup(tids_donep))) struct tids in_emulator = { 0 };
	int moved = 0;
	int r;

	r = list_threads(pid, &threads);
	if (r == 0)
		r = list_half(halves->vcpu, file, &in_vcpu);
	if (r == 0)
		r = list_half(halves->emulator, file, &in_emulator);
	for (size_t i = 0; r == 0 && i < threads.n; i++) {
		pid_t tid = threads.list[i];
		bool vcpu = has(vcpus, n, tid);
		const struct tids *there = vcpu ? &in_vcpu : &in_emulator;
		CLEANUP(free) char *text = xasprintf("%d", tid);

		if (has(there->list, there->n, tid))
			continue;
		r = cgroup_write_at(vcpu ? halves->vcpu : halves->emulator, file, text);
		moved += r == 0;
		if (r == -ESRCH)
			r = 0;
	}
	return r < 0 ? r : moved;
}

int cgroup_split_threads_in(const struct hierarchies *in, const char *path, pid_t pid,
			    const pid_t *vcpus, size_t n, struct err *err)
{
	__attribute__((cleanup(halves_donep))) struct halves halves = { .vcpu = -1,
									.emulator = -1 };
	int r;

	r = open_halves(in, path, &halves, err);
	if (r < 0)
		return r;
	for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
		r = place_once(&halves, pid, vcpus, n);
		if (r <= 0)
			break;
	}
	if (r >= 0)
		return 0; /* what is made from now on is made by a thread that is in its place */
	errno = -r;
	return err_errno(err, "move the threads of process %d in cgroup %s", pid, path);
}

char *cgroup_split_home(const char *path, struct err *err)
{
	CLEANUP(hierarchies_close) struct hierarchies in = { 0 };

	return hierarchies_open(&in, err) < 0 ? NULL : cgroup_split_home_in(&in, path);
}

int cgroup_split_create(const char *path, struct cgroup **ret, char **ret_reason, struct err *err)
{
	CLEANUP(hierarchies_close) struct hierarchies in = { 0 };
	int r = hierarchies_open(&in, err);

	return r < 0 ? r : cgroup_split_create_in(&in, path, ret, ret_reason, err);
}

int cgroup_split_limit(const char *path, const struct oci_resources *resources, struct err *err)
{
	CLEANUP(hierarchies_close) struct hierarchies in = { 0 };
	int r = hierarchies_open(&in, err);

	return r < 0 ? r : cgroup_split_limit_in(&in, path, resources, err);
}

int cgroup_split_threads(const char *path, pid_t pid, const pid_t *vcpus, size_t n, struct err *err)
{
	CLEANUP(hierarchies_close) struct hierarchies in = { 0 };
	int r = hierarchies_open(&in, err);

	return r < 0 ? r : cgroup_split_threads_in(&in, path, pid, vcpus, n, err);
}
