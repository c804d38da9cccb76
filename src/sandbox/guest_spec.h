/* SPDX-License-Identifier: Apache-2.0 */
/* guest_spec.h - the engine's configuration, rewritten for the guest */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct disks;
struct err;
struct oci_spec;

/* Takes the system call filter away: "disable_guest_seccomp" of the configuration file. */
void guest_spec_drop_seccomp(struct oci_spec *spec);

/*
 * How large the pod's /dev/shm is to be, in bytes: as the tmpfs that the engine
 * would bind there, else 64 MiB. Of a specification as the engine wrote it.
 */
uint64_t guest_spec_shm_size(const struct oci_spec *spec);

/*
 * Shares the root and the bind mounts of @spec with the guest of @sid, and
 * changes @spec to name them as the guest sees them.
 *
 * @owner_shim      0: this is the sandbox's own container, and the guest's uts and
 *                  ipc namespaces are its own; else the shim of that container
 * @ret_shares_pid  whether the container is to live in that one's pid namespace, by
 *                  naming "/proc/<owner_shim>/ns/pid"
 */
int guest_spec_prepare(struct oci_spec *spec, const char *bundle, const char *sid, const char *cid,
		       pid_t owner_shim, struct disks *disks, bool *ret_shares_pid,
		       struct err *err);

/*
 * What a prepared specification shows to the guest, for shim/view.h: a memory
 * file. Returns its descriptor or -errno.
 */
int guest_spec_files(const struct oci_spec *spec, const char *sid, struct err *err);

/* The name of a file system that several machines share, by what statfs(2) calls it; NULL: none. */
const char *guest_spec_network_fs(unsigned long type);
