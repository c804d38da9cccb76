/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_cgroup.h - a container's cgroup on the host (design E14)
 *
 * It is there so that what reads the host's cgroups tells the truth: docker
 * stats, podman stats, kubelet. The shims of the container are in it, for a
 * sandbox's own container also QEMU, virtiofsd and kata-proxy. Limits are the
 * guest's matter: none is written here (own_blkio.h sets those of an annotation).
 */
#pragma once

#include <stdbool.h>

struct cgroup;
struct container_record;
struct err;

/*
 * Where it is: cgroup_path(), but "slice:prefix:name" is what systemd would make
 * of it, "/a.slice/a-b.slice/prefix-name.scope" (systemd itself is not asked).
 * Owned; NULL for what leads out of the cgroup file system.
 */
char *host_cgroup_path(const char *cgroups_path, const char *id);

/*
 * Makes record->cgroup, which the engine may have made before.
 *
 * @optional  cgroups that may not be written are done without: *ret stays NULL
 */
int host_cgroup_make(const struct container_record *record, bool optional, struct cgroup **ret,
		     struct err *err);

/* For another process of the container. *ret stays NULL when there is none. */
int host_cgroup_open(const struct container_record *record, struct cgroup **ret, struct err *err);

/* When its processes have ended. Somebody else's in it keep it: that is logged. */
void host_cgroup_remove(const struct container_record *record);
