/* SPDX-License-Identifier: Apache-2.0 */
/* scheduling.h - scheduler, I/O priority and personality of a container's process */
#pragma once

struct err;
struct oci_process;

/* Whether process.scheduler and process.ioPriority can be meant. 0 or -EINVAL. */
int scheduling_check(const struct oci_process *process, struct err *err);

/*
 * Sets both for the calling process, from which exec(2) and fork(2) inherit
 * them. Some settings take CAP_SYS_NICE: before privileges are dropped.
 * Returns 0, -EINVAL, or errno of sched_setattr(2) and ioprio_set(2).
 */
int scheduling_set(const struct oci_process *process, struct err *err);

/* linux.personality.domain, "LINUX" or "LINUX32", for the calling process; NULL: as it is. */
int scheduling_set_personality(const char *domain, struct err *err);
