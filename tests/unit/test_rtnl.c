/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <net/if_arp.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/unit/netns_fake.h"

TEST(addresses_prefixes_and_macs_are_read_and_written)
{
	static const char *const good[] = { "192.0.2.1/24", "0.0.0.0/0", "2001:db8::1/64", "::/0",
					    "fe80::1/128" };
	static const char *const bad[] = { "",
					   "192.0.2.1/33",
					   "192.0.2.1/",
					   "192.0.2/24",
					   "::1/129",
					   "2001:db8::g/64",
					   "192.0.2.1/-1",
					   "192.0.2.1/2x",
					   " 192.0.2.1/24" };
	static const char *const bad_macs[] = { "", "02:42:ac:11:00", "02:42:ac:11:00:0g",
						"02-42-ac-11-00-02", "02:42:ac:11:00:02:" };
	char text[RTNL_TEXT_LEN];
	uint8_t mac[RTNL_MAC_LEN];
	struct rtnl_ip ip;
	unsigned len = 0;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(rtnl_prefix_parse(good[i], &ip, &len), 0);
		assert_string_equal(rtnl_prefix_text(&ip, len, text, sizeof(text)), good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (rtnl_prefix_parse(bad[i], &ip, &len) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
	assert_int_equal(rtnl_prefix_parse("192.0.2.1", &ip, &len), 0);
	assert_int_equal(len, 32);
	assert_int_equal(rtnl_mac_parse("02:42:AC:11:00:0f", mac), 0);
	assert_string_equal(rtnl_mac_text(mac, text, sizeof(text)), "02:42:ac:11:00:0f");
	for (size_t i = 0; i < sizeof(bad_macs) / sizeof(bad_macs[0]); i++)
		if (rtnl_mac_parse(bad_macs[i], mac) != -EINVAL)
			fail_msg("'%s' is taken", bad_macs[i]);
}

TEST(a_link_is_what_it_was_made)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	__attribute__((cleanup(rtnl_links_done))) struct rtnl_links links = { 0 };
	const uint8_t mac[] = { 2, 0x42, 0, 0, 0, 7 };
	const struct rtnl_link_change change = {
		.name = "eth7", .mac = mac, .mtu = 1400, .flags = IFF_NOARP, .flags_mask = IFF_NOARP
	};
	const struct rtnl_link *link;
	struct err err = { 0 };

	make_veth(nl, "left", "right");
	assert_int_equal(rtnl_link_change(nl, get_link(nl, "left").index, &change, &err), 0);
	assert_int_equal(rtnl_links(nl, &links, &err), 0);
	link = rtnl_link_by_name(&links, "eth7");
	assert_non_null(link);
	assert_ptr_equal(link, rtnl_link_by_mac(&links, mac));
	assert_ptr_equal(link, rtnl_link_by_index(&links, link->index));
	assert_string_equal(link->kind, "veth");
	assert_int_equal(link->type, ARPHRD_ETHER);
	assert_int_equal(link->mtu, 1400);
	assert_true(link->flags & IFF_NOARP);
	assert_false(link->flags & IFF_UP);
	assert_int_equal(link->parent, rtnl_link_by_name(&links, "right")->index);
	assert_int_equal(rtnl_link_delete(nl, link->index, &err), 0);
	assert_int_equal(rtnl_link_get(nl, "eth7", &(struct rtnl_link){ 0 }, &err), -ENODEV);
	assert_non_null(strstr(err.text, "link eth7: "));
}

static struct rtnl_address address_of(int index, const char *text)
{
	struct rtnl_address address = { .index = index };

	assert_int_equal(rtnl_prefix_parse(text, &address.ip, &address.prefix_len), 0);
	return address;
}

static bool has_address(struct netlink *nl, const struct rtnl_address *wanted)
{
	__attribute__((cleanup(rtnl_addresses_done))) struct rtnl_addresses list = { 0 };
	struct err err = { 0 };

	assert_int_equal(rtnl_addresses(nl, &list, &err), 0);
	for (size_t i = 0; i < list.n; i++)
		if (list.items[i].index == wanted->index &&
		    list.items[i].prefix_len == wanted->prefix_len &&
		    rtnl_ip_equal(&list.items[i].ip, &wanted->ip))
			return true;
	return false;
}

TEST(addresses_come_and_go)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	static const char *const texts[] = { "192.0.2.1/24", "192.0.2.9/32", "2001:db8::1/64" };
	struct err err = { 0 };

	make_veth(nl, "left", "right");
	for (size_t i = 0; i < 3; i++) {
		const struct rtnl_address address =
			address_of(get_link(nl, "left").index, texts[i]);

		assert_int_equal(rtnl_address_add(nl, &address, &err), 0);
		assert_true(has_address(nl, &address));
		assert_int_equal(rtnl_address_add(nl, &address, &err), -EEXIST);
		assert_int_equal(rtnl_address_delete(nl, &address, &err), 0);
		assert_false(has_address(nl, &address));
	}
}

static struct rtnl_route *find_route(const struct rtnl_routes *list,
				     const struct rtnl_route *wanted)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].family == wanted->family &&
		    list->items[i].metric == wanted->metric &&
		    list->items[i].dest_len == wanted->dest_len &&
		    rtnl_ip_equal(&list->items[i].dest, &wanted->dest))
			return &list->items[i];
	return NULL;
}

TEST(routes_come_and_go_with_all_that_they_say)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	__attribute__((cleanup(rtnl_routes_done))) struct rtnl_routes list = { 0 };
	struct rtnl_route route = { .family = AF_INET,
				    .table = RT_TABLE_MAIN,
				    .protocol = RTPROT_STATIC,
				    .type = RTN_UNICAST,
				    .metric = 77,
				    .mtu = 1300 };
	struct rtnl_route fallback = { .family = AF_INET6,
				       .table = RT_TABLE_MAIN,
				       .protocol = RTPROT_STATIC,
				       .type = RTN_UNICAST,
				       .metric = 55 };
	struct rtnl_address address;
	struct rtnl_route *found;
	struct err err = { 0 };

	make_veth(nl, "left", "right");
	address = address_of(get_link(nl, "left").index, "192.0.2.1/24");
	assert_int_equal(rtnl_address_add(nl, &address, &err), 0);
	set_up(nl, "left");
	set_up(nl, "right");
	route.index = fallback.index = address.index;
	route.source = address.ip;
	assert_int_equal(rtnl_prefix_parse("198.51.100.0/24", &route.dest, &route.dest_len), 0);
	assert_int_equal(rtnl_ip_parse("192.0.2.254", &route.gateway), 0);
	assert_int_equal(rtnl_ip_parse("fe80::1", &fallback.gateway), 0);
	assert_int_equal(rtnl_route_add(nl, &route, false, &err), 0);
	assert_int_equal(rtnl_route_add(nl, &fallback, false, &err), 0);
	assert_int_equal(rtnl_route_add(nl, &route, false, &err), -EEXIST);
	assert_int_equal(rtnl_route_add(nl, &route, true, &err), 0);

	assert_int_equal(rtnl_routes(nl, &list, &err), 0);
	found = find_route(&list, &route);
	assert_non_null(found);
	assert_true(rtnl_ip_equal(&found->gateway, &route.gateway));
	assert_true(rtnl_ip_equal(&found->source, &route.source));
	assert_int_equal(found->mtu, 1300);
	assert_int_equal(found->protocol, RTPROT_STATIC);
	assert_int_equal(found->index, route.index);
	found = find_route(&list, &fallback);
	assert_non_null(found);
	assert_int_equal(found->dest.family, 0);
	assert_true(rtnl_ip_equal(&found->gateway, &fallback.gateway));

	assert_int_equal(rtnl_route_delete(nl, &route, &err), 0);
	assert_int_equal(rtnl_route_delete(nl, &route, &err), -ESRCH);
}

TEST(a_neighbour_is_kept)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	__attribute__((cleanup(rtnl_neighbours_done))) struct rtnl_neighbours list = { 0 };
	struct rtnl_neighbour neighbour = { .has_mac = true,
					    .mac = { 2, 0, 0, 0, 0, 9 },
					    .state = NUD_PERMANENT };
	struct err err = { 0 };
	bool found = false;

	make_veth(nl, "left", "right");
	set_up(nl, "left");
	neighbour.index = get_link(nl, "left").index;
	assert_int_equal(rtnl_ip_parse("192.0.2.3", &neighbour.ip), 0);
	assert_int_equal(rtnl_neighbour_set(nl, &neighbour, &err), 0);
	assert_int_equal(rtnl_neighbour_set(nl, &neighbour, &err), 0);
	assert_int_equal(rtnl_neighbours(nl, &list, &err), 0);
	for (size_t i = 0; i < list.n; i++)
		found |= rtnl_ip_equal(&list.items[i].ip, &neighbour.ip) &&
			 memcmp(list.items[i].mac, neighbour.mac, RTNL_MAC_LEN) == 0 &&
			 list.items[i].state == NUD_PERMANENT;
	assert_true(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_prefixes_and_macs_are_read_and_written),
		cmocka_unit_test(a_link_is_what_it_was_made),
		cmocka_unit_test(addresses_come_and_go),
		cmocka_unit_test(routes_come_and_go_with_all_that_they_say),
		cmocka_unit_test(a_neighbour_is_kept),
	};

	return cmocka_run_group_tests_name("rtnl", tests, NULL, NULL);
}
