/* SPDX-License-Identifier: Apache-2.0 */
/* Each test in a network namespace of its own, with pairs of veth in the part of the guest's NICs.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <stdio.h>
#include <string.h>

#include "agent/network.h"
#include "agent/network_stats.h"
#include "agent/routes.h"
#include "base/mem.h"
#include "base/str.h"
#include "rpc/pb.h"
#include "tests/unit/netns_fake.h"

#define MTU 1300u

/* An interface as the host sends it. */
struct request {
	Types__Interface message;
	Types__IPAddress parts[4];
	Types__IPAddress *list[4];
	char texts[4][64];
	char mac[RTNL_TEXT_LEN];
};

/* @addresses: "192.0.2.1/24 2001:db8::1/64". */
static void make_request(struct request *r, const char *name, const struct rtnl_link *link,
			 const char *addresses)
{
	CLEANUP(strv_free) char **words = strv_split(addresses, " ");

	memset(r, 0, sizeof(*r));
	r->message = (Types__Interface)TYPES__INTERFACE__INIT;
	r->message.name = (char *)(uintptr_t)name;
	if (link)
		r->message.hwaddr = rtnl_mac_text(link->mac, r->mac, sizeof(r->mac));
	for (size_t i = 0; words && words[i]; i++) {
		size_t len = strcspn(words[i], "/");

		snprintf(r->texts[i], sizeof(r->texts[i]), "%s", words[i]);
		r->texts[i][len] = '\0';
		r->parts[i] = (Types__IPAddress)TYPES__IPADDRESS__INIT;
		r->parts[i].address = r->texts[i];
		r->parts[i].mask = r->texts[i] + len + 1;
		r->list[i] = &r->parts[i];
		r->message.n_ipaddresses++;
	}
	r->message.ipaddresses = r->list;
}

static int update(const struct request *request, uint32_t queues, struct err *err)
{
	Types__Interface *ret = NULL;
	int r = network_update_interface(&request->message, queues, 100, &ret, err);

	if (r == 0)
		pb_free(&ret->base);
	return r;
}

static void must_update(const struct request *request)
{
	struct err err = { 0 };

	if (update(request, 0, &err) < 0)
		fail_msg("%s", err.text);
}

/* Everything that there is, as text: two of them are compared. */
static char *look(void)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	Grpc__Interfaces *interfaces = NULL;
	Grpc__Routes *routes = NULL;
	struct err err = { 0 };

	assert_int_equal(network_list_interfaces(&interfaces, &err), 0);
	for (size_t i = 0; i < interfaces->n_interfaces; i++) {
		const Types__Interface *nic = interfaces->interfaces[i];

		buf_printf(&out, "%s %s mtu %d flags %u", nic->name, nic->hwaddr, (int)nic->mtu,
			   nic->raw_flags);
		for (size_t k = 0; k < nic->n_ipaddresses; k++)
			if (!str_starts(nic->ipaddresses[k]->address, "fe80:"))
				buf_printf(&out, " %s/%s", nic->ipaddresses[k]->address,
					   nic->ipaddresses[k]->mask);
		buf_printf(&out, "\n");
	}
	pb_free(&interfaces->base);
	assert_int_equal(routes_list(&routes, &err), 0);
	for (size_t i = 0; i < routes->n_routes; i++) {
		const Types__Route *route = routes->routes[i];

		if (!str_starts(route->dest, "fe80:"))
			buf_printf(&out, "route '%s' via '%s' dev %s src '%s' mtu %u\n",
				   route->dest, route->gateway, route->device, route->source,
				   route->mtu);
	}
	pb_free(&routes->base);
	return buf_take_string(&out);
}

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void assert_silent(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

TEST(an_interface_gets_all_that_the_host_wants)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	Types__Interface *ret = NULL;
	struct request request;
	struct rtnl_link link;
	struct err err = { 0 };

	make_veth(nl, "first", "peer");
	link = get_link(nl, "first");
	make_request(&request, "eth0", &link, "192.0.2.2/24 198.51.100.2/32 2001:db8::2/64");
	request.message.mtu = MTU;
	request.message.raw_flags = IFF_NOARP | IFF_PROMISC;
	assert_int_equal(network_update_interface(&request.message, 0, 100, &ret, &err), 0);
	assert_string_equal(ret->name, "eth0");
	assert_string_equal(ret->hwaddr, request.mac);
	assert_int_equal(ret->mtu, MTU);
	assert_int_equal(ret->n_ipaddresses, 3);
	pb_free(&ret->base);
	link = get_link(nl, "eth0");
	assert_int_equal(link.flags & (IFF_UP | IFF_NOARP | IFF_PROMISC), IFF_UP | IFF_NOARP);

	CLEANUP(free) char *all = look();

	assert_says(all, "192.0.2.2/24");
	assert_says(all, "2001:db8::2/64");
	assert_says(all, "route '192.0.2.0/24' via '' dev eth0");
}

TEST(the_same_again_changes_nothing)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	struct request request;
	struct rtnl_link link;

	make_veth(nl, "first", "peer");
	set_up(nl, "peer");
	link = get_link(nl, "first");
	make_request(&request, "eth0", &link, "192.0.2.2/24 2001:db8::2/64");
	must_update(&request);

	CLEANUP(free) char *before = look();

	must_update(&request);

	CLEANUP(free) char *after = look();

	assert_string_equal(before, after);
}

TEST(names_that_are_crossed_are_exchanged)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	struct request request;
	struct rtnl_link zero;
	struct rtnl_link one;

	make_veth(nl, "eth0", "peer0");
	make_veth(nl, "eth1", "peer1");
	zero = get_link(nl, "eth0");
	one = get_link(nl, "eth1");
	make_request(&request, "eth1", &zero, "192.0.2.2/24");
	must_update(&request);
	make_request(&request, "eth0", &one, "198.51.100.2/24");
	must_update(&request);
	assert_int_equal(get_link(nl, "eth1").index, zero.index);
	assert_int_equal(get_link(nl, "eth0").index, one.index);
}

TEST(a_name_or_mac_address_in_use_is_refused)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	struct request request;
	struct rtnl_link zero;
	struct rtnl_link one;
	struct err err = { 0 };

	make_veth(nl, "eth0", "peer0");
	make_veth(nl, "eth1", "peer1");
	zero = get_link(nl, "eth0");
	one = get_link(nl, "eth1");
	make_request(&request, "eth0", &zero, "192.0.2.2/24");
	must_update(&request);

	CLEANUP(free) char *before = look();

	make_request(&request, "eth0", &one, "198.51.100.2/24");
	assert_int_equal(update(&request, 0, &err), -EEXIST);
	assert_says(err.text, "eth0");
	assert_int_equal(rtnl_link_change(nl, one.index,
					  &(struct rtnl_link_change){ .mac = zero.mac }, &err),
			 0);
	make_request(&request, "eth7", &zero, "198.51.100.2/24");
	assert_int_equal(update(&request, 0, &err), -EEXIST);
	assert_says(err.text, "2 interfaces");
	assert_int_equal(
		rtnl_link_change(nl, one.index, &(struct rtnl_link_change){ .mac = one.mac }, &err),
		0);

	CLEANUP(free) char *after = look();

	assert_string_equal(before, after);
}

TEST(without_a_mac_address_an_interface_is_found_by_its_name)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	struct request request;
	struct rtnl_link link;
	struct err err = { 0 };

	make_veth(nl, "eth0", "peer");
	link = get_link(nl, "eth0");
	make_request(&request, "eth0", &link, "192.0.2.2/24 192.0.2.3/24");
	must_update(&request);
	make_request(&request, "eth0", NULL, "192.0.2.3/24");
	must_update(&request);

	CLEANUP(free) char *one = look();

	assert_silent(one, "192.0.2.2/");
	assert_says(one, "192.0.2.3/24");
	make_request(&request, "eth0", NULL, "");
	must_update(&request);

	CLEANUP(free) char *none = look();

	assert_silent(none, "192.0.2");
	make_request(&request, "eth5", NULL, "");
	assert_int_equal(update(&request, 0, &err), -ENODEV);
	assert_says(err.text, "eth5");
}

/* The last step fails: a veth of one queue cannot have 50. */
TEST(what_fails_leaves_the_interface_as_it_was)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	struct request request;
	struct rtnl_link link;
	struct err err = { 0 };

	make_veth(nl, "eth0", "peer0");
	make_veth(nl, "eth1", "peer1");
	set_up(nl, "peer0");
	link = get_link(nl, "eth0");
	make_request(&request, "eth0", &link, "192.0.2.2/24 2001:db8::2/64");
	must_update(&request);

	const struct rtnl_route route = { .family = AF_INET,
					  .gateway = { AF_INET, { 192, 0, 2, 1 } },
					  .index = link.index,
					  .table = RT_TABLE_MAIN,
					  .protocol = RTPROT_BOOT,
					  .type = RTN_UNICAST };

	assert_int_equal(rtnl_route_add(nl, &route, false, &err), 0);

	CLEANUP(free) char *before = look();

	make_request(&request, "eth1", &link, "198.51.100.2/24");
	request.message.mtu = MTU;
	request.message.raw_flags = IFF_NOARP;
	assert_int_equal(update(&request, 50, &err), -EINVAL);
	assert_says(err.text, "queues: 50");

	CLEANUP(free) char *after = look();

	assert_string_equal(before, after);
	assert_int_equal(get_link(nl, "eth0").flags & (IFF_UP | IFF_NOARP), IFF_UP);
	assert_int_equal(get_link(nl, "eth1").flags & IFF_UP, 0);
}

TEST(a_wrong_host_is_told_so)
{
	static const struct {
		const char *name;
		const char *mac;
		const char *address;
		const char *mask;
		uint64_t mtu;
		uint32_t queues;
		const char *says;
	} wrong[] = {
		{ "", "02:00:00:00:00:01", "", "", 0, 0, "name" },
		{ "sixteen-bytes-xx", "02:00:00:00:00:01", "", "", 0, 0, "name" },
		{ "a/b", "02:00:00:00:00:01", "", "", 0, 0, "name" },
		{ "a b", "02:00:00:00:00:01", "", "", 0, 0, "name" },
		{ "..", "02:00:00:00:00:01", "", "", 0, 0, "name" },
		{ "a%d", "02:00:00:00:00:01", "", "", 0, 0, "name" },
		{ "lo", "", "", "", 0, 0, "lo" },
		{ "eth0", "02:00:00:00:00", "", "", 0, 0, "hwAddr" },
		{ "eth0", "03:00:00:00:00:01", "", "", 0, 0, "hwAddr" },
		{ "eth0", "02:00:00:00:00:01", "", "", 0, 0, "has no interface" },
		{ "eth0", "", "192.0.2", "24", 0, 0, "IPAddresses" },
		{ "eth0", "", "192.0.2.1", "33", 0, 0, "0 to 32" },
		{ "eth0", "", "2001:db8::1", "129", 0, 0, "0 to 128" },
		{ "eth0", "", "192.0.2.1", "x", 0, 0, "mask" },
		{ "eth0", "", "", "", 45, 0, "mtu" },
		{ "eth0", "", "", "", 65536, 0, "mtu" },
		{ "eth0", "", "", "", 0, 257, "queues" },
	};
	CLEANUP(netlink_free) struct netlink *nl = new_netns();

	make_veth(nl, "eth0", "peer");

	CLEANUP(free) char *before = look();

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct request request;
		struct err err = { 0 };

		make_request(&request, wrong[i].name, NULL, *wrong[i].address ? "0/0" : "");
		request.message.hwaddr = (char *)(uintptr_t)wrong[i].mac;
		request.message.mtu = wrong[i].mtu;
		request.parts[0].address = (char *)(uintptr_t)wrong[i].address;
		request.parts[0].mask = (char *)(uintptr_t)wrong[i].mask;
		assert_true(update(&request, wrong[i].queues, &err) < 0);
		assert_says(err.text, wrong[i].says);
	}

	CLEANUP(free) char *after = look();

	assert_string_equal(before, after);
}

TEST(an_interface_that_does_not_come_is_waited_for)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	struct request request;
	struct err err = { 0 };

	(void)nl;
	make_request(&request, "eth0", NULL, "");
	request.message.devicepath = (char[]){ "1f.7/00" };
	assert_int_equal(update(&request, 0, &err), -ETIMEDOUT);
	assert_says(err.text, "1f.7/00");
	request.message.devicepath = (char[]){ "../../x" };
	assert_int_equal(update(&request, 0, &err), -EINVAL);
}

TEST(neighbours_are_added_all_or_none)
{
	CLEANUP(netlink_free) struct netlink *nl = new_netns();
	Types__IPAddress ip = TYPES__IPADDRESS__INIT;
	Types__ARPNeighbor good = TYPES__ARPNEIGHBOR__INIT;
	Types__ARPNeighbor bad = TYPES__ARPNEIGHBOR__INIT;
	Types__ARPNeighbor *list[] = { &good, &bad };
	Grpc__ARPNeighbors all = GRPC__ARPNEIGHBORS__INIT;
	struct rtnl_neighbours there = { 0 };
	struct err err = { 0 };

	make_veth(nl, "eth0", "peer");
	set_up(nl, "eth0");
	set_up(nl, "peer");
	ip.address = (char[]){ "192.0.2.1" };
	good.toipaddress = &ip;
	good.device = (char[]){ "eth0" };
	good.lladdr = (char[]){ "02:00:00:00:00:01" };
	bad = good;
	bad.device = (char[]){ "eth9" };
	all.n_arpneighbors = 2;
	all.arpneighbors = list;
	assert_int_equal(network_add_neighbours(&all, &err), -ENODEV);
	bad = good;
	bad.lladdr = (char[]){ "x" };
	assert_int_equal(network_add_neighbours(&all, &err), -EINVAL);
	bad = good;
	bad.toipaddress = NULL;
	assert_int_equal(network_add_neighbours(&all, &err), -EINVAL);
	assert_int_equal(rtnl_neighbours(nl, &there, &err), 0);
	for (size_t i = 0; i < there.n; i++)
		assert_int_not_equal(there.items[i].ip.family, AF_INET);
	rtnl_neighbours_done(&there);

	bad = good;
	assert_int_equal(network_add_neighbours(&all, &err), 0);
	assert_int_equal(rtnl_neighbours(nl, &there, &err), 0);
	for (size_t i = 0; i < there.n; i++)
		if (there.items[i].ip.family == AF_INET)
			assert_int_equal(there.items[i].state, NUD_PERMANENT);
	rtnl_neighbours_done(&there);
	assert_int_equal(network_add_neighbours(NULL, &err), 0);
}

/* Routes. */

/* A namespace with eth0 of 192.0.2.2/24 and 2001:db8::2/64. */
static struct netlink *with_eth0(void)
{
	struct netlink *nl = new_netns();
	struct request request;
	struct rtnl_link link;

	make_veth(nl, "eth0", "peer");
	set_up(nl, "peer");
	set_up(nl, "lo");
	link = get_link(nl, "eth0");
	make_request(&request, "eth0", &link, "192.0.2.2/24 2001:db8::2/64");
	must_update(&request);
	return nl;
}

struct route_words {
	const char *dest;
	const char *gateway;
	const char *device;
	const char *source;
	uint32_t metric;
	uint32_t mtu;
};

#define ROUTES_MAX 4u

static int set_routes(const struct route_words *words, size_t n, bool increment, struct err *err)
{
	Katac__UpdateRoutesRequest message = KATAC__UPDATE_ROUTES_REQUEST__INIT;
	Katac__Route routes[ROUTES_MAX];
	Types__Route inner[ROUTES_MAX];
	Katac__Route *list[ROUTES_MAX];
	Katac__Routes *ret = NULL;
	int r;

	for (size_t i = 0; i < n; i++) {
		inner[i] = (Types__Route)TYPES__ROUTE__INIT;
		inner[i].dest = (char *)(uintptr_t)words[i].dest;
		inner[i].gateway = (char *)(uintptr_t)words[i].gateway;
		inner[i].device = (char *)(uintptr_t)words[i].device;
		inner[i].source = (char *)(uintptr_t)(words[i].source ? words[i].source : "");
		inner[i].mtu = words[i].mtu;
		routes[i] = (Katac__Route)KATAC__ROUTE__INIT;
		routes[i].route = &inner[i];
		routes[i].metric = words[i].metric;
		list[i] = &routes[i];
	}
	message.routes = list;
	message.n_routes = n;
	message.increment = increment;
	r = routes_update(&message, &ret, err);
	if (r == 0) {
		assert_int_equal(ret->n_routes, n);
		pb_free(&ret->base);
	}
	return r;
}

static int delete_routes(const char *dest, const char *gateway, const char *device, size_t *ret_n,
			 struct err *err)
{
	Katac__DeleteRoutesRequest message = KATAC__DELETE_ROUTES_REQUEST__INIT;
	Katac__Routes *ret = NULL;
	int r;

	message.dest = (char *)(uintptr_t)dest;
	message.gateway = (char *)(uintptr_t)gateway;
	message.device = (char *)(uintptr_t)device;
	r = routes_delete(&message, &ret, err);
	if (r < 0)
		return r;
	*ret_n = ret->n_routes;
	pb_free(&ret->base);
	return 0;
}

TEST(routes_that_are_given_replace_all_but_the_kernels)
{
	static const struct route_words first[] = {
		{ "", "192.0.2.1", "eth0", "192.0.2.2", 0, 1200 }, /* by what comes behind it */
		{ "192.0.2.1/32", "", "eth0", NULL, 0, 0 },
		{ "default", "2001:db8::1", "eth0", NULL, 0, 0 },
		{ "198.51.100.7/24", "192.0.2.9", "eth0", NULL, 50, 0 },
	};
	static const struct route_words second[] = { { "203.0.113.0/24", "", "eth0", NULL, 0, 0 } };
	CLEANUP(netlink_free) struct netlink *nl = with_eth0();
	struct err err = { 0 };

	(void)nl;
	if (set_routes(first, 4, false, &err) < 0)
		fail_msg("%s", err.text);

	CLEANUP(free) char *four = look();

	assert_says(four, "route '' via '192.0.2.1' dev eth0 src '192.0.2.2' mtu 1200");
	assert_says(four, "route '192.0.2.1/32' via '' dev eth0");
	assert_says(four, "route '' via '2001:db8::1' dev eth0");
	assert_says(four, "route '198.51.100.0/24' via '192.0.2.9' dev eth0");
	assert_int_equal(set_routes(first, 4, false, &err), 0);

	CLEANUP(free) char *again = look();

	assert_string_equal(four, again);
	assert_int_equal(set_routes(second, 1, false, &err), 0);

	CLEANUP(free) char *one = look();

	assert_says(one, "route '203.0.113.0/24'");
	assert_says(one, "route '192.0.2.0/24' via '' dev eth0");
	assert_silent(one, "192.0.2.1");
	assert_silent(one, "2001:db8::1'");
	assert_silent(one, "198.51.100");
}

TEST(a_route_is_added_to_the_others_and_replaces_its_like)
{
	static const struct route_words routes[] = {
		{ "198.51.100.0/24", "192.0.2.1", "eth0", NULL, 0, 0 },
		{ "203.0.113.0/24", "192.0.2.1", "eth0", NULL, 0, 0 },
		{ "203.0.113.0/24", "192.0.2.9", "eth0", NULL, 0, 0 },
		{ "10.0.0.0/8", "", "lo", NULL, 0, 0 },
	};
	CLEANUP(netlink_free) struct netlink *nl = with_eth0();
	struct err err = { 0 };

	(void)nl;
	for (size_t i = 0; i < 4; i++)
		if (set_routes(&routes[i], 1, true, &err) < 0)
			fail_msg("%zu: %s", i, err.text);

	CLEANUP(free) char *all = look();

	assert_says(all, "route '198.51.100.0/24' via '192.0.2.1'");
	assert_says(all, "route '203.0.113.0/24' via '192.0.2.9'");
	assert_silent(all, "route '203.0.113.0/24' via '192.0.2.1'");
	assert_says(all, "route '10.0.0.0/8' via '' dev lo");
	/* Those of lo stay when all are replaced. */
	assert_int_equal(set_routes(routes, 1, false, &err), 0);

	CLEANUP(free) char *rest = look();

	assert_says(rest, "route '10.0.0.0/8' via '' dev lo");
	assert_silent(rest, "203.0.113");
}

TEST(routes_of_one_interface_are_replaced_and_others_stay)
{
	static const struct route_words routes[] = {
		{ "198.51.100.0/24", "192.0.2.1", "eth0", NULL, 7, 0 },
		{ "203.0.113.0/24", "", "peer", NULL, 9, 0 },
	};
	Katac__UpdateRoutesRequest message = KATAC__UPDATE_ROUTES_REQUEST__INIT;
	CLEANUP(netlink_free) struct netlink *nl = with_eth0();
	char *devices[] = { (char[]){ "eth0" } };
	Katac__Routes *ret = NULL;
	struct err err = { 0 };

	(void)nl;
	assert_int_equal(set_routes(routes, 2, true, &err), 0);
	message.devices = devices;
	message.n_devices = 1;
	assert_int_equal(routes_update(&message, &ret, &err), 0);
	pb_free(&ret->base);

	CLEANUP(free) char *rest = look();

	assert_says(rest, "203.0.113.0/24");
	assert_silent(rest, "198.51.100");
}

TEST(routes_that_fail_in_the_middle_are_as_before)
{
	static const struct route_words before[] = {
		{ "default", "192.0.2.1", "eth0", NULL, 0, 0 },
		{ "198.51.100.0/24", "192.0.2.1", "eth0", NULL, 7, 0 },
		{ "default", "2001:db8::1", "eth0", NULL, 0, 0 },
	};
	static const struct route_words wrong[][2] = {
		{ { "203.0.113.0/24", "", "eth0", NULL, 0, 0 },
		  { "10.0.0.0/8", "172.16.0.1", "eth0", NULL, 0, 0 } },
		{ { "default", "192.0.2.9", "eth0", NULL, 0, 0 },
		  { "10.0.0.0/8", "172.16.0.1", "eth0", NULL, 0, 0 } },
		{ { "203.0.113.0/24", "", "eth0", NULL, 0, 0 },
		  { "10.0.0.0/8", "", "eth9", NULL, 0, 0 } },
		{ { "203.0.113.0/24", "", "eth0", NULL, 0, 0 },
		  { "10.0.0.0/40", "", "eth0", NULL, 0, 0 } },
		{ { "203.0.113.0/24", "", "eth0", NULL, 0, 0 },
		  { "10.0.0.0/8", "2001:db8::1", "eth0", NULL, 0, 0 } },
		{ { "203.0.113.0/24", "", "eth0", NULL, 0, 0 },
		  { "10.0.0.0/8", "x", "eth0", NULL, 0, 0 } },
	};
	CLEANUP(netlink_free) struct netlink *nl = with_eth0();
	struct err err = { 0 };

	(void)nl;
	assert_int_equal(set_routes(before, 3, false, &err), 0);

	CLEANUP(free) char *was = look();

	for (size_t i = 0; i < 2 * sizeof(wrong) / sizeof(wrong[0]); i++) {
		CLEANUP(free) char *is = NULL;

		assert_true(set_routes(wrong[i / 2], 2, i % 2, &err) < 0);
		is = look();
		assert_string_equal(was, is);
	}
}

TEST(routes_are_removed_by_what_is_given)
{
	static const struct route_words routes[] = {
		{ "203.0.113.0/24", "192.0.2.1", "eth0", NULL, 1, 0 },
		{ "203.0.113.0/24", "192.0.2.9", "eth0", NULL, 2, 0 },
		{ "203.0.113.0/24", "", "lo", NULL, 3, 0 },
		{ "203.0.113.0/25", "192.0.2.1", "eth0", NULL, 0, 0 },
	};
	static const struct route_words defaults[] = {
		{ "default", "192.0.2.1", "eth0", NULL, 0, 0 },
		{ "default", "2001:db8::1", "eth0", NULL, 0, 0 },
	};
	CLEANUP(netlink_free) struct netlink *nl = with_eth0();
	struct err err = { 0 };
	size_t n = 0;

	(void)nl;
	assert_int_equal(set_routes(routes, 4, true, &err), 0);
	assert_int_equal(delete_routes("203.0.113.0/24", "192.0.2.9", "", &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(delete_routes("203.0.113.0/24", "192.0.2.9", "", &n, &err), -ESRCH);
	assert_int_equal(delete_routes("203.0.113.0/24", "", "lo", &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(set_routes(routes, 4, true, &err), 0);
	assert_int_equal(delete_routes("203.0.113.99/24", "", "", &n, &err), 0);
	assert_int_equal(n, 3);

	CLEANUP(free) char *rest = look();

	assert_says(rest, "route '203.0.113.0/25'");
	assert_int_equal(set_routes(defaults, 2, true, &err), 0);
	assert_int_equal(delete_routes("0.0.0.0/0", "", "", &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(set_routes(defaults, 2, true, &err), 0);
	assert_int_equal(delete_routes("default", "", "", &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(delete_routes("default", "", "", &n, &err), -ESRCH);
	assert_says(err.text, "default");
	assert_int_equal(delete_routes("10.0.0.0/8", "", "eth9", &n, &err), -ENODEV);
	assert_int_equal(delete_routes("10.0.0.0/8", "x", "", &n, &err), -EINVAL);
	assert_int_equal(delete_routes("10.0.0.0/99", "", "", &n, &err), -EINVAL);
}

TEST(counters_are_those_of_procfs)
{
	uint64_t counters[INTERFACE_COUNTERS] = { 0 };
	uint64_t tcp[TCP_STATES] = { 0 };
	uint64_t udp[UDP_COUNTS] = { 0 };
	CLEANUP(free) char *name = NULL;

	assert_int_equal(network_stats_dev_line("Inter-|   Receive", &name, counters), -EINVAL);
	assert_int_equal(network_stats_dev_line("  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n", &name,
						counters),
			 0);
	assert_string_equal(name, "eth0");
	for (unsigned i = 0; i < INTERFACE_COUNTERS; i++)
		assert_int_equal(counters[i], i + 1);
	network_stats_tcp_line("  sl  local_address rem_address   st tx_queue rx_queue", tcp);
	network_stats_tcp_line("   0: 0100007F:0035 00000000:0000 0A 00000000:00000000 00:00000000",
			       tcp);
	network_stats_tcp_line("   1: 0100007F:0035 0100007F:1234 01 00000000:00000000 00:00000000",
			       tcp);
	network_stats_tcp_line("   2: 0100007F:0035 0100007F:1234 0C 00000000:00000000 00:00000000",
			       tcp);
	assert_int_equal(tcp[0], 1);
	assert_int_equal(tcp[9], 1);
	network_stats_udp_line("  sl  local_address rem_address   st tx_queue rx_queue", udp);
	network_stats_udp_line(
		"  357: 0B00007F:0035 00000000:0000 07 00000010:00000300 00:00000000 "
		"00000000     0        0 25 2 00000000baed6203 7\n",
		udp);
	assert_int_equal(udp[0], 1);
	assert_int_equal(udp[1], 7);
	assert_int_equal(udp[2], 0x300);
	assert_int_equal(udp[3], 0x10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_are_those_of_procfs),
		cmocka_unit_test(an_interface_gets_all_that_the_host_wants),
		cmocka_unit_test(the_same_again_changes_nothing),
		cmocka_unit_test(names_that_are_crossed_are_exchanged),
		cmocka_unit_test(a_name_or_mac_address_in_use_is_refused),
		cmocka_unit_test(without_a_mac_address_an_interface_is_found_by_its_name),
		cmocka_unit_test(what_fails_leaves_the_interface_as_it_was),
		cmocka_unit_test(a_wrong_host_is_told_so),
		cmocka_unit_test(an_interface_that_does_not_come_is_waited_for),
		cmocka_unit_test(neighbours_are_added_all_or_none),
		cmocka_unit_test(routes_that_are_given_replace_all_but_the_kernels),
		cmocka_unit_test(a_route_is_added_to_the_others_and_replaces_its_like),
		cmocka_unit_test(routes_of_one_interface_are_replaced_and_others_stay),
		cmocka_unit_test(routes_that_fail_in_the_middle_are_as_before),
		cmocka_unit_test(routes_are_removed_by_what_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
