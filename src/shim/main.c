/* SPDX-License-Identifier: Apache-2.0 */
/* kata-shim: stands on the host for one process in the guest. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cli.h"
#include "base/clock.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/err_report.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/trace.h"
#include "otlp/encode.h"
#include "otlp/send.h"
#include "shim/relay.h"
#include "shim/title.h"
#include "shim/view.h"
#include "version.h"

#define CONNECT_MS 10000u

struct options {
	const char *agent;
	const char *container;
	const char *exec_id;
	const char *log;
	const char *agent_logs_socket;
	const char *start_fd;
	const char *files_fd;
	const char *timeline_fd;
	const char *trace_fd;
	const char *trace_parent;
	char **words; /* of the process, for ps */
	bool terminal;
	bool proxy_exit_code;
	bool trace;
	bool debug;
	bool version;
};

static int parse(int argc, char **argv, struct options *o, struct err *err)
{
	const struct opt opts[] = {
		OPT_STRING(0, "agent", &o->agent, "URL",
			   "the proxy's socket, unix:///path, or vsock://CID:PORT"),
		OPT_STRING(0, "container", &o->container, "ID", "the container"),
		OPT_STRING(0, "exec-id", &o->exec_id, "ID", "the process in the container"),
		OPT_BOOL(0, "terminal", &o->terminal, "the process has a terminal"),
		OPT_BOOL(0, "proxy-exit-code", &o->proxy_exit_code,
			 "end with the exit code of the process (default)"),
		OPT_STRING(0, "agent-logs-socket", &o->agent_logs_socket, "PATH",
			   "accepted; kata-proxy reads the console"),
		OPT_STRING(0, "start-fd", &o->start_fd, "FD",
			   "begin when there is a byte to read, end when there is none to come"),
		OPT_STRING(0, "files-fd", &o->files_fd, "FD",
			   "a list of the container's files, for the host's view of them"),
		OPT_STRING(0, "log", &o->log, "LEVEL", "debug, info, warn or error"),
		OPT_STRING(0, "timeline-fd", &o->timeline_fd, "FD",
			   "a file to which the time of the first output is added"),
		OPT_BOOL(0, "trace", &o->trace, "record spans, for -trace-fd"),
		OPT_STRING(0, "trace-fd", &o->trace_fd, "FD", "a socket of kata-trace-export"),
		OPT_STRING(0, "trace-parent", &o->trace_parent, "CONTEXT",
			   "the span that ours lie below (W3C traceparent)"),
		OPT_BOOL(0, "debug", &o->debug, "log level debug"),
		OPT_BOOL(0, "version", &o->version, "show the version"),
		OPT_REST("word", &o->words, "what the process is called: ps shows it as ours"),
		OPT_END,
	};

	return opt_parse_go(opts, argc, argv, err);
}

static int check(const struct options *o, struct err *err)
{
	if (str_empty(o->agent))
		return err_set(err, EINVAL, "-agent: missing, the URL of the proxy's socket");
	if (dial_check(o->agent, err) < 0)
		return err_prefix(err, "-agent");
	if (str_empty(o->container))
		return err_set(err, EINVAL, "-container: missing, the container's id");
	if (str_empty(o->exec_id))
		return err_set(err, EINVAL, "-exec-id: missing, the process's id");
	return 0;
}

static int parse_fd(const char *name, const char *text, int *ret, struct err *err)
{
	uint64_t fd = 0;

	*ret = -1;
	if (!text)
		return 0;
	if (str_to_u64(text, 3, INT32_MAX, &fd) < 0)
		return err_set(err, EINVAL, "%s: '%s' is not a descriptor from 3 on", name, text);
	*ret = (int)fd;
	return 0;
}

/* Returns whether there is a process to stand for: kata-runtime has not failed. */
static bool wait_start(int fd)
{
	char byte;
	ssize_t n;

	if (fd < 0)
		return true;
	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	close(fd);
	return n == 1;
}

static int run(const struct options *o, int argc, char **argv, struct err *err)
{
	CLEANUP(loop_free) struct loop *loop = NULL;
	CLEANUP(relay_free) struct relay *relay = NULL;
	struct span *connecting;
	bool proxy_exit_code = o->proxy_exit_code;
	int start = -1;
	int files = -1;
	int timeline = -1;
	int fd;
	int r;

	r = check(o, err);
	if (r == 0)
		r = parse_fd("-start-fd", o->start_fd, &start, err);
	if (r == 0)
		r = parse_fd("-files-fd", o->files_fd, &files, err);
	if (r == 0)
		r = parse_fd("-timeline-fd", o->timeline_fd, &timeline, err);
	if (r < 0)
		return r;
	connecting = span_begin("create", SPAN_INTERNAL);
	if (!wait_start(start))
		return 0;
	span_end(connecting, NULL);
	connecting = span_begin("connect", SPAN_INTERNAL);
	r = loop_new(&loop, err);
	if (r < 0)
		return r;
	fd = dial(o->agent, deadline_in(CONNECT_MS), err);
	if (fd < 0)
		return fd;
	span_end(connecting, NULL);
	r = relay_new(loop, fd, o->container, o->exec_id, o->terminal, timeline, &relay, err);
	if (r == 0)
		r = files < 0 ? 0 : view_enter(files, err);
	if (r < 0)
		return r;
	if (o->words)
		title_set(argc, argv, o->words); /* @o points there */
	r = loop_run(loop, err);
	return r < 0 || proxy_exit_code ? r : 0;
}

/* Our life is one span; the environment is that of whoever called kata-runtime. */
static int start_trace(const struct options *o, int *ret_fd, struct err *err)
{
	struct trace_context parent;
	int r = parse_fd("-trace-fd", o->trace_fd, ret_fd, err);

	if (r < 0 || *ret_fd < 0 || !o->trace)
		return r;
	(void)unsetenv("TRACEPARENT");
	trace_prepare("kata-shim", true);
	if (trace_parse(o->trace_parent, &parent))
		trace_follow(&parent);
	trace_start();
	span_set(trace_root(), "container.id", o->container);
	span_set(trace_root(), "kata.exec.id", o->exec_id);
	return 0;
}

static void end_trace(int fd, int code, const struct err *error)
{
	struct otlp_source source = { .service = "kata-shim" };

	if (!trace_is_on())
		return;
	span_setf(trace_root(), "process.exit.code", "%d", code);
	trace_finish(error);
	source.dropped = trace_dropped();
	(void)otlp_send(fd, &source, trace_spans());
	trace_forget();
}

int main(int argc, char **argv)
{
	struct options o = { .proxy_exit_code = true };
	struct err err = { 0 };
	int trace = -1;
	int r;

	r = parse(argc, argv, &o, &err);
	if (r == OPT_HELPED)
		return 0;
	if (r == 0 && o.version) {
		(void)printf("kata-shim version " KATA_VERSION ", commit " KATA_COMMIT "\n");
		return 0;
	}
	log_init("kata-shim",
		 o.debug || (o.log && str_eq(o.log, "debug")) ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN);
	log_open_system();
	if (r == 0)
		r = start_trace(&o, &trace, &err);
	if (r == 0) {
		r = run(&o, argc, argv, &err); /* after it @o may say something else */
		end_trace(trace, r < 0 ? RELAY_LOST : r, r < 0 ? &err : NULL);
	}
	if (r < 0) {
		err_report(&err, "kata-shim");
		return RELAY_LOST;
	}
	return r;
}
