/* SPDX-License-Identifier: Apache-2.0 */
/* own_storage.h - what the guest itself mounts for a container, by an annotation */
#pragma once

#include <stddef.h>

struct agentc_disk;
struct config;
struct err;
struct oci_spec;

#define OWN_STORAGE_MAX 64u

/* Owned strings; what the agent is told borrows them. */
struct own_storage {
	char *driver; /* "nfs" or "gpath" */
	char *source;
	char *mount_point; /* in the guest, before the container has it */
	char *destination; /* in the container */
	char **options;    /* of the file system */
	char **mount_options;
};

struct own_storages {
	struct own_storage *items;
	size_t n;
};

void own_storages_done(struct own_storages *storages);

/*
 * Reads annotation io.katacontainers.storage_spec of the container @cid into an empty @ret:
 * [{"storage_type": "nfs", "source": "192.0.2.1:/export/a", "dest": "/mnt",
 *   "options": {"mount_op": ["shared"], "custom_op": ["vers=4"]}}], or "gpath" with a folder
 * of the guest. Names of NFS servers are looked up here: the guest's agent cannot.
 * -EPERM when the configuration does not list it, -EINVAL with the member that is wrong.
 * Source: openEuler patches 0039 to 0041.
 */
int own_storages_take(const struct config *config, const struct oci_spec *spec, const char *cid,
		      struct own_storages *ret, struct err *err);

/* Adds the mounts to @spec, when what the host shares has been dealt with. */
void own_storages_mount(const struct own_storages *storages, struct oci_spec *spec);

/* As the agent is told of them, into @ret, which has room for all; the strings are borrowed. */
void own_storages_for_agent(const struct own_storages *storages, struct agentc_disk *ret);
