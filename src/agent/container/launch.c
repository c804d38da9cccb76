/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/launch.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/container/control.h"
#include "agent/container/init.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "oci/spec.h"

/* The cgroup namespace is entered by the child itself, once it is in its cgroup. */
static const struct {
	const char *type;
	uint64_t flag;
} clone_flags[] = {
	{ "pid", CLONE_NEWPID },
	{ "ipc", CLONE_NEWIPC },
	{ "uts", CLONE_NEWUTS },
};

static uint64_t flags_of(const struct oci_spec *spec)
{
	uint64_t flags = CLONE_NEWNS;

	for (size_t i = 0; i < sizeof(clone_flags) / sizeof(clone_flags[0]); i++)
		if (oci_spec_namespace(spec, clone_flags[i].type))
			flags |= clone_flags[i].flag;
	return flags;
}

static pid_t clone_child(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };

	if (ret_pidfd) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uint64_t)(uintptr_t)ret_pidfd;
	}
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int signo = 1; signo < NSIG; signo++)
		(void)signal(signo, SIG_DFL); /* fails for KILL, STOP and libc's own: fine */
}

__attribute__((noreturn)) static void fail(int control, const struct err *error)
{
	(void)control_send_error(control, error); /* the agent has gone: nobody to tell */
	_exit(127);
}

/*
 * The helper enters the container's namespaces; its child is the process. Both
 * are undumpable until exec: a process of the container must not reach the
 * agent's memory or program through /proc (CVE-2019-5736).
 */
__attribute__((noreturn)) static void join_main(const struct launch *launch, int control)
{
	struct control_message message = { .type = CONTROL_PID };
	struct err err = { 0 };
	pid_t pid;

	if (setns(launch->init_pidfd,
		  CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0) {
		(void)err_errno(&err, "enter the container's namespaces");
		fail(control, &err);
	}
	pid = clone_child(0, launch->cgroup_fd, NULL);
	if (pid < 0) {
		(void)err_errno(&err, "clone");
		fail(control, &err);
	}
	if (pid == 0)
		init_join_main(launch, control);
	message.pid = pid;
	if (control_send(control, &message, -1) < 0)
		(void)kill(pid, SIGKILL);
	_exit(0);
}

__attribute__((noreturn)) static void child_main(const struct launch *launch, int control)
{
	reset_signals();
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (launch->spec)
		init_container_main(launch, control);
	join_main(launch, control);
}

int launch_start(const struct launch *launch, struct launched *ret, struct err *err)
{
	CLEANUP(close) int ours = -1;
	CLEANUP(close) int theirs = -1;
	int pidfd = -1;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(err, "socketpair");
	ours = pair[0];
	theirs = pair[1];

	if (launch->spec)
		pid = clone_child(flags_of(launch->spec), launch->cgroup_fd, &pidfd);
	else
		pid = clone_child(0, -1, &pidfd);
	if (pid < 0)
		return err_errno(err, "clone");
	if (pid == 0)
		child_main(launch, theirs);

	*ret = (struct launched){ .pid = pid, .pidfd = pidfd, .control = take_fd(&ours) };
	return 0;
}
