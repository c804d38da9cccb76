/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network hardware on its way to a guest and back: sysfs is a fake, its interface a
 * veth in a namespace of the test's own that stands for the host's.
 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>

#include "net/enter.h"
#include "sandbox/network_record.h"
#include "sandbox/nic_physical.h"
#include "tests/unit/fake_sysfs.h"
#include "tests/unit/netns_fake.h"
#include "vfio/bind.h"

#define NIC "0000:01:00.0"

static struct err err;
static struct sysfs sysfs;
static struct netlink *host;
static int host_netns;
static int pod;
static struct wire wire;

static struct rtnl_address address_of(const char *text)
{
	struct rtnl_address address = { 0 };

	assert_int_equal(rtnl_prefix_parse(text, &address.ip, &address.prefix_len), 0);
	return address;
}

/* What was written down of eth0, with an address and a default route. */
static void make_wire(void)
{
	wire = (struct wire){ .model = WIRE_PHYSICAL,
			      .index = 4711,
			      .name = "eth0",
			      .mac = { 2, 0, 0, 0, 0, 9 },
			      .pci = NIC,
			      .driver = "i40e",
			      .mtu = 1400,
			      .was_up = true };
	wire.addresses = xcalloc(1, sizeof(wire.addresses[0]));
	wire.addresses[wire.n_addresses++] = address_of("192.0.2.7/24");
	wire.routes = xcalloc(1, sizeof(wire.routes[0]));
	wire.routes[wire.n_routes++] =
		(struct rtnl_route){ .family = AF_INET,
				     .gateway = address_of("192.0.2.1/24").ip,
				     .table = RT_TABLE_MAIN,
				     .protocol = RTPROT_STATIC,
				     .type = RTN_UNICAST };
}

static int setup(void **state)
{
	int r = tmp_setup(state);

	memset(&err, 0, sizeof(err));
	sysfs = fake_sysfs();
	fake_driver("vfio-pci");
	fake_device(NIC, 12, "0x020000", "i40e");
	make_wire();
	return r;
}

static int teardown(void **state)
{
	netlink_free(host);
	host = NULL;
	wire_done(&wire);
	close(host_netns);
	close(pod);
	return tmp_teardown(state);
}

/* A namespace for the pod, and one for the host, in which we stay. */
static void make_namespaces(void)
{
	struct netlink *nl = new_netns();

	pod = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	netlink_free(nl);
	host = new_netns();
	host_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(pod >= 0 && host_netns >= 0);
}

/* The driver makes the interface, as it does when it gets the device. */
static void appears(void)
{
	fake_file(tmp_path("bus/pci/devices/" NIC "/called"), "ens1");
	make_veth(host, "ens1", "peer");
	set_up(host, "peer");
}

static void assert_as_it_was(void)
{
	CLEANUP(netlink_free) struct netlink *nl = NULL;
	__attribute__((cleanup(net_scan_done))) struct net_scan scan = { 0 };
	struct rtnl_link link;

	assert_driver(NIC, "i40e");
	assert_int_equal(rtnl_link_get(host, "ens1", &link, &err), -ENODEV);
	assert_int_equal(netns_netlink(pod, &nl, &err), 0);
	assert_int_equal(net_scan(nl, &scan, &err), 0);
	assert_int_equal(scan.n, 1);
	assert_string_equal(scan.endpoints[0].link.name, "eth0");
	assert_int_equal(scan.endpoints[0].link.mtu, 1400);
	assert_memory_equal(scan.endpoints[0].link.mac, wire.mac, RTNL_MAC_LEN);
	assert_true(scan.endpoints[0].link.flags & IFF_UP);
	assert_int_equal(scan.endpoints[0].n_addresses, 1);
	assert_int_equal(scan.routes.n, 1);
}

/* sysfs of the host shows no interface that has moved on. */
static void hide_what_moved(void)
{
	CLEANUP(free) char *path = tmp_path("bus/pci/devices/" NIC "/net/ens1");
	struct err ignored = { 0 };
	struct rtnl_link link;

	if (rtnl_link_get(host, "ens1", &link, &ignored) == -ENODEV)
		(void)rmdir(path);
}

static void give_back(int netns)
{
	hide_what_moved();
	if (nic_physical_give_back(&sysfs, &wire, host, netns, &err) < 0)
		fail_msg("%s", err.text);
}

TEST(it_goes_to_vfio_and_comes_back_into_its_namespace)
{
	make_namespaces();
	assert_int_equal(nic_physical_take(&sysfs, &wire, &err), 0);
	assert_driver(NIC, "vfio-pci");
	appears();
	give_back(pod);
	assert_as_it_was();
	give_back(pod); /* twice is as good */
	assert_as_it_was();
}

TEST(where_its_namespace_has_gone_it_is_the_hosts)
{
	struct rtnl_link link;

	make_namespaces();
	assert_int_equal(nic_physical_take(&sysfs, &wire, &err), 0);
	appears();
	give_back(-1);
	assert_driver(NIC, "i40e");
	assert_int_equal(rtnl_link_get(host, "ens1", &link, &err), 0);
}

TEST(what_was_never_taken_is_left_as_it_is)
{
	make_namespaces();
	give_back(pod);
	give_back(-1);
	assert_driver(NIC, "i40e");
}

static void close_namespaces(void)
{
	netlink_free(take_ptr(host));
	close(host_netns);
	close(pod);
}

/* Taking is killed at each of its steps, and so is each step of giving back, in its turn. */
TEST(whatever_step_it_is_killed_at_it_comes_back)
{
	unsigned taken = 0;
	int r = -1;

	for (; r < 0; taken++) {
		if (taken > 0)
			close_namespaces();
		make_namespaces();
		fake_device(NIC, 12, "0x020000", "i40e");
		fake_steps = taken;
		r = nic_physical_take(&sysfs, &wire, &err);
		appears();
		for (unsigned back = 0; back < 8; back++) {
			hide_what_moved();
			fake_steps = back;
			(void)nic_physical_give_back(&sysfs, &wire, host, pod, &err);
		}
		fake_steps = FAKE_FOR_EVER;
		assert_driver(NIC, "i40e");
	}
	assert_true(taken >= 4);
	assert_as_it_was();
}

/* The interface is in its place, and the writer was killed before it had its addresses. */
TEST(what_moved_and_was_not_configured_is_configured)
{
	struct rtnl_link_change move = { .name = "eth0", .moves = true };

	make_namespaces();
	appears();
	fake_file(tmp_path("bus/pci/devices/" NIC "/called"), "");
	move.netns = pod;
	assert_int_equal(rtnl_link_change(host, get_link(host, "ens1").index, &move, &err), 0);
	give_back(pod);
	assert_as_it_was();
}

TEST(an_interface_that_is_on_no_pci_bus_is_refused)
{
	make_namespaces();
	make_veth(host, "eth0", "peer");
	assert_int_equal(nic_physical_plan(&sysfs, host_netns, &wire, &err), -ENOTSUP);
	assert_string_equal(err.text,
			    "network: eth0: it is hardware that is on no PCI bus and cannot be "
			    "passed through; put a macvlan of it there instead");
}

TEST(hardware_is_planned_as_such_with_its_addresses_and_routes)
{
	struct net_endpoint endpoint = {
		.kind = ENDPOINT_PHYSICAL,
		.link = { .name = "eth0", .index = 7, .mtu = 9000, .flags = IFF_UP }
	};
	struct rtnl_address address = address_of("192.0.2.7/24");
	struct rtnl_route routes[] = { { .index = 7 }, { .index = 8 } };
	struct net_scan scan = { .endpoints = &endpoint,
				 .n = 1,
				 .routes = { .items = routes, .n = 2 } };
	__attribute__((cleanup(wire_done))) struct wire planned = { 0 };

	endpoint.addresses = &address;
	endpoint.n_addresses = 1;
	host_netns = pod = -1;
	wire_plan(&scan, 0, WIRE_TCFILTER, 0, &planned);
	assert_int_equal(planned.model, WIRE_PHYSICAL);
	assert_int_equal(planned.n_addresses, 1);
	assert_int_equal(planned.n_routes, 1);
	assert_int_equal(planned.mtu, 9000);
	assert_true(planned.was_up);
}

TEST(a_record_is_read_as_it_was_written)
{
	__attribute__((cleanup(network_record_done))) struct network_record back = { 0 };
	CLEANUP(close) int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct network_record record = { .wires = &wire, .n = 1 };
	struct sandbox_record sandbox = { .id = (char *)(uintptr_t) "s1", .boot_id = "0" };
	const struct rtnl_route *route = &wire.routes[0];

	host_netns = pod = -1;
	wire.routes[0] = (struct rtnl_route){ .family = AF_INET6,
					      .dest = address_of("2001:db8::/32").ip,
					      .dest_len = 32,
					      .gateway = address_of("fe80::1/64").ip,
					      .source = address_of("2001:db8::7/64").ip,
					      .index = wire.index,
					      .metric = 100,
					      .mtu = 1300,
					      .table = RT_TABLE_MAIN,
					      .flags = RTNH_F_ONLINK,
					      .protocol = RTPROT_STATIC,
					      .type = RTN_UNICAST };
	assert_int_equal(sandbox_record_write(dir, &sandbox, &err), 0);
	assert_int_equal(network_record_write(dir, &record, &err), 0);
	if (network_record_read(dir, &back, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(back.n, 1);
	assert_int_equal(back.wires[0].model, WIRE_PHYSICAL);
	assert_string_equal(back.wires[0].pci, NIC);
	assert_string_equal(back.wires[0].driver, "i40e");
	assert_int_equal(back.wires[0].mtu, 1400);
	assert_true(back.wires[0].was_up);
	assert_int_equal(back.wires[0].n_addresses, 1);
	assert_int_equal(back.wires[0].n_routes, 1);
	assert_memory_equal(&back.wires[0].routes[0], route, sizeof(*route));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETUP_TEST(it_goes_to_vfio_and_comes_back_into_its_namespace),
		SETUP_TEST(where_its_namespace_has_gone_it_is_the_hosts),
		SETUP_TEST(what_was_never_taken_is_left_as_it_is),
		SETUP_TEST(whatever_step_it_is_killed_at_it_comes_back),
		SETUP_TEST(what_moved_and_was_not_configured_is_configured),
		SETUP_TEST(an_interface_that_is_on_no_pci_bus_is_refused),
		SETUP_TEST(hardware_is_planned_as_such_with_its_addresses_and_routes),
		SETUP_TEST(a_record_is_read_as_it_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
