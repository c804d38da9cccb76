/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that read, write or wait are answered late. Each stream has at most one
 * call that waits; the descriptor is in the loop only meanwhile, since epoll
 * reports a hang-up whether one asks for it or not. A call whose connection has
 * gone is dropped without touching the stream, so that no output is lost with it.
 */
#include "agent/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "agent/agent.h"
#include "agent/api.h"
#include "agent/container/control.h"
#include "agent/container/launch.h"
#include "agent/sandbox.h"
#include "agent/tracing.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"
#include "rpc/ttrpc_server.h"

static struct loop *loop_of(const struct process *process)
{
	return process->container->agent->loop;
}

static void reply_error(struct ttrpc_request *req, int code, const char *text)
{
	struct err error = { 0 };

	(void)err_set(&error, code, "%s", text);
	ttrpc_reply_error(req, &error);
}

/* Output. */

static void outlet_close(struct outlet *outlet)
{
	watch_remove(&outlet->watch);
	if (outlet->fd >= 0)
		close(outlet->fd);
	outlet->fd = -1;
}

static void outlet_readable(struct watch *watch, uint32_t events);

static void outlet_wait(struct outlet *outlet, struct loop *loop)
{
	struct err error = { 0 };

	if (outlet->watch.loop)
		return;
	if (loop_add(loop, &outlet->watch, outlet->fd, EPOLLIN, outlet_readable, &error) < 0) {
		ttrpc_reply_error(outlet->reader, &error);
		outlet->reader = NULL;
	}
}

/* Answers the reader if there is something to say. */
static void outlet_try(struct outlet *outlet, struct loop *loop)
{
	static uint8_t data[PROCESS_READ_MAX];
	Grpc__ReadStreamResponse response = GRPC__READ_STREAM_RESPONSE__INIT;
	struct ttrpc_request *reader = outlet->reader;
	size_t want = outlet->want < sizeof(data) ? outlet->want : sizeof(data);
	ssize_t n = 0;

	if (!reader->conn) {
		watch_remove(&outlet->watch);
		outlet->reader = NULL;
		api_reply_empty(reader);
		return;
	}
	if (outlet->fd >= 0) {
		do
			n = read(outlet->fd, data, want);
		while (n < 0 && errno == EINTR);
	}
	if (n < 0 && errno == EAGAIN) {
		outlet_wait(outlet, loop);
		return;
	}
	outlet->reader = NULL;
	watch_remove(&outlet->watch);
	if (n > 0) {
		response.data.data = data;
		response.data.len = (size_t)n;
		ttrpc_reply(reader, &response.base);
		return;
	}
	/* A terminal whose last user has gone says EIO. */
	outlet_close(outlet);
	reply_error(reader, ERANGE, "EOF");
}

static void outlet_readable(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct outlet *outlet = container_of(watch, struct outlet, watch);

	outlet_try(outlet, watch->loop);
}

/* Nothing will come any more: who waits for it is told. */
static void outlet_end(struct outlet *outlet)
{
	struct ttrpc_request *reader = outlet->reader;

	outlet_close(outlet);
	outlet->reader = NULL;
	if (reader)
		reply_error(reader, ERANGE, "EOF");
}

/* Input. */

static void inlet_close(struct inlet *inlet)
{
	watch_remove(&inlet->watch);
	if (inlet->fd >= 0)
		close(inlet->fd);
	inlet->fd = -1;
	buf_done(&inlet->pending);
}

static void inlet_writable(struct watch *watch, uint32_t events);

static void inlet_try(struct inlet *inlet, struct loop *loop)
{
	Grpc__WriteStreamResponse response = GRPC__WRITE_STREAM_RESPONSE__INIT;
	struct ttrpc_request *writer = inlet->writer;
	struct err error = { 0 };

	while (buf_len(&inlet->pending) > 0) {
		ssize_t n = write(inlet->fd, buf_data(&inlet->pending), buf_len(&inlet->pending));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (inlet->watch.loop || loop_add(loop, &inlet->watch, inlet->fd, EPOLLOUT,
							  inlet_writable, &error) == 0)
				return;
			errno = error.code;
		}
		if (n < 0) {
			(void)err_errno(&error, "write to the process");
			inlet->writer = NULL;
			inlet_close(inlet);
			ttrpc_reply_error(writer, &error);
			return;
		}
		buf_consume(&inlet->pending, (size_t)n);
	}
	watch_remove(&inlet->watch);
	inlet->writer = NULL;
	if (inlet->closing)
		inlet_close(inlet);
	response.len = inlet->len;
	ttrpc_reply(writer, &response.base);
}

static void inlet_writable(struct watch *watch, uint32_t events __attribute__((unused)))
{
	inlet_try(container_of(watch, struct inlet, watch), watch->loop);
}

void process_read(struct outlet *outlet, uint32_t want, struct ttrpc_request *req)
{
	struct agent *agent = req->context;

	if (outlet->reader && !outlet->reader->conn)
		outlet_try(outlet, agent->loop); /* drops it */
	if (outlet->reader) {
		reply_error(req, EAGAIN, "another call is reading this stream");
		return;
	}
	if (want == 0) {
		reply_error(req, EINVAL, "len: 0, allowed is 1 and more");
		return;
	}
	outlet->reader = req;
	outlet->want = want;
	outlet_try(outlet, agent->loop);
}

void process_write(struct process *process, const uint8_t *data, size_t len,
		   struct ttrpc_request *req)
{
	struct inlet *inlet = &process->in;

	if (inlet->writer) {
		reply_error(req, EAGAIN, "another call is writing to this process");
		return;
	}
	if (inlet->fd < 0 || inlet->closing) {
		reply_error(req, EPIPE, "the process's standard input is closed");
		return;
	}
	buf_append(&inlet->pending, data, len);
	inlet->len = (uint32_t)len;
	inlet->writer = req;
	inlet_try(inlet, loop_of(process));
}

void process_close_stdin(struct process *process)
{
	/* A terminal has no end of its own: what closes it is the key ^D. */
	if (process->terminal)
		return;
	if (process->in.writer)
		process->in.closing = true;
	else
		inlet_close(&process->in);
}

int process_resize(struct process *process, uint32_t rows, uint32_t columns, struct err *err)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	if (!process->terminal)
		return err_set(err, EINVAL, "the process has no terminal");
	if (rows > USHRT_MAX || columns > USHRT_MAX)
		return err_set(err, EINVAL, "%u rows and %u columns, at most %u are possible", rows,
			       columns, USHRT_MAX);
	if (process->in.fd >= 0 && ioctl(process->in.fd, TIOCSWINSZ, &size) < 0)
		return err_errno(err, "resize the terminal");
	return 0;
}

/* The end. */

static void tell_waiter(const struct process *process, struct ttrpc_request *req)
{
	Grpc__WaitProcessResponse response = GRPC__WAIT_PROCESS_RESPONSE__INIT;

	response.status = process->status;
	ttrpc_reply(req, &response.base);
}

/* Calls whose connection has gone would pile up here. */
static void drop_dead_waiters(struct process *process)
{
	struct ttrpc_request **at = &process->waiters;

	while (*at) {
		struct ttrpc_request *req = *at;

		if (req->conn) {
			at = &req->waiting;
			continue;
		}
		*at = req->waiting;
		tell_waiter(process, req);
	}
}

void process_wait(struct process *process, struct ttrpc_request *req)
{
	if (process->state == PROCESS_EXITED) {
		process->waited = true;
		tell_waiter(process, req);
		return;
	}
	drop_dead_waiters(process);
	req->waiting = process->waiters;
	process->waiters = req;
}

int process_signal(struct process *process, int signo, struct err *err)
{
	if (process->state == PROCESS_EXITED || process->pid <= 0)
		return 0;
	if (kill(process->pid, signo) < 0 && errno != ESRCH)
		return err_errno(err, "signal %d", signo);
	return 0;
}

static void stop_control(struct process *process)
{
	watch_remove(&process->control);
	if (process->control_fd >= 0)
		close(process->control_fd);
	process->control_fd = -1;
}

static void finish_start(struct process *process, const struct err *error)
{
	struct ttrpc_request *starter = process->starter;

	process->starter = NULL;
	if (!starter)
		return;
	if (error)
		ttrpc_reply_error(starter, error);
	else
		api_reply_empty(starter);
}

static void take_terminal(struct process *process, int *fd)
{
	int copy;

	if (*fd < 0 || process->in.fd >= 0)
		return;
	copy = fcntl(*fd, F_DUPFD_CLOEXEC, 0); /* epoll wants one descriptor per watch */
	if (copy < 0)
		return;
	(void)fd_set_nonblock(*fd, true);
	process->in.fd = copy;
	process->out.fd = take_fd(fd);
}

void process_ready(struct process *process)
{
	if (process->state != PROCESS_STARTING)
		return; /* it has ended meanwhile */
	process->state = PROCESS_READY;
	process->was_ready = true;
	finish_start(process, NULL);
}

void process_fail(struct process *process, const struct err *error)
{
	struct err ignored = { 0 };

	finish_start(process, error);
	(void)process_signal(process, SIGKILL, &ignored);
}

static void take_message(struct process *process, const struct control_message *message, int *fd)
{
	struct err error = { 0 };

	switch (message->type) {
	case CONTROL_PID:
		process->pid = message->pid;
		if (process->pidfd < 0)
			process->pidfd = take_fd(fd);
		break;
	case CONTROL_TTY:
		take_terminal(process, fd);
		break;
	case CONTROL_READY:
		tracing_step(process->starter, "set up");
		container_ready(process->container);
		break;
	case CONTROL_ERROR:
		(void)err_set(&error, message->code > 0 ? message->code : EIO, "%s", message->text);
		if (err_from_guest((enum err_id)message->id))
			(void)err_tag(&error, (enum err_id)message->id);
		finish_start(process, &error);
		/* Nobody will ask for this one any more. */
		process->waited = true;
		outlet_end(&process->out);
		outlet_end(&process->err);
		break;
	default:
		break;
	}
}

/* Reads what the child has said. The end of it, without an error before, is a program that runs. */
static void read_control(struct process *process)
{
	for (;;) {
		struct control_message message;
		CLEANUP(close) int fd = -1;
		int r = control_receive(process->control_fd, &message, &fd);

		if (r == -EAGAIN)
			return;
		if (r > 0) {
			take_message(process, &message, &fd);
			continue;
		}
		stop_control(process);
		if (process->starter && (!process->is_init || process->was_ready)) {
			process->state = PROCESS_RUNNING;
			tracing_step(process->starter, "execute");
			finish_start(process, NULL);
			if (process->is_init)
				container_started(process->container);
		}
		return;
	}
}

static void control_readable(struct watch *watch, uint32_t events __attribute__((unused)))
{
	read_control(container_of(watch, struct process, control));
}

void process_read_control(struct process *process)
{
	if (process->control_fd >= 0)
		read_control(process);
}

static void fail_start(struct process *process)
{
	struct err error = { 0 };

	(void)err_set_as(&error, ERR_AGENT_STEP, ECHILD,
			 "the process ended before its container was ready");
	finish_start(process, &error);
}

bool process_reaped(struct process *process, pid_t pid, int wait_status)
{
	if (pid == process->helper) {
		process->helper = 0;
		/* Without a pid there is no process: the helper's error has been told. */
		if (process->pid == 0)
			process->state = PROCESS_EXITED;
		return true;
	}
	if (pid != process->pid || process->state == PROCESS_EXITED)
		return false;

	process->status =
		WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
	stop_control(process);
	if (process->is_init && !process->was_ready)
		fail_start(process);
	else
		finish_start(process, NULL); /* it ran, and ended before we looked */
	process->state = PROCESS_EXITED;
	while (process->waiters) {
		struct ttrpc_request *req = process->waiters;

		process->waiters = req->waiting;
		process->waited = true;
		tell_waiter(process, req);
	}
	return true;
}

bool process_is_done(const struct process *process)
{
	return process->state == PROCESS_EXITED && process->waited && process->out.fd < 0 &&
	       process->err.fd < 0 && process->helper == 0;
}

/* The start. */

static void close_ends(int (*ends)[3])
{
	for (int i = 0; i < 3; i++)
		if ((*ends)[i] >= 0)
			close((*ends)[i]);
}

/* Three pipes: ours into @process, theirs into @theirs. */
static int open_pipes(struct process *process, int theirs[3], struct err *err)
{
	int size = process->container->agent->pipe_size;
	int *ours[] = { &process->in.fd, &process->out.fd, &process->err.fd };

	for (int i = 0; i < 3; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return err_errno(err, "pipe");
		*ours[i] = i == 0 ? ends[1] : ends[0];
		theirs[i] = i == 0 ? ends[0] : ends[1];
		if (size > 0 && fcntl(ends[1], F_SETPIPE_SZ, size) < 0)
			return err_errno(err, "agent.container_pipe_size=%d", size);
		(void)fd_set_nonblock(*ours[i], true);
	}
	return 0;
}

static struct process *process_new(struct container *container, const char *exec_id,
				   const struct oci_process *spec)
{
	struct process *process = xcalloc(1, sizeof(*process));

	process->container = container;
	process->exec_id = xstrdup(exec_id);
	process->is_init = !container->init && !container->is_guest;
	process->terminal = spec->terminal;
	process->pidfd = -1;
	process->in.fd = -1;
	process->out.fd = -1;
	process->err.fd = -1;
	process->control_fd = -1;
	return process;
}

DEFINE_CLEANUP(struct process *, process_free)

int process_launch(struct container *container, const char *exec_id, const struct oci_process *spec,
		   struct launch *launch, struct ttrpc_request *starter, struct process **ret,
		   struct err *err)
{
	__attribute__((cleanup(close_ends))) int theirs[3] = { -1, -1, -1 };
	CLEANUP(process_free) struct process *process = process_new(container, exec_id, spec);
	struct launched launched;
	int r;

	if (!spec->terminal) {
		r = open_pipes(process, theirs, err);
		if (r < 0)
			return r;
	}
	memcpy(launch->stdio, theirs, sizeof(theirs));
	launch->process = spec;
	r = launch_start(launch, &launched, err);
	if (r < 0)
		return r;

	process->control_fd = launched.control;
	process->pidfd = launched.pidfd;
	if (launched.helper)
		process->helper = launched.pid;
	else
		process->pid = launched.pid;
	(void)fd_set_nonblock(launched.control, true);
	r = loop_add(loop_of(process), &process->control, launched.control, EPOLLIN,
		     control_readable, err);
	if (r < 0) {
		(void)kill(launched.pid, SIGKILL);
		return r;
	}
	process->starter = starter;
	tracing_step(starter, "clone");
	*ret = take_ptr(process);
	return 0;
}

int process_start(struct process *process, struct ttrpc_request *starter, struct err *err)
{
	struct control_message go = { .type = CONTROL_GO };
	int r;

	if (process->state != PROCESS_READY || process->starter)
		return err_set(err, ESRCH, "container %s is not in the state created",
			       process->container->id);
	r = control_send(process->control_fd, &go, -1);
	if (r < 0) {
		errno = -r;
		return err_errno(err, "start container %s", process->container->id);
	}
	process->starter = starter;
	return 0;
}

void process_free(struct process *process)
{
	static const char gone[] = "the container was removed";

	if (!process)
		return;
	if (process->starter)
		reply_error(process->starter, ECANCELED, gone);
	while (process->waiters) {
		struct ttrpc_request *req = process->waiters;

		process->waiters = req->waiting;
		tell_waiter(process, req);
	}
	if (process->in.writer)
		reply_error(process->in.writer, EPIPE, gone);
	inlet_close(&process->in);
	outlet_end(&process->out);
	outlet_end(&process->err);
	stop_control(process);
	if (process->pidfd >= 0)
		close(process->pidfd);
	free(process->exec_id);
	free(process);
}
