/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/launch.h"

#include <errno.h>
#include <fcntl.h>
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
#include "agent/container/identity.h"
#include "agent/container/init.h"
#include "agent/container/namespaces.h"
#include "agent/container/own_program.h"
#include "agent/container/rlimits.h"
#include "agent/container/rootfs.h"
#include "agent/container/scheduling.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "oci/hooks.h"
#include "oci/spec.h"

/* @cgroup may be NULL. The kernel clones into version 2; into version 1 the child moves itself. */
static pid_t clone_child(uint64_t flags, const struct cgroup *cgroup, int *ret_pidfd)
{
	int cgroup_fd = cgroup ? cgroup_clone_fd(cgroup) : -1;
	struct clone_args args = { .flags = flags | CLONE_PIDFD, .exit_signal = SIGCHLD };

	args.pidfd = (uint64_t)(uintptr_t)ret_pidfd;
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

static int report_pid(int control, pid_t pid, int pidfd, struct err *err)
{
	struct control_message message = { .type = CONTROL_PID, .pid = pid };
	int r = control_send(control, &message, pidfd);

	if (r == 0)
		return 0;
	(void)kill(pid, SIGKILL);
	return err_set(err, -r, "tell the agent");
}

/* Enters the container and leaves the process behind there. */
static int join(const struct launch *launch, int control, struct err *err)
{
	/* From inside a user namespace the cgroup is nobody's to clone into: see init.c. */
	bool user = namespaces_has_user(launch->spec);
	int namespaces = namespaces_of(launch->spec);
	CLEANUP(close) int pidfd = -1;
	int fd = -1;
	pid_t pid;
	int r;

	r = rlimits_set_score(launch->process, err);
	if (r < 0)
		return r;
	if (namespaces != 0 && setns(launch->join_pidfd, namespaces) < 0)
		return err_errno(err, "enter the container's namespaces");
	pid = clone_child(0, user ? NULL : launch->cgroup, &fd);
	if (pid < 0)
		return err_errno_as(err, ERR_PROCESS_LIMIT, "clone");
	if (pid == 0)
		init_join_main(launch, control);
	pidfd = fd;
	return report_pid(control, pid, pidfd, err);
}

/* What takes more rights, or other namespaces, than the container's first process will have. */
static int prepare(const struct launch *launch, struct rootfs_handles *rootfs, struct err *err)
{
	int r = rlimits_set_score(launch->process, err);

	if (r == 0)
		r = namespaces_enter(launch->spec, err);
	if (r == 0)
		r = rootfs_prepare(launch->spec, &launch->rootfs_options, rootfs, err);
	return r;
}

/* Makes a container whose namespaces have to be entered or mapped first. */
static int create(const struct launch *launch, int control, struct err *err)
{
	struct rootfs_handles rootfs = { 0 };
	CLEANUP(close) int theirs = -1;
	CLEANUP(close) int ours = -1;
	CLEANUP(close) int pidfd = -1;
	int ends[2];
	int fd = -1;
	pid_t pid;
	int r;

	r = prepare(launch, &rootfs, err);
	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	theirs = ends[0];
	ours = ends[1];
	pid = clone_child(namespaces_new(launch->spec), launch->cgroup, &fd);
	if (pid < 0)
		return err_errno_as(err, ERR_PROCESS_LIMIT, "clone");
	if (pid == 0) {
		close(take_fd(&ours));
		init_container_main(launch, &rootfs, theirs, control);
	}
	pidfd = fd;
	r = namespaces_has_user(launch->spec) ? namespaces_map(launch->spec, pid, err) : 0;
	if (r < 0) {
		(void)kill(pid, SIGKILL);
		return r;
	}
	r = report_pid(control, pid, pidfd, err);
	return r < 0 ? r : write_full(ours, "", 1);
}

__attribute__((noreturn)) static void helper_main(const struct launch *launch, int control)
{
	struct err err = { 0 };
	int r;

	r = launch->join_pidfd >= 0 ? join(launch, control, &err) : create(launch, control, &err);
	if (r < 0)
		fail(control, &err);
	_exit(0);
}

/*
 * Undumpable until exec: a process of the container must not reach the agent's
 * memory or program through /proc (CVE-2019-5736).
 */
__attribute__((noreturn)) static void child_main(const struct launch *launch, bool helper,
						 int control)
{
	reset_signals();
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (helper)
		helper_main(launch, control);
	init_container_main(launch, NULL, -1, control);
}

/* What is wrong in the configuration is told before there is anything to undo. */
static int check(const struct launch *launch, struct err *err)
{
	const struct oci_hooks *hooks = &launch->spec->hooks[OCI_HOOK_CREATE_CONTAINER];
	CLEANUP(strv_free) char **missing = NULL;
	int r;

	r = namespaces_check(launch->spec, err);
	if (r == 0)
		r = identity_check(launch->process, &missing, err);
	if (r == 0)
		r = rlimits_check(launch->process, err);
	if (r == 0)
		r = scheduling_check(launch->process, err);
	if (r == 0 && launch->join_pidfd < 0 && hooks->n > 0) {
		CLEANUP(close) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		r = hooks_check(hooks, OCI_HOOK_CREATE_CONTAINER, root, "the guest", err);
	}
	for (char **name = missing; r == 0 && name && *name; name++)
		log_warn("process.capabilities: %s is left out, the guest does not have it", *name);
	return r;
}

int launch_start(const struct launch *launch, struct launched *ret, struct err *err)
{
	bool helper = launch->join_pidfd >= 0 || namespaces_need_helper(launch->spec);
	CLEANUP(close) int theirs = -1;
	CLEANUP(close) int ours = -1;
	int pidfd = -1;
	int pair[2];
	pid_t pid;
	int r;

	own_program_remember();
	r = check(launch, err);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(err, "socketpair");
	ours = pair[0];
	theirs = pair[1];

	if (helper)
		pid = clone_child(0, NULL, &pidfd);
	else
		pid = clone_child(namespaces_new(launch->spec), launch->cgroup, &pidfd);
	if (pid < 0)
		return err_errno_as(err, ERR_PROCESS_LIMIT, "clone");
	if (pid == 0)
		child_main(launch, helper, theirs);

	if (helper)
		close(take_fd(&pidfd));
	*ret = (struct launched){ .pid = pid, .helper = helper, .pidfd = pidfd };
	ret->control = take_fd(&ours);
	return 0;
}
