/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/conntrack.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/netlink.h"
#include "rpc/pb.h"

#define FLOWS_PER_CALL 1024u /* an answer well below TTRPC_REPLY_MAX */

#define BATCH     64u
#define KERNEL_MS 30000u /* for one answer */

struct flow {
	Katac__ConntrackFlow pb;
	Katac__ConntrackTuple original;
	Katac__ConntrackTuple reply;
	uint8_t addresses[4][sizeof(struct in6_addr)];
};

struct search {
	struct netlink *netlink; /* owned */
	struct nfgenmsg header;
	const Katac__ConntrackDeleteRequest *request;
	struct flow *flows;      /* FLOWS_PER_CALL, owned */
	struct nl_msg *removals; /* of each; owned */
	int *results;
	size_t n;
	bool more;
};

static void search_done(struct search *search)
{
	netlink_free(search->netlink);
	for (size_t i = 0; i < search->n; i++)
		nl_done(&search->removals[i]);
	free(search->removals);
	free(search->results);
	free(search->flows);
}

static void begin(const struct search *search, struct nl_msg *msg, uint8_t command, uint16_t flags)
{
	nl_begin(msg, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | command), flags, &search->header,
		 sizeof(search->header));
}

/* Reading: what is not there is 0, and an empty nest. */

static struct nl_attrs nest(struct nl_attrs attrs, uint16_t type)
{
	struct nl_attr attr;

	return nl_find(attrs, type, &attr) ? nl_attrs_in(&attr) : (struct nl_attrs){ 0 };
}

static uint8_t get_u8(struct nl_attrs attrs, uint16_t type)
{
	struct nl_attr attr;
	uint8_t value = 0;

	if (nl_find(attrs, type, &attr))
		(void)nl_u8(&attr, &value);
	return value;
}

static uint16_t get_be16(struct nl_attrs attrs, uint16_t type)
{
	struct nl_attr attr;
	uint16_t value = 0;

	if (nl_find(attrs, type, &attr))
		(void)nl_u16(&attr, &value);
	return ntohs(value);
}

static uint32_t get_be32(struct nl_attrs attrs, uint16_t type)
{
	struct nl_attr attr;
	uint32_t value = 0;

	if (nl_find(attrs, type, &attr))
		(void)nl_u32(&attr, &value);
	return ntohl(value);
}

static uint64_t get_be64(struct nl_attrs attrs, uint16_t type)
{
	struct nl_attr attr;
	uint64_t value = 0;

	if (nl_find(attrs, type, &attr))
		(void)nl_u64(&attr, &value);
	return be64toh(value);
}

static void take_address(struct nl_attrs ip, uint16_t v4, uint16_t v6,
			 uint8_t bytes[static sizeof(struct in6_addr)], ProtobufCBinaryData *to)
{
	struct nl_attr attr;

	to->data = bytes;
	to->len = 0;
	if ((nl_find(ip, v4, &attr) || nl_find(ip, v6, &attr)) &&
	    attr.len <= sizeof(struct in6_addr)) {
		to->len = attr.len;
		memcpy(bytes, attr.data, attr.len);
	}
}

/* One direction, with two addresses to keep its own. */
static void take_tuple(struct nl_attrs tuple, struct nl_attrs counters,
		       uint8_t (*addresses)[sizeof(struct in6_addr)], Katac__ConntrackTuple *to)
{
	struct nl_attrs proto = nest(tuple, CTA_TUPLE_PROTO);
	struct nl_attrs ip = nest(tuple, CTA_TUPLE_IP);

	*to = (Katac__ConntrackTuple)KATAC__CONNTRACK_TUPLE__INIT;
	take_address(ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC, addresses[0], &to->source);
	take_address(ip, CTA_IP_V4_DST, CTA_IP_V6_DST, addresses[1], &to->destination);
	to->source_port = get_be16(proto, CTA_PROTO_SRC_PORT);
	to->destination_port = get_be16(proto, CTA_PROTO_DST_PORT);
	to->packets = get_be64(counters, CTA_COUNTERS_PACKETS);
	to->bytes = get_be64(counters, CTA_COUNTERS_BYTES);
}

static void take_rest(struct nl_attrs attrs, Katac__ConntrackFlow *to)
{
	struct nl_attrs tcp = nest(nest(attrs, CTA_PROTOINFO), CTA_PROTOINFO_TCP);
	struct nl_attr attr;

	to->has_tcp_state = nl_find(tcp, CTA_PROTOINFO_TCP_STATE, &attr);
	to->tcp_state = get_u8(tcp, CTA_PROTOINFO_TCP_STATE);
	to->has_timeout = nl_find(attrs, CTA_TIMEOUT, &attr);
	to->timeout = get_be32(attrs, CTA_TIMEOUT);
	to->status = get_be32(attrs, CTA_STATUS);
	to->counted = nl_find(attrs, CTA_COUNTERS_ORIG, &attr);
	to->mark = get_be32(attrs, CTA_MARK);
	to->use = get_be32(attrs, CTA_USE);
}

/* With its id, so that a new flow of the same addresses stays. */
static void build_removal(const struct search *search, struct nl_attrs attrs, struct nl_msg *msg)
{
	static const uint16_t names[] = { CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID };
	struct nl_attr attr;

	begin(search, msg, IPCTNL_MSG_CT_DELETE, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (nl_find(attrs, names[i], &attr))
			nl_put(msg, (uint16_t)(attr.type | (i == 0 ? (unsigned)NLA_F_NESTED : 0)),
			       attr.data, attr.len);
}

static bool is_wanted(const struct search *search, struct nl_attrs original)
{
	const ProtobufCBinaryData *wanted = &search->request->address;
	struct nl_attrs ip = nest(original, CTA_TUPLE_IP);
	uint8_t bytes[sizeof(struct in6_addr)];
	ProtobufCBinaryData destination;

	take_address(ip, CTA_IP_V4_DST, CTA_IP_V6_DST, bytes, &destination);
	return get_u8(nest(original, CTA_TUPLE_PROTO), CTA_PROTO_NUM) ==
		       search->request->protocol &&
	       destination.len == wanted->len && memcmp(bytes, wanted->data, wanted->len) == 0;
}

static int take_flow(void *data, const struct nlmsghdr *message,
		     struct err *err __attribute__((unused)))
{
	struct nl_attrs attrs = nl_attrs_of(message, sizeof(struct nfgenmsg));
	struct search *search = data;
	struct flow *flow;

	if (!is_wanted(search, nest(attrs, CTA_TUPLE_ORIG)))
		return 0;
	search->more = search->n == FLOWS_PER_CALL;
	if (search->more)
		return 0;
	flow = &search->flows[search->n];
	flow->pb = (Katac__ConntrackFlow)KATAC__CONNTRACK_FLOW__INIT;
	flow->pb.protocol = search->request->protocol;
	flow->pb.original = &flow->original;
	flow->pb.reply = &flow->reply;
	take_tuple(nest(attrs, CTA_TUPLE_ORIG), nest(attrs, CTA_COUNTERS_ORIG), flow->addresses,
		   &flow->original);
	take_tuple(nest(attrs, CTA_TUPLE_REPLY), nest(attrs, CTA_COUNTERS_REPLY),
		   flow->addresses + 2, &flow->reply);
	take_rest(attrs, &flow->pb);
	build_removal(search, attrs, &search->removals[search->n++]);
	return 0;
}

static int find_flows(struct search *search, struct err *err)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };

	begin(search, &msg, IPCTNL_MSG_CT_GET, NLM_F_DUMP);
	return netlink_call(search->netlink, &msg, deadline_in(KERNEL_MS), take_flow, search, err);
}

static int delete_flows(struct search *search, struct err *err)
{
	size_t n = 0;
	int r = 0;

	for (size_t done = 0; r == 0 && done < search->n; done += n) {
		n = search->n - done < BATCH ? search->n - done : BATCH;
		r = netlink_batch(search->netlink, search->removals + done, n,
				  deadline_in(KERNEL_MS), search->results + done, err);
	}
	/* It may have ended by itself. */
	for (size_t i = 0; r == 0 && i < search->n; i++)
		if (search->results[i] < 0 && search->results[i] != -ENOENT)
			r = err_set(err, -search->results[i], "delete a tracked flow: %s",
				    strerror(-search->results[i]));
	return r;
}

static void answer(const struct search *search, struct buf *out)
{
	CLEANUP(free) Katac__ConntrackFlow **list = NULL;
	Katac__ConntrackDeleteResponse response = KATAC__CONNTRACK_DELETE_RESPONSE__INIT;

	list = xcalloc(search->n + 1, sizeof(Katac__ConntrackFlow *));
	for (size_t i = 0; i < search->n; i++)
		if (search->results[i] == 0)
			list[response.n_flows++] = &search->flows[i].pb;
	response.flows = list;
	response.more = search->more && response.n_flows > 0;
	pb_append(out, &response.base);
}

int conntrack_delete(const Katac__ConntrackDeleteRequest *request, struct buf *out, struct err *err)
{
	__attribute__((cleanup(search_done))) struct search search = { .request = request };
	bool v6 = request->address.len == sizeof(struct in6_addr);
	int r;

	if ((request->protocol != IPPROTO_TCP && request->protocol != IPPROTO_UDP) ||
	    (!v6 && request->address.len != sizeof(struct in_addr)))
		return err_set(err, EINVAL, "not an address, or not TCP or UDP");
	search.header.nfgen_family = v6 ? AF_INET6 : AF_INET;
	search.header.version = NFNETLINK_V0;
	search.flows = xcalloc(FLOWS_PER_CALL, sizeof(*search.flows));
	search.removals = xcalloc(FLOWS_PER_CALL, sizeof(*search.removals));
	search.results = xcalloc(FLOWS_PER_CALL, sizeof(*search.results));
	r = netlink_open(NETLINK_NETFILTER, &search.netlink, err);
	if (r == 0)
		r = find_flows(&search, err);
	if (r == 0)
		r = delete_flows(&search, err);
	if (r == 0)
		answer(&search, out);
	return r;
}
