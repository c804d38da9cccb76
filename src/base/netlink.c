/* SPDX-License-Identifier: Apache-2.0 */
#include "base/netlink.h"

#include <assert.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* The kernel's largest piece of a dump: NLMSG_GOODSIZE grows up to this (af_netlink.c). */
#define RECEIVE_MAX 32768u
#define TEXT_MAX    200u /* of the kernel's own words */

struct netlink {
	int fd;
	uint32_t sequence;
	union {
		uint8_t bytes[RECEIVE_MAX];
		struct nlmsghdr align;
	} in;
};

/* --- building ---------------------------------------------------------------- */

static void append_padded(struct buf *buf, const void *data, size_t len)
{
	static const uint8_t zeros[NLMSG_ALIGNTO];

	if (len > 0)
		buf_append(buf, data, len);
	buf_append(buf, zeros, NLMSG_ALIGN(len) - len);
}

void nl_begin(struct nl_msg *msg, uint16_t type, uint16_t flags, const void *header, size_t len)
{
	const struct nlmsghdr head = { .nlmsg_type = type, .nlmsg_flags = flags | NLM_F_REQUEST };

	buf_consume(&msg->buf, buf_len(&msg->buf));
	buf_append(&msg->buf, &head, sizeof(head));
	append_padded(&msg->buf, header, len);
}

void nl_done(struct nl_msg *msg)
{
	buf_done(&msg->buf);
}

void nl_put(struct nl_msg *msg, uint16_t type, const void *data, size_t len)
{
	const struct nlattr attr = { .nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + len) };

	assert(len <= UINT16_MAX - NLA_HDRLEN);
	buf_append(&msg->buf, &attr, sizeof(attr));
	append_padded(&msg->buf, data, len);
}

void nl_put_u8(struct nl_msg *msg, uint16_t type, uint8_t value)
{
	nl_put(msg, type, &value, sizeof(value));
}

void nl_put_u16(struct nl_msg *msg, uint16_t type, uint16_t value)
{
	nl_put(msg, type, &value, sizeof(value));
}

void nl_put_u32(struct nl_msg *msg, uint16_t type, uint32_t value)
{
	nl_put(msg, type, &value, sizeof(value));
}

void nl_put_u64(struct nl_msg *msg, uint16_t type, uint64_t value)
{
	nl_put(msg, type, &value, sizeof(value));
}

void nl_put_string(struct nl_msg *msg, uint16_t type, const char *text)
{
	nl_put(msg, type, text, strlen(text) + 1);
}

size_t nl_nest(struct nl_msg *msg, uint16_t type)
{
	size_t nest = buf_len(&msg->buf);

	nl_put(msg, type, NULL, 0);
	return nest;
}

void nl_nest_end(struct nl_msg *msg, size_t nest)
{
	size_t len = buf_len(&msg->buf) - nest;
	uint16_t stored = (uint16_t)len;

	assert(len <= UINT16_MAX);
	memcpy(buf_data(&msg->buf) + nest + offsetof(struct nlattr, nla_len), &stored,
	       sizeof(stored));
}

/* --- reading ----------------------------------------------------------------- */

const void *nl_header(const struct nlmsghdr *message, size_t header_len)
{
	if (message->nlmsg_len < NLMSG_HDRLEN + header_len)
		return NULL;
	return (const uint8_t *)message + NLMSG_HDRLEN;
}

struct nl_attrs nl_attrs_of(const struct nlmsghdr *message, size_t header_len)
{
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(header_len);

	if (message->nlmsg_len < skip)
		return (struct nl_attrs){ 0 };
	return (struct nl_attrs){ (const uint8_t *)message + skip, message->nlmsg_len - skip };
}

struct nl_attrs nl_attrs_in(const struct nl_attr *attr)
{
	return (struct nl_attrs){ attr->data, attr->len };
}

bool nl_next(struct nl_attrs *attrs, struct nl_attr *ret)
{
	struct nlattr head;
	size_t used;

	if (attrs->left < sizeof(head))
		return false;
	memcpy(&head, attrs->at, sizeof(head));
	if (head.nla_len < NLA_HDRLEN || head.nla_len > attrs->left)
		return false;
	ret->type = head.nla_type & NLA_TYPE_MASK;
	ret->data = attrs->at + NLA_HDRLEN;
	ret->len = (size_t)head.nla_len - NLA_HDRLEN;
	used = NLA_ALIGN(head.nla_len);
	used = used < attrs->left ? used : attrs->left;
	attrs->at += used;
	attrs->left -= used;
	return true;
}

bool nl_find(struct nl_attrs attrs, uint16_t type, struct nl_attr *ret)
{
	struct nl_attr attr;

	while (nl_next(&attrs, &attr)) {
		if (attr.type != type)
			continue;
		*ret = attr;
		return true;
	}
	return false;
}

static bool value(const struct nl_attr *attr, void *ret, size_t len)
{
	if (attr->len != len)
		return false;
	memcpy(ret, attr->data, len);
	return true;
}

bool nl_u8(const struct nl_attr *attr, uint8_t *ret)
{
	return value(attr, ret, sizeof(*ret));
}

bool nl_u16(const struct nl_attr *attr, uint16_t *ret)
{
	return value(attr, ret, sizeof(*ret));
}

bool nl_u32(const struct nl_attr *attr, uint32_t *ret)
{
	return value(attr, ret, sizeof(*ret));
}

bool nl_u64(const struct nl_attr *attr, uint64_t *ret)
{
	return value(attr, ret, sizeof(*ret));
}

void nl_text(const struct nl_attr *attr, char *ret, size_t size)
{
	size_t len = strnlen((const char *)attr->data, attr->len);

	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(ret, attr->data, len);
	ret[len] = '\0';
}

const struct nlmsghdr *nl_message(const uint8_t **data, size_t *len)
{
	const struct nlmsghdr *message = (const void *)*data;
	size_t used;

	if (*len < sizeof(*message) || message->nlmsg_len < sizeof(*message) ||
	    message->nlmsg_len > *len)
		return NULL;
	used = NLMSG_ALIGN(message->nlmsg_len);
	used = used < *len ? used : *len;
	*data += used;
	*len -= used;
	return message;
}

/* --- talking ----------------------------------------------------------------- */

int netlink_open(int protocol, struct netlink **ret, struct err *err)
{
	CLEANUP(close)
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	struct netlink *netlink;
	const int on = 1;

	if (fd < 0)
		return err_errno(err, "netlink: socket");
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_errno(err, "netlink: bind");
	/* Older kernels lack these: their errors then have no words, and no answer is shorter. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	netlink = xcalloc(1, sizeof(*netlink));
	netlink->fd = take_fd(&fd);
	*ret = netlink;
	return 0;
}

void netlink_free(struct netlink *netlink)
{
	if (!netlink)
		return;
	close(netlink->fd);
	free(netlink);
}

int netlink_fd(const struct netlink *netlink)
{
	return netlink->fd;
}

/* One datagram. Returns its length, -EAGAIN when there is none, or -errno. */
static ssize_t receive(struct netlink *netlink)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(netlink->fd, netlink->in.bytes, sizeof(netlink->in.bytes),
				     MSG_TRUNC, (struct sockaddr *)&from, &from_len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n > (ssize_t)sizeof(netlink->in.bytes))
			return -EMSGSIZE;
		if (from.nl_pid == 0)
			return n; /* of the kernel, not of another process */
	}
}

/* The kernel's own words in an acknowledgement, if it has some. */
static bool ack_text(const struct nlmsghdr *message, char *ret, size_t size)
{
	const struct nlmsgerr *ack = (const void *)((const uint8_t *)message + NLMSG_HDRLEN);
	size_t skip = sizeof(*ack);
	struct nl_attr attr;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return false;
	/* The request is quoted as a whole unless the kernel cut it. */
	if (!(message->nlmsg_flags & NLM_F_CAPPED)) {
		if (ack->msg.nlmsg_len < NLMSG_HDRLEN || ack->msg.nlmsg_len > message->nlmsg_len)
			return false;
		skip += NLMSG_ALIGN(ack->msg.nlmsg_len) - NLMSG_HDRLEN;
	}
	if (!nl_find(nl_attrs_of(message, skip), NLMSGERR_ATTR_MSG, &attr))
		return false;
	nl_text(&attr, ret, size);
	str_printable(ret);
	return true;
}

/* An acknowledgement, or the end of a dump. Returns 0 or the kernel's error. */
static int outcome(const struct nlmsghdr *message, struct err *err)
{
	char text[TEXT_MAX];
	int code = 0;

	/* Both begin with the error; an old kernel ends a dump without one. */
	if (message->nlmsg_len >= NLMSG_HDRLEN + sizeof(code))
		memcpy(&code, (const uint8_t *)message + NLMSG_HDRLEN, sizeof(code));
	if (code >= 0)
		return 0;
	errno = -code;
	if (message->nlmsg_type == NLMSG_ERROR &&
	    message->nlmsg_len >= NLMSG_HDRLEN + sizeof(struct nlmsgerr) &&
	    ack_text(message, text, sizeof(text)))
		return err_errno(err, "netlink: %s", text);
	return err_errno(err, "netlink");
}

struct call {
	uint32_t sequence; /* of the last message */
	uint32_t first;
	int *results; /* of a batch, from the first on; or NULL */
	nl_fn fn;
	void *data;
	bool done;
	bool interrupted;
};

/* What fails is told for each message, success for the last only. */
static int take_result(struct call *call, const struct nlmsghdr *message)
{
	struct err error = { 0 };
	uint32_t index = message->nlmsg_seq - call->first;

	if (message->nlmsg_type != NLMSG_ERROR || index > call->sequence - call->first)
		return 0;
	call->results[index] = outcome(message, &error);
	call->done = message->nlmsg_seq == call->sequence;
	return 0;
}

static int take_message(struct call *call, const struct nlmsghdr *message, struct err *err)
{
	if (call->results)
		return take_result(call, message);
	if (message->nlmsg_seq != call->sequence)
		return 0; /* late, of a call that was given up; or an event */
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		call->interrupted = true;
	if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
		call->done = true;
		return outcome(message, err);
	}
	if (message->nlmsg_type < NLMSG_MIN_TYPE || !call->fn)
		return 0;
	return call->fn(call->data, message, err);
}

static int receive_answers(struct netlink *netlink, struct call *call, uint64_t deadline,
			   struct err *err)
{
	while (!call->done) {
		const uint8_t *data = netlink->in.bytes;
		const struct nlmsghdr *message;
		ssize_t n;
		size_t len;
		int r = wait_fd(netlink->fd, POLLIN, deadline);

		if (r < 0)
			return err_set(err, -r, "netlink: the kernel does not answer");
		n = receive(netlink);
		if (n == -EAGAIN)
			continue;
		if (n < 0) {
			errno = (int)-n;
			return err_errno(err, "netlink: receive");
		}
		len = (size_t)n;
		while (!call->done && (message = nl_message(&data, &len))) {
			r = take_message(call, message, err);
			if (r < 0)
				return r;
		}
	}
	return call->interrupted ? err_set(err, EINTR, "netlink: changed while it was read") : 0;
}

static int send_all(struct netlink *netlink, const struct buf *bytes, struct err *err)
{
	ssize_t n;

	do
		n = send(netlink->fd, buf_data(bytes), buf_len(bytes), 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_errno(err, "netlink: send") : 0;
}

int netlink_call(struct netlink *netlink, struct nl_msg *msg, uint64_t deadline, nl_fn fn,
		 void *data, struct err *err)
{
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)buf_data(&msg->buf);
	struct call call = { .sequence = ++netlink->sequence, .fn = fn, .data = data };
	int r;

	assert(head); /* it has begun */
	head->nlmsg_len = (uint32_t)buf_len(&msg->buf);
	head->nlmsg_seq = call.sequence;
	/* A dump ends with NLMSG_DONE, all else with the acknowledgement. */
	if ((head->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		head->nlmsg_flags |= NLM_F_ACK;
	r = send_all(netlink, &msg->buf, err);
	return r == 0 ? receive_answers(netlink, &call, deadline, err) : r;
}

int netlink_batch(struct netlink *netlink, struct nl_msg *msgs, size_t n, uint64_t deadline,
		  int *results, struct err *err)
{
	__attribute__((cleanup(buf_donep))) struct buf all = { 0 };
	struct call call = { .first = netlink->sequence + 1, .results = results };
	int r;

	for (size_t i = 0; i < n; i++) {
		struct nlmsghdr *head = (struct nlmsghdr *)(void *)buf_data(&msgs[i].buf);

		assert(head); /* it has begun */
		results[i] = 0;
		head->nlmsg_len = (uint32_t)buf_len(&msgs[i].buf);
		head->nlmsg_seq = ++netlink->sequence;
		if (i + 1 == n)
			head->nlmsg_flags |= NLM_F_ACK;
		append_padded(&all, head, head->nlmsg_len);
	}
	call.sequence = netlink->sequence;
	if (n == 0)
		return 0;
	r = send_all(netlink, &all, err);
	return r == 0 ? receive_answers(netlink, &call, deadline, err) : r;
}

static int take_family(void *data, const struct nlmsghdr *message,
		       struct err *err __attribute__((unused)))
{
	uint16_t *ret = data;
	struct nl_attr attr;

	if (nl_find(nl_attrs_of(message, GENL_HDRLEN), CTRL_ATTR_FAMILY_ID, &attr))
		(void)nl_u16(&attr, ret);
	return 0;
}

int netlink_family(struct netlink *netlink, const char *name, uint64_t deadline, uint16_t *ret,
		   struct err *err)
{
	const struct genlmsghdr header = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	uint16_t family = 0;
	int r;

	nl_begin(&msg, GENL_ID_CTRL, 0, &header, sizeof(header));
	nl_put_string(&msg, CTRL_ATTR_FAMILY_NAME, name);
	r = netlink_call(netlink, &msg, deadline, take_family, &family, err);
	if (r == 0 && family == 0)
		return err_set(err, ENOENT, "generic netlink: no family %s", name);
	if (r < 0)
		return err_prefix(err, "generic netlink family %s", name);
	*ret = family;
	return 0;
}

int netlink_subscribe(struct netlink *netlink, int group, struct err *err)
{
	if (setsockopt(netlink->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return err_errno(err, "netlink: subscribe to group %d", group);
	return 0;
}

int netlink_events(struct netlink *netlink, nl_fn fn, void *data, struct err *err)
{
	for (;;) {
		const uint8_t *at = netlink->in.bytes;
		const struct nlmsghdr *message;
		ssize_t n = receive(netlink);
		size_t len = n < 0 ? 0 : (size_t)n;

		if (n == -EAGAIN)
			return 0;
		if (n < 0) {
			errno = (int)-n;
			return err_errno(err, "netlink: receive");
		}
		while ((message = nl_message(&at, &len))) {
			int r = message->nlmsg_type < NLMSG_MIN_TYPE ? 0 : fn(data, message, err);

			if (r < 0)
				return r;
		}
	}
}
