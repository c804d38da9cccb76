/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes queries for a name server that only the host can reach, and hands them to
 * the host one by one: NextDnsQuery waits for the next, AnswerDnsQuery answers it.
 * The messages are not looked into. Who asks are the containers: everything of
 * theirs is bounded, and given up after QUERY_MS.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/api.h"
#include "agent/guest.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "katac.pb-c.h"
#include "rpc/ttrpc_server.h"

#define DNS_PORT    53
#define QUERY_MS    10000u
#define SWEEP_MS    1000u
#define QUERIES_MAX 64u /* unanswered; more are dropped, as a busy server does */
#define CLIENTS_MAX 16u /* of TCP */
#define UDP_MAX     4096u
#define MESSAGE_MAX 65535u

/* A connection by TCP: one query at a time. */
struct client {
	struct watch watch;
	struct dns *dns;
	struct buf in;
	struct buf out;
	uint64_t deadline;
	int fd;
	bool asking;
	struct client *next;
};

struct query {
	uint64_t id;
	uint64_t deadline;
	bool told; /* the host has it */
	struct sockaddr_in peer;
	struct client *client; /* NULL: by UDP */
	uint8_t *message;      /* owned */
	size_t len;
	struct query *next;
};

struct dns {
	struct agent *agent;
	struct watch udp;
	struct watch tcp;
	struct timer sweep;
	char *address;
	uint64_t next_id;
	struct query *queries; /* oldest first */
	unsigned n_queries;
	struct client *clients;
	unsigned n_clients;
	struct ttrpc_request *reader; /* NextDnsQuery that waits */
};

static void tell(struct dns *dns)
{
	struct ttrpc_request *reader = dns->reader;
	Katac__DnsQuery response = KATAC__DNS_QUERY__INIT;

	if (!reader)
		return;
	for (struct query *query = dns->queries; query; query = query->next) {
		if (query->told)
			continue;
		query->told = reader->conn != NULL;
		dns->reader = NULL;
		response.id = query->id;
		response.tcp = query->client != NULL;
		response.message.data = query->message;
		response.message.len = query->len;
		ttrpc_reply(reader, &response.base);
		return;
	}
}

static void remove_query(struct dns *dns, struct query **at)
{
	struct query *query = *at;

	*at = query->next;
	dns->n_queries--;
	free(query->message);
	free(query);
}

static void client_free(struct client *client)
{
	struct dns *dns = client->dns;
	struct client **at = &dns->clients;
	struct query **query = &dns->queries;

	while (*query) {
		if ((*query)->client == client)
			remove_query(dns, query);
		else
			query = &(*query)->next;
	}
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	dns->n_clients--;
	watch_remove(&client->watch);
	buf_done(&client->in);
	buf_done(&client->out);
	close(client->fd);
	free(client);
}

static void sweep(struct timer *timer)
{
	struct dns *dns = container_of(timer, struct dns, sweep);
	struct query **at = &dns->queries;
	struct client *next;
	uint64_t now = now_ms();

	while (*at) {
		if ((*at)->deadline <= now)
			remove_query(dns, at);
		else
			at = &(*at)->next;
	}
	for (struct client *client = dns->clients; client; client = next) {
		next = client->next;
		if (client->deadline <= now)
			client_free(client);
	}
	watch_set_events(&dns->tcp, EPOLLIN);
	if (dns->queries || dns->clients)
		timer_set(dns->agent->loop, &dns->sweep, deadline_in(SWEEP_MS), sweep);
}

static void add_query(struct dns *dns, const struct query *query, const uint8_t *message)
{
	struct query **at = &dns->queries;
	struct query *added;

	if (dns->n_queries == QUERIES_MAX)
		return;
	added = xcalloc(1, sizeof(*added));
	*added = *query;
	added->id = ++dns->next_id;
	added->deadline = deadline_in(QUERY_MS);
	added->message = xcalloc(1, query->len + 1);
	memcpy(added->message, message, query->len);
	while (*at)
		at = &(*at)->next;
	*at = added;
	dns->n_queries++;
	timer_set(dns->agent->loop, &dns->sweep, deadline_in(SWEEP_MS), sweep);
	tell(dns);
}

static void udp_ready(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct dns *dns = container_of(watch, struct dns, udp);
	struct query query = { 0 };
	socklen_t len = sizeof(query.peer);
	uint8_t data[UDP_MAX];
	ssize_t n = recvfrom(watch->fd, data, sizeof(data), MSG_DONTWAIT,
			     (struct sockaddr *)&query.peer, &len);

	if (n <= 0)
		return;
	query.len = (size_t)n;
	add_query(dns, &query, data);
}

/* A message behind the two bytes of its length. */
static void take_message(struct client *client)
{
	struct query query = { .client = client };
	const uint8_t *data = buf_data(&client->in);
	size_t have = buf_len(&client->in);

	/* Who does not take its answers gets no further ones. */
	if (client->asking || buf_len(&client->out) > 0 || !data || have < 2)
		return;
	query.len = (size_t)(data[0] << 8 | data[1]);
	if (have < 2 + query.len)
		return;
	client->asking = true;
	add_query(client->dns, &query, data + 2);
	buf_consume(&client->in, 2 + query.len);
}

/* False: it has gone. */
static bool send_out(struct client *client)
{
	while (buf_len(&client->out) > 0) {
		ssize_t n = send(client->fd, buf_data(&client->out), buf_len(&client->out),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return false;
		if (n < 0)
			break;
		buf_consume(&client->out, (size_t)n);
	}
	watch_set_events(&client->watch, EPOLLIN | (buf_len(&client->out) > 0 ? EPOLLOUT : 0));
	return true;
}

/* The answer has been taken as a whole: now the next question, if there is one. */
static void go_on(struct client *client)
{
	if (buf_len(&client->out) > 0)
		return;
	client->deadline = deadline_in(QUERY_MS);
	take_message(client);
}

static void client_ready(struct watch *watch, uint32_t events)
{
	struct client *client = container_of(watch, struct client, watch);
	uint8_t data[UDP_MAX];
	ssize_t n;

	if (events & EPOLLOUT) {
		if (!send_out(client)) {
			client_free(client);
			return;
		}
		go_on(client);
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(client->fd, data, sizeof(data), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || buf_len(&client->in) > 2 + MESSAGE_MAX) {
		client_free(client);
		return;
	}
	buf_append(&client->in, data, (size_t)n);
	take_message(client);
}

static void accept_client(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct dns *dns = container_of(watch, struct dns, tcp);
	CLEANUP(close) int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct err error = { 0 };
	struct client *client;

	/* Without a descriptor for it a client would wake us again and again. */
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		watch_set_events(&dns->tcp, 0);
		timer_set(dns->agent->loop, &dns->sweep, deadline_in(SWEEP_MS), sweep);
	}
	if (fd < 0 || dns->n_clients == CLIENTS_MAX)
		return;
	client = xcalloc(1, sizeof(*client));
	client->dns = dns;
	client->deadline = deadline_in(QUERY_MS);
	client->fd = take_fd(&fd);
	client->next = dns->clients;
	dns->clients = client;
	dns->n_clients++;
	timer_set(dns->agent->loop, &dns->sweep, deadline_in(SWEEP_MS), sweep);
	if (loop_add(dns->agent->loop, &client->watch, client->fd, EPOLLIN, client_ready, &error) <
	    0)
		client_free(client);
}

static int open_socket(int type, const struct in_addr *address, struct err *err)
{
	CLEANUP(close) int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const struct sockaddr_in addr = { .sin_family = AF_INET,
					  .sin_port = htons(DNS_PORT),
					  .sin_addr = *address };

	if (fd < 0)
		return err_errno(err, "name server: socket");
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, CLIENTS_MAX) < 0))
		return err_errno(err, "name server: %s port %d", inet_ntoa(*address), DNS_PORT);
	return take_fd(&fd);
}

static int dns_open(struct agent *agent, const char *text, struct dns **ret, struct err *err)
{
	CLEANUP(close) int udp = -1;
	CLEANUP(close) int tcp = -1;
	struct in_addr address;
	struct dns *dns;
	int r;

	if (inet_pton(AF_INET, text, &address) != 1 || (ntohl(address.s_addr) >> 24) != 127)
		return err_set(err, EINVAL, "name server: '%s' is not an address of 127.0.0.0/8",
			       text);
	/*
	 * In a network that never had an address the kernel takes any for a broadcast one, and
	 * answers would come from 127.0.0.1.
	 */
	r = guest_loopback_up(err);
	if (r < 0)
		return r;
	udp = open_socket(SOCK_DGRAM, &address, err);
	if (udp < 0)
		return udp;
	tcp = open_socket(SOCK_STREAM, &address, err);
	if (tcp < 0)
		return tcp;
	dns = xcalloc(1, sizeof(*dns));
	dns->agent = agent;
	dns->address = xstrdup(text);
	r = loop_add(agent->loop, &dns->udp, udp, EPOLLIN, udp_ready, err);
	if (r == 0)
		r = loop_add(agent->loop, &dns->tcp, tcp, EPOLLIN, accept_client, err);
	if (r < 0) {
		watch_remove(&dns->udp);
		free(dns->address);
		free(dns);
		return r;
	}
	(void)take_fd(&udp); /* both as long as the program */
	(void)take_fd(&tcp);
	*ret = dns;
	return 0;
}

void api_next_dns_query(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Katac__NextDnsQueryRequest *message = (const Katac__NextDnsQueryRequest *)in;
	struct agent *agent = req->context;
	struct err err = { 0 };
	struct dns *dns = agent->dns;
	int r = dns ? 0 : dns_open(agent, message->address, &dns, &err);

	assert(r < 0 || dns);
	if (r == 0 && !str_eq(dns->address, message->address))
		r = err_set(&err, EBUSY, "name server: %s is served", dns->address);
	if (r < 0) {
		ttrpc_reply_error(req, &err);
		return;
	}
	agent->dns = dns;
	if (dns->reader) {
		(void)err_set(&err, ECANCELED, "name server: another waits now");
		ttrpc_reply_error(dns->reader, &err);
	}
	dns->reader = req;
	tell(dns);
}

static void answer(struct dns *dns, struct query **at, const uint8_t *data, size_t len)
{
	struct query *query = *at;
	struct client *client = query->client;
	const uint8_t head[2] = { (uint8_t)(len >> 8), (uint8_t)len };

	if (!client && len > 0)
		(void)sendto(dns->udp.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL,
			     (struct sockaddr *)&query->peer, sizeof(query->peer));
	remove_query(dns, at);
	if (!client)
		return;
	client->asking = false;
	buf_append(&client->out, head, sizeof(head));
	buf_append(&client->out, data, len);
	if (len == 0 || !send_out(client))
		client_free(client);
	else
		go_on(client);
}

void api_answer_dns_query(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Katac__DnsAnswer *message = (const Katac__DnsAnswer *)in;
	const Katac__DnsQuery response = KATAC__DNS_QUERY__INIT;
	struct agent *agent = req->context;
	struct query **at = agent->dns ? &agent->dns->queries : NULL;

	/* One that has been given up by now is no mistake. */
	while (at && *at && (*at)->id != message->id)
		at = &(*at)->next;
	if (at && *at && message->message.len <= MESSAGE_MAX)
		answer(agent->dns, at, message->message.data, message->message.len);
	ttrpc_reply(req, &response.base);
}
