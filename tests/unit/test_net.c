/* SPDX-License-Identifier: Apache-2.0 */
/* Two namespaces: an engine's, with one end of a veth each, as Docker's bridge has the other. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/enter.h"
#include "net/scan.h"
#include "net/tap.h"
#include "net/wire.h"
#include "tests/unit/netns_fake.h"

static void add_address(struct netlink *nl, const char *link, const char *text)
{
	struct rtnl_address address = { .index = get_link(nl, link).index };
	struct err err = { 0 };

	assert_int_equal(rtnl_prefix_parse(text, &address.ip, &address.prefix_len), 0);
	if (rtnl_address_add(nl, &address, &err) < 0)
		fail_msg("%s: %s", text, err.text);
}

/* A namespace as an engine leaves it: eth0 with two addresses and a default route. */
static struct netlink *engine_netns(void)
{
	struct netlink *nl = new_netns();
	struct rtnl_route route = { .family = AF_INET,
				    .table = RT_TABLE_MAIN,
				    .protocol = RTPROT_BOOT,
				    .type = RTN_UNICAST };
	struct rtnl_neighbour neighbour = { .has_mac = true,
					    .mac = { 2, 0, 0, 0, 0, 9 },
					    .state = NUD_PERMANENT };
	struct err err = { 0 };

	make_veth(nl, "eth0", "peer");
	add_address(nl, "eth0", "192.0.2.2/24");
	add_address(nl, "eth0", "2001:db8::2/64");
	set_up(nl, "peer");
	set_up(nl, "eth0");
	route.index = neighbour.index = get_link(nl, "eth0").index;
	assert_int_equal(rtnl_ip_parse("192.0.2.1", &route.gateway), 0);
	assert_int_equal(rtnl_route_add(nl, &route, false, &err), 0);
	assert_int_equal(rtnl_ip_parse("192.0.2.1", &neighbour.ip), 0);
	assert_int_equal(rtnl_neighbour_set(nl, &neighbour, &err), 0);
	return nl;
}

TEST(what_an_engine_has_made_is_read)
{
	CLEANUP(netlink_free) struct netlink *nl = engine_netns();
	__attribute__((cleanup(net_scan_done))) struct net_scan scan = { 0 };
	struct err err = { 0 };

	assert_int_equal(net_scan(nl, &scan, &err), 0);
	assert_int_equal(scan.n, 1); /* not lo, not the peer without an address */
	assert_string_equal(scan.endpoints[0].link.name, "eth0");
	assert_int_equal(scan.endpoints[0].kind, ENDPOINT_VETH);
	assert_int_equal(scan.endpoints[0].n_addresses, 2); /* without fe80::… */
	assert_int_equal(scan.routes.n, 1);
	assert_int_equal(scan.routes.items[0].dest.family, 0);
	assert_int_equal(scan.neighbours.n, 1);
}

TEST(an_empty_namespace_has_nothing)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	__attribute__((cleanup(net_scan_done))) struct net_scan scan = { 0 };
	struct err err = { 0 };

	assert_int_equal(net_scan(nl, &scan, &err), 0);
	assert_int_equal(scan.n, 0);
}

static int count_ingress(void *data, const struct nlmsghdr *message,
			 struct err *err __attribute__((unused)))
{
	unsigned *n = data;
	struct nl_attr kind;
	char text[16] = "";

	if (nl_find(nl_attrs_of(message, sizeof(struct tcmsg)), TCA_KIND, &kind))
		nl_text(&kind, text, sizeof(text));
	*n += strcmp(text, "ingress") == 0;
	return 0;
}

static unsigned n_ingress(struct netlink *nl)
{
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct tcmsg header = { 0 };
	unsigned n = 0;
	struct err err = { 0 };

	nl_begin(&msg, RTM_GETQDISC, NLM_F_DUMP, &header, sizeof(header));
	assert_int_equal(netlink_call(nl, &msg, deadline_in(5000), count_ingress, &n, &err), 0);
	return n;
}

static size_t n_links(struct netlink *nl)
{
	__attribute__((cleanup(rtnl_links_done))) struct rtnl_links links = { 0 };
	struct err err = { 0 };

	assert_int_equal(rtnl_links(nl, &links, &err), 0);
	return links.n;
}

/* Connects eth0 as what is of @kind, and undoes it: everything is as it was. */
static void connect_and_undo(enum endpoint_kind kind, enum wire_model model, size_t n_links_more,
			     unsigned n_qdiscs)
{
	CLEANUP(netlink_free) struct netlink *nl = engine_netns();
	CLEANUP(close) int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	__attribute__((cleanup(net_scan_done))) struct net_scan scan = { 0 };
	__attribute__((cleanup(net_scan_done))) struct net_scan after = { 0 };
	__attribute__((cleanup(wire_done))) struct wire wire = { 0 };
	CLEANUP(tap_free) struct tap *tap = NULL;
	struct err err = { 0 };
	size_t before = n_links(nl);

	assert_int_equal(net_scan(nl, &scan, &err), 0);
	scan.endpoints[0].kind = kind;
	wire_plan(&scan, 0, model, 7, &wire);
	if (wire_connect(netns, nl, &wire, scan.endpoints[0].link.mtu, 1, &tap, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(tap->n_fds, 1);
	assert_string_equal(tap->name, "tap7_kata");
	assert_int_equal(n_links(nl), before + n_links_more);
	assert_int_equal(n_ingress(nl), n_qdiscs);
	assert_true(get_link(nl, "tap7_kata").flags & IFF_UP);
	if (wire.model == WIRE_MACVTAP)
		assert_memory_equal(get_link(nl, "tap7_kata").mac, wire.mac, RTNL_MAC_LEN);

	if (wire_disconnect(nl, &wire, &err) < 0)
		fail_msg("%s", err.text);
	tap_free(take_ptr(tap));
	assert_int_equal(wire_disconnect(nl, &wire, &err), 0);
	assert_int_equal(n_links(nl), before);
	assert_int_equal(n_ingress(nl), 0);
	assert_memory_equal(get_link(nl, "eth0").mac, wire.mac, RTNL_MAC_LEN);
	assert_int_equal(net_scan(nl, &after, &err), 0);
	assert_int_equal(after.n, 1);
	assert_int_equal(after.endpoints[0].n_addresses, 2);
	assert_int_equal(after.routes.n, 1);
	assert_memory_equal(&after.routes.items[0], &scan.routes.items[0],
			    sizeof(after.routes.items[0]));
}

TEST(tcfilter_is_made_and_undone)
{
	connect_and_undo(ENDPOINT_VETH, WIRE_TCFILTER, 1, 2);
}

TEST(macvtap_is_made_and_undone)
{
	connect_and_undo(ENDPOINT_VETH, WIRE_MACVTAP, 1, 0);
}

TEST(bridged_is_made_and_undone)
{
	connect_and_undo(ENDPOINT_VETH, WIRE_BRIDGED, 2, 0);
}

/* Its parent lets no second MAC through, and its address has to stay. The kernel of a test may have
 * none. */
TEST(an_ipvlan_is_connected_by_tcfilter_whatever_the_model)
{
	connect_and_undo(ENDPOINT_IPVLAN, WIRE_TCFILTER, 1, 2);
	connect_and_undo(ENDPOINT_IPVLAN, WIRE_MACVTAP, 1, 2);
	connect_and_undo(ENDPOINT_IPVLAN, WIRE_BRIDGED, 1, 2);
}

TEST(an_ingress_queue_of_somebody_else_is_refused_and_stays)
{
	CLEANUP(netlink_free) struct netlink *nl = engine_netns();
	__attribute__((cleanup(net_scan_done))) struct net_scan scan = { 0 };
	__attribute__((cleanup(nl_done))) struct nl_msg msg = { 0 };
	const struct tcmsg header = { .tcm_ifindex = get_link(nl, "eth0").index,
				      .tcm_parent = TC_H_INGRESS,
				      .tcm_handle = 0xffff0000u };
	struct wire wire = { 0 };
	struct err err = { 0 };

	assert_int_equal(net_scan(nl, &scan, &err), 0);
	wire_plan(&scan, 0, WIRE_TCFILTER, 0, &wire);
	assert_int_equal(wire_check(nl, &wire, &err), 0);
	nl_begin(&msg, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	nl_put_string(&msg, TCA_KIND, "ingress");
	assert_int_equal(netlink_call(nl, &msg, deadline_in(5000), NULL, NULL, &err), 0);
	assert_int_equal(wire_check(nl, &wire, &err), -EBUSY);
	assert_non_null(strstr(err.text, "network: eth0 has an ingress queue"));
	assert_int_equal(n_ingress(nl), 1);
}

TEST(an_interface_that_is_another_by_now_is_left_alone)
{
	CLEANUP(netlink_free) struct netlink *nl = engine_netns();
	const struct wire wire = {
		.model = WIRE_BRIDGED, .index = 4711, .name = "eth0", .mac = { 2, 0, 0, 0, 0, 1 }
	};
	struct rtnl_link before = get_link(nl, "eth0");
	struct rtnl_link after;
	struct err err = { 0 };

	assert_int_equal(wire_disconnect(nl, &wire, &err), 0);
	after = get_link(nl, "eth0");
	assert_memory_equal(before.mac, after.mac, RTNL_MAC_LEN);
}

TEST(a_tap_has_its_queues_and_a_name_that_is_free)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	CLEANUP(tap_free) struct tap *tap = NULL;
	struct tap *second = NULL;
	struct err err = { 0 };

	assert_int_equal(tap_create("sixteen-bytes-xx", 1, &tap, &err), -EINVAL);
	assert_string_equal(err.text, "tap 'sixteen-bytes-xx': a name has 1 to 15 bytes");
	assert_int_equal(tap_create("test0", 4, &tap, &err), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(fcntl(tap->fds[i], F_GETFD), FD_CLOEXEC);
	assert_int_equal(tap_create("test0", 1, &second, &err), -EEXIST);
	assert_null(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_engine_has_made_is_read),
		cmocka_unit_test(an_empty_namespace_has_nothing),
		cmocka_unit_test(tcfilter_is_made_and_undone),
		cmocka_unit_test(macvtap_is_made_and_undone),
		cmocka_unit_test(bridged_is_made_and_undone),
		cmocka_unit_test(an_ipvlan_is_connected_by_tcfilter_whatever_the_model),
		cmocka_unit_test(an_ingress_queue_of_somebody_else_is_refused_and_stays),
		cmocka_unit_test(an_interface_that_is_another_by_now_is_left_alone),
		cmocka_unit_test(a_tap_has_its_queues_and_a_name_that_is_free),
	};

	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
