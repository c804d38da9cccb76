/* SPDX-License-Identifier: Apache-2.0 */
/* rlimits.h - resource limits and the OOM score of a container's process */
#pragma once

struct err;
struct oci_process;

/* Whether the limits and the score can be meant: names, no duplicates, ranges. 0 or -EINVAL. */
int rlimits_check(const struct oci_process *process, struct err *err);

/*
 * Sets the score of the calling process through the /proc that it sees, which
 * must not be a container's: before anything of one is entered. In a user
 * namespace nobody may set it any more.
 */
int rlimits_set_score(const struct oci_process *process, struct err *err);

/*
 * Sets the limits of the calling process, before privileges are dropped and
 * after everything that opens or allocates much. Returns 0, -EINVAL of
 * rlimits_check(), or errno of setrlimit(2).
 */
int rlimits_set(const struct oci_process *process, struct err *err);
