/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. Per output stream one ReadStdout call is outstanding; its
 * data is written before the next is asked for, so a reader that stops holds
 * back this container only, and memory stays at one chunk. Standard input works
 * the same way round. Our standard descriptors are shared with other processes,
 * so they stay blocking: a write follows epoll's word that there is room, in
 * pieces that a pipe takes at once. WaitProcess is outstanding all the time; the
 * end comes when it has been answered and both outputs are at their end.
 */
#include "shim/relay.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "agentc/calls.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/trace.h"

#define PIECE PIPE_BUF /* pipe(7): what fits when poll says so */

struct output {
	struct watch watch; /* while there is something to write */
	struct relay *relay;
	struct buf data;
	int fd;
	bool is_stderr;
	bool ended;  /* the guest has no more */
	bool broken; /* nobody reads ours: what comes is thrown away */
};

struct relay {
	struct loop *loop;
	struct watch connection;
	struct watch input;
	struct watch signals;
	struct calls *calls;
	char *container;
	char *exec_id;
	int fd;
	int signal_fd;
	int timeline_fd;     /* until the first output; -1: not told */
	struct span *phase;  /* waiting for the process, then for its output */
	struct span *signal; /* the last one that was passed on, until it is answered */
	bool terminal;
	bool restore; /* tcsetattr() of saved at the end */
	struct termios saved;
	bool exited;
	int status;
	struct output out;
	struct output err;
};

static void check_end(struct relay *relay)
{
	if (relay->exited && relay->out.ended && relay->err.ended &&
	    buf_len(&relay->out.data) == 0 && buf_len(&relay->err.data) == 0)
		loop_stop(relay->loop, relay->status);
}

static void lost(struct relay *relay, const char *why)
{
	log_error("container %s: %s", relay->container, why);
	loop_stop(relay->loop, RELAY_LOST);
}

/* Output. */

static void got_output(struct output *output, const uint8_t *data, size_t len,
		       const struct err *error);

static void got_stdout(void *owner, const uint8_t *data, size_t len, const struct err *error)
{
	got_output(&((struct relay *)owner)->out, data, len, error);
}

static void got_stderr(void *owner, const uint8_t *data, size_t len, const struct err *error)
{
	got_output(&((struct relay *)owner)->err, data, len, error);
}

static void ask_for_output(struct output *output)
{
	struct relay *relay = output->relay;

	if (output->is_stderr)
		calls_read_stderr(relay->calls, relay->container, relay->exec_id, got_stderr);
	else
		calls_read_stdout(relay->calls, relay->container, relay->exec_id, got_stdout);
}

static void output_done(struct output *output)
{
	watch_remove(&output->watch);
	if (!output->ended)
		ask_for_output(output);
	check_end(output->relay);
}

static void write_piece(struct output *output)
{
	size_t len = buf_len(&output->data);
	ssize_t n = write(output->fd, buf_data(&output->data), len < PIECE ? len : PIECE);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return; /* somebody else has set O_NONBLOCK */
	if (n < 0) {
		output->broken = true;
		n = (ssize_t)len;
	}
	buf_consume(&output->data, (size_t)n);
}

static void output_writable(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct output *output = container_of(watch, struct output, watch);

	write_piece(output);
	if (buf_len(&output->data) == 0)
		output_done(output);
}

static void start_writing(struct output *output)
{
	struct err ignored = { 0 };

	if (loop_add(output->relay->loop, &output->watch, output->fd, EPOLLOUT, output_writable,
		     &ignored) == 0)
		return;
	/* A regular file, which epoll does not take and which never blocks. */
	while (buf_len(&output->data) > 0)
		write_piece(output);
	output_done(output);
}

/* A line of the container's timeline: see sandbox/timeline_file.c. */
static void tell_first(struct relay *relay)
{
	uint64_t now = now_us();

	if (relay->timeline_fd < 0)
		return;
	(void)dprintf(relay->timeline_fd, "%" PRIu64 " %" PRIu64 " first output\n", now, now);
	close(take_fd(&relay->timeline_fd));
}

static void got_output(struct output *output, const uint8_t *data, size_t len,
		       const struct err *error)
{
	if (error->code == EBADMSG) {
		lost(output->relay, error->text);
		return;
	}
	if (error->code) {
		if (error->code != ERANGE) /* the end */
			log_warn("container %s: output: %s", output->relay->container, error->text);
		output->ended = true;
		check_end(output->relay);
		return;
	}
	if (len > 0)
		tell_first(output->relay);
	if (output->broken || len == 0) {
		ask_for_output(output);
		return;
	}
	buf_append(&output->data, data, len);
	start_writing(output);
}

/* Input. */

static void read_input(struct relay *relay);

static void input_ready(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct relay *relay = container_of(watch, struct relay, input);

	watch_remove(watch);
	read_input(relay);
}

/* False: it is a regular file or /dev/null, which is always ready. */
static bool wait_for_input(struct relay *relay)
{
	struct err error = { 0 };
	int r;

	r = loop_add(relay->loop, &relay->input, STDIN_FILENO, EPOLLIN, input_ready, &error);
	if (r < 0 && r != -EPERM)
		lost(relay, error.text);
	return r != -EPERM;
}

static void input_closed(void *owner __attribute__((unused)),
			 const struct err *error __attribute__((unused)))
{
}

static void input_written(void *owner, const struct err *error)
{
	if (error->code)
		return; /* the process does not read any more */
	if (!wait_for_input(owner))
		read_input(owner);
}

static void read_input(struct relay *relay)
{
	static uint8_t data[CALLS_DATA_MAX];
	ssize_t n;

	do
		n = read(STDIN_FILENO, data, sizeof(data));
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		(void)wait_for_input(relay); /* a file would not have said so */
		return;
	}
	if (n > 0)
		calls_write_stdin(relay->calls, relay->container, relay->exec_id, data, (size_t)n,
				  input_written);
	else
		calls_close_stdin(relay->calls, relay->container, relay->exec_id, input_closed);
}

/* Signals and window size. */

static void ignore_result(void *owner __attribute__((unused)), const struct err *error)
{
	if (error->code)
		log_debug("%s", error->text);
}

static void send_size(struct relay *relay)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || (size.ws_row == 0 && size.ws_col == 0))
		return;
	calls_resize(relay->calls, relay->container, relay->exec_id, size.ws_row, size.ws_col,
		     ignore_result);
}

static void signal_passed(void *owner, const struct err *error)
{
	struct relay *relay = owner;

	span_end(relay->signal, error);
	relay->signal = NULL;
	ignore_result(owner, error);
}

static void pass_signal(struct relay *relay, int signo)
{
	char place[TRACEPARENT_LEN];

	span_end(relay->signal, NULL);
	relay->signal = span_begin("signal", SPAN_CLIENT);
	span_setf(relay->signal, "signal", "SIG%s",
		  sigabbrev_np(signo) ? sigabbrev_np(signo) : "RT");
	if (relay->signal)
		calls_set_traceparent(relay->calls, trace_format(&relay->signal->own, place));
	calls_signal(relay->calls, relay->container, relay->exec_id, signo, signal_passed);
	calls_set_traceparent(relay->calls, NULL);
}

static void signal_arrived(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct relay *relay = container_of(watch, struct relay, signals);
	struct signalfd_siginfo info;

	if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH) {
		if (relay->terminal)
			send_size(relay);
	} else if (info.ssi_signo == SIGHUP) {
		loop_stop(relay->loop, 1); /* our parent has died (openEuler shim 0001) */
	} else {
		pass_signal(relay, (int)info.ssi_signo);
	}
}

/* Everything that can be caught and is not about ourselves. */
static int watch_signals(struct relay *relay, struct err *err)
{
	static const int ours[] = { SIGCHLD, SIGPIPE, SIGSEGV, SIGBUS,  SIGILL,
				    SIGFPE,  SIGABRT, SIGTTIN, SIGTTOU, SIGTSTP };
	sigset_t mask;

	sigfillset(&mask);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigdelset(&mask, ours[i]);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGTTOU, SIG_IGN); /* tcsetattr() from the background */
	sigprocmask(SIG_BLOCK, &mask, NULL);
	relay->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (relay->signal_fd < 0)
		return err_errno(err, "signalfd");
	return loop_add(relay->loop, &relay->signals, relay->signal_fd, EPOLLIN, signal_arrived,
			err);
}

static void make_raw(struct relay *relay)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &relay->saved) < 0)
		return; /* not a terminal: nothing to make raw */
	raw = relay->saved;
	cfmakeraw(&raw);
	relay->restore = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

/* The connection. */

static void process_ended(void *owner, int status, const struct err *error)
{
	struct relay *relay = owner;

	if (error->code) {
		lost(relay, error->text);
		return;
	}
	span_end(relay->phase, NULL);
	relay->phase = span_begin("rest of the output", SPAN_INTERNAL);
	relay->signal = NULL;
	relay->exited = true;
	relay->status = status & 0xff;
	check_end(relay);
}

static void flush(void *data)
{
	struct relay *relay = data;
	struct buf *out = calls_out(relay->calls);
	ssize_t n;

	if (!relay->connection.loop)
		return;
	if (buf_len(out) > 0) {
		n = send(relay->fd, buf_data(out), buf_len(out), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			buf_consume(out, (size_t)n);
	}
	watch_set_events(&relay->connection, EPOLLIN | (buf_len(out) > 0 ? EPOLLOUT : 0));
}

static void connection_ready(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct relay *relay = container_of(watch, struct relay, connection);
	static uint8_t data[CALLS_DATA_MAX];
	struct err error = { 0 };
	ssize_t n;

	n = recv(relay->fd, data, sizeof(data), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && calls_feed(relay->calls, data, (size_t)n, &error) == 0)
		return;
	lost(relay, error.code ? error.text : "the virtual machine has ended");
}

int relay_new(struct loop *loop, int fd, const char *container, const char *exec_id, bool terminal,
	      int timeline, struct relay **ret, struct err *err)
{
	struct relay *relay = xcalloc(1, sizeof(*relay));
	int r;

	*ret = relay; /* the caller frees it, half-built too */
	relay->loop = loop;
	relay->fd = fd;
	relay->signal_fd = -1;
	relay->timeline_fd = timeline;
	relay->container = xstrdup(container);
	relay->exec_id = xstrdup(exec_id);
	relay->terminal = terminal;
	relay->calls = calls_new(relay);
	relay->out = (struct output){ .relay = relay, .fd = STDOUT_FILENO };
	relay->err = (struct output){ .relay = relay, .fd = STDERR_FILENO, .is_stderr = true };

	r = watch_signals(relay, err);
	if (r == 0)
		r = loop_add(loop, &relay->connection, fd, EPOLLIN, connection_ready, err);
	if (r < 0)
		return r;
	relay->phase = span_begin("wait", SPAN_INTERNAL);
	calls_wait(relay->calls, container, exec_id, process_ended);
	ask_for_output(&relay->out);
	if (terminal) {
		relay->err.ended = true; /* a terminal has one output */
		make_raw(relay);
		send_size(relay);
	} else {
		ask_for_output(&relay->err);
	}
	if (!wait_for_input(relay))
		read_input(relay);
	loop_set_idle(loop, flush, relay);
	return 0;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	if (relay->restore)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &relay->saved);
	watch_remove(&relay->connection);
	watch_remove(&relay->input);
	watch_remove(&relay->signals);
	watch_remove(&relay->out.watch);
	watch_remove(&relay->err.watch);
	close(relay->fd);
	if (relay->signal_fd >= 0)
		close(relay->signal_fd);
	if (relay->timeline_fd >= 0)
		close(relay->timeline_fd);
	calls_free(relay->calls);
	buf_done(&relay->out.data);
	buf_done(&relay->err.data);
	free(relay->container);
	free(relay->exec_id);
	free(relay);
}
