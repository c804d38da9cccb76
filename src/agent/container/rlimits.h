/* SPDX-License-Identifier: Apache-2.0 */
/* rlimits.h - resource limits and the OOM score of a container's process */
#pragma once

struct err;
struct oci_process;

/* Whether the limits and the score can be meant: names, no duplicates, ranges. 0 or -EINVAL. */
int rlimits_check(const struct oci_process *process, struct err *err);

/*
 * Sets them for the calling process: the score first, since it takes a
 * descriptor and memory, and little of either may be left afterwards. To be
 * done before privileges are dropped, and after everything that opens or
 * allocates much. Returns 0, -EINVAL of rlimits_check(), or errno of setrlimit(2)
 * and of base/procfs.
 */
int rlimits_set(const struct oci_process *process, struct err *err);
