/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_cgroup.h - where a container's processes are among the host's cgroups (design E14)
 *
 * They are there so that what reads the host's cgroups tells the truth: docker
 * stats, podman stats, kubelet. Each container has its own, with its shims, the
 * sandbox's own container also with QEMU, virtiofsd and kata-proxy. Or there is one
 * for all of the sandbox (sandbox_cgroup_only), or one with the vCPUs apart and limited
 * (sandbox_cgroup_with_emulator; host_vcpus.h). The containers' limits are the guest's
 * matter: none is written here (own_blkio.h sets those of an annotation).
 */
#pragma once

#include <stdbool.h>

struct cgroup;
struct config;
struct container_record;
struct err;
struct oci_spec;
struct sandbox_cgroups;

/*
 * Where linux.cgroupsPath is: cgroup_path(), but "slice:prefix:name" is what systemd would make
 * of it, "/a.slice/a-b.slice/prefix-name.scope" (systemd itself is not asked).
 * Owned; NULL for what leads out of the cgroup file system.
 */
char *host_cgroup_path(const char *cgroups_path, const char *id);

/*
 * How it is to be for a new sandbox, by its configuration and its own container. @ret->path is
 * owned. -EINVAL for a path that cannot be.
 */
int host_cgroup_choose(const struct config *config, const struct oci_spec *spec, const char *sid,
		       struct sandbox_cgroups *ret, struct err *err);

/* Where the processes of container @id are in such a sandbox; owned. -EINVAL */
int host_cgroup_of(const struct sandbox_cgroups *cgroups, const struct oci_spec *spec,
		   const char *id, char **ret, struct err *err);

/*
 * Makes record->cgroup, which the engine may have made before, or opens it where the sandbox
 * has one for all.
 *
 * @first     it is the sandbox's own container
 * @optional  cgroups that may not be written are done without: *ret stays NULL
 */
int host_cgroup_make(const struct container_record *record, const struct sandbox_cgroups *cgroups,
		     bool first, bool optional, struct cgroup **ret, struct err *err);

/* For another process of the container. *ret stays NULL when there is none. */
int host_cgroup_open(const char *path, struct cgroup **ret, struct err *err);

/* When its processes have ended. Somebody else's in it keep it: that is logged. */
void host_cgroup_remove(const char *path, const char *id);
