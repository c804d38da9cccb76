/* SPDX-License-Identifier: Apache-2.0 */
/* accel.h - KVM or emulation (design D4) */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * "kvm" or "tcg". @options are the machine_accelerators, which may force either
 * by accel=…; that word is not for QEMU's line any more: see accel_strip().
 *
 * *ret_reason is set, to a text for a warning, when KVM was not chosen although
 * nothing forced emulation.
 */
const char *accel_choose(const char *options, const char **ret_reason);

/* @options without accel=…, owned. */
char *accel_strip(const char *options);

/* Whether the host is a virtual machine itself. */
bool accel_host_is_guest(void);

/* The same by the text of its /proc/cpuinfo. */
bool accel_cpu_is_virtual(const char *cpuinfo);

/*
 * How fast the processor's time stamp counter runs, which is what an emulated guest
 * sees: measured, which takes 10 ms. 0 where there is none.
 */
uint64_t accel_tsc_khz(void);

/* The text of /proc/cpuinfo decides with /dev/kvm; apart for tests. */
bool accel_cpu_has_virtualization(const char *cpuinfo);
