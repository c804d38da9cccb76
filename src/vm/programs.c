/* SPDX-License-Identifier: Apache-2.0 */
/* The programs that a machine is made of, as each is started. */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/dial.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "config/config.h"
#include "vm/internal.h"
#include "vm/vm.h"

int vm_start_program(const struct vm_params *params, struct vm *vm, int output, const char *name,
		     char **argv, const int *fds, size_t n_fds, struct proc_id *ret,
		     struct err *err)
{
	struct spawn spawn = SPAWN_INIT;
	CLEANUP(free) char *record = xasprintf("%s.record", name);
	CLEANUP(free) char *words = strv_join(argv, " ");
	int r;

	r = fault_point(name, err);
	if (r < 0)
		return r;
	log_debug("start %s", words);
	spawn.argv = argv;
	spawn.fds = fds;
	spawn.n_fds = n_fds;
	spawn.stdio[1] = output;
	spawn.stdio[2] = output;
	spawn.new_session = true;
	spawn.dies_with_us = params->temporary;
	spawn.netns = params->netns;
	cgroup_spawn_in(params->cgroup, &spawn);
	spawn.record_dir = vm->dirfd;
	spawn.record = record;
	return spawn_start(&spawn, ret, err);
}

int vm_start_proxy(const struct vm_params *params, struct vm *vm, int output, int listening,
		   uint32_t cid, struct err *err)
{
	const struct config *config = params->config;
	int fds[4] = { vm->stderr_fd };
	size_t n_fds = 1;
	CLEANUP(strv_free) char **argv = NULL;
	CLEANUP(close) int share = -1;

	strv_add(&argv, config->proxy.path);
	if (listening >= 0) {
		strv_add(&argv, "-listen-socket");
		strv_addf(&argv, "unix://%s", params->proxy_socket);
		strv_addf(&argv, "-listen-fd=%d", listening);
		strv_add(&argv, "-mux-socket");
		strv_addf(&argv, "%s/kata.sock", vm->dir);
		fds[n_fds++] = listening;
	} else {
		strv_add(&argv, "-agent");
		strv_addf(&argv, "vsock://%" PRIu32 ":%u", cid, DIAL_AGENT_PORT);
	}
	strv_add(&argv, "-sandbox");
	strv_add(&argv, params->id);
	strv_add(&argv, "-agent-logs-socket");
	strv_addf(&argv, "%s/console.sock", vm->dir);
	strv_add(&argv, "-events-socket");
	strv_addf(&argv, "%s/events.sock", vm->dir);
	strv_addf(&argv, "-stderr-fd=%d", vm->stderr_fd);
	strv_add(&argv, "-last-words");
	strv_addf(&argv, "%s/" VM_LAST_WORDS, vm->dir);
	if (params->dns) {
		strv_add(&argv, "-dns");
		strv_add(&argv, params->dns);
	}
	if (params->trace_fd > 0) {
		strv_addf(&argv, "-trace-fd=%d", params->trace_fd);
		fds[n_fds++] = params->trace_fd;
	}
	if (config->proxy.enable_debug)
		strv_add(&argv, "-debug");
	if (vm->virtiofsd.pid > 0) {
		share = (int)syscall(SYS_pidfd_open, vm->virtiofsd.pid, 0);
		if (share < 0)
			return err_errno(err, "watch virtiofsd");
		strv_addf(&argv, "-share-fd=%d", share);
		fds[n_fds++] = share;
	}
	return vm_start_program(params, vm, output, "proxy", argv, fds, n_fds, &vm->proxy, err);
}
