/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kata-monitor - the numbers of all sandboxes of this host, for Prometheus
 *
 * Nothing is kept between two scrapes but counters of its own: each asks the
 * sandboxes that run then. One scrape at a time; a guest that does not answer costs it
 * GUEST_MS, and only its own numbers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/cli.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/err_report.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/metrics_text.h"
#include "base/str.h"
#include "sandbox/metrics.h"
#include "version.h"

#define DEFAULT_ADDRESS   "127.0.0.1:8090"
#define GUEST_MS          2000u
#define CONNECTIONS_MAX   16u
#define CONNECTION_IDLE_S 30u
#define BUCKETS           12u /* of 1, 2, 4 … ms */

struct monitor {
	uint64_t scrapes;
	uint64_t failed; /* sandboxes that did not answer, over all scrapes */
	uint64_t took_ms;
	uint64_t buckets[BUCKETS];
};

static void add_sandbox(struct monitor *monitor, struct metrics_text *metrics, const char *sid)
{
	static const char *const prefixes[] = { "kata_", NULL };
	CLEANUP(free) char *text = NULL;
	struct err err = { 0 };
	bool silent = false;

	if (sandbox_metrics(sid, GUEST_MS, &text, &silent, &err) < 0) {
		if (err.code != ESRCH) /* it has just ended */
			monitor->failed++;
		return;
	}
	monitor->failed += silent;
	(void)metrics_text_take(metrics, text, prefixes, "sandbox_id", sid);
}

static void count_scrape(struct monitor *monitor, uint64_t ms)
{
	monitor->scrapes++;
	monitor->took_ms += ms;
	for (unsigned i = 0; i < BUCKETS; i++)
		monitor->buckets[i] += ms <= 1u << i;
}

static void put_own(const struct monitor *monitor, size_t running, struct buf *out)
{
	static const char histogram[] = "kata_monitor_scrape_durations_histogram_milliseconds";
	const struct metrics_process self = { .pid = getpid() };

	metrics_head(out, "kata_monitor_running_shim_count", "sandboxes that run");
	metrics_value(out, "kata_monitor_running_shim_count", NULL, (double)running);
	buf_printf(out,
		   "# HELP kata_monitor_scrape_count scrapes of /metrics\n"
		   "# TYPE kata_monitor_scrape_count counter\n"
		   "kata_monitor_scrape_count %" PRIu64 "\n",
		   monitor->scrapes);
	buf_printf(out,
		   "# HELP kata_monitor_scrape_failed_count sandboxes that gave no numbers\n"
		   "# TYPE kata_monitor_scrape_failed_count counter\n"
		   "kata_monitor_scrape_failed_count %" PRIu64 "\n",
		   monitor->failed);
	buf_printf(out, "# HELP %s time of scrapes\n# TYPE %s histogram\n", histogram, histogram);
	for (unsigned i = 0; i < BUCKETS; i++)
		buf_printf(out, "%s_bucket{le=\"%u\"} %" PRIu64 "\n", histogram, 1u << i,
			   monitor->buckets[i]);
	buf_printf(out,
		   "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %" PRIu64 "\n%s_count %" PRIu64 "\n",
		   histogram, monitor->scrapes, histogram, monitor->took_ms, histogram,
		   monitor->scrapes);
	metrics_processes(out, "kata_monitor", NULL, &self, 1, "/proc");
}

static char *scrape(struct monitor *monitor)
{
	__attribute__((cleanup(metrics_text_done))) struct metrics_text metrics = { 0 };
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	CLEANUP(strv_free) char **running = sandboxes_running();
	CLEANUP(free) char *text = NULL;
	uint64_t start = now_ms();

	for (char **sid = running; sid && *sid; sid++)
		add_sandbox(monitor, &metrics, *sid);
	count_scrape(monitor, now_ms() - start);
	put_own(monitor, strv_len(running), &out);
	text = metrics_text_all(&metrics);
	buf_append(&out, text, strlen(text));
	return buf_take_string(&out);
}

static char *sandboxes(void)
{
	CLEANUP(strv_free) char **running = sandboxes_running();
	CLEANUP(free) char *lines = running ? strv_join(running, "\n") : xstrdup("");

	return xasprintf("%s%s", lines, *lines ? "\n" : "");
}

static char *page(struct monitor *monitor, const char *url, unsigned *status)
{
	*status = MHD_HTTP_OK;
	if (str_eq(url, "/metrics"))
		return scrape(monitor);
	if (str_eq(url, "/sandboxes"))
		return sandboxes();
	if (str_eq(url, "/"))
		return xstrdup("kata-monitor " KATA_VERSION
			       "\n/metrics    the numbers of all sandboxes, for Prometheus\n"
			       "/sandboxes  the ids of those that run, one a line\n");
	*status = MHD_HTTP_NOT_FOUND;
	return xstrdup("There are /metrics and /sandboxes.\n");
}

static enum MHD_Result answer(void *data, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version __attribute__((unused)),
			      const char *upload __attribute__((unused)), size_t *upload_len,
			      void **state)
{
	static int seen;
	struct MHD_Response *response;
	unsigned status = MHD_HTTP_METHOD_NOT_ALLOWED;
	enum MHD_Result result;
	char *text;

	if (!*state) { /* the headers alone; the second call has the whole request */
		*state = &seen;
		return MHD_YES;
	}
	*upload_len = 0;
	text = str_eq(method, "GET") || str_eq(method, "HEAD") ? page(data, url, &status)
							       : xstrdup("Only GET is answered.\n");
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				      "text/plain; version=0.0.4; charset=utf-8");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* "127.0.0.1:8090", "[::1]:8090". */
static int parse_address(const char *text, struct sockaddr_storage *ret, struct err *err)
{
	const char *colon = strrchr(text, ':');
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	CLEANUP(free) char *host = NULL;
	uint64_t port = 0;

	memset(ret, 0, sizeof(*ret));
	if (colon && str_to_u64(colon + 1, 1, 65535, &port) == 0) {
		host = *text == '[' && colon[-1] == ']'
			       ? xstrndup(text + 1, (size_t)(colon - text - 2))
			       : xstrndup(text, (size_t)(colon - text));
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		if (*text != '[' && inet_pton(AF_INET, host, &v4->sin_addr) == 1)
			return 0;
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		if (*text == '[' && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1)
			return 0;
	}
	return err_set_as(err, ERR_USAGE, EINVAL,
			  "--listen-address: '%s' is no address and port, as 127.0.0.1:8090 or "
			  "[::1]:8090",
			  text);
}

static int serve(const char *address, struct err *err)
{
	struct sockaddr_storage socket = { 0 };
	struct monitor monitor = { 0 };
	struct MHD_Daemon *server;
	sigset_t stop;
	int signo = 0;
	int r;

	r = parse_address(address, &socket, err);
	if (r < 0)
		return r;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL); /* before there are threads */
	(void)signal(SIGPIPE, SIG_IGN);
	server = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD |
			(socket.ss_family == AF_INET6 ? MHD_USE_IPv6 : MHD_NO_FLAG),
		0, NULL, NULL, answer, &monitor, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&socket,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		CONNECTION_IDLE_S, MHD_OPTION_END);
	if (!server)
		return err_errno(err, "listen on %s", address);
	log_info("listening on %s", address);
	(void)sigwait(&stop, &signo);
	MHD_stop_daemon(server);
	return 0;
}

static int run(int argc, char **argv, struct err *err)
{
	const char *address = DEFAULT_ADDRESS;
	bool version = false;
	int r;

	const struct opt opts[] = {
		OPT_STRING(0, "listen-address", &address, "IP:PORT",
			   "where HTTP is served; 127.0.0.1:8090 if not given"),
		OPT_BOOL('v', "version", &version, "show the version"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	if (version) {
		(void)printf("kata-monitor version " KATA_VERSION ", commit " KATA_COMMIT "\n");
		return 0;
	}
	if (geteuid() != 0)
		return err_set(err, EPERM,
			       "needs root: the state of sandboxes is readable for "
			       "root only");
	log_init("kata-monitor", LOG_LEVEL_INFO);
	log_open_system();
	return serve(address, err);
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	int r;

	argv[0] = (char *)(uintptr_t) "kata-monitor";
	r = run(argc, argv, &err);
	if (r >= 0)
		return 0;
	err_report(&err, "kata-monitor");
	return 1;
}
