/* SPDX-License-Identifier: Apache-2.0 */
/* guest.h - what PID 1 of a machine without any other program has to set up */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

/* The disk that the kernel has started from; 0: an initramfs. Before guest_prepare(). */
dev_t guest_root_disk(void);

/*
 * Moves from the initramfs or image to a tmpfs (so that containers can pivot_root), and
 * mounts what a Linux userland expects. Only in a fresh guest.
 */
int guest_prepare(struct err *err);

/* Cgroups of version 2 (@unified), or every controller of version 1, at /sys/fs/cgroup. */
int guest_mount_cgroups(bool unified, struct err *err);

/*
 * Keeps the kernel's code for processor quotas switched on, by a cgroup with a quota and
 * without processes. The first quota switches it on and the last one off, by patching code
 * that is being run: where several vCPUs are emulated that has ended in an oops ("int3") once in
 * some hundred times. Before there is a second vCPU, if it can be.
 */
void guest_keep_quotas(void);

/*
 * The disk that the guest runs from, @root, and of a partition the whole disk: none with an
 * initrd. Returns how many of @ret are set, at most @max.
 */
size_t guest_own_disks(dev_t root, dev_t *ret, size_t max);

/* Brings up the loopback interface. */
int guest_loopback_up(struct err *err);
