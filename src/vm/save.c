/* SPDX-License-Identifier: Apache-2.0 */
/* A machine that others are cloned from. */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/proc.h"
#include "hypervisor/machine.h"
#include "hypervisor/qemu_migrate.h"
#include "hypervisor/qmp.h"
#include "vm/internal.h"
#include "vm/vm.h"

#define CONNECT_MS   5000u
#define PROXY_END_MS 3000u
#define REOPEN_MS    10000u
#define SAVE_MS      30000u /* some 200 KiB: the memory is not part of it */

/* The agent opens its port anew when a host that has spoken to it goes (src/agent/channel.c). */
int vm_end_session(struct vm *vm, struct qmp *qmp, struct err *err)
{
	int r = proc_kill(&vm->proxy, deadline_in(PROXY_END_MS));

	if (r < 0)
		return err_set_as(err, ERR_DOES_NOT_END, -r, "kata-proxy, pid %d, does not end",
				  vm->proxy.pid);
	r = fault_point("session ended", err);
	if (r < 0 || faccessat(vm->dirfd, VM_VSOCK_CID, F_OK, 0) == 0)
		return r; /* a vsock takes the next connection as it took the first */
	return qmp_wait_opened(qmp, CHANNEL_ID, deadline_in(REOPEN_MS), err);
}

int vm_save(struct vm *vm, int state_fd, struct err *err)
{
	CLEANUP(free) char *socket = xasprintf("%s/qmp.sock", vm->dir);
	CLEANUP(qmp_free) struct qmp *qmp = NULL;
	int r;

	r = qmp_connect(socket, deadline_in(CONNECT_MS), &qmp, err);
	if (r == 0)
		r = vm_end_session(vm, qmp, err);
	if (r == 0)
		r = qemu_save(qmp, state_fd, deadline_in(SAVE_MS), err);
	return r < 0 ? err_prefix(err, "save the virtual machine") : 0;
}
