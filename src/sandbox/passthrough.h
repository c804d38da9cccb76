/* SPDX-License-Identifier: Apache-2.0 */
/* passthrough.h - devices of the host that go into the guest as they are, for one container */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "vfio/group.h"
#include "vm/plug.h"

struct agentc_disk;
struct container_record;
struct err;
struct oci_spec;
struct vm_vfio;

#define PASSED_MAX 64u /* of one container */

struct passed {
	unsigned group;
	struct vfio_device device;
	char *container_path; /* of the file that stood for its group; owned */
	/* Where the guest finds it, as the agent is told: "0000:01:00.0=10.0/00". */
	char address[VFIO_NAME_LEN + PLUG_PATH_LEN];
};

struct passthrough {
	struct passed *items;
	size_t n;
	bool cold; /* the machine starts with them */
};

void passthrough_done(struct passthrough *list);

/*
 * Takes files such as /dev/vfio/12 out of @spec, and notes every device of their groups,
 * which vfio-pci has to have. The files themselves, and /dev/vfio/vfio, are of no use in the
 * guest, where its own drivers have the devices. A container that may open all devices
 * gets none: engines list those of the whole host for it.
 * -ENODEV (no IOMMU, no such group), -EBUSY (a driver of the host has one), -EEXIST, -E2BIG.
 */
int passthrough_take(const struct sysfs *sysfs, struct oci_spec *spec, struct passthrough *ret,
		     struct err *err);

/* They are the container's from now on, as far as the caller writes @record. */
void passthrough_note(const struct passthrough *list, struct container_record *record);

/* -EBUSY names the container of the sandbox that has one of them already. */
int passthrough_check_free(const struct passthrough *list, const char *sid, const char *cid,
			   struct err *err);

/* Those that the machine starts with: into @ret, and where they are from it. */
void passthrough_for_vm(const struct passthrough *list, struct vm_vfio *ret);
void passthrough_from_vm(struct passthrough *list, const struct vm_vfio *from);

/* The others. What fails half-way is for passthrough_unplug(). */
int passthrough_plug(struct passthrough *list, const char *sid, struct err *err);

/* Takes away what the container's record says. */
int passthrough_unplug(const char *sid, const char *cid, struct err *err);

/* As the agent is told: list->n of them into @ret; strings are borrowed. */
void passthrough_for_agent(const struct passthrough *list, struct agentc_disk *ret);
