/* SPDX-License-Identifier: Apache-2.0 */
/* usage.h - what a sandbox takes of the host, and how much of that its containers use */
#pragma once

#include <stdint.h>

struct err;

struct sandbox_usage {
	uint64_t at_us;        /* CLOCK_MONOTONIC */
	uint64_t host_cpu_ns;  /* of QEMU and all that belongs to the sandbox */
	uint64_t host_memory;  /* bytes */
	uint64_t guest_cpu_ns; /* of the containers, as the guest counts */
	uint64_t guest_memory; /* bytes */
	int64_t vcpus;
};

/*
 * Of the sandbox that container @id is in. -ENOENT: no such container; -ESRCH: it does not
 * run; -ENODATA: the host has no cgroups for it (--rootless).
 */
int sandbox_usage_read(const char *id, struct sandbox_usage *ret, struct err *err);
