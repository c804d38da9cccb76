/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs and memory for a running machine. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "hypervisor/hugepages.h"
#include "hypervisor/qemu_size.h"
#include "vm/internal.h"
#include "vm/plug.h"

#define MEMORY_LOOK_MS 10
#define MEMORY_MS      60000u /* with huge pages QEMU takes all of it at once */

int plug_ask_size(struct plug *plug, struct plug_size *ret, struct err *err)
{
	struct qemu_size size = { 0 };
	int r;

	r = qemu_ask_size(plug->qmp, deadline_in(PLUG_MS), &size, err);
	if (r < 0)
		return r;
	*ret = (struct plug_size){ size.vcpus, size.base_bytes, size.plugged_bytes, size.elastic };
	return 0;
}

int plug_vcpu_threads(struct plug *plug, pid_t **ret, size_t *ret_n, struct err *err)
{
	return qemu_vcpu_threads(plug->qmp, deadline_in(PLUG_MS), ret, ret_n, err);
}

int plug_vcpus(struct plug *plug, unsigned n, struct err *err)
{
	for (unsigned i = 0; i < n; i++) {
		int r = qemu_add_vcpu(plug->qmp, deadline_in(PLUG_MS), err);

		if (r == 0)
			r = fault_point("vCPU plugged", err);
		if (r < 0)
			return err_prefix(err, "only %u vCPUs of %u were added", i, n);
	}
	return 0;
}

uint64_t plug_memory_unit(struct plug *plug)
{
	return qemu_memory_is_huge(plug->qmp, deadline_in(PLUG_MS)) ? hugepages_size("") : 0;
}

int plug_memory(struct plug *plug, uint64_t bytes, struct err *err)
{
	unsigned long long mib = bytes >> 20;
	struct qemu_size size = { 0 };
	int r;

	r = qemu_ask_size(plug->qmp, deadline_in(PLUG_MS), &size, err);
	if (r == 0 && qemu_memory_is_huge(plug->qmp, deadline_in(PLUG_MS)))
		r = hugepages_check("", bytes, err);
	if (r < 0)
		return r;
	r = qemu_add_memory(plug->qmp, &size, bytes, deadline_in(MEMORY_MS), err);
	if (r < 0)
		return err_prefix(err,
				  "plug in %llu MiB beside %llu MiB (%u of [hypervisor.qemu] "
				  "memory_slots are in use)",
				  mib,
				  (unsigned long long)(size.base_bytes + size.plugged_bytes) >> 20,
				  size.n_dimms);
	return fault_point("memory plugged", err);
}

int plug_request_memory(struct plug *plug, uint64_t bytes, struct err *err)
{
	struct qemu_size size = { 0 };
	int r;

	r = qemu_ask_size(plug->qmp, deadline_in(PLUG_MS), &size, err);
	if (r == 0 && bytes > size.plugged_bytes &&
	    qemu_memory_is_huge(plug->qmp, deadline_in(PLUG_MS)))
		r = hugepages_check("", bytes - size.plugged_bytes, err);
	if (r == 0)
		r = qemu_request_memory(plug->qmp, bytes, deadline_in(PLUG_MS), err);
	return r == 0 ? fault_point("memory requested", err) : r;
}

/* QEMU's event about it comes once a second at most. */
int plug_wait_memory(struct plug *plug, uint64_t bytes, uint64_t deadline, struct err *err)
{
	struct qemu_size size = { 0 };
	int r;

	for (;;) {
		r = qemu_ask_size(plug->qmp, deadline_in(PLUG_MS), &size, err);
		if (r == 0)
			r = interrupt_check(err);
		if (r < 0 || size.plugged_bytes >= bytes)
			return r;
		if (deadline_left(deadline) == 0)
			return err_set_as(
				err, ERR_HOTPLUG, ETIMEDOUT,
				"the guest has taken %llu MiB of %llu MiB that it was given",
				(unsigned long long)size.plugged_bytes >> 20,
				(unsigned long long)bytes >> 20);
		(void)poll(NULL, 0, MEMORY_LOOK_MS);
	}
}
