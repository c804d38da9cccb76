/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp.h - a container's system call filter: from the specification to the kernel */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

struct err;
struct oci_seccomp;
struct sock_filter;

struct seccomp_program {
	struct sock_filter *filter; /* owned */
	size_t n;                   /* instructions, at most BPF_MAXINSNS */
	unsigned flags;             /* SECCOMP_FILTER_FLAG_* */
};

/*
 * Compiles @seccomp with libseccomp. Nothing here needs a privilege, a file
 * system or the container: it can be done long before the filter is loaded.
 *
 * As under runc: names that libseccomp does not know are skipped, since engines
 * list the newest system calls; the native architecture is always in; rules that
 * say what the default says are skipped; several conditions on one argument are
 * alternatives, and conditions on different arguments must all be met. Where the
 * default refuses, a number above all those that the profile names is answered
 * with ENOSYS, so that a libc newer than the profile falls back to older calls.
 *
 * Returns 0; -EINVAL (an unknown word, an argument outside 0 to 5, an errno that
 * the action cannot carry), -ENOTSUP (SCMP_ACT_NOTIFY, which needs a listener),
 * or -E2BIG (more than BPF_MAXINSNS instructions), each with the field's path.
 * Source: runtime-spec, config-linux.md, "Seccomp"; runc, libcontainer/seccomp.
 */
int seccomp_compile(const struct oci_seccomp *seccomp, struct seccomp_program *ret,
		    struct err *err);

/*
 * Puts the calling process under the filter, for good. Without no_new_privs it
 * takes CAP_SYS_ADMIN: -EACCES.
 */
int seccomp_load_program(const struct seccomp_program *program, struct err *err);

void seccomp_program_done(struct seccomp_program *program);
static inline void seccomp_program_donep(struct seccomp_program *program)
{
	seccomp_program_done(program);
}
