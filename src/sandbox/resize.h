/* SPDX-License-Identifier: Apache-2.0 */
/* resize.h - the virtual machine follows its containers' limits */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct agentc;
struct config;
struct container_limits;
struct err;
struct machine_policy;
struct machine_size;
struct sandbox_record;

/* What the configuration says for a sandbox that is made now. */
struct machine_policy resize_policy(const struct config *config);

/* The memory to start a machine with that is to have @size. */
int64_t resize_first_mib(const struct config *config, const struct machine_size *size);

/*
 * The size for the containers of the sandbox that have not ended, as their
 * records say; for @cid (or NULL: nobody) with @limits instead. Without
 * enable_cpu_memory_hotplug, the size that it has.
 */
int resize_target(const struct sandbox_record *record, const char *cid,
		  const struct container_limits *limits, struct machine_size *ret, struct err *err);

/*
 * Gives the machine what it has less than @target; with @shrink it also turns off
 * the vCPUs that it has more, and takes back memory if it can. What is there is asked of QEMU, so
 * that a command that was killed half-way does no harm. @dirfd is the sandbox's; the caller holds
 * its lock. An error has the numbers.
 */
int resize_apply(const char *sid, int dirfd, struct agentc *agent,
		 const struct machine_size *target, bool shrink, struct err *err);

/* After a container has gone: what is needed no more is turned off; a failure is logged. */
void resize_fit(const char *sid, struct agentc *agent);
