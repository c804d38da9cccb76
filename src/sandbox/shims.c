/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/shims.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/trace.h"
#include "cgroup/cgroup.h"
#include "config/config.h"
#include "otlp/send.h"
#include "sandbox/paths.h"
#include "sandbox/timeline.h"
#include "vm/vm.h"

#define SHIM_END_MS      1000u
#define PROCESS_ARGS_MAX 4096u /* bytes of its arguments, for ps */

/* A new terminal: the engine gets the master over @socket, we keep the other end. */
static int send_terminal(const char *socket, int *ret_slave, struct err *err)
{
	CLEANUP(close) int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	CLEANUP(close) int slave = -1;
	CLEANUP(close) int connection = -1;
	static const char name[] = "/dev/ptmx"; /* runc sends a name as well */
	int unlock = 0;
	int r;

	if (master < 0)
		return err_errno(err, "open /dev/ptmx");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_errno(err, "unlock the terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_errno(err, "open the terminal's other end");
	connection = unix_connect(socket, err);
	if (connection < 0)
		return err_prefix_as(err, ERR_CONSOLE, "--console-socket");
	r = send_with_fd(connection, name, sizeof(name) - 1, master);
	if (r < 0)
		return err_set_as(err, ERR_CONSOLE, -r, "--console-socket: %s: send the terminal",
				  socket);
	*ret_slave = take_fd(&slave);
	return 0;
}

static int open_terminal(const struct shim_params *params, int *ret, struct err *err)
{
	if (params->console) {
		*ret = open(params->console, O_RDWR | O_NOCTTY | O_CLOEXEC);
		return *ret < 0 ? err_errno_as(err, ERR_CONSOLE, "--console: open %s",
					       params->console)
				: 0;
	}
	return params->console_socket ? send_terminal(params->console_socket, ret, err) : 0;
}

/* What the process is called; the guest's rest would only be cut off by ps. */
static void add_process_args(char ***argv, char *const *args)
{
	size_t room = PROCESS_ARGS_MAX;

	strv_add(argv, "--");
	for (char *const *arg = args; arg && *arg && strlen(*arg) < room; arg++) {
		strv_add(argv, *arg);
		room -= strlen(*arg) + 1;
	}
}

/* For its spans; without it they are only dropped. */
static int open_exporter(const struct config *config)
{
	struct err error = { 0 };
	int fd;

	if (!config->shim.enable_tracing)
		return -1;
	fd = otlp_exporter_start(&error);
	if (fd < 0)
		log_warn("%s: spans of kata-shim are dropped", error.text);
	return fd;
}

static void add_tracing(int fd, char ***argv)
{
	char place[TRACEPARENT_LEN];

	if (fd < 0)
		return;
	strv_add(argv, "-trace");
	strv_addf(argv, "-trace-fd=%d", fd);
	if (trace_is_on())
		strv_addf(argv, "-trace-parent=%s", trace_format(&trace_root()->own, place));
}

int shim_start(const struct shim_params *params, struct started_shim *ret, struct err *err)
{
	CLEANUP(free) char *socket = paths_proxy_socket(params->sid);
	CLEANUP(free) char *vm = paths_vm(params->sid);
	CLEANUP(strv_free) char **argv = NULL;
	struct spawn spawn = SPAWN_INIT;
	CLEANUP(close) int terminal = -1;
	CLEANUP(close) int wait = -1;
	CLEANUP(close) int go = -1;
	CLEANUP(close) int timeline = params->first_output ? timeline_open(params->record_dir) : -1;
	CLEANUP(close) int trace = -1;
	int fds[4];
	int ends[2];
	int r;

	r = open_terminal(params, &terminal, err);
	if (r == 0)
		r = fault_point("shim", err);
	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	wait = ends[0];
	go = ends[1];
	strv_add(&argv, params->config->shim.path);
	strv_add(&argv, "-agent");
	strv_take(&argv, vm_agent_url(vm, socket));
	strv_add(&argv, "-container");
	strv_add(&argv, params->cid);
	strv_add(&argv, "-exec-id");
	strv_add(&argv, params->exec_id);
	if (params->terminal)
		strv_add(&argv, "-terminal");
	if (params->config->shim.enable_debug)
		strv_add(&argv, "-debug");
	strv_addf(&argv, "-start-fd=%d", wait);
	if (params->files_fd >= 0)
		strv_addf(&argv, "-files-fd=%d", params->files_fd);
	if (timeline >= 0)
		strv_addf(&argv, "-timeline-fd=%d", timeline);
	trace = open_exporter(params->config);
	add_tracing(trace, &argv);
	add_process_args(&argv, params->args);

	spawn.argv = argv;
	spawn.new_session = params->detach || terminal >= 0;
	spawn.controlling_terminal = terminal >= 0;
	for (int i = 0; i < 3; i++)
		spawn.stdio[i] = terminal >= 0 ? terminal : i;
	spawn.fds = fds;
	fds[spawn.n_fds++] = wait;
	if (params->files_fd >= 0)
		fds[spawn.n_fds++] = params->files_fd;
	if (timeline >= 0)
		fds[spawn.n_fds++] = timeline;
	if (trace >= 0)
		fds[spawn.n_fds++] = trace;
	/*
	 * Its /proc then shows what belongs to the container alone. Not in our own
	 * session: the init of a pid namespace cannot be stopped by ^Z, and would read
	 * a terminal that it may not read, over and over.
	 */
	spawn.new_pid_ns = params->files_fd >= 0 && spawn.new_session;
	spawn.netns = params->netns;
	cgroup_spawn_in(params->cgroup, &spawn);
	spawn.record_dir = params->record_dir;
	spawn.record = params->record;
	r = spawn_start(&spawn, &ret->id, err);
	if (r == 0)
		ret->go = take_fd(&go);
	return r < 0 ? r : fault_point("shim started", err);
}

int shim_go(struct started_shim *shim, struct err *err)
{
	int r = write_full(shim->go, "", 1);

	close(take_fd(&shim->go));
	return r < 0 ? err_set(err, -r, "kata-shim, pid %d, has ended", shim->id.pid) : 0;
}

void started_shim_done(struct started_shim *shim)
{
	if (shim->go < 0)
		return;
	close(take_fd(&shim->go));
	(void)proc_kill(&shim->id, deadline_in(SHIM_END_MS));
}
