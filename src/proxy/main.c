/* SPDX-License-Identifier: Apache-2.0 */
/* kata-proxy: the one that talks to the virtual machine as long as it lives (design E2). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cli.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/err_report.h"
#include "base/io.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "proxy/clock_sync.h"
#include "proxy/direct.h"
#include "proxy/dns.h"
#include "proxy/guest_log.h"
#include "proxy/monitor.h"
#include "proxy/mux.h"
#include "proxy/spans.h"
#include "version.h"

struct options {
	const char *agent;
	const char *mux_socket;
	const char *listen_socket;
	const char *listen_fd;
	const char *agent_logs_socket;
	const char *events_socket;
	const char *stderr_fd;
	const char *last_words;
	const char *share_fd;
	const char *dns;
	const char *trace_fd;
	const char *sandbox;
	const char *log;
	bool debug;
	bool version;
};

static int parse(int argc, char **argv, struct options *o, struct err *err)
{
	const struct opt opts[] = {
		OPT_STRING(0, "agent", &o->agent, "URL",
			   "the agent, vsock://CID:PORT: there is nothing to relay"),
		OPT_STRING(0, "mux-socket", &o->mux_socket, "PATH",
			   "QEMU's end of the serial port"),
		OPT_STRING(0, "listen-socket", &o->listen_socket, "URL",
			   "where clients connect, unix:///path"),
		OPT_STRING(0, "listen-fd", &o->listen_fd, "FD",
			   "the same socket, already listening"),
		OPT_STRING(0, "agent-logs-socket", &o->agent_logs_socket, "PATH",
			   "QEMU's end of the guest's console"),
		OPT_STRING(0, "events-socket", &o->events_socket, "PATH",
			   "a monitor of QEMU for its events"),
		OPT_STRING(0, "stderr-fd", &o->stderr_fd, "FD",
			   "a pipe with QEMU's standard error"),
		OPT_STRING(0, "share-fd", &o->share_fd, "FD",
			   "a pidfd of virtiofsd: its end is the machine's"),
		OPT_STRING(0, "dns", &o->dns, "ADDRESS",
			   "a name server on our lo, which the guest is to reach there too"),
		OPT_STRING(0, "trace-fd", &o->trace_fd, "FD",
			   "a socket of kata-trace-export, for the agent's spans"),
		OPT_STRING(0, "last-words", &o->last_words, "FILE",
			   "where the end of console and standard error go when QEMU ends"),
		OPT_STRING(0, "sandbox", &o->sandbox, "ID", "the sandbox, for log lines"),
		OPT_STRING(0, "log", &o->log, "LEVEL", "debug, info, warn or error"),
		OPT_BOOL(0, "debug", &o->debug, "log level debug"),
		OPT_BOOL(0, "version", &o->version, "show the version"),
		OPT_END,
	};

	return opt_parse_go(opts, argc, argv, err);
}

static int parse_fd(const char *option, const char *text, int *ret, struct err *err)
{
	uint64_t fd = 0;

	if (str_to_u64(text, 0, 1023, &fd) < 0)
		return err_set(err, EINVAL, "-%s: '%s' is not a descriptor", option, text);
	*ret = (int)fd;
	return 0;
}

static int open_listener(const struct options *o, struct err *err)
{
	int fd = -1;
	int r;

	if (o->listen_fd) {
		r = parse_fd("listen-fd", o->listen_fd, &fd, err);
		return r < 0 ? r : fd;
	}
	if (!str_starts(o->listen_socket, "unix://"))
		return err_set(err, EINVAL, "-listen-socket: '%s' is not a unix:// URL",
			       o->listen_socket);
	return unix_listen(o->listen_socket + strlen("unix://"), 0600, err);
}

static int start_monitor(const struct options *o, struct loop *loop, struct monitor **ret,
			 struct err *err)
{
	struct monitor_sources sources = { .console = o->agent_logs_socket,
					   .events = o->events_socket,
					   .stderr_fd = -1,
					   .share_fd = -1,
					   .last_words = o->last_words,
					   .relays = o->mux_socket != NULL };
	int r = 0;

	if (o->stderr_fd)
		r = parse_fd("stderr-fd", o->stderr_fd, &sources.stderr_fd, err);
	if (r == 0 && o->share_fd)
		r = parse_fd("share-fd", o->share_fd, &sources.share_fd, err);
	if (r < 0)
		return r;
	return monitor_new(loop, &sources, ret, err);
}

/* Engines leave 1,024, which is less than one for each stream. */
static void raise_nofile(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* with fewer, fewer clients are served */
}

static int check(const struct options *o, struct err *err)
{
	if (str_empty(o->mux_socket) && str_empty(o->agent))
		return err_set(err, EINVAL, "-mux-socket: missing, the socket of the serial port");
	if (!str_empty(o->mux_socket) && str_empty(o->listen_socket) && str_empty(o->listen_fd))
		return err_set(err, EINVAL, "-listen-socket: missing, where clients connect");
	if (o->agent && str_empty(o->events_socket))
		return err_set(err, EINVAL, "-events-socket: missing, it tells the end of QEMU");
	return o->agent ? dial_check(o->agent, err) : 0;
}

/* What we want of the agent ourselves. */
struct own {
	struct clock_sync *sync;
	struct guest_log *log;
	struct dns *dns;     /* or NULL */
	struct spans *spans; /* or NULL */
};

/* Clients, and what is our own, over the one serial port. */
static int start_mux(const struct options *o, struct loop *loop, const struct own *own,
		     struct mux **ret, struct err *err)
{
	int listener;
	int serial;
	int r;

	serial = unix_connect(o->mux_socket, err);
	if (serial < 0)
		return serial;
	listener = open_listener(o, err);
	if (listener < 0) {
		close(serial);
		return listener;
	}
	r = mux_new(loop, serial, listener, ret, err);
	if (r == 0)
		r = mux_open_local(*ret, clock_sync_out(own->sync), clock_sync_feed, own->sync,
				   err);
	if (r == 0) /* our stream's opening is answered first */
		mux_when_alive(*ret, clock_sync_begin, own->sync);
	if (r == 0)
		r = mux_open_local(*ret, guest_log_out(own->log), guest_log_feed, own->log, err);
	if (r == 0)
		guest_log_begin(own->log);
	if (r == 0 && own->dns)
		r = mux_open_local(*ret, dns_out(own->dns), dns_feed, own->dns, err);
	if (r == 0 && own->dns)
		dns_begin(own->dns);
	if (r == 0 && own->spans)
		r = mux_open_local(*ret, spans_out(own->spans), spans_feed, own->spans, err);
	if (r == 0 && own->spans)
		spans_begin(own->spans);
	return r;
}

enum { CLOCK, LOG, NAMES, SPANS, N_DIRECT };

static void flush_direct(void *data)
{
	struct direct **list = data;

	for (int i = 0; i < N_DIRECT; i++)
		direct_flush(list[i]);
}

/* A connection for each, to an agent with a vsock. */
static void start_direct(const char *url, struct loop *loop, const struct own *own,
			 struct direct *ret[N_DIRECT])
{
	const struct direct_user clock = { .out = clock_sync_out(own->sync),
					   .connected = clock_sync_begin,
					   .feed = clock_sync_feed,
					   .data = own->sync };

	const struct direct_user log = { .out = guest_log_out(own->log),
					 .connected = guest_log_begin,
					 .feed = guest_log_feed,
					 .data = own->log };

	ret[CLOCK] = direct_new(loop, url, &clock);
	ret[LOG] = direct_new(loop, url, &log);
	if (own->dns) {
		const struct direct_user names = { .out = dns_out(own->dns),
						   .connected = dns_begin,
						   .feed = dns_feed,
						   .data = own->dns };

		ret[NAMES] = direct_new(loop, url, &names);
	}
	if (own->spans) {
		const struct direct_user spans = { .out = spans_out(own->spans),
						   .connected = spans_begin,
						   .feed = spans_feed,
						   .data = own->spans };

		ret[SPANS] = direct_new(loop, url, &spans);
	}
	loop_set_idle(loop, flush_direct, ret);
}

static int run(const struct options *o, struct err *err)
{
	CLEANUP(loop_free) struct loop *loop = NULL;
	CLEANUP(monitor_free) struct monitor *monitor = NULL;
	struct direct *direct[N_DIRECT] = { NULL };
	CLEANUP(mux_free) struct mux *mux = NULL;
	struct own own = { NULL };
	int trace = -1;
	int r;

	r = check(o, err);
	if (r == 0)
		r = loop_new(&loop, err);
	if (r < 0)
		return r;
	own.sync = clock_sync_new(loop);
	own.log = guest_log_new(loop);
	if (o->trace_fd)
		r = parse_fd("trace-fd", o->trace_fd, &trace, err);
	if (r == 0 && o->trace_fd)
		own.spans = spans_new(trace, o->sandbox ? o->sandbox : "");
	if (r == 0 && o->dns)
		r = dns_new(loop, o->dns, &own.dns, err);
	if (r == 0 && o->mux_socket)
		r = start_mux(o, loop, &own, &mux, err);
	if (r == 0)
		r = start_monitor(o, loop, &monitor, err);
	if (r < 0)
		return r;
	if (!mux)
		start_direct(o->agent, loop, &own, direct);
	r = loop_run(loop, err);
	monitor_finish(monitor);
	for (int i = 0; i < N_DIRECT; i++)
		direct_free(direct[i]);
	return r;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct err err = { 0 };
	int r;

	r = parse(argc, argv, &o, &err);
	if (r == OPT_HELPED)
		return 0;
	if (r == 0 && o.version) {
		(void)printf("kata-proxy version " KATA_VERSION ", commit " KATA_COMMIT "\n");
		return 0;
	}
	log_init("kata-proxy",
		 o.debug || (o.log && str_eq(o.log, "debug")) ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN);
	log_open_system();
	if (o.sandbox)
		log_field("sandbox", o.sandbox);
	(void)signal(SIGPIPE, SIG_IGN);
	raise_nofile();
	if (r == 0)
		r = run(&o, &err);
	if (r < 0) {
		err_log(&err);
		/* QEMU that has ended by now says why on the same pipe: that is to be its last
		 * line. */
		if (!o.stderr_fd || r != -ECONNREFUSED)
			(void)fprintf(stderr, "kata-proxy: %s\n", err.text);
		return 1;
	}
	return 0;
}
