/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A NIC comes in four steps: its record, the tap on the host, QEMU, the guest. It
 * goes by QEMU alone: the guest loses the link with the device, and the tap, unless
 * somebody else made it, goes with QEMU's descriptors. So a record that is under
 * way is undone by one step, however far its command came.
 */
#include "sandbox/nic_plug.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "sandbox/internal.h"
#include "sandbox/netns.h"
#include "sandbox/nic_tap.h"
#include "sandbox/paths.h"
#include "sandbox/sandbox.h"
#include "vm/plug.h"

#define UPDATE_MS 7000u /* of the 10 s that a command may take: the rest is for undoing */

/* What QEMU calls it: nothing else that is plugged in begins so. Owned. */
static char *plug_name(const char *name)
{
	return xasprintf("kn-%s", name);
}

static int unplug(const struct nic_sandbox *sandbox, const char *name, struct err *err)
{
	CLEANUP(free) char *dir = paths_vm(sandbox->sid);
	CLEANUP(plug_close) struct plug *plug = NULL;
	CLEANUP(free) char *id = plug_name(name);
	int r = plug_open(dir, &plug, err);

	return r < 0 ? r : plug_nic_remove(plug, id, err);
}

/* The last part of removing: what is left is its record. */
static int forget(const struct nic_sandbox *sandbox, struct nic_records *records, const char *name,
		  struct err *err)
{
	nic_records_remove(records, name);
	return nic_records_write(sandbox->dirfd, records, err);
}

int nic_recover(const struct nic_sandbox *sandbox, struct nic_records *records, struct err *err)
{
	size_t i = 0;

	while (i < records->n) {
		CLEANUP(free) char *name = xstrdup(records->items[i].nic.guest.name);
		int r;

		if (!records->items[i].under_way) {
			i++;
			continue;
		}
		r = unplug(sandbox, name, err);
		if (r == 0)
			r = forget(sandbox, records, name, err);
		if (r < 0)
			return err_prefix(err, "take away what is left of interface %s", name);
	}
	return 0;
}

/* In the guest nobody may have them: it tells what it has, with what came another way. */
static int check_free(const struct nic_sandbox *sandbox, const struct nic_request *nic,
		      struct err *err)
{
	struct agentc_interfaces all = { 0 };
	int r = agentc_list_interfaces(sandbox->agent, deadline_in(AGENTC_NETWORK_MS), &all, err);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		if (str_eq(all.items[i].name, nic->guest.name))
			r = err_set(err, EEXIST,
				    "name: interface %s is already exist in the sandbox, allowed "
				    "is a name that no interface has",
				    nic->guest.name);
		else if (strcasecmp(all.items[i].mac, nic->guest.mac) == 0)
			r = err_set(err, EEXIST,
				    "hwAddr: %s is that of interface %s, allowed is one that no "
				    "interface of the sandbox has",
				    nic->guest.mac, all.items[i].name);
	}
	agentc_interfaces_done(&all);
	return r;
}

static int check_queues(const struct nic_request *nic, const struct sandbox_record *sandbox,
			struct err *err)
{
	if (nic->vhost_user || nic->guest.queues <= (uint64_t)sandbox->size.vcpus)
		return 0;
	return err_set(err, EINVAL,
		       "queues: %u, allowed is 0 to %lld: the sandbox has as many vCPUs",
		       nic->guest.queues, (long long)sandbox->size.vcpus);
}

static int check_socket(const struct nic_request *nic, const struct nic_records *records,
			struct err *err)
{
	struct stat st;

	if (!nic->vhost_user)
		return 0;
	for (size_t i = 0; i < records->n; i++)
		if (records->items[i].nic.vhost_user)
			return err_set(err, EEXIST,
				       "vhostUserSocket: interface %s has one, allowed is one per "
				       "sandbox",
				       records->items[i].nic.guest.name);
	if (stat(nic->vhost_user, &st) < 0)
		return err_errno(err, "vhostUserSocket: %s", nic->vhost_user);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ENOTSOCK,
			       "vhostUserSocket: %s is not a socket, allowed is one that a "
			       "vhost-user network backend listens at",
			       nic->vhost_user);
	return 0;
}

/* In this sandbox: a tap with several queues could be opened once more. */
static int check_device_here(const struct nic_records *records, const char *device, struct err *err)
{
	for (size_t i = 0; device && i < records->n; i++)
		if (records->items[i].nic.device && str_eq(records->items[i].nic.device, device))
			return err_set(err, EEXIST,
				       "device: %s is that of interface %s, allowed is one that no "
				       "interface has",
				       device, records->items[i].nic.guest.name);
	return 0;
}

static int check_device(const struct nic_sandbox *sandbox, const char *device, struct err *err)
{
	CLEANUP(free) char *user = device ? nic_device_user(device, sandbox->sid) : NULL;

	if (!user)
		return 0;
	return err_set(err, EEXIST,
		       "device: %s is used by sandbox %s, allowed is one that no other sandbox has",
		       device, user);
}

static int plug_in(const struct nic_sandbox *sandbox, const struct nic_request *nic,
		   const struct nic_tap *tap, char ret_path[PLUG_PATH_LEN], struct err *err)
{
	CLEANUP(free) char *id = plug_name(nic->guest.name);
	CLEANUP(free) char *dir = paths_vm(sandbox->sid);
	CLEANUP(plug_close) struct plug *plug = NULL;
	struct plug_nic device = {
		.name = id,
		.mac = nic->guest.mac,
		.queues = tap->tap ? tap->tap->fds : NULL,
		.vhost = tap->n_vhost > 0 ? tap->vhost : NULL,
		.vhost_user = nic->vhost_user,
		.n_queues = tap->tap            ? tap->tap->n_fds
			    : nic->guest.queues ? nic->guest.queues
						: 1,
	};
	int r = plug_open(dir, &plug, err);

	return r < 0 ? r : plug_nic_add(plug, &device, ret_path, err);
}

static int configure(const struct nic_sandbox *sandbox, const struct nic_request *nic, char *path,
		     struct agentc_interface *ret, struct err *err)
{
	struct agentc_interface guest = nic->guest; /* borrows its strings */
	int r;

	guest.pci_path = path;
	r = agentc_update_interface(sandbox->agent, &guest, deadline_in(UPDATE_MS), ret, err);
	if (r == 0 &&
	    (!str_eq(ret->name, nic->guest.name) || strcasecmp(ret->mac, nic->guest.mac) != 0)) {
		r = err_set(err, EBADMSG, "the agent's answer is about interface %.20s, not %s",
			    ret->name, nic->guest.name);
		agentc_interface_done(ret);
	}
	return r;
}

/* Everything from the record on: undone by nic_add(). */
static int put_in(const struct nic_sandbox *sandbox, const struct config *config,
		  const struct sandbox_record *machine, struct nic_records *records,
		  struct nic_record *record, struct agentc_interface *ret, struct err *err)
{
	__attribute__((cleanup(nic_tap_done))) struct nic_tap tap = { 0 };
	char path[PLUG_PATH_LEN] = "";
	int r;

	r = nic_records_write(sandbox->dirfd, records, err);
	if (r == 0)
		r = fault_point("nic record", err);
	if (r == 0)
		r = check_device(sandbox, record->nic.device, err);
	if (r == 0 && !record->nic.vhost_user)
		r = nic_tap_open(sandbox->sid, (size_t)machine->size.vcpus,
				 !config->hypervisor.disable_vhost_net, &record->nic, &tap, err);
	if (r == 0)
		r = fault_point("nic tap", err);
	if (r == 0)
		r = plug_in(sandbox, &record->nic, &tap, path, err);
	if (r == 0)
		r = configure(sandbox, &record->nic, path, ret, err);
	if (r == 0)
		r = fault_point("nic in the guest", err);
	if (r < 0)
		return r;
	record->under_way = false;
	return nic_records_write(sandbox->dirfd, records, err);
}

int nic_add(const struct nic_sandbox *sandbox, const struct config *config,
	    struct nic_records *records, struct nic_request *nic, struct agentc_interface *ret,
	    struct err *err)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *machine = NULL;
	struct nic_record *record;
	struct err ignored = { 0 };
	int r;

	r = sandbox_record_read(sandbox->dirfd, &machine, err);
	if (r == 0)
		r = check_queues(nic, machine, err);
	if (r == 0)
		r = check_socket(nic, records, err);
	if (r == 0)
		r = check_device_here(records, nic->device, err);
	if (r == 0)
		r = check_free(sandbox, nic, err);
	if (r < 0)
		return r;
	record = nic_records_add(records, nic);
	r = put_in(sandbox, config, machine, records, record, ret, err);
	if (r == 0 && !nic->device && record->nic.device)
		nic->device = xstrdup(record->nic.device);
	if (r == 0)
		return 0;
	interrupt_ignore();
	agentc_interface_done(ret);
	/* The first error is the one to tell; what stays is under way, and tried again. */
	if (unplug(sandbox, nic->guest.name, &ignored) < 0)
		log_warn("sandbox %s: interface %s is half plugged in: %s", sandbox->sid,
			 nic->guest.name, ignored.text);
	else
		(void)forget(sandbox, records, nic->guest.name, &ignored);
	return r;
}

int nic_remove(const struct nic_sandbox *sandbox, struct nic_records *records, const char *name,
	       struct err *err)
{
	struct nic_record *record = nic_records_find(records, name);
	struct err ignored = { 0 };
	int r;

	record->under_way = true;
	r = nic_records_write(sandbox->dirfd, records, err);
	if (r == 0)
		r = fault_point("nic leaves", err);
	if (r == 0)
		r = unplug(sandbox, name, err);
	if (r < 0) {
		/* It is still there as a whole: see plug_nic_remove(). */
		record->under_way = false;
		(void)nic_records_write(sandbox->dirfd, records, &ignored);
		return r;
	}
	return forget(sandbox, records, name, err);
}
