/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/plug.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/mem.h"
#include "hypervisor/qemu_devices.h"
#include "hypervisor/qemu_pci.h"
#include "hypervisor/qemu_size.h"
#include "hypervisor/qmp.h"
#include "vm/internal.h"

#define CONNECT_MS 5000u

static_assert(sizeof(((struct pci_place *)0)->guest_path) == PLUG_PATH_LEN, "one path, two names");

int plug_open(const char *dir, struct plug **ret, struct err *err)
{
	CLEANUP(free) char *socket = xasprintf("%s/qmp.sock", dir);
	CLEANUP(plug_close) struct plug *plug = xcalloc(1, sizeof(*plug));
	int r;

	r = qmp_connect(socket, deadline_in(CONNECT_MS), &plug->qmp, err);
	if (r < 0)
		return r;
	*ret = take_ptr(plug);
	return 0;
}

void plug_close(struct plug *plug)
{
	if (!plug)
		return;
	qmp_free(plug->qmp);
	free(plug);
}

static int check_name(const char *name, struct err *err)
{
	size_t len = strlen(name);
	bool good = len >= 1 && len <= PLUG_NAME_MAX && isalpha((unsigned char)*name);

	for (const char *c = name; good && *c; c++)
		good = isalnum((unsigned char)*c) || strchr("-._", *c);
	return good ? 0
		    : err_set(err, EINVAL,
			      "device name '%.80s': a letter and then up to %u letters, digits, "
			      "'-', '.', '_' are allowed",
			      name, PLUG_NAME_MAX - 1);
}

/* Ids in QEMU: of the back end, and of the device. */
struct nic_ids {
	char netdev[PLUG_NAME_MAX + 8];
	char device[PLUG_NAME_MAX + 8];
};

static int nic_ids(const char *name, struct nic_ids *ret, struct err *err)
{
	int r = check_name(name, err);

	if (r < 0)
		return r;
	snprintf(ret->netdev, sizeof(ret->netdev), "net-%s", name);
	snprintf(ret->device, sizeof(ret->device), "nic-%s", name);
	return 0;
}

/* QEMU would take it, and the guest would never get an answer. */
int plug_check_shared(struct plug *plug, const char *socket, struct err *err)
{
	if (qemu_memory_is_shared(plug->qmp, deadline_in(PLUG_MS)))
		return 0;
	return err_set(err, ENOTSUP,
		       "vhost-user: %s cannot reach the memory of this virtual machine; it is "
		       "shared with [hypervisor.qemu] shared_fs = \"virtio-fs\"",
		       socket);
}

int plug_lacks_msix(struct plug *plug, bool *ret, struct err *err)
{
	bool kvm = true;
	int r = qemu_has_kvm(plug->qmp, deadline_in(PLUG_MS), &kvm, err);

	*ret = !kvm;
	return r;
}

static int add_back_end(struct plug *plug, const struct plug_nic *nic, const char *id,
			struct err *err)
{
	const struct tap_fds fds = { nic->queues, nic->vhost, nic->n_queues };
	uint64_t deadline = deadline_in(PLUG_MS);
	int r;

	assert(!!nic->queues + !!nic->tap + !!nic->vhost_user == 1);
	if (nic->queues)
		return qemu_add_tap(plug->qmp, id, &fds, deadline, err);
	if (nic->tap)
		return qemu_add_tap_by_name(plug->qmp, id, nic->tap, nic->n_queues, deadline, err);
	r = plug_check_shared(plug, nic->vhost_user, err);
	return r < 0 ? r
		     : qemu_add_vhost_user(plug->qmp, id, nic->vhost_user, nic->n_queues, deadline,
					   err);
}

static int add_front_end(struct plug *plug, const struct plug_nic *nic, const struct nic_ids *ids,
			 const struct pci_place *place, struct err *err)
{
	struct nic device = {
		.id = ids->device,
		.netdev = ids->netdev,
		.mac = nic->mac,
		.n_queues = nic->n_queues,
	};
	int r = 0;

	if (nic->vhost_user)
		r = plug_lacks_msix(plug, &device.no_msix, err);
	if (r == 0)
		r = qemu_add_nic(plug->qmp, &device, place, deadline_in(PLUG_MS), err);
	return r == 0 ? fault_point("nic plugged", err) : r;
}

static int add_nic(struct plug *plug, const struct plug_nic *nic, const struct nic_ids *ids,
		   const struct pci_place *place, struct err *err)
{
	struct err ignored = { 0 };
	int r;

	r = add_back_end(plug, nic, ids->netdev, err);
	if (r < 0)
		return r;
	r = fault_point("nic back end", err);
	if (r == 0)
		r = add_front_end(plug, nic, ids, place, err);
	if (r < 0) {
		(void)qemu_remove_device(plug->qmp, ids->device, deadline_in(UNPLUG_MS), &ignored);
		(void)qemu_remove_netdev(plug->qmp, ids->netdev, deadline_in(PLUG_MS), &ignored);
	}
	return r;
}

int plug_nic_add(struct plug *plug, const struct plug_nic *nic, char ret_path[PLUG_PATH_LEN],
		 struct err *err)
{
	struct pci_place place = { 0 };
	struct nic_ids ids;
	int r;

	r = nic_ids(nic->name, &ids, err);
	if (r == 0)
		r = qemu_pci_free_place(plug->qmp, deadline_in(PLUG_MS), &place, err);
	if (r == 0)
		r = add_nic(plug, nic, &ids, &place, err);
	if (r < 0)
		return err_prefix(err, "plug in %s", nic->name);
	memcpy(ret_path, place.guest_path, PLUG_PATH_LEN);
	return 0;
}

int plug_nic_remove(struct plug *plug, const char *name, struct err *err)
{
	struct nic_ids ids;
	int r;

	r = nic_ids(name, &ids, err);
	if (r == 0)
		r = fault_point("nic to unplug", err);
	if (r == 0)
		r = qemu_remove_device(plug->qmp, ids.device, deadline_in(UNPLUG_MS), err);
	if (r == 0)
		r = fault_point("nic unplugged", err);
	if (r == 0)
		r = qemu_remove_netdev(plug->qmp, ids.netdev, deadline_in(PLUG_MS), err);
	return r < 0 ? err_prefix(err, "unplug %s", name) : 0;
}
