/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.h - run an engine's hooks, in the guest and on the host */
#pragma once

#include "oci/spec.h"

struct err;

#define HOOK_TIMEOUT_S  60u  /* of a hook that gives none: it would hold the container forever */
#define HOOK_OUTPUT_MAX 768u /* bytes of the end of what it wrote, such as fit in a struct err */

/*
 * Refuses hooks that cannot run, before anything has: a path that is not
 * absolute, or where there is no executable regular file.
 *
 * @root   a directory descriptor of what "/" will be when they run
 * @where  how to call it: "the guest"
 *
 * Returns 0, -EINVAL, -ENOENT or -EACCES: "hooks.createContainer[0]: /usr/bin/x:
 * no such program in the guest".
 */
int hooks_check(const struct oci_hooks *hooks, enum oci_hook_kind kind, int root, const char *where,
		struct err *err);

/*
 * Runs one hook in the caller's own context and waits for it: blocking, with
 * the hook's time-out. It has its arguments, exactly its environment, the state
 * on standard input, "/" as directory, a session of its own, and no descriptor
 * but these three. At the time-out its process group is killed. It has failed
 * when it does not exit with status 0; the error then ends with what it wrote
 * last: "hook createContainer /path: exit status 3: message".
 *
 * @state  JSON, see oci/state.h
 *
 * Returns 0, -ETIMEDOUT, -ECANCELED (it failed), or errno of fork(2) and others.
 * Source: runtime-spec, config.md, "POSIX-platform Hooks".
 */
int hook_run(const struct oci_hook *hook, enum oci_hook_kind kind, const char *state,
	     struct err *err);

/* hook_run() of each in their order, up to the first that fails. */
int hooks_run(const struct oci_hooks *hooks, enum oci_hook_kind kind, const char *state,
	      struct err *err);

/*
 * Appends a hook for every regular executable file in the directory
 * "@dir/<kind>", in the order of their names, with the arguments "<name>" and
 * "<kind>". A directory that is not there has none.
 *
 * Returns 0, or errno of open(2) and readdir(3); then nothing is appended.
 */
int hooks_scan(const char *dir, enum oci_hook_kind kind, struct oci_hooks *ret, struct err *err);
