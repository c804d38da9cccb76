/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine between who starts it and who uses it. It has no kata-proxy then: that is
 * started in the network namespace, and with the name, of who uses it. All sockets are
 * in the machine's directory and are found there when it is renamed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "hypervisor/qmp.h"
#include "vm/internal.h"
#include "vm/vm.h"

#define CONNECT_MS   5000u
#define CHILDREN_MAX 4096u /* bytes of a list of pids: virtiofsd has one child */
#define CID_MAX      16u

int vm_park(struct vm *vm, struct err *err)
{
	CLEANUP(free) char *socket = xasprintf("%s/qmp.sock", vm->dir);
	CLEANUP(qmp_free) struct qmp *qmp = NULL;
	int r;

	r = qmp_connect(socket, deadline_in(CONNECT_MS), &qmp, err);
	if (r == 0)
		r = vm_end_session(vm, qmp, err);
	if (r < 0)
		return r;
	(void)unlink(vm->proxy_socket);
	if (unlinkat(vm->dirfd, VM_PROXY_RECORD, 0) < 0)
		return err_errno(err, "remove %s/" VM_PROXY_RECORD, vm->dir);
	return 0;
}

/* virtiofsd works in a child. Where the kernel has no such list it has told of none. */
static int move_children(const struct cgroup *cgroup, pid_t pid, struct err *err)
{
	CLEANUP(free) char *path = xasprintf("/proc/%d/task/%d/children", pid, pid);
	CLEANUP(strv_free) char **pids = NULL;
	CLEANUP(free) char *text = NULL;
	int r = 0;

	if (file_read_at(AT_FDCWD, path, CHILDREN_MAX, &text) < 0)
		return 0;
	pids = strv_split(text, " \n");
	for (char **word = pids; r == 0 && word && *word; word++) {
		uint64_t child = 0;

		if (str_to_u64(*word, 1, INT32_MAX, &child) == 0)
			r = cgroup_add(cgroup, (pid_t)child, err);
	}
	return r;
}

static int move(const struct cgroup *cgroup, const struct proc_id *process, struct err *err)
{
	int r;

	if (!cgroup || process->pid == 0)
		return 0;
	r = cgroup_add(cgroup, process->pid, err);
	return r == 0 ? move_children(cgroup, process->pid, err) : r;
}

/* One end of the pipe that is its standard error. */
static int open_output(pid_t pid, int flags, int *ret, struct err *err)
{
	CLEANUP(free) char *path = xasprintf("/proc/%d/fd/2", pid);

	*ret = open(path, flags | O_NONBLOCK | O_CLOEXEC);
	return *ret < 0 ? err_errno(err, "QEMU's standard error, %s", path) : 0;
}

static int read_records(struct vm *vm, struct err *err)
{
	if (proc_record_read(vm->dirfd, VM_QEMU_RECORD, &vm->qemu) < 0)
		return err_set(err, ENOENT, "%s: no virtual machine", vm->dir);
	if (faccessat(vm->dirfd, VM_SHARE_RECORD, F_OK, 0) == 0 &&
	    proc_record_read(vm->dirfd, VM_SHARE_RECORD, &vm->virtiofsd) < 0)
		return err_set(err, ENOENT, "%s: no virtiofsd", vm->dir);
	return 0;
}

static int start_proxy(const struct vm_params *params, struct vm *vm, int output, struct err *err)
{
	CLEANUP(close) int listening = -1;
	CLEANUP(free) char *text = NULL;
	uint64_t cid = 0;

	if (file_read_at(vm->dirfd, VM_VSOCK_CID, CID_MAX, &text) == 0 &&
	    str_to_u64(text, 0, UINT32_MAX, &cid) == 0)
		return vm_start_proxy(params, vm, output, -1, (uint32_t)cid, err);
	listening = unix_listen(params->proxy_socket, 0600, err);
	return listening < 0 ? listening : vm_start_proxy(params, vm, output, listening, 0, err);
}

int vm_adopt(const struct vm_params *params, struct vm **ret, struct err *err)
{
	CLEANUP(vm_free) struct vm *vm = vm_new(params);
	CLEANUP(close) int output = -1;
	int r;

	vm->ready = true;
	r = vm_open_dir(vm, err);
	if (r == 0)
		r = read_records(vm, err);
	if (r == 0)
		r = open_output(vm->qemu.pid, O_RDONLY, &vm->stderr_fd, err);
	if (r == 0)
		r = open_output(vm->qemu.pid, O_WRONLY, &output, err);
	/* Asked last: until here the pids may have become somebody else's. */
	if (r == 0 && !proc_alive(&vm->qemu))
		r = err_set(err, ESRCH, "%s: the virtual machine has ended", vm->dir);
	if (r == 0)
		r = start_proxy(params, vm, output, err);
	if (r == 0)
		r = fault_point("proxy of a machine that was ready", err);
	if (r == 0)
		r = move(params->cgroup, &vm->qemu, err);
	if (r == 0)
		r = move(params->cgroup, &vm->virtiofsd, err);
	if (r < 0)
		return r;
	*ret = take_ptr(vm);
	return 0;
}
