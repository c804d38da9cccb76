/* SPDX-License-Identifier: Apache-2.0 */
/* PID 1 of the guest. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/cached_files.h"
#include "agent/channel.h"
#include "agent/debug_console.h"
#include "agent/device_wait.h"
#include "agent/guest.h"
#include "agent/guest_log.h"
#include "agent/online.h"
#include "agent/options.h"
#include "agent/sandbox.h"
#include "agent/tracing.h"
#include "agent/vacant.h"
#include "agent/vsock.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/str.h"
#include "version.h"

#define PORT_WAIT_MS 10000u   /* the original: 200 looks, 50 ms apart */
#define NOFILE_MAX   1048576u /* PID 1 starts with 1024 and 4096; containers inherit ours */

static void child_ended(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct agent *agent = container_of(watch, struct agent, signals);
	struct signalfd_siginfo info;

	(void)!read(watch->fd, &info,
		    sizeof(info)); /* one for many: sandbox_reap() takes them all */
	sandbox_reap(agent);
}

static int watch_children(struct agent *agent, struct err *err)
{
	sigset_t mask;
	int fd;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	(void)signal(SIGPIPE, SIG_IGN); /* a process that closed its stdin: write(2) says EPIPE */
	fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_errno(err, "signalfd");
	return loop_add(agent->loop, &agent->signals, fd, EPOLLIN, child_ended, err);
}

static void read_options(struct agent *agent, struct agent_options *ret)
{
	CLEANUP(free) char *cmdline = NULL;

	if (file_read_at(AT_FDCWD, "/proc/cmdline", 8192, &cmdline) < 0)
		return;
	agent_options_read(cmdline, ret);
	agent->log_level = ret->log;
	agent->hotplug_ms = ret->hotplug_ms;
	agent->pipe_size = (int)ret->container_pipe_size;
	log_set_level(ret->log);
}

static int listen_on_port(struct agent *agent, struct err *err)
{
	CLEANUP(free) char *port = NULL;
	int r;

	port = channel_wait_port(CHANNEL_PORT_NAME, deadline_in(PORT_WAIT_MS));
	if (!port)
		return err_set(err, ENODEV, "the virtual machine has no port " CHANNEL_PORT_NAME);
	r = channel_open(agent, port, &agent->channel, err);
	if (r == 0)
		loop_set_idle(agent->loop, channel_flush, agent->channel);
	return r;
}

static int listen_on_vsock(struct agent *agent, struct err *err)
{
	struct vsock *vsock = NULL;
	int r = vsock_open(agent, &vsock, err);

	if (r == 0)
		loop_set_idle(agent->loop, vsock_flush, vsock);
	return r;
}

static int serve(struct agent *agent, const struct agent_options *options, struct err *err)
{
	int r;

	r = loop_new(&agent->loop, err);
	if (r == 0 && options->trace != AGENT_TRACE_OFF)
		r = tracing_start(agent, options->trace == AGENT_TRACE_COLLATED, err);
	if (r == 0 && options->debug_console)
		r = debug_console_enable(agent, err);
	if (r == 0)
		r = watch_children(agent, err);
	if (r == 0)
		r = guest_log_watch(agent, err);
	if (r == 0)
		r = options->vsock ? listen_on_vsock(agent, err) : listen_on_port(agent, err);
	if (r < 0)
		return r;
	if (options->max_inodes > 0)
		cached_files_watch(agent->loop, options->max_inodes);
	vacant_watch(agent, options->vacant_ms);
	agent->ready_ns = tracing_now_ns();
	tracing_boot(agent, agent->main_ns);
	log_info("kata-agent " KATA_VERSION " is ready");
	return loop_run(agent->loop, err);
}

static int run(struct agent *agent, struct err *err)
{
	struct rlimit nofile = { NOFILE_MAX, NOFILE_MAX };
	struct agent_options options = AGENT_OPTIONS_INIT;
	dev_t disk = guest_root_disk();
	int r;

	if (setrlimit(RLIMIT_NOFILE, &nofile) < 0)
		return err_errno(err, "raise the limit of open files");
	r = guest_prepare(err);
	if (r < 0)
		return r;
	guest_log_to_kernel(agent, open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
	read_options(agent, &options);
	(void)setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	agent->first_blocks = online_present_blocks(ONLINE_SYSFS);
	agent->n_own_disks = guest_own_disks(disk, agent->own_disks, AGENT_DISKS_MAX);
	r = guest_mount_cgroups(options.unified, err);
	if (r == 0 && sysconf(_SC_NPROCESSORS_ONLN) > 1)
		guest_keep_quotas();
	return r < 0 ? r : serve(agent, &options, err);
}

/* Run by hand it can only tell what it is for. */
static int explain(int argc, char **argv)
{
	if (argc == 2 && str_eq(argv[1], "--version")) {
		(void)printf("kata-agent " KATA_VERSION "\n");
		return 0;
	}
	if (argc != 2 || !str_eq(argv[1], "--help")) {
		(void)fprintf(stderr, "kata-agent: runs as PID 1 of a virtual machine only; "
				      "--help has what its kernel may be told\n");
		return 1;
	}
	(void)printf("Usage: kata-agent --help | --version\n\n"
		     "PID 1 of a sandbox's virtual machine, and what starts its containers.\n\n"
		     "Options, as words of the kernel's command line (kernel_params):\n");
	agent_options_print(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	struct agent agent = { .hotplug_ms = DEVICE_TIMEOUT_MS, .main_ns = tracing_now_ns() };
	struct err err = { 0 };

	if (getpid() != 1)
		return explain(argc, argv);
	log_init("kata-agent", LOG_LEVEL_INFO);
	if (guest_log_open(&agent, &err) < 0)
		(void)dprintf(STDERR_FILENO, "kata-agent: %s\n", err.text); /* works without */
	if (run(&agent, &err) < 0)
		(void)dprintf(STDERR_FILENO, "kata-agent: fatal: %s\n", err.text);
	/* Without an agent the machine is of no use: off, which the host sees. */
	(void)reboot(RB_POWER_OFF);
	return 1;
}
