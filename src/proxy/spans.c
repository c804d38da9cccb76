/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/spans.h"

#include <stdlib.h>

#include "agentc/calls.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/trace.h"
#include "otlp/encode.h"
#include "otlp/send.h"

#define STOPPED_NS 1000000000 /* no answer takes that long: the machine stood still */

struct spans {
	struct calls *calls;
	char *sandbox;
	int fd;
	int64_t offset_ns;
	unsigned lost;
};

int64_t spans_offset(int64_t known_ns, uint64_t guest_ns, uint64_t host_ns)
{
	int64_t seen_ns = (int64_t)(host_ns - guest_ns);

	if (known_ns == SPANS_OFFSET_UNKNOWN || seen_ns < known_ns ||
	    seen_ns - STOPPED_NS > known_ns)
		return seen_ns;
	return known_ns;
}

static int64_t arrived(void *owner, uint64_t guest_ns)
{
	struct spans *spans = owner;

	spans->offset_ns = spans_offset(spans->offset_ns, guest_ns, trace_now_ns());
	return spans->offset_ns;
}

static void got(void *owner, const struct span *list, unsigned lost, const struct err *error)
{
	struct spans *spans = owner;
	struct otlp_source source = { .service = "kata-agent", .sandbox = spans->sandbox };

	if (error->code) {
		log_warn("the guest's spans cannot be read: %s", error->text);
		return;
	}
	spans->lost += lost;
	source.dropped = spans->lost;
	if (list)
		spans->lost += otlp_send(spans->fd, &source, list);
	calls_read_spans(spans->calls, false, arrived, got);
}

struct spans *spans_new(int fd, const char *sandbox)
{
	struct spans *spans = xcalloc(1, sizeof(*spans));

	spans->fd = fd;
	spans->sandbox = xstrdup(sandbox);
	spans->offset_ns = SPANS_OFFSET_UNKNOWN;
	spans->calls = calls_new(spans);
	return spans;
}

struct buf *spans_out(struct spans *spans)
{
	return calls_out(spans->calls);
}

int spans_feed(void *data, const uint8_t *bytes, size_t len)
{
	struct spans *spans = data;
	struct err error = { 0 };
	int r = calls_feed(spans->calls, bytes, len, &error);

	if (r < 0)
		log_error("spans: %s", error.text);
	return r;
}

/* At once for the first time: an answer that has not waited tells the time best. */
void spans_begin(void *data)
{
	struct spans *spans = data;

	calls_read_spans(spans->calls, true, arrived, got);
}
