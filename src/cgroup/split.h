/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split.h - a cgroup whose processors are limited for some threads of a program only
 *
 * Below PATH are "vcpu", which has the limits, and "emulator", which has none. With version 1 of
 * the cpu controller everything is in PATH/vcpu of every hierarchy, and PATH/emulator of the cpu
 * hierarchy takes the threads that are not to be limited. Version 2 keeps the memory of a process
 * in one cgroup: the processes are in PATH, and both below are threaded, for threads alone. Source:
 * Documentation/admin-guide/cgroup-v2.rst, "Threads"; openEuler patch 0054.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct cgroup;
struct err;
struct hierarchies;
struct oci_resources;

/* Where the processes are: @path or what is below it. Owned; NULL: what hierarchies there are
 * cannot be told. */
char *cgroup_split_home(const char *path, struct err *err);

/*
 * Makes all of it; *ret is the cgroup of the processes, as cgroup_create() has it. What this host
 * cannot split is left whole: then *ret_reason says why in words, owned, and the others return
 * -ENOENT.
 */
int cgroup_split_create(const char *path, struct cgroup **ret, char **ret_reason, struct err *err);

/* Limits of the processors of "vcpu". -ENOENT: it is not there. */
int cgroup_split_limit(const char *path, const struct oci_resources *resources, struct err *err);

/*
 * Puts each thread of @pid where it belongs: those of @vcpus, which may be in any order, and the
 * others. New threads are where the one is that made them. -ENOENT: it is not split.
 * -ESRCH: there is no such process.
 */
int cgroup_split_threads(const char *path, pid_t pid, const pid_t *vcpus, size_t n,
			 struct err *err);

/* The same in these hierarchies, which stay the caller's. */
char *cgroup_split_home_in(const struct hierarchies *in, const char *path);
int cgroup_split_create_in(const struct hierarchies *in, const char *path, struct cgroup **ret,
			   char **ret_reason, struct err *err);
int cgroup_split_limit_in(const struct hierarchies *in, const char *path,
			  const struct oci_resources *resources, struct err *err);
int cgroup_split_threads_in(const struct hierarchies *in, const char *path, pid_t pid,
			    const pid_t *vcpus, size_t n, struct err *err);
