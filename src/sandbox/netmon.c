/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/netmon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "config/config.h"
#include "sandbox/paths.h"
#include "vm/vm.h"

static int own_program(char ret[PATH_MAX], struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	if (n < 0)
		return err_errno(err, "read /proc/self/exe");
	ret[n] = '\0';
	return 0;
}

static int spawn_netmon(const struct config *config, const char *sid, int vm, int dirfd, int netns,
			const struct cgroup *cgroup, struct err *err)
{
	CLEANUP(strv_free) char **argv = NULL;
	struct spawn spawn = SPAWN_INIT;
	struct proc_id id = { 0 };
	char runtime[PATH_MAX];
	int r = own_program(runtime, err);

	if (r < 0)
		return r;
	strv_add(&argv, config->netmon.path);
	strv_add(&argv, "-r");
	strv_add(&argv, runtime);
	strv_add(&argv, "-s");
	strv_add(&argv, sid);
	strv_addf(&argv, "-vm-fd=%d", vm);
	if (config->netmon.enable_debug)
		strv_add(&argv, "-d");
	spawn.argv = argv;
	spawn.fds = &vm;
	spawn.n_fds = 1;
	spawn.new_session = true;
	spawn.netns = netns;
	cgroup_spawn_in(cgroup, &spawn);
	spawn.record_dir = dirfd;
	spawn.record = VM_NETMON_RECORD;
	r = spawn_start(&spawn, &id, err);
	return r < 0 ? err_prefix(err, "[netmon] path") : fault_point("netmon", err);
}

int netmon_start(const struct config *config, const char *sid, int netns,
		 const struct cgroup *cgroup, struct err *err)
{
	CLEANUP(free) char *dir = paths_vm(sid);
	struct proc_id vmm = { 0 };
	CLEANUP(close) int dirfd = -1;
	CLEANUP(close) int vm = -1;

	if (!config->netmon.enable_netmon || config->runtime.disable_new_netns ||
	    str_eq(config->runtime.internetworking_model, "none"))
		return 0;
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0 || vm_process(dir, &vmm) < 0)
		return err_errno(err, "open %s", dir);
	vm = (int)syscall(SYS_pidfd_open, vmm.pid, 0);
	if (vm < 0)
		return err_errno(err, "watch the virtual machine");
	return spawn_netmon(config, sid, vm, dirfd, netns, cgroup, err);
}
