/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_vcpus.h - the vCPUs of a sandbox among the host's cgroups (sandbox_cgroup_with_emulator)
 *
 * QEMU's threads that are vCPUs may together use as many of the host's processors as the
 * machine has vCPUs, or as annotation sandbox_cpu says; its other threads, which do the disks
 * and the network, are not held up by that. Source: reference 07, section 3; openEuler patch 0054.
 */
#pragma once

#include <stdint.h>

struct err;
struct sandbox_record;

/*
 * Moves the threads and sets the limits for @vcpus of them. Nothing in a sandbox without such
 * cgroups. What the host's kernel does not let be limited is logged. The holder of the sandbox's
 * lock calls it: it speaks to QEMU.
 */
int host_vcpus_settle(const struct sandbox_record *record, int64_t vcpus, struct err *err);

/* How much @vcpus may use, in thousandths of a processor. */
int64_t host_vcpus_millis(const struct sandbox_record *record, int64_t vcpus);
