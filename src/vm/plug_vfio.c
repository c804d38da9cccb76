/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the host in a running machine. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "hypervisor/qemu_devices.h"
#include "hypervisor/qemu_pci.h"
#include "hypervisor/qemu_vfio.h"
#include "vm/internal.h"
#include "vm/plug.h"
#include "vm/vm.h"

static_assert(VM_PATH_LEN == PLUG_PATH_LEN, "one path, two names");

int plug_vfio_add(struct plug *plug, const char *name, bool mediated, char ret_path[PLUG_PATH_LEN],
		  struct err *err)
{
	struct pci_place place = { 0 };
	struct err ignored = { 0 };
	int r;

	r = qemu_pci_free_place(plug->qmp, deadline_in(PLUG_MS), &place, err);
	if (r == 0)
		r = qemu_add_vfio(plug->qmp, name, mediated, &place, deadline_in(VFIO_MS), err);
	if (r == 0) {
		memcpy(ret_path, place.guest_path, PLUG_PATH_LEN);
		r = fault_point("device of the host plugged", err);
		if (r < 0)
			(void)plug_vfio_remove(plug, name, &ignored);
	}
	return r < 0 ? err_prefix(err, "plug in %s", name) : 0;
}

int plug_vfio_remove(struct plug *plug, const char *name, struct err *err)
{
	char id[QEMU_VFIO_ID_LEN];
	int r;

	qemu_vfio_id(name, id);
	r = qemu_remove_device(plug->qmp, id, deadline_in(UNPLUG_MS), err);
	return r < 0 ? err_prefix(err, "unplug %s", name)
		     : fault_point("device of the host unplugged", err);
}
