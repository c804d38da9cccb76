/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the tables of IPVS, a part at a time.
 *
 * All services are asked for, then the servers of each. An answer holds what
 * fits; the next request says behind which service, and how many of its
 * servers, it goes on. Nothing is kept between two requests.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/ipvs.h"
#include "agent/ipvs_nl.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "rpc/pb.h"

/* Of one answer, well below TTRPC_REPLY_MAX and its budget of memory (PB_BUDGET_MIN). */
#define PAGE_ENTRIES_MAX 2048u
#define PAGE_BYTES_MAX   (128u << 10)

/* An entry and all that its message points to. */
struct item {
	Katac__IpvsEntry pb;
	Katac__IpvsCounters stats;
	Katac__IpvsCounters rates;
	uint8_t address[sizeof(struct in6_addr)];
	char scheduler[IP_VS_SCHEDNAME_MAXLEN];
	char engine[IP_VS_PENAME_MAXLEN];
};

struct items {
	struct item **list; /* each owned */
	size_t n;
	size_t room;
};

static struct item *items_add(struct items *items)
{
	struct item *item = xcalloc(1, sizeof(*item));

	if (items->n == items->room) {
		items->room = items->room ? 2 * items->room : 64;
		items->list = xrealloc(items->list, items->room * sizeof(*items->list));
	}
	items->list[items->n++] = item;
	item->pb = (Katac__IpvsEntry)KATAC__IPVS_ENTRY__INIT;
	item->stats = (Katac__IpvsCounters)KATAC__IPVS_COUNTERS__INIT;
	item->rates = (Katac__IpvsCounters)KATAC__IPVS_COUNTERS__INIT;
	item->pb.address.data = item->address;
	return item;
}

static void items_done(struct items *items)
{
	for (size_t i = 0; i < items->n; i++)
		free(items->list[i]);
	free(items->list);
	*items = (struct items){ 0 };
}

/* What is being read. */
struct listing {
	struct ipvs_socket ipvs;
	struct nl_msg msg;
	bool counters;
	Katac__IpvsListResponse response;
	struct items services;
	struct items servers; /* of all services of this answer */
	struct items page;    /* both, in order; borrowed */
	size_t page_bytes;
	/* While a service's servers are read: */
	size_t address_len;
	uint32_t skip;
	bool full;
};

static void listing_done(struct listing *listing)
{
	ipvs_close(&listing->ipvs);
	nl_done(&listing->msg);
	items_done(&listing->services);
	items_done(&listing->servers);
	free(listing->page.list);
}

/* False when the answer is full. */
static bool page_add(struct listing *listing, struct item *item)
{
	struct items *page = &listing->page;

	/* Each is behind a tag and a length. */
	listing->page_bytes += protobuf_c_message_get_packed_size(&item->pb.base) + 4;
	if (page->n == PAGE_ENTRIES_MAX || (page->n > 0 && listing->page_bytes > PAGE_BYTES_MAX)) {
		listing->full = true;
		return false;
	}
	if (!page->list)
		page->list = xcalloc(PAGE_ENTRIES_MAX, sizeof(*page->list));
	page->list[page->n++] = item;
	return true;
}

/* Attributes into messages: what is not there is 0. */

static uint16_t get_u16(struct nl_attrs attrs, uint16_t type)
{
	struct nl_attr attr;
	uint16_t value = 0;

	if (nl_find(attrs, type, &attr))
		(void)nl_u16(&attr, &value);
	return value;
}

static uint32_t get_u32(struct nl_attrs attrs, uint16_t type)
{
	struct nl_attr attr;
	uint32_t value = 0;

	if (nl_find(attrs, type, &attr))
		(void)nl_u32(&attr, &value);
	return value;
}

static uint64_t get_u64(struct nl_attrs attrs, uint16_t type)
{
	struct nl_attr attr;
	uint64_t value = 0;

	if (nl_find(attrs, type, &attr))
		(void)nl_u64(&attr, &value);
	return value;
}

static char *get_name(struct nl_attrs attrs, uint16_t type, char *to, size_t size)
{
	struct nl_attr attr = { 0 };

	if (nl_find(attrs, type, &attr))
		nl_text(&attr, to, size);
	return str_printable(to);
}

static void take_counters(struct nl_attrs attrs, uint16_t type, struct item *item)
{
	struct nl_attrs in;
	struct nl_attr nest;

	if (!nl_find(attrs, type, &nest))
		return;
	in = nl_attrs_in(&nest);
	item->stats.connections = get_u64(in, IPVS_STATS_ATTR_CONNS);
	item->stats.in_packets = get_u64(in, IPVS_STATS_ATTR_INPKTS);
	item->stats.out_packets = get_u64(in, IPVS_STATS_ATTR_OUTPKTS);
	item->stats.in_bytes = get_u64(in, IPVS_STATS_ATTR_INBYTES);
	item->stats.out_bytes = get_u64(in, IPVS_STATS_ATTR_OUTBYTES);
	item->rates.connections = get_u64(in, IPVS_STATS_ATTR_CPS);
	item->rates.in_packets = get_u64(in, IPVS_STATS_ATTR_INPPS);
	item->rates.out_packets = get_u64(in, IPVS_STATS_ATTR_OUTPPS);
	item->rates.in_bytes = get_u64(in, IPVS_STATS_ATTR_INBPS);
	item->rates.out_bytes = get_u64(in, IPVS_STATS_ATTR_OUTBPS);
	item->pb.stats = &item->stats;
	item->pb.rates = &item->rates;
}

static size_t address_len(uint32_t family)
{
	return family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
}

static void take_address(struct nl_attrs attrs, uint16_t type, size_t len, struct item *item)
{
	struct nl_attr attr;

	item->pb.address.len = len;
	if (nl_find(attrs, type, &attr) && attr.len >= len)
		memcpy(item->address, attr.data, len);
}

/* The attributes of @nest in @message; false when it has none. */
static bool open_nest(const struct nlmsghdr *message, uint16_t nest, struct nl_attrs *ret)
{
	struct nl_attr attr;

	if (!nl_find(nl_attrs_of(message, GENL_HDRLEN), nest, &attr))
		return false;
	*ret = nl_attrs_in(&attr);
	return true;
}

static int take_service(void *data, const struct nlmsghdr *message,
			struct err *err __attribute__((unused)))
{
	struct listing *listing = data;
	struct ip_vs_flags flags = { 0 };
	struct nl_attrs attrs;
	struct nl_attr attr;
	struct item *item;

	if (!open_nest(message, IPVS_CMD_ATTR_SERVICE, &attrs))
		return 0;
	item = items_add(&listing->services);
	item->pb.protocol = get_u16(attrs, IPVS_SVC_ATTR_PROTOCOL);
	take_address(attrs, IPVS_SVC_ATTR_ADDR, address_len(get_u16(attrs, IPVS_SVC_ATTR_AF)),
		     item);
	item->pb.port = ntohs(get_u16(attrs, IPVS_SVC_ATTR_PORT));
	item->pb.fwmark = get_u32(attrs, IPVS_SVC_ATTR_FWMARK);
	item->pb.scheduler =
		get_name(attrs, IPVS_SVC_ATTR_SCHED_NAME, item->scheduler, sizeof(item->scheduler));
	item->pb.persistence_engine =
		get_name(attrs, IPVS_SVC_ATTR_PE_NAME, item->engine, sizeof(item->engine));
	if (nl_find(attrs, IPVS_SVC_ATTR_FLAGS, &attr) && attr.len == sizeof(flags))
		memcpy(&flags, attr.data, sizeof(flags));
	item->pb.flags = flags.flags;
	item->pb.persistent = get_u32(attrs, IPVS_SVC_ATTR_TIMEOUT);
	item->pb.netmask = get_u32(attrs, IPVS_SVC_ATTR_NETMASK);
	if (listing->counters)
		take_counters(attrs, IPVS_SVC_ATTR_STATS64, item);
	return 0;
}

static int take_server(void *data, const struct nlmsghdr *message,
		       struct err *err __attribute__((unused)))
{
	struct listing *listing = data;
	struct nl_attrs attrs;
	struct item *item;

	if (listing->full || !open_nest(message, IPVS_CMD_ATTR_DEST, &attrs))
		return 0;
	if (listing->skip > 0) {
		listing->skip--;
		return 0;
	}
	item = items_add(&listing->servers);
	item->pb.is_server = true;
	take_address(attrs, IPVS_DEST_ATTR_ADDR, listing->address_len, item);
	item->pb.port = ntohs(get_u16(attrs, IPVS_DEST_ATTR_PORT));
	item->pb.forwarding = get_u32(attrs, IPVS_DEST_ATTR_FWD_METHOD);
	item->pb.weight = get_u32(attrs, IPVS_DEST_ATTR_WEIGHT);
	item->pb.upper_threshold = get_u32(attrs, IPVS_DEST_ATTR_U_THRESH);
	item->pb.lower_threshold = get_u32(attrs, IPVS_DEST_ATTR_L_THRESH);
	item->pb.active = get_u32(attrs, IPVS_DEST_ATTR_ACTIVE_CONNS);
	item->pb.inactive = get_u32(attrs, IPVS_DEST_ATTR_INACT_CONNS);
	item->pb.persistent_connections = get_u32(attrs, IPVS_DEST_ATTR_PERSIST_CONNS);
	if (listing->counters)
		take_counters(attrs, IPVS_DEST_ATTR_STATS64, item);
	(void)page_add(listing, item);
	return 0;
}

static int take_info(void *data, const struct nlmsghdr *message,
		     struct err *err __attribute__((unused)))
{
	struct nl_attrs attrs = nl_attrs_of(message, GENL_HDRLEN);
	struct listing *listing = data;
	Katac__IpvsListResponse *to = &listing->response;
	const struct genlmsghdr *header = nl_header(message, GENL_HDRLEN);

	if (header && header->cmd == IPVS_CMD_SET_INFO) {
		to->version = get_u32(attrs, IPVS_INFO_ATTR_VERSION);
		to->table_size = get_u32(attrs, IPVS_INFO_ATTR_CONN_TAB_SIZE);
	} else {
		to->timeout_tcp = get_u32(attrs, IPVS_CMD_ATTR_TIMEOUT_TCP);
		to->timeout_tcp_fin = get_u32(attrs, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN);
		to->timeout_udp = get_u32(attrs, IPVS_CMD_ATTR_TIMEOUT_UDP);
	}
	return 0;
}

/* @msg is there to be used again. */
static int ask(struct listing *listing, uint8_t command, uint16_t flags, nl_fn fn, struct err *err)
{
	ipvs_begin(&listing->ipvs, &listing->msg, command, flags);
	return ipvs_call(&listing->ipvs, &listing->msg, fn, listing, err);
}

static int ask_of_service(struct listing *listing, uint8_t command, uint16_t flags,
			  const Katac__IpvsServiceKey *key, nl_fn fn, struct err *err)
{
	struct nl_msg *msg = &listing->msg;

	ipvs_begin(&listing->ipvs, msg, command, flags);
	nl_nest_end(msg,
		    ipvs_put_service(msg, key->address, key->protocol, key->port, key->fwmark));
	return ipvs_call(&listing->ipvs, msg, fn, listing, err);
}

static int read_services(struct listing *listing, const Katac__IpvsServiceKey *only,
			 struct err *err)
{
	int r;

	if (!only)
		return ask(listing, IPVS_CMD_GET_SERVICE, NLM_F_DUMP, take_service, err);
	r = ask_of_service(listing, IPVS_CMD_GET_SERVICE, 0, only, take_service, err);
	return r == -ESRCH ? err_set(err, ENOENT, "there is no such service") : r;
}

static int read_servers(struct listing *listing, const Katac__IpvsEntry *service, uint32_t skip,
			struct err *err)
{
	Katac__IpvsServiceKey key = KATAC__IPVS_SERVICE_KEY__INIT;
	struct err problem = { 0 };
	int r;

	key.address = service->address;
	key.protocol = service->protocol;
	key.port = service->port;
	key.fwmark = service->fwmark;
	listing->address_len = service->address.len;
	listing->skip = skip;
	r = ask_of_service(listing, IPVS_CMD_GET_DEST, NLM_F_DUMP, &key, take_server, &problem);
	if (r == 0 || r == -ESRCH)
		return 0; /* a service that has gone meanwhile has no servers */
	*err = problem;
	return r;
}

static bool is_service(const Katac__IpvsEntry *service, const Katac__IpvsServiceKey *key)
{
	if (service->fwmark != key->fwmark || service->address.len != key->address.len)
		return false;
	return key->fwmark ||
	       (service->protocol == key->protocol && service->port == key->port &&
		memcmp(service->address.data, key->address.data, key->address.len) == 0);
}

/* Where the answer begins: an index of services, and how many servers of it are known. */
static int find_start(const struct listing *listing, const Katac__IpvsListRequest *request,
		      size_t *ret, struct err *err)
{
	*ret = 0;
	if (!request->after)
		return 0;
	while (*ret < listing->services.n &&
	       !is_service(&listing->services.list[*ret]->pb, request->after))
		++*ret;
	if (*ret == listing->services.n)
		return err_set(err, EAGAIN, "the table changed while it was read; try again");
	return 0;
}

static int fill_page(struct listing *listing, const Katac__IpvsListRequest *request,
		     struct err *err)
{
	bool going_on = request->after;
	size_t at = 0;
	int r;

	r = read_services(listing, request->only, err);
	if (r == 0)
		r = find_start(listing, request, &at, err);
	for (; r == 0 && at < listing->services.n && !listing->full; at++) {
		struct item *service = listing->services.list[at];

		if (going_on || page_add(listing, service))
			r = read_servers(listing, &service->pb, going_on ? request->servers : 0,
					 err);
		going_on = false;
	}
	return r;
}

int ipvs_list(const Katac__IpvsListRequest *request, struct buf *out, struct err *err)
{
	__attribute__((cleanup(listing_done))) struct listing listing = {
		.counters = request->counters,
		.response = KATAC__IPVS_LIST_RESPONSE__INIT,
	};
	int r;

	r = ipvs_open(&listing.ipvs, err);
	if (r == 0)
		r = ask(&listing, IPVS_CMD_GET_INFO, 0, take_info, err);
	if (r == 0)
		r = ask(&listing, IPVS_CMD_GET_CONFIG, 0, take_info, err);
	if (r == 0 && request->entries)
		r = fill_page(&listing, request, err);
	if (r < 0)
		return r;
	listing.response.n_entries = listing.page.n;
	listing.response.entries = (Katac__IpvsEntry **)(void *)listing.page.list;
	listing.response.more = listing.full;
	pb_append(out, &listing.response.base);
	return 0;
}

/* Connections, which the kernel tells in a file only. */

#define CONNECTIONS_PER_PAGE 1024u
#define CONNECTION_FIELDS    9u /* protocol, three addresses with ports, state, expires */

struct connection {
	Katac__IpvsConnection pb;
	uint8_t addresses[3][sizeof(struct in6_addr)];
	char protocol[8];
	char state[16];
};

/* "0A000001" or an address of version 6 in full. */
static bool read_address(const char *text, uint8_t *bytes, ProtobufCBinaryData *ret)
{
	char *end = NULL;
	uint32_t v4;

	ret->data = bytes;
	ret->len = sizeof(struct in6_addr);
	if (inet_pton(AF_INET6, text, bytes) == 1)
		return true;
	v4 = htonl((uint32_t)strtoul(text, &end, 16));
	ret->len = sizeof(v4);
	memcpy(bytes, &v4, sizeof(v4));
	return *end == '\0';
}

static bool read_connection(char *line, struct connection *to)
{
	CLEANUP(strv_free) char **words = strv_split(line, " \n");
	ProtobufCBinaryData *const addresses[] = { &to->pb.client, &to->pb.service,
						   &to->pb.server };
	uint32_t *const ports[] = { &to->pb.client_port, &to->pb.service_port,
				    &to->pb.server_port };

	if (strv_len(words) < CONNECTION_FIELDS)
		return false;
	to->pb = (Katac__IpvsConnection)KATAC__IPVS_CONNECTION__INIT;
	for (size_t i = 0; i < 3; i++) {
		if (!read_address(words[1 + 2 * i], to->addresses[i], addresses[i]))
			return false;
		*ports[i] = (uint32_t)strtoul(words[2 + 2 * i], NULL, 16);
	}
	(void)snprintf(to->protocol, sizeof(to->protocol), "%s", words[0]);
	(void)snprintf(to->state, sizeof(to->state), "%s", words[7]);
	to->pb.protocol = to->protocol;
	to->pb.state = to->state;
	to->pb.expires = (uint32_t)strtoul(words[8], NULL, 10);
	return true;
}

/* Reads the lines behind the title and @skip more into @list, and whether there are more. */
static size_t read_connections(FILE *file, uint32_t skip, struct connection *list, bool *ret_more)
{
	CLEANUP(free) char *line = NULL;
	size_t room = 0;
	size_t n = 0;

	for (uint64_t i = 0; getline(&line, &room, file) >= 0; i++) {
		if (i <= skip)
			continue;
		*ret_more = n == CONNECTIONS_PER_PAGE;
		if (*ret_more)
			break;
		n += read_connection(line, &list[n]);
	}
	return n;
}

int ipvs_connections(const Katac__IpvsConnectionsRequest *request, struct buf *out, struct err *err)
{
	CLEANUP(free) struct connection *list = xcalloc(CONNECTIONS_PER_PAGE, sizeof(*list));
	CLEANUP(free) Katac__IpvsConnection **pointers = NULL;
	Katac__IpvsConnectionsResponse response = KATAC__IPVS_CONNECTIONS_RESPONSE__INIT;
	FILE *file = fopen("/proc/net/ip_vs_conn", "re");
	bool more = false;

	if (!file)
		return err_errno(err, "open /proc/net/ip_vs_conn");
	response.n_connections = read_connections(file, request->skip, list, &more);
	(void)fclose(file);
	pointers = xcalloc(CONNECTIONS_PER_PAGE, sizeof(Katac__IpvsConnection *));
	for (size_t i = 0; i < response.n_connections; i++)
		pointers[i] = &list[i].pb;
	response.connections = pointers;
	response.more = more;
	pb_append(out, &response.base);
	return 0;
}
