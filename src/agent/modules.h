/* SPDX-License-Identifier: Apache-2.0 */
/* modules.h - modules of the guest's kernel: what modprobe does for a list of names */
#pragma once

#include <stddef.h>

struct err;

#define MODULES_MAX 64u /* in one request */

struct module {
	const char *name;
	char *const *parameters; /* "p1=v1" */
	size_t n_parameters;
};

/* finit_module(2), or another for tests: 0 or -errno. */
typedef int (*module_insert_fn)(int fd, const char *parameters, int flags);

/*
 * Loads @modules in their order, each behind those that it depends on. What is loaded
 * already, or built into the kernel, is fine.
 *
 * @root  is put before /lib/modules, /proc and /sys: "", another for tests
 *
 * Returns 0, -EINVAL (a name that is none; parameters of what is built in), -ENOENT (no such
 * module), -ENOSYS (a kernel without modules), or an error of finit_module(2). The
 * error names the module. For helpers (agent/job.h).
 * Source: kmod, modules.dep(5).
 */
int modules_load(const char *root, const struct module *modules, size_t n, module_insert_fn insert,
		 struct err *err);

int module_insert(int fd, const char *parameters, int flags);
