/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake agent really runs what it is told to run, on the host: so a test
 * written for a virtual machine says the same about the fake one. A container
 * is a chroot and a pid namespace, no more; it dies with the fake QEMU.
 */
#include "fake_process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "rpc/ttrpc_server.h"

#define READ_MAX (64u << 10)

struct outlet {
	struct watch watch;
	struct fake_process *process;
	struct ttrpc_request *reader;
	uint32_t max;
	int fd;
};

struct fake_process {
	struct fake_process *next;
	struct fake_processes *all;
	char *container;
	char *exec_id;
	char *root;
	char *cwd;
	char **args;
	char **env;
	unsigned uid;
	unsigned gid;
	bool terminal;
	pid_t pid; /* 0: not started */
	int pidfd;
	bool exited;
	int status;
	struct watch end;
	struct ttrpc_request *waiters;
	struct outlet out;
	struct outlet err;
	int in;
	bool in_closed;
	struct watch in_watch;
	struct buf in_data;
	size_t in_len;
	struct ttrpc_request *writer;
};

/* Answers with an error; with a connection that has gone, it only frees. */
static void refuse(struct ttrpc_request *req, int code, const char *text)
{
	struct err error = { 0 };

	(void)err_set(&error, code, "%s", text);
	ttrpc_reply_error(req, &error);
}

int fake_process_find(struct fake_processes *all, const char *container, const char *exec_id,
		      struct fake_process **ret, struct err *err)
{
	bool found = false;

	for (struct fake_process *p = all->list; p; p = p->next) {
		if (!str_eq(p->container, container))
			continue;
		found = true;
		if (str_eq(p->exec_id, exec_id)) {
			*ret = p;
			return 0;
		}
	}
	if (found)
		return err_set(err, ENOENT, "process %s not found in container %s", exec_id,
			       container);
	return err_set(err, ENOENT, "container %s not found", container);
}

int fake_process_add(struct fake_processes *all, const struct fake_process_params *params,
		     struct fake_process **ret, struct err *err)
{
	struct fake_process *p = NULL;
	struct err ignored = { 0 };

	if (fake_process_find(all, params->container, params->exec_id, &p, &ignored) == 0)
		return err_set(err, EEXIST, "process %s already exists", params->exec_id);
	p = xcalloc(1, sizeof(*p));
	p->next = all->list;
	p->all = all;
	p->container = xstrdup(params->container);
	p->exec_id = xstrdup(params->exec_id);
	p->root = xstrdup(params->root);
	p->cwd = xstrdup(params->cwd);
	p->args = strv_copy(params->args);
	p->env = strv_copy(params->env);
	p->uid = params->uid;
	p->gid = params->gid;
	p->terminal = params->terminal;
	p->in = p->pidfd = -1;
	p->out = (struct outlet){ .process = p, .fd = -1 };
	p->err = (struct outlet){ .process = p, .fd = -1 };
	all->list = p;
	*ret = p;
	return 0;
}

/* Starting. */

struct ends {
	int in[2]; /* read end, write end */
	int out[2];
	int err[2];
	int report[2];
};

__attribute__((noreturn)) static void child_main(const struct fake_process *p,
						 const struct ends *ends)
{
	sigset_t none;
	int code;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setsid();
	if (dup2(ends->in[0], 0) >= 0 && dup2(ends->out[1], 1) >= 0 && dup2(ends->err[1], 2) >= 0 &&
	    (!p->terminal || ioctl(0, TIOCSCTTY, 0) == 0) && chroot(p->root) == 0 &&
	    chdir(p->cwd) == 0 && setresgid(p->gid, p->gid, p->gid) == 0 &&
	    setresuid(p->uid, p->uid, p->uid) == 0) {
		environ = p->env;
		execvp(p->args[0], p->args);
	}
	code = errno;
	(void)write_full(ends->report[1], &code, sizeof(code));
	_exit(127);
}

static int make_terminal(struct ends *ends)
{
	int unlock = 0;
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int slave;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return -errno;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -errno;
	ends->in[0] = slave;
	ends->in[1] = master;
	ends->out[0] = fcntl(master, F_DUPFD_CLOEXEC, 3);
	ends->out[1] = fcntl(slave, F_DUPFD_CLOEXEC, 3);
	ends->err[0] = -1;
	ends->err[1] = fcntl(slave, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static int make_ends(const struct fake_process *p, struct ends *ends)
{
	if (pipe2(ends->report, O_CLOEXEC) < 0)
		return -errno;
	if (p->terminal)
		return make_terminal(ends);
	if (pipe2(ends->in, O_CLOEXEC) < 0 || pipe2(ends->out, O_CLOEXEC) < 0 ||
	    pipe2(ends->err, O_CLOEXEC) < 0)
		return -errno;
	return 0;
}

/* A container's own process is the first of a pid namespace, the others join it. */
static pid_t fork_in_namespace(struct fake_processes *all, const struct fake_process *p)
{
	struct fake_process *init = NULL;
	struct err ignored = { 0 };
	CLEANUP(close) int own = -1;
	pid_t pid;

	if (str_eq(p->container, p->exec_id))
		return (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
	if (fake_process_find(all, p->container, p->container, &init, &ignored) < 0)
		return -1;
	own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	assert(init);
	if (own < 0 || setns(init->pidfd, CLONE_NEWPID) < 0)
		return -1;
	pid = fork();
	(void)setns(own, CLONE_NEWPID);
	return pid;
}

static void outlet_try(struct outlet *o);
static void input_try(struct fake_process *p);

/* What was asked for before there was a process. */
static void answer_early_calls(struct fake_process *p)
{
	if (p->out.reader)
		outlet_try(&p->out);
	if (p->err.reader)
		outlet_try(&p->err);
	if (p->writer)
		input_try(p);
	if (p->in_closed)
		fake_process_close_stdin(p);
}

static void ended(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct fake_process *p = container_of(watch, struct fake_process, end);
	struct ttrpc_request *req;
	int status = 0;

	if (waitpid(p->pid, &status, WNOHANG) != p->pid)
		return;
	watch_remove(&p->end);
	p->exited = true;
	p->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	while ((req = p->waiters)) {
		p->waiters = req->waiting;
		fake_process_wait(p, req);
	}
}

/* In runc's words, which engines look for. */
static const char *exec_error(const struct fake_process *p, int code)
{
	if (code == EACCES)
		return "permission denied";
	if (code != ENOENT)
		return strerror(code);
	return strchr(p->args[0], '/') ? "no such file or directory"
				       : "executable file not found in $PATH";
}

int fake_process_start(struct fake_processes *all, struct fake_process *p, struct err *err)
{
	struct ends ends = { 0 };
	int code = 0;
	int r;

	if (p->pid > 0)
		return err_set(err, EINVAL, "process %s was started before", p->exec_id);
	r = make_ends(p, &ends);
	if (r < 0)
		return err_set(err, -r, "the fake agent has no descriptors");
	p->pid = fork_in_namespace(all, p);
	if (p->pid == 0)
		child_main(p, &ends);
	close(ends.in[0]);
	close(ends.out[1]);
	close(ends.err[1]);
	close(ends.report[1]);
	p->in = ends.in[1];
	p->out.fd = ends.out[0];
	p->err.fd = ends.err[0];
	(void)fd_set_nonblock(p->in, true);
	(void)fd_set_nonblock(p->out.fd, true);
	if (p->err.fd >= 0)
		(void)fd_set_nonblock(p->err.fd, true);
	if (p->pid < 0) {
		close(ends.report[0]);
		p->pid = 0;
		return err_set(err, ESRCH, "container %s does not run", p->container);
	}
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	r = loop_add(all->loop, &p->end, p->pidfd, EPOLLIN, ended, err);
	if (r == 0 && read(ends.report[0], &code, sizeof(code)) == sizeof(code))
		r = err_set(err, code, "exec: \"%s\": %s", p->args[0], exec_error(p, code));
	close(ends.report[0]);
	answer_early_calls(p);
	return r;
}

/* Output. */

static void outlet_ready(struct watch *watch, uint32_t events);

static void outlet_try(struct outlet *o)
{
	static uint8_t data[READ_MAX];
	Grpc__ReadStreamResponse response = GRPC__READ_STREAM_RESPONSE__INIT;
	struct ttrpc_request *req = o->reader;
	struct err ignored = { 0 };
	ssize_t n = 0;

	if (req->conn && o->fd >= 0)
		n = read(o->fd, data, o->max < sizeof(data) ? o->max : sizeof(data));
	if (n < 0 && errno == EAGAIN) {
		if (!o->watch.loop)
			(void)loop_add(o->process->all->loop, &o->watch, o->fd, EPOLLIN,
				       outlet_ready, &ignored);
		return;
	}
	watch_remove(&o->watch);
	o->reader = NULL;
	if (n <= 0) {
		refuse(req, ERANGE, "EOF");
		return;
	}
	response.data.data = data;
	response.data.len = (size_t)n;
	ttrpc_reply(req, &response.base);
}

static void outlet_ready(struct watch *watch, uint32_t events __attribute__((unused)))
{
	outlet_try(container_of(watch, struct outlet, watch));
}

void fake_process_read(struct fake_process *p, int from_stderr, uint32_t max,
		       struct ttrpc_request *req)
{
	struct outlet *o = from_stderr ? &p->err : &p->out;

	if (o->reader && !o->reader->conn)
		outlet_try(o);
	if (o->reader) {
		refuse(req, EBUSY, "somebody reads already");
		return;
	}
	o->reader = req;
	o->max = max;
	if (p->pid > 0) /* else its start looks again: the shim is there first */
		outlet_try(o);
}

/* Input. */

static void input_ready(struct watch *watch, uint32_t events);

static void input_try(struct fake_process *p)
{
	Grpc__WriteStreamResponse response = GRPC__WRITE_STREAM_RESPONSE__INIT;
	struct ttrpc_request *req = p->writer;
	struct err ignored = { 0 };

	while (buf_len(&p->in_data) > 0) {
		ssize_t n =
			p->in < 0 ? -1 : write(p->in, buf_data(&p->in_data), buf_len(&p->in_data));

		if (n < 0 && p->in >= 0 && errno == EAGAIN) {
			if (!p->in_watch.loop)
				(void)loop_add(p->all->loop, &p->in_watch, p->in, EPOLLOUT,
					       input_ready, &ignored);
			return;
		}
		if (n < 0) {
			buf_done(&p->in_data);
			watch_remove(&p->in_watch);
			p->writer = NULL;
			refuse(req, EPIPE, "the process does not read its standard input");
			return;
		}
		buf_consume(&p->in_data, (size_t)n);
	}
	watch_remove(&p->in_watch);
	p->writer = NULL;
	response.len = (uint32_t)p->in_len;
	ttrpc_reply(req, &response.base);
}

static void input_ready(struct watch *watch, uint32_t events __attribute__((unused)))
{
	input_try(container_of(watch, struct fake_process, in_watch));
}

void fake_process_write(struct fake_process *p, const uint8_t *data, size_t len,
			struct ttrpc_request *req)
{
	if (p->writer) {
		refuse(req, EBUSY, "somebody writes already");
		return;
	}
	p->writer = req;
	p->in_len = len;
	buf_append(&p->in_data, data, len);
	if (p->pid > 0)
		input_try(p);
}

void fake_process_close_stdin(struct fake_process *p)
{
	p->in_closed = true;
	watch_remove(&p->in_watch);
	if (p->in >= 0 && !p->terminal)
		close(take_fd(&p->in));
}

/* Signals, size and end. */

int fake_process_signal(struct fake_process *p, int signo, struct err *err)
{
	if (p->pid == 0 || p->exited)
		return err_set(err, ESRCH, "process %s is not running", p->exec_id);
	return kill(p->pid, signo) < 0 ? err_errno(err, "signal %d", signo) : 0;
}

int fake_process_resize(struct fake_process *p, unsigned rows, unsigned columns, struct err *err)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	if (!p->terminal)
		return err_set(err, ENOTTY, "process %s has no terminal", p->exec_id);
	return p->in >= 0 && ioctl(p->in, TIOCSWINSZ, &size) < 0 ? err_errno(err, "resize") : 0;
}

void fake_process_wait(struct fake_process *p, struct ttrpc_request *req)
{
	Grpc__WaitProcessResponse response = GRPC__WAIT_PROCESS_RESPONSE__INIT;

	if (!p->exited) {
		req->waiting = p->waiters;
		p->waiters = req;
		return;
	}
	response.status = p->status;
	ttrpc_reply(req, &response.base);
}

static void process_free(struct fake_process *p)
{
	struct ttrpc_request *req;

	if (p->pid > 0 && !p->exited) {
		(void)kill(p->pid, SIGKILL);
		(void)waitpid(p->pid, NULL, 0);
	}
	if (!p->exited)
		p->status = 128 + SIGKILL; /* also of one that was never started */
	p->exited = true;
	while ((req = p->waiters)) {
		p->waiters = req->waiting;
		fake_process_wait(p, req);
	}
	if (p->out.reader)
		refuse(p->out.reader, ERANGE, "EOF");
	if (p->err.reader)
		refuse(p->err.reader, ERANGE, "EOF");
	if (p->writer)
		refuse(p->writer, EPIPE, "the process has gone");
	watch_remove(&p->end);
	watch_remove(&p->out.watch);
	watch_remove(&p->err.watch);
	watch_remove(&p->in_watch);
	for (int i = 0; i < 4; i++) {
		const int fds[] = { p->in, p->out.fd, p->err.fd, p->pidfd };

		if (fds[i] >= 0)
			close(fds[i]);
	}
	buf_done(&p->in_data);
	free(p->container);
	free(p->exec_id);
	free(p->root);
	free(p->cwd);
	strv_free(p->args);
	strv_free(p->env);
	free(p);
}

void fake_process_remove(struct fake_processes *all, const char *container)
{
	struct fake_process **at = &all->list;

	while (*at) {
		struct fake_process *p = *at;

		if (!str_eq(p->container, container)) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		process_free(p);
	}
}
