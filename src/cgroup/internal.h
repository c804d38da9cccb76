/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what the files of cgroup/ share; nobody else includes it but their tests */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "cgroup/cgroup.h"

struct err;
struct oci_resources;

#define CGROUP_FILE_MAX    (1u << 20) /* cgroup.procs of 100,000 processes is smaller */
#define CGROUP_TREE_MAX    65536u     /* cgroups below a container's that we walk through */
#define CGROUP_HIERARCHIES 16u        /* the kernel has 14 controllers */

/* A controller has the same number in both versions. */
enum controller {
	CTL_CPU,
	CTL_CPUACCT, /* version 2: part of every cgroup's cpu.stat */
	CTL_CPUSET,
	CTL_MEMORY,
	CTL_DEVICES, /* version 1 only */
	CTL_FREEZER, /* version 1 only */
	CTL_IO,      /* version 1: blkio */
	CTL_PIDS,
	CTL_HUGETLB,
	CTL_NET_CLS,
	CTL_NET_PRIO,
	CTL_PERF_EVENT,
	CTL_RDMA,
	CTL_MISC,
	CTL_FILES, /* version 1, of openEuler's kernels only */
	CTL_COUNT,
};

#define CTL_BIT(controller) (1u << (unsigned)(controller))

/* "blkio" or "io"; NULL if that version has no such controller. */
const char *controller_name(enum controller controller, bool v2);

/* The controllers named by the first @len words of @words. */
unsigned controllers_parse(const char *words, const char *separators, bool v2);

/* A mount of a hierarchy, as /proc/self/mountinfo has it. */
struct cgroup_mount {
	bool v2;
	unsigned controllers; /* bits; of version 1 only */
	dev_t dev;
	char *point; /* owned */
};

/*
 * The mounts with controllers and those of version 2, in their order, at most @max.
 * A mount of a part of a hierarchy counts as the whole: what lies above cannot be reached.
 */
size_t cgroup_mounts_parse(const char *mountinfo, struct cgroup_mount *mounts, size_t max);

struct hierarchy {
	bool v2;
	unsigned controllers; /* of version 1; version 2 says it for each cgroup */
	int root;             /* owned */
};

struct hierarchies {
	struct hierarchy list[CGROUP_HIERARCHIES];
	size_t n;
	const char *swaps; /* borrowed: "/proc/swaps" */
};

int hierarchies_open(struct hierarchies *ret, struct err *err);
void hierarchies_close(struct hierarchies *hierarchies);
static inline void hierarchies_closep(struct hierarchies *hierarchies)
{
	hierarchies_close(hierarchies);
}

/* The cgroup in one hierarchy. */
struct cgroup_dir {
	bool v2;
	unsigned controllers;
	int root;     /* of the hierarchy; owned */
	int dir;      /* owned */
	int entry;    /* what a process enters by, for writing; owned: see cgroup_enter() */
	size_t found; /* how many components of the path were there before */
};

struct cgroup {
	char *path; /* "/a/b"; owned */
	struct cgroup_dir dirs[CGROUP_HIERARCHIES];
	size_t n_dirs;
	const char *swaps;
};

/* As cgroup_create() and cgroup_open(), in these hierarchies, which stay the caller's. */
int cgroup_create_in(const struct hierarchies *in, const char *path, struct cgroup **ret,
		     struct err *err);
int cgroup_open_in(const struct hierarchies *in, const char *path, struct cgroup **ret,
		   struct err *err);

/* Where that controller is, or NULL. */
const struct cgroup_dir *cgroup_dir_of(const struct cgroup *cgroup, enum controller controller);

/* The directory in version 2, or NULL. */
const struct cgroup_dir *cgroup_dir_v2(const struct cgroup *cgroup);

/* Reads and writes of the small files; without an error text, never through a link. */
int cgroup_write_at(int dir, const char *file, const char *value);
bool cgroup_has_file(int dir, const char *file);

/* The number that the file holds, UINT64_MAX for "max" and for -1. -EINVAL: none. */
int cgroup_read_u64(int dir, const char *file, uint64_t *ret);

/* The number behind @key in a file of lines "key number". -ENOENT: no such file or line. */
int cgroup_read_key(int dir, const char *file, const char *key, uint64_t *ret);

/*
 * Calls @fn for the cgroup @dir and every one below it, parents first; with
 * @remove, takes each one below it away afterwards. A tree may change
 * meanwhile: what has gone is left out. Depth costs no descriptors.
 *
 * Returns 0, what @fn returned if negative, -E2BIG after CGROUP_TREE_MAX cgroups,
 * or -EBUSY if one could not be removed (the others were).
 */
typedef int (*cgroup_walk_fn)(int dir, void *data);
int cgroup_walk(int dir, cgroup_walk_fn fn, void *data, bool remove);

/* Waits for cgroup.events to change, but not for long: the caller looks again. */
struct cgroup_events {
	int dir;     /* borrowed; -1: there is none, waiting is a short sleep */
	int inotify; /* owned; -1 before the first wait */
};
void cgroup_events_wait(struct cgroup_events *events, uint64_t deadline);
void cgroup_events_close(struct cgroup_events *events);
static inline void cgroup_events_closep(struct cgroup_events *events)
{
	cgroup_events_close(events);
}

/* A watch on @file below @dir, by inotify. Returns the descriptor or -errno. */
int cgroup_watch(int dir, const char *file);
