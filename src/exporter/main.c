/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kata-trace-export: carries spans to a collector, so that nobody else has to wait for it.
 *
 * Standard input is a Unix socket with one ExportTraceServiceRequest per packet. It ends when
 * the other end has been closed and all is sent, END_MS after the closing at the latest. What a
 * collector does not take at once is dropped, with one line in the log.
 *
 * Source: OpenTelemetry, "OTLP Specification" (OTLP/HTTP) and "OTLP Exporter Configuration".
 */
#include <curl/curl.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "version.h"

#define REQUEST_MS     5000u
#define END_MS         5000u
#define PACKET_MAX     (1u << 20)
#define ANSWER_MAX     (64u << 10)
#define NOBODY         65534u
#define DEFAULT_SERVER "http://localhost:4318"
#define DEFAULT_PATH   "/v1/traces"

struct exporter {
	CURL *curl;
	char *url; /* owned */
	struct curl_slist *headers;
	uint64_t timeout_ms;
	uint64_t deadline; /* DEADLINE_NEVER while the other end is open */
	size_t answered;   /* bytes of the answer to this request */
	bool complained;
	char why[CURL_ERROR_SIZE]; /* the library says it failed */
};

static const char *setting(const char *first, const char *second)
{
	const char *value = getenv(first);

	return str_empty(value) ? getenv(second) : value;
}

/* The one for traces is used as it stands. */
static char *choose_url(void)
{
	const char *whole = getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
	const char *server = getenv("OTEL_EXPORTER_OTLP_ENDPOINT");
	size_t len;

	if (!str_empty(whole))
		return xstrdup(whole);
	if (str_empty(server))
		server = DEFAULT_SERVER;
	len = strlen(server);
	while (len > 0 && server[len - 1] == '/')
		len--;
	return xasprintf("%.*s" DEFAULT_PATH, (int)len, server);
}

/* "key1=value1,key2=value2", the values percent-encoded. */
static struct curl_slist *choose_headers(CURL *curl)
{
	const char *text =
		setting("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS");
	CLEANUP(strv_free) char **words = strv_split(text ? text : "", ",");
	struct curl_slist *headers = NULL;

	headers = curl_slist_append(headers, "Content-Type: application/x-protobuf");
	headers = curl_slist_append(headers, "Expect:");
	for (char **word = words; word && *word; word++) {
		char *value = strchr(*word, '=');
		CLEANUP(free) char *line = NULL;
		char *decoded;

		if (!value)
			continue;
		*value++ = '\0';
		decoded = curl_easy_unescape(curl, value, 0, NULL);
		line = xasprintf("%s: %s", *word + strspn(*word, " "), decoded ? decoded : "");
		if (!strpbrk(line, "\r\n"))
			headers = curl_slist_append(headers, line);
		curl_free(decoded);
	}
	return headers;
}

static uint64_t choose_timeout(void)
{
	const char *text =
		setting("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT");
	uint64_t ms = REQUEST_MS;

	return text && str_to_u64(text, 1, REQUEST_MS, &ms) == 0 ? ms : REQUEST_MS;
}

/* Whether there is still time. Seen here first, the end of the other side starts the clock. */
static bool may_go_on(struct exporter *exporter)
{
	struct pollfd p = { .fd = STDIN_FILENO };

	if (exporter->deadline == DEADLINE_NEVER && poll(&p, 1, 0) == 1 && p.revents & POLLHUP) {
		exporter->deadline = deadline_in(END_MS);
		(void)alarm(END_MS / 1000 + 2); /* should the library not come back */
	}
	return exporter->deadline == DEADLINE_NEVER || deadline_left(exporter->deadline) > 0;
}

static int progress(void *data, curl_off_t a __attribute__((unused)),
		    curl_off_t b __attribute__((unused)), curl_off_t c __attribute__((unused)),
		    curl_off_t d __attribute__((unused)))
{
	return may_go_on(data) ? 0 : 1;
}

/* What a collector answers is of no interest, but it may answer without end. */
static size_t take_answer(char *bytes __attribute__((unused)), size_t size, size_t n, void *data)
{
	struct exporter *exporter = data;

	exporter->answered += size * n;
	return exporter->answered > ANSWER_MAX ? 0 : size * n;
}

static void complain(struct exporter *exporter, const char *why)
{
	if (!exporter->complained)
		log_warn("trace: %s: %s; spans are dropped", exporter->url, why);
	exporter->complained = true;
}

static void post(struct exporter *exporter, const char *packet, size_t len)
{
	int left = deadline_left(exporter->deadline);
	uint64_t ms = exporter->timeout_ms;
	long status = 0;
	CURLcode r;

	if (left >= 0 && (uint64_t)left < ms)
		ms = (uint64_t)left;
	exporter->answered = 0;
	exporter->why[0] = '\0';
	(void)curl_easy_setopt(exporter->curl, CURLOPT_TIMEOUT_MS, (long)ms);
	(void)curl_easy_setopt(exporter->curl, CURLOPT_POSTFIELDS, packet);
	(void)curl_easy_setopt(exporter->curl, CURLOPT_POSTFIELDSIZE, (long)len);
	r = curl_easy_perform(exporter->curl);
	(void)curl_easy_getinfo(exporter->curl, CURLINFO_RESPONSE_CODE, &status);
	if (r != CURLE_OK) {
		complain(exporter, *exporter->why ? exporter->why : curl_easy_strerror(r));
	} else if (status / 100 != 2) {
		(void)snprintf(exporter->why, sizeof(exporter->why), "the collector answers %ld",
			       status);
		complain(exporter, exporter->why);
	}
}

static void set_options(struct exporter *exporter)
{
	const char *certificate =
		setting("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE");
	CURL *curl = exporter->curl;

	(void)curl_easy_setopt(curl, CURLOPT_URL, exporter->url);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exporter->why);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exporter->headers);
	(void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "kata-c/" KATA_VERSION);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	/* A name server that is silent must not hold us: its thread is left behind. */
	(void)curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exporter);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, exporter);
	if (!getenv("no_proxy") && !getenv("NO_PROXY"))
		(void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
	if (!str_empty(certificate))
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, certificate);
}

static void serve(struct exporter *exporter)
{
	CLEANUP(free) char *packet = xmalloc(PACKET_MAX);
	ssize_t n;

	for (;;) {
		n = recv(STDIN_FILENO, packet, PACKET_MAX, MSG_TRUNC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || !may_go_on(exporter))
			return;
		if (n <= (ssize_t)PACKET_MAX)
			post(exporter, packet, (size_t)n);
	}
}

/* Whom we talk to need not be somebody whom root would trust. */
static void drop_privileges(void)
{
	if (chdir("/") < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		exit(1);
	if (geteuid() != 0)
		return;
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		log_debug("trace: the exporter stays root");
}

int main(int argc, char **argv)
{
	struct exporter exporter = { .deadline = DEADLINE_NEVER };

	if (argc > 1 && str_eq(argv[1], "--version")) {
		(void)printf("kata-trace-export version " KATA_VERSION ", commit " KATA_COMMIT
			     "\n");
		return 0;
	}
	if (argc > 1) {
		(void)printf("Usage: kata-trace-export\n\nStarted by kata-runtime where tracing is "
			     "on; sends what comes on standard input,\na Unix socket, to "
			     "OTEL_EXPORTER_OTLP_ENDPOINT.\n");
		return str_eq(argv[1], "--help") ? 0 : 1;
	}
	log_init("kata-trace-export", LOG_LEVEL_WARN);
	log_open_system();
	drop_privileges();
	(void)signal(SIGPIPE, SIG_IGN);
	exporter.curl = curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? curl_easy_init() : NULL;
	if (!exporter.curl) {
		log_warn("trace: libcurl does not start; spans are dropped");
		return 1;
	}
	exporter.url = choose_url();
	exporter.headers = choose_headers(exporter.curl);
	exporter.timeout_ms = choose_timeout();
	set_options(&exporter);
	serve(&exporter);
	_exit(0); /* a thread of the library may still wait for a name */
}
