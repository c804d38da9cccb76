/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/io.h"
#include "base/str.h"

#define STAT_MAX        4096u
#define STAT_START_TIME 19u /* proc(5): field 22, counted from behind the name */

int boot_id_read(char ret[BOOT_ID_LEN], struct err *err)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	CLEANUP(free) char *text = NULL;
	int r = file_read_at(AT_FDCWD, path, 64, &text);

	memset(ret, 0, BOOT_ID_LEN);
	if (r < 0) {
		errno = -r;
		return err_errno(err, "read %s", path);
	}
	if (strlen(text) < BOOT_ID_LEN - 1)
		return err_set(err, EINVAL, "%s: '%.36s' is no boot id", path, text);
	snprintf(ret, BOOT_ID_LEN, "%.36s", text);
	return 0;
}

int proc_identify(pid_t pid, struct proc_id *ret)
{
	CLEANUP(strv_free) char **fields = NULL;
	CLEANUP(free) char *text = NULL;
	char path[64];
	char *behind;
	int r;

	if (pid <= 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	r = file_read_at(AT_FDCWD, path, STAT_MAX, &text);
	if (r < 0)
		return -ESRCH;
	behind = strrchr(text, ')'); /* the name may hold anything */
	if (!behind)
		return -ESRCH;
	fields = strv_split(behind + 1, " ");
	if (strv_len(fields) <= STAT_START_TIME || strchr("ZX", fields[0][0]))
		return -ESRCH;
	ret->pid = pid;
	return str_to_u64(fields[STAT_START_TIME], 0, UINT64_MAX, &ret->start);
}

bool proc_alive(const struct proc_id *id)
{
	struct proc_id now = { 0 };

	return proc_identify(id->pid, &now) == 0 && now.start == id->start;
}

/* A descriptor of the process, which from then on cannot become another one. */
static int open_process(const struct proc_id *id)
{
	int fd;

	if (id->pid <= 0)
		return -ESRCH;
	fd = (int)syscall(SYS_pidfd_open, id->pid, 0);
	if (fd < 0)
		return -errno;
	if (proc_alive(id))
		return fd;
	close(fd);
	return -ESRCH;
}

int proc_signal(const struct proc_id *id, int signo)
{
	CLEANUP(close) int fd = open_process(id);

	if (fd < 0)
		return fd;
	return syscall(SYS_pidfd_send_signal, fd, signo, NULL, 0) < 0 ? -errno : 0;
}

int proc_wait_gone(const struct proc_id *id, uint64_t deadline)
{
	CLEANUP(close) int fd = open_process(id);

	if (fd < 0)
		return 0;
	return wait_fd(fd, POLLIN, deadline);
}

int proc_kill(const struct proc_id *id, uint64_t deadline)
{
	CLEANUP(close) int fd = open_process(id);
	int r;

	if (fd < 0)
		return 0;
	(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	r = wait_fd(fd, POLLIN, deadline);
	(void)waitpid(id->pid, NULL, WNOHANG); /* if it was a child of ours */
	return r;
}

int proc_record_read(int dirfd, const char *name, struct proc_id *ret)
{
	CLEANUP(strv_free) char **words = NULL;
	CLEANUP(free) char *text = NULL;
	uint64_t pid = 0;
	int r;

	r = file_read_at(dirfd, name, 256, &text);
	if (r < 0)
		return r;
	words = strv_split(text, " \n");
	/* Cut off in the middle of writing: the program was never started. */
	if (strv_len(words) != 2 || str_to_u64(words[0], 1, INT32_MAX, &pid) < 0 ||
	    str_to_u64(words[1], 0, UINT64_MAX, &ret->start) < 0)
		return -ENOENT;
	ret->pid = (pid_t)pid;
	return 0;
}

/* In the child, before exec. */

static int write_record(int dirfd, const char *name)
{
	CLEANUP(close) int fd = -1;
	struct proc_id self = { 0 };
	char text[64] = { 0 };
	int n;

	/* Not getpid(), which is 1 in a pid namespace of its own: /proc is the host's. */
	if (readlink("/proc/self", text, sizeof(text) - 1) < 0 ||
	    proc_identify((pid_t)strtol(text, NULL, 10), &self) < 0)
		return -ESRCH;
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	n = snprintf(text, sizeof(text), "%d %" PRIu64 "\n", self.pid, self.start);
	return write_full(fd, text, (size_t)n);
}

static int set_stdio(const int stdio[3])
{
	for (int i = 0; i < 3; i++) {
		int fd = stdio[i];

		if (fd < 0)
			fd = open("/dev/null", O_RDWR | O_NOCTTY);
		if (fd < 0)
			return -errno;
		/* dup2() onto itself would leave close-on-exec set. */
		if (fd == i ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, i) < 0)
			return -errno;
	}
	return 0;
}

/* A parent that has ended meanwhile will send no signal any more. */
static int tie_to_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

static const char *prepare_child(const struct spawn *spawn, pid_t parent, int *ret_errno)
{
	sigset_t none;
	int r;

	r = spawn->dies_with_us ? tie_to_parent(parent) : 0;
	if (r < 0) {
		*ret_errno = -r;
		return "end with the parent";
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (spawn->new_session && setsid() < 0) {
		*ret_errno = errno;
		return "setsid";
	}
	if (spawn->netns >= 0 && setns(spawn->netns, CLONE_NEWNET) < 0) {
		*ret_errno = errno;
		return "enter the network namespace";
	}
	r = spawn->enter ? spawn->enter(spawn->enter_data) : 0;
	if (r < 0) {
		*ret_errno = -r;
		return "enter the cgroup";
	}
	r = set_stdio(spawn->stdio);
	if (r == 0 && spawn->controlling_terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		r = -errno;
	/* Also what our own caller left open: nothing gets through that is not listed. */
	if (r == 0 && close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		r = -errno;
	for (size_t i = 0; r == 0 && i < spawn->n_fds; i++)
		if (fcntl(spawn->fds[i], F_SETFD, 0) < 0)
			r = -errno;
	if (r < 0) {
		*ret_errno = -r;
		return "set up descriptors";
	}
	r = spawn->record_dir >= 0 ? write_record(spawn->record_dir, spawn->record) : 0;
	*ret_errno = -r;
	return r < 0 ? "write the record" : NULL;
}

struct report {
	int code;
	char step[60];
};

__attribute__((noreturn)) static void child_main(const struct spawn *spawn, pid_t parent, int out)
{
	struct report report = { 0 };
	const char *step = prepare_child(spawn, parent, &report.code);

	if (!step) {
		execv(spawn->argv[0], spawn->argv);
		report.code = errno;
		step = "exec";
	}
	snprintf(report.step, sizeof(report.step), "%s", step);
	(void)write_full(out, &report, sizeof(report));
	_exit(127);
}

/* fork(2) with namespaces: nothing here has threads or handlers that glibc would care for. */
static pid_t fork_for(const struct spawn *spawn)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	if (spawn->new_pid_ns)
		args.flags |= CLONE_NEWPID;
	if (spawn->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)spawn->cgroup;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

int spawn_start(const struct spawn *spawn, struct proc_id *ret, struct err *err)
{
	struct report report = { 0 };
	CLEANUP(close) int in = -1;
	CLEANUP(close) int out = -1;
	int ends[2];
	pid_t parent;
	ssize_t n;
	pid_t pid;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	in = ends[0];
	out = ends[1];
	parent = getpid();
	pid = fork_for(spawn);
	if (pid < 0)
		return err_errno_as(err, ERR_PROCESS_LIMIT, "fork");
	if (pid == 0)
		child_main(spawn, parent, out);
	r = fault_point("forked", err);
	if (r < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return r;
	}
	close(take_fd(&out));

	do
		n = read(in, &report, sizeof(report)); /* ends with exec: milliseconds */
	while (n < 0 && errno == EINTR);
	if (n == sizeof(report)) {
		(void)waitpid(pid, NULL, 0);
		errno = report.code;
		return err_errno_as(err, ERR_START, "start %s: %s", spawn->argv[0], report.step);
	}
	if (proc_identify(pid, ret) < 0)
		*ret = (struct proc_id){ .pid = pid }; /* ended already; its user will notice */
	return 0;
}
