/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/conntrack.h"

#include <errno.h>
#include <stdlib.h>

#include "agentc/address_pb.h"
#include "agentc/internal.h"
#include "base/err.h"
#include "base/mem.h"
#include "katac.pb-c.h"

struct page {
	struct conntrack_flows *to;
	size_t room;
	bool more;
};

static bool tuple_from_pb(const Katac__ConntrackTuple *from, struct conntrack_tuple *to)
{
	if (!from)
		return false;
	to->packets = from->packets;
	to->bytes = from->bytes;
	return address_from_pb(from->source, from->source_port, &to->source) &&
	       address_from_pb(from->destination, from->destination_port, &to->destination);
}

static int nonsense(struct err *err)
{
	return err_set_as(err, ERR_AGENT_NONSENSE, EBADMSG,
			  "ConntrackDelete: the agent's answer makes no sense");
}

static int take_flows(void *data, const ProtobufCMessage *message, struct err *err)
{
	const Katac__ConntrackDeleteResponse *from =
		(const Katac__ConntrackDeleteResponse *)message;
	struct page *page = data;
	struct conntrack_flows *to = page->to;

	page->more = from->more;
	if (from->more && from->n_flows == 0)
		return nonsense(err);
	if (to->n + from->n_flows > page->room) {
		page->room = 2 * (to->n + from->n_flows);
		to->items = xrealloc(to->items, page->room * sizeof(*to->items));
	}
	for (size_t i = 0; i < from->n_flows; i++) {
		const Katac__ConntrackFlow *f = from->flows[i];
		struct conntrack_flow *item = &to->items[to->n++];

		*item = (struct conntrack_flow){
			.protocol = (int)(f->protocol & 0xff),
			.timeout = f->timeout,
			.has_timeout = f->has_timeout,
			.tcp_state = f->has_tcp_state ? (int)(f->tcp_state & 0xff) : -1,
			.status = f->status,
			.counted = f->counted,
			.mark = f->mark,
			.use = f->use,
		};
		if (!tuple_from_pb(f->original, &item->original) ||
		    !tuple_from_pb(f->reply, &item->reply))
			return nonsense(err);
	}
	return 0;
}

int agentc_conntrack_delete(struct agentc *agent, const struct ipvs_address *destination,
			    int protocol, uint64_t deadline, struct conntrack_flows *ret,
			    struct err *err)
{
	Katac__ConntrackDeleteRequest request = KATAC__CONNTRACK_DELETE_REQUEST__INIT;
	struct page page = { .to = ret };
	int r;

	*ret = (struct conntrack_flows){ 0 };
	request.protocol = (uint32_t)protocol;
	request.address = address_to_pb(destination);
	do {
		r = agentc_call(agent, &katac__agent_extension__descriptor, "ConntrackDelete",
				&request.base, deadline, take_flows, &page, err);
		/* Whoever opens flows as fast as they are deleted does not keep us for ever. */
		page.more = page.more && ret->n < CONNTRACK_FLOWS_MAX;
	} while (r == 0 && page.more);
	if (r < 0)
		conntrack_flows_done(ret);
	return r;
}

void conntrack_flows_done(struct conntrack_flows *flows)
{
	free(flows->items);
	*flows = (struct conntrack_flows){ 0 };
}
