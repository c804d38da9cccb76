/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/netlink.h"

/* What netlink_call() would send, as one message. */
static const struct nlmsghdr *built(struct nl_msg *msg)
{
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)buf_data(&msg->buf);

	head->nlmsg_len = (uint32_t)buf_len(&msg->buf);
	return head;
}

TEST(what_is_put_is_found)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct ifinfomsg header = { .ifi_index = 7 };
	const struct ifinfomsg *read;
	struct nl_attrs attrs;
	struct nl_attr attr;
	struct nl_attr inner;
	char name[IFNAMSIZ];
	uint64_t wide = 0;
	uint32_t mtu = 0;
	size_t nest;

	nl_begin(&msg, RTM_NEWLINK, NLM_F_CREATE, &header, sizeof(header));
	nl_put_string(&msg, IFLA_IFNAME, "eth0");
	nest = nl_nest(&msg, IFLA_LINKINFO | NLA_F_NESTED);
	nl_put_string(&msg, IFLA_INFO_KIND, "veth");
	nl_put_u8(&msg, 77, 1);
	nl_nest_end(&msg, nest);
	nl_put_u32(&msg, IFLA_MTU, 1400);

	read = nl_header(built(&msg), sizeof(header));
	assert_int_equal(read->ifi_index, 7);
	attrs = nl_attrs_of(built(&msg), sizeof(header));
	assert_true(nl_find(attrs, IFLA_MTU, &attr));
	assert_true(nl_u32(&attr, &mtu));
	assert_int_equal(mtu, 1400);
	assert_false(nl_u64(&attr, &wide)); /* of another length */
	assert_true(nl_find(attrs, IFLA_LINKINFO, &attr));
	assert_true(nl_find(nl_attrs_in(&attr), IFLA_INFO_KIND, &inner));
	nl_text(&inner, name, sizeof(name));
	assert_string_equal(name, "veth");
	nl_text(&inner, name, 3);
	assert_string_equal(name, "ve");
	assert_false(nl_find(attrs, IFLA_ADDRESS, &attr));
}

TEST(every_prefix_of_a_message_is_read_within_its_bounds)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct ifinfomsg header = { .ifi_index = 7 };
	uint8_t copy[256] __attribute__((aligned(4)));
	size_t whole;

	nl_begin(&msg, RTM_NEWLINK, 0, &header, sizeof(header));
	nl_put_string(&msg, IFLA_IFNAME, "eth0");
	nl_put_u32(&msg, IFLA_MTU, 1400);
	whole = built(&msg)->nlmsg_len;
	for (size_t len = 0; len <= whole; len++) {
		const uint8_t *at = copy;
		size_t left = len;
		const struct nlmsghdr *message;
		struct nl_attrs attrs;
		struct nl_attr attr;

		memcpy(copy, buf_data(&msg.buf), whole);
		message = nl_message(&at, &left);
		assert_true((message != NULL) == (len == whole));
		if (len < sizeof(*message))
			continue;
		((struct nlmsghdr *)(void *)copy)->nlmsg_len = (uint32_t)len;
		message = (const void *)copy;
		attrs = nl_attrs_of(message, sizeof(header));
		while (nl_next(&attrs, &attr))
			assert_true(attr.data + attr.len <= copy + len);
	}
}

TEST(an_attribute_that_claims_too_much_or_too_little_ends_the_run)
{
	const uint8_t too_long[] = { 9, 0, 1, 0, 'a', 'b', 'c', 'd' };
	const uint8_t too_short[] = { 3, 0, 1, 0, 'a', 'b', 'c', 'd' };
	struct nl_attrs attrs = { too_long, sizeof(too_long) };
	struct nl_attr attr;

	assert_false(nl_next(&attrs, &attr));
	attrs = (struct nl_attrs){ too_short, sizeof(too_short) };
	assert_false(nl_next(&attrs, &attr));
}

static int count_and_keep_index(void *data, const struct nlmsghdr *message,
				struct err *err __attribute__((unused)))
{
	const struct ifinfomsg *info = nl_header(message, sizeof(*info));
	int *found = data;

	assert_non_null(info);
	found[0]++;
	found[1] = info->ifi_index;
	return 0;
}

static struct netlink *open_route(void)
{
	struct netlink *netlink = NULL;
	struct err err = { 0 };

	require(unshare(CLONE_NEWNET) == 0);
	assert_int_equal(netlink_open(NETLINK_ROUTE, &netlink, &err), 0);
	return netlink;
}

TEST(a_dump_gives_every_link)
{
	CLEANUP(netlink_free) struct netlink *netlink = open_route();
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct err err = { 0 };
	int found[2] = { 0 };

	nl_begin(&msg, RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));
	assert_int_equal(
		netlink_call(netlink, &msg, deadline_in(5000), count_and_keep_index, found, &err),
		0);
	assert_true(found[0] >= 1);
}

TEST(errors_are_the_kernels_with_its_own_words_where_it_has_some)
{
	CLEANUP(netlink_free) struct netlink *netlink = open_route();
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct ifinfomsg link = { .ifi_index = 4711 };
	const struct ifaddrmsg address = { .ifa_family = AF_INET,
					   .ifa_prefixlen = 40,
					   .ifa_index = 1 };
	struct err err = { 0 };

	nl_begin(&msg, RTM_DELLINK, 0, &link, sizeof(link));
	assert_int_equal(netlink_call(netlink, &msg, deadline_in(5000), NULL, NULL, &err), -ENODEV);
	assert_string_equal(err.text, "netlink: No such device");
	nl_begin(&msg, RTM_NEWADDR, NLM_F_CREATE, &address, sizeof(address));
	nl_put_u32(&msg, IFA_LOCAL, 0x0100007f);
	assert_int_equal(netlink_call(netlink, &msg, deadline_in(5000), NULL, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "refix length"));
}

TEST(a_family_of_generic_netlink_is_found_by_its_name)
{
	CLEANUP(netlink_free) struct netlink *netlink = NULL;
	struct err err = { 0 };
	uint16_t family = 0;

	assert_int_equal(netlink_open(NETLINK_GENERIC, &netlink, &err), 0);
	assert_int_equal(netlink_family(netlink, "nlctrl", deadline_in(5000), &family, &err), 0);
	assert_int_equal(family, 16);
	assert_int_equal(
		netlink_family(netlink, "no-such-family", deadline_in(5000), &family, &err),
		-ENOENT);
	assert_non_null(strstr(err.text, "no-such-family"));
}

TEST(what_changes_is_told_to_who_has_subscribed)
{
	CLEANUP(netlink_free) struct netlink *netlink = open_route();
	CLEANUP(netlink_free) struct netlink *events = NULL;
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct ifinfomsg up = { .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct err err = { 0 };
	int found[2] = { 0 };

	assert_int_equal(netlink_open(NETLINK_ROUTE, &events, &err), 0);
	assert_int_equal(netlink_subscribe(events, RTNLGRP_LINK, &err), 0);
	assert_int_equal(netlink_events(events, count_and_keep_index, found, &err), 0);
	assert_int_equal(found[0], 0);
	nl_begin(&msg, RTM_NEWLINK, 0, &up, sizeof(up));
	assert_int_equal(netlink_call(netlink, &msg, deadline_in(5000), NULL, NULL, &err), 0);
	assert_int_equal(netlink_events(events, count_and_keep_index, found, &err), 0);
	assert_true(found[0] >= 1);
	assert_int_equal(found[1], 1);
}

TEST(a_batch_is_done_in_order_and_says_what_became_of_each)
{
	struct ifinfomsg wanted = { .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct ifinfomsg missing = { .ifi_index = 4711 };
	__attribute__((cleanup(nl_done))) struct nl_msg first = { 0 };
	CLEANUP(netlink_free) struct netlink *netlink = NULL;
	struct nl_msg msgs[100] = { 0 };
	struct err err = { 0 };
	int results[100];

	require(unshare(CLONE_NEWNET) == 0);
	assert_int_equal(netlink_open(NETLINK_ROUTE, &netlink, &err), 0);
	for (size_t i = 0; i < 100; i++)
		nl_begin(&msgs[i], i % 2 ? RTM_DELLINK : RTM_NEWLINK, 0, i % 2 ? &missing : &wanted,
			 sizeof(wanted));
	for (int round = 0; round < 2; round++) {
		/* With success as the last word, and with an error. */
		size_t n = round ? 100 : 99;

		memset(results, 1, sizeof(results));
		assert_int_equal(netlink_batch(netlink, msgs, n, deadline_in(10000), results, &err),
				 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(results[i], i % 2 ? -ENODEV : 0);
	}
	assert_int_equal(netlink_batch(netlink, msgs, 0, deadline_in(10000), results, &err), 0);
	/* The next call is not disturbed. */
	nl_begin(&first, RTM_GETLINK, 0, &(struct ifinfomsg){ .ifi_index = 1 },
		 sizeof(struct ifinfomsg));
	assert_int_equal(netlink_call(netlink, &first, deadline_in(10000), NULL, NULL, &err), 0);
	assert_string_equal(err.text, "");
	for (size_t i = 0; i < 100; i++)
		nl_done(&msgs[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_found),
		cmocka_unit_test(every_prefix_of_a_message_is_read_within_its_bounds),
		cmocka_unit_test(an_attribute_that_claims_too_much_or_too_little_ends_the_run),
		cmocka_unit_test(a_dump_gives_every_link),
		cmocka_unit_test(errors_are_the_kernels_with_its_own_words_where_it_has_some),
		cmocka_unit_test(a_family_of_generic_netlink_is_found_by_its_name),
		cmocka_unit_test(a_batch_is_done_in_order_and_says_what_became_of_each),
		cmocka_unit_test(what_changes_is_told_to_who_has_subscribed),
	};

	return cmocka_run_group_tests_name("netlink", tests, NULL, NULL);
}
