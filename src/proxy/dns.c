/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentc/calls.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"

#define DNS_PORT    53
#define LOOKUP_MS   8000u /* the guest gives up after 10 s */
#define LOOKUPS_MAX 64u

/* One question that the name server has. */
struct lookup {
	struct watch watch;
	struct timer timer;
	struct dns *dns;
	struct buf out; /* TCP: what is still to be sent */
	struct buf in;
	uint64_t id;
	int fd;
	bool tcp;
	struct lookup *next;
};

struct dns {
	struct loop *loop;
	struct calls *calls;
	struct sockaddr_in server;
	char *address;
	struct lookup *lookups;
	unsigned n_lookups;
	bool waiting; /* NextDnsQuery is on its way */
};

static void ask_next(struct dns *dns);

static void answered(void *owner __attribute__((unused)), const struct err *error)
{
	if (error->code)
		log_debug("name server: %s", error->text);
}

/* @len 0: nothing came. */
static void finish(struct lookup *lookup, const uint8_t *data, size_t len)
{
	struct dns *dns = lookup->dns;
	struct lookup **at = &dns->lookups;

	calls_answer_dns_query(dns->calls, lookup->id, data, len, answered);
	while (*at != lookup)
		at = &(*at)->next;
	*at = lookup->next;
	dns->n_lookups--;
	watch_remove(&lookup->watch);
	timer_cancel(&lookup->timer);
	if (lookup->fd >= 0)
		close(lookup->fd);
	buf_done(&lookup->in);
	buf_done(&lookup->out);
	free(lookup);
	ask_next(dns);
}

static void too_late(struct timer *timer)
{
	finish(container_of(timer, struct lookup, timer), NULL, 0);
}

/* Returns whether the lookup goes on. */
static bool send_some(struct lookup *lookup)
{
	ssize_t n = send(lookup->fd, buf_data(&lookup->out), buf_len(&lookup->out),
			 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOTCONN)
		return false;
	if (n > 0)
		buf_consume(&lookup->out, (size_t)n);
	if (buf_len(&lookup->out) == 0)
		watch_set_events(&lookup->watch, EPOLLIN);
	return true;
}

static void take_answer(struct lookup *lookup)
{
	const uint8_t *data = buf_data(&lookup->in);
	size_t have = buf_len(&lookup->in);
	size_t len;

	if (!lookup->tcp) {
		finish(lookup, data, have);
		return;
	}
	if (!data || have < 2)
		return;
	len = (size_t)(data[0] << 8 | data[1]);
	if (have >= 2 + len)
		finish(lookup, data + 2, len);
}

static void ready(struct watch *watch, uint32_t events)
{
	struct lookup *lookup = container_of(watch, struct lookup, watch);
	static uint8_t data[CALLS_DNS_MAX];
	ssize_t n;

	if (events & EPOLLOUT && !send_some(lookup)) {
		finish(lookup, NULL, 0);
		return;
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(lookup->fd, data, sizeof(data), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		finish(lookup, NULL, 0);
		return;
	}
	buf_append(&lookup->in, data, (size_t)n);
	take_answer(lookup);
}

static int start(struct lookup *lookup, const uint8_t *data, size_t len, struct err *err)
{
	const uint8_t head[2] = { (uint8_t)(len >> 8), (uint8_t)len };
	const struct sockaddr *server = (const struct sockaddr *)&lookup->dns->server;
	int type = lookup->tcp ? SOCK_STREAM : SOCK_DGRAM;

	lookup->fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (lookup->fd < 0)
		return err_errno(err, "name server: socket");
	if (connect(lookup->fd, server, sizeof(lookup->dns->server)) < 0 && errno != EINPROGRESS)
		return err_errno(err, "name server: connect");
	if (lookup->tcp)
		buf_append(&lookup->out, head, sizeof(head));
	buf_append(&lookup->out, data, len);
	return loop_add(lookup->dns->loop, &lookup->watch, lookup->fd, EPOLLIN | EPOLLOUT, ready,
			err);
}

static void asked(void *owner, uint64_t id, bool tcp, const uint8_t *data, size_t len,
		  const struct err *error)
{
	struct dns *dns = owner;
	struct err why = { 0 };
	struct lookup *lookup;

	dns->waiting = false;
	if (error->code) {
		log_warn("name server: the guest cannot take queries: %s", error->text);
		return;
	}
	lookup = xcalloc(1, sizeof(*lookup));
	lookup->dns = dns;
	lookup->id = id;
	lookup->tcp = tcp;
	lookup->next = dns->lookups;
	dns->lookups = lookup;
	dns->n_lookups++;
	timer_set(dns->loop, &lookup->timer, deadline_in(LOOKUP_MS), too_late);
	if (len > CALLS_DNS_MAX || start(lookup, data, len, &why) < 0) {
		log_debug("%s", why.text);
		finish(lookup, NULL, 0);
		return;
	}
	ask_next(dns);
}

static void ask_next(struct dns *dns)
{
	if (dns->waiting || dns->n_lookups >= LOOKUPS_MAX)
		return;
	dns->waiting = true;
	calls_next_dns_query(dns->calls, dns->address, asked);
}

int dns_new(struct loop *loop, const char *address, struct dns **ret, struct err *err)
{
	struct in_addr parsed;
	struct dns *dns;

	if (inet_pton(AF_INET, address, &parsed) != 1 || (ntohl(parsed.s_addr) >> 24) != 127)
		return err_set(err, EINVAL, "-dns: '%s' is not an address of 127.0.0.0/8", address);
	dns = xcalloc(1, sizeof(*dns));
	dns->loop = loop;
	dns->address = xstrdup(address);
	dns->calls = calls_new(dns);
	dns->server = (struct sockaddr_in){ .sin_family = AF_INET,
					    .sin_port = htons(DNS_PORT),
					    .sin_addr = parsed };
	*ret = dns;
	return 0;
}

struct buf *dns_out(struct dns *dns)
{
	return calls_out(dns->calls);
}

int dns_feed(void *data, const uint8_t *bytes, size_t len)
{
	struct dns *dns = data;
	struct err error = { 0 };
	int r = calls_feed(dns->calls, bytes, len, &error);

	if (r < 0)
		log_error("name server: %s", error.text);
	return r;
}

void dns_begin(void *data)
{
	ask_next(data);
}
