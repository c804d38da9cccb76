/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "sandbox/network_input.h"

#define REST "\"mtu\":1300,\"hwAddr\":\"02:42:20:6f:a2:80\""
#define GOOD "\"device\":\"tap1\",\"name\":\"eth1\"," REST

static int parse_nic(const char *text, bool device_needed, struct nic_request *ret, struct err *err)
{
	return nic_request_parse(text, strlen(text), device_needed, ret, err);
}

TEST(the_documented_interface_is_understood)
{
	static const char text[] =
		"{\"device\":\"tap1\",\"name\":\"eth1\","
		"\"IPAddresses\":[{\"address\":\"172.17.1.10\",\"mask\":\"24\"}],"
		"\"mtu\":1300,\"hwAddr\":\"02:42:20:6F:A2:80\",\"rawFlags\":0,"
		"\"pciAddr\":\"\",\"linkType\":\"tap\","
		"\"vhostUserSocket\":\"/usr/local/var/run/openvswitch/vhost-user1\","
		"\"queues\":4}";
	struct nic_request nic;
	struct err err = { 0 };

	assert_int_equal(parse_nic(text, true, &nic, &err), 0);
	assert_string_equal(nic.device, "tap1");
	assert_string_equal(nic.guest.name, "eth1");
	assert_string_equal(nic.guest.mac, "02:42:20:6f:a2:80");
	assert_int_equal(nic.guest.mtu, 1300);
	assert_int_equal(nic.guest.queues, 4);
	assert_string_equal(nic.vhost_user, "/usr/local/var/run/openvswitch/vhost-user1");
	assert_int_equal(strv_len(nic.guest.addresses), 1);
	assert_string_equal(nic.guest.addresses[0], "172.17.1.10/24");
	nic_request_done(&nic);
}

TEST(keys_are_known_whatever_their_case_and_others_ignored)
{
	static const char text[] =
		"{\"Device\":\"tap1\",\"NAME\":\"eth1\",\"Mtu\":46,\"HWADDR\":\"0242.206f.a280\","
		"\"ipaddresses\":[{\"Family\":10,\"Address\":\"2001:db8::1\",\"Mask\":\"64\"}],"
		"\"other\":[1,{}]}";
	struct nic_request nic;
	struct err err = { 0 };

	assert_int_equal(parse_nic(text, true, &nic, &err), 0);
	assert_string_equal(nic.guest.addresses[0], "2001:db8::1/64");
	assert_string_equal(nic.guest.mac, "02:42:20:6f:a2:80");
	nic_request_done(&nic);
}

TEST(the_least_that_an_interface_needs)
{
	struct nic_request nic;
	struct err err = { 0 };

	assert_int_equal(
		parse_nic("{\"name\":\"eth1\",\"mtu\":9600,\"hwAddr\":\"02-42-20-6f-a2-80\","
			  "\"device\":\"\",\"IPAddresses\":null,\"linkType\":\"\"}",
			  false, &nic, &err),
		0);
	assert_null(nic.device);
	assert_null(nic.vhost_user);
	assert_null(nic.guest.addresses);
	nic_request_done(&nic);
}

struct wrong {
	const char *text;
	const char *says[3]; /* the field, its value, what is allowed */
};

#define ADDRESSES(list) "{" GOOD ",\"IPAddresses\":" list "}"
#define SOCKET(path)    "{" GOOD ",\"vhostUserSocket\":\"" path "\"}"
#define X64             "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct wrong wrong_interfaces[] = {
	/* Not one object. */
	{ "", { "not JSON", "empty" } },
	{ "{", { "not JSON", "ends in the middle" } },
	{ "{'name':'eth1'}", { "not JSON", "single quote" } },
	{ "{" GOOD "} {" GOOD "}", { "not JSON", "at byte" } },
	{ "{" GOOD "}x", { "not JSON", "at byte" } },
	{ "[{" GOOD "}]", { "must be an object", "array" } },
	{ "null", { "must be an object", "null" } },
	{ "7", { "must be an object", "int" } },
	{ "[[[[[[", { "nested deeper than 4" } },
	{ "{" GOOD ",\"a\":[[[[1]]]]}", { "nested deeper than 4" } },
	{ "{" GOOD ",\"NAME\":\"eth2\"}", { "name: is there twice", "NAME" } },
	{ "{\"name\":\"a\x01\"}", { "control character" } },
	/* device */
	{ "{\"name\":\"eth1\"," REST "}", { "device", "missing", "1 to 15" } },
	{ "{\"device\":\"\",\"name\":\"eth1\"," REST "}", { "device", "missing", "1 to 15" } },
	{ "{\"device\":7,\"name\":\"eth1\"," REST "}", { "device", "'7'", "a string" } },
	{ "{\"device\":\"sixteen-bytes-xx\",\"name\":\"eth1\"," REST "}",
	  { "device", "sixteen-bytes-xx", "1 to 15" } },
	{ "{\"device\":\"1tap\",\"name\":\"eth1\"," REST "}", { "device", "1tap", "a letter" } },
	{ "{\"device\":\"tap 1\",\"name\":\"eth1\"," REST "}", { "device", "tap 1", "letters" } },
	{ "{\"device\":\"tap/1\",\"name\":\"eth1\"," REST "}", { "device", "tap/1", "letters" } },
	{ "{\"device\":\"t\\u0000p\",\"name\":\"eth1\"," REST "}", { "device", "NUL" } },
	{ "{\"device\":\"t\\u001b[2J\",\"name\":\"eth1\"," REST "}", { "device", "t?[2J" } },
	{ "{\"device\":\"t\xc3\xa4p\",\"name\":\"eth1\"," REST "}", { "device", "t??p" } },
	/* name */
	{ "{\"device\":\"tap1\"," REST "}", { "name", "missing", "1 to 15" } },
	{ "{\"device\":\"tap1\",\"name\":\"\"," REST "}", { "name", "missing", "1 to 15" } },
	{ "{\"device\":\"tap1\",\"name\":null," REST "}", { "name", "missing", "1 to 15" } },
	{ "{\"device\":\"tap1\",\"name\":[]," REST "}", { "name", "'[]'", "a string" } },
	{ "{\"device\":\"tap1\",\"name\":\"sixteen-bytes-xx\"," REST "}",
	  { "name", "sixteen-bytes-xx", "1 to 15" } },
	{ "{\"device\":\"tap1\",\"name\":\"-eth\"," REST "}", { "name", "-eth", "a letter" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth:1\"," REST "}", { "name", "eth:1", "letters" } },
	{ "{\"device\":\"tap1\",\"name\":\"lo\"," REST "}", { "name", "lo", "another name" } },
	/* mtu */
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"hwAddr\":\"02:42:20:6f:a2:80\"}",
	  { "mtu", "missing", "46 to 9600" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"hwAddr\":\"02:42:20:6f:a2:80\",\"mtu\":45}",
	  { "mtu", "45", "46 to 9600" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"hwAddr\":\"02:42:20:6f:a2:80\",\"mtu\":9601}",
	  { "mtu", "9601", "46 to 9600" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"hwAddr\":\"02:42:20:6f:a2:80\",\"mtu\":-1}",
	  { "mtu", "-1", "46 to 9600" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"hwAddr\":\"02:42:20:6f:a2:80\",\"mtu\":"
	  "\"1300\"}",
	  { "mtu", "'\"1300\"'", "46 to 9600" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"hwAddr\":\"02:42:20:6f:a2:80\",\"mtu\":1300.5}",
	  { "mtu", "1300.5", "46 to 9600" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"hwAddr\":\"02:42:20:6f:a2:80\",\"mtu\":"
	  "4294967342}",
	  { "mtu", "4294967342", "46 to 9600" } },
	/* hwAddr */
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"mtu\":1300}",
	  { "hwAddr", "missing", "02:42:20:6f:a2:80" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"mtu\":1300,\"hwAddr\":\"02:42:20:6f:a2\"}",
	  { "hwAddr", "02:42:20:6f:a2", "unicast" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"mtu\":1300,\"hwAddr\":\"02:42:20:6f:a2:80:1\"}",
	  { "hwAddr", "02:42:20:6f:a2:80:1", "unicast" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"mtu\":1300,\"hwAddr\":\"02:42:20:6f:a2:8g\"}",
	  { "hwAddr", "02:42:20:6f:a2:8g", "unicast" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"mtu\":1300,\"hwAddr\":\"03:42:20:6f:a2:80\"}",
	  { "hwAddr", "03:42:20:6f:a2:80", "unicast" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"mtu\":1300,\"hwAddr\":\"00:00:00:00:00:00\"}",
	  { "hwAddr", "00:00:00:00:00:00", "unicast" } },
	{ "{\"device\":\"tap1\",\"name\":\"eth1\",\"mtu\":1300,\"hwAddr\":42}",
	  { "hwAddr", "'42'", "a string" } },
	/* IPAddresses */
	{ ADDRESSES("{}"), { "IPAddresses", "object", "an array" } },
	{ ADDRESSES("[7]"), { "IPAddresses[0]", "int", "an object" } },
	{ ADDRESSES("[{\"address\":\"10.0.0.1\",\"mask\":\"24\"},"
		    "{\"address\":\"10.0.0.2\",\"mask\":\"24\"}]"),
	  { "IPAddresses", "2 addresses", "at most 1" } },
	{ ADDRESSES("[{\"mask\":\"24\"}]"),
	  { "IPAddresses[0].address", "missing", "IPv4 or IPv6" } },
	{ ADDRESSES("[{\"address\":\"10.0.0.256\",\"mask\":\"24\"}]"),
	  { "IPAddresses[0].address", "10.0.0.256", "IPv4 or IPv6" } },
	{ ADDRESSES("[{\"address\":\"10.0.0\",\"mask\":\"24\"}]"),
	  { "address", "10.0.0", "IPv4" } },
	{ ADDRESSES("[{\"address\":\"10.0.0.1/24\",\"mask\":\"24\"}]"),
	  { "address", "10.0.0.1/24" } },
	{ ADDRESSES("[{\"address\":\"224.0.0.1\",\"mask\":\"24\"}]"), { "address", "224.0.0.1" } },
	{ ADDRESSES("[{\"address\":\"0.0.0.0\",\"mask\":\"24\"}]"), { "address", "0.0.0.0" } },
	{ ADDRESSES("[{\"address\":\"::\",\"mask\":\"64\"}]"), { "address", "::" } },
	{ ADDRESSES("[{\"address\":\"2001:db8::g\",\"mask\":\"64\"}]"),
	  { "address", "2001:db8::g" } },
	{ ADDRESSES("[{\"address\":\"10.0.0.1\"}]"),
	  { "IPAddresses[0].mask", "missing", "prefix" } },
	{ ADDRESSES("[{\"address\":\"10.0.0.1\",\"mask\":\"33\"}]"), { "mask", "33", "0 to 32" } },
	{ ADDRESSES("[{\"address\":\"2001:db8::1\",\"mask\":\"129\"}]"),
	  { "mask", "129", "0 to 128" } },
	{ ADDRESSES("[{\"address\":\"10.0.0.1\",\"mask\":\"255.255.255.0\"}]"),
	  { "mask", "255.255.255.0", "0 to 32" } },
	{ ADDRESSES("[{\"address\":\"10.0.0.1\",\"mask\":24}]"), { "mask", "'24'", "a string" } },
	/* The rest. */
	{ "{" GOOD ",\"queues\":257}", { "queues", "257", "0 to 256" } },
	{ "{" GOOD ",\"queues\":\"4\"}", { "queues", "\"4\"", "0 to 256" } },
	{ "{" GOOD ",\"linkType\":\"veth\"}", { "linkType", "veth", "tap" } },
	{ "{" GOOD ",\"rawFlags\":-1}", { "rawFlags", "-1" } },
	{ SOCKET("vhost"), { "vhostUserSocket", "'vhost'", "absolute" } },
	{ SOCKET("/run/1"), { "vhostUserSocket", "/run/1", "a letter" } },
	{ SOCKET("/run/"), { "vhostUserSocket", "/run/", "a letter" } },
	{ SOCKET("/run/a b"), { "vhostUserSocket", "/run/a b", "letters" } },
	{ SOCKET("/run,x/a"), { "vhostUserSocket", "/run,x/a" } },
	{ SOCKET("/a" X64 X64), { "vhostUserSocket", "…", "128 characters" } },
};

static void check_wrong(const struct wrong *wrong, int r, const struct err *err)
{
	assert_int_equal(r, -EINVAL);
	for (size_t i = 0; i < 3 && wrong->says[i]; i++)
		if (!strstr(err->text, wrong->says[i]))
			fail_msg("%s: '%s' does not say '%s'", wrong->text, err->text,
				 wrong->says[i]);
	assert_null(strchr(err->text, '\n'));
}

TEST(a_wrong_interface_is_told_by_field_value_and_what_is_allowed)
{
	for (size_t i = 0; i < sizeof(wrong_interfaces) / sizeof(wrong_interfaces[0]); i++) {
		struct nic_request nic;
		struct err err = { 0 };
		int r = parse_nic(wrong_interfaces[i].text, true, &nic, &err);

		check_wrong(&wrong_interfaces[i], r, &err);
		assert_null(nic.guest.name);
	}
}

TEST(a_long_value_is_cut_in_the_message)
{
	CLEANUP(free) char *name = xmalloc(1000);
	CLEANUP(free) char *text = NULL;
	struct nic_request nic;
	struct err err = { 0 };

	memset(name, 'n', 999);
	name[999] = '\0';
	text = xasprintf("{\"device\":\"tap1\",\"name\":\"%s\"," REST "}", name);
	assert_int_equal(parse_nic(text, true, &nic, &err), -EINVAL);
	assert_true(strlen(err.text) < 250);
}

TEST(an_update_has_a_name_and_addresses_only)
{
	static const char good[] = "{\"name\":\"eth1\",\"mtu\":0,\"device\":\"\",\"IPAddresses\":["
				   "{\"address\":\"10.0.0.1\",\"mask\":\"8\"},"
				   "{\"address\":\"2001:db8::1\",\"mask\":\"64\"}]}";
#define ADDRESS "{\"address\":\"10.0.0.1\",\"mask\":\"8\"}"
	static const char *const wrong[] = {
		"{\"name\":\"eth1\",\"mtu\":1300}",
		"{\"name\":\"eth1\",\"MTU\":1300}",
		"{\"name\":\"eth1\",\"device\":\"tap1\"}",
		"{\"name\":\"eth1\",\"hwAddr\":\"02:42:20:6f:a2:80\"}",
		"{\"name\":\"eth1\",\"linkType\":\"tap\"}",
		"{\"name\":\"eth1\",\"queues\":1}",
		"{\"name\":\"eth1\",\"vhostUserSocket\":\"/run/a\"}",
		"{\"name\":\"eth1\",\"IPAddresses\":[" ADDRESS "," ADDRESS "]}",
		"{\"IPAddresses\":[]}",
		"[]",
	};
	struct agentc_interface nic;
	struct err err = { 0 };

	assert_int_equal(nic_update_parse(good, strlen(good), &nic, &err), 0);
	assert_int_equal(strv_len(nic.addresses), 2);
	agentc_interface_done(&nic);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(nic_update_parse(wrong[i], strlen(wrong[i]), &nic, &err), -EINVAL);
	err = (struct err){ 0 };
	(void)nic_update_parse(wrong[0], strlen(wrong[0]), &nic, &err);
	assert_string_equal(err.text,
			    "mtu: '1300', allowed is nothing: only name and IPAddresses can "
			    "be changed");
}

TEST(a_removal_looks_at_the_name_alone)
{
	static const char good[] = "{\"name\":\"eth1\",\"mtu\":\"x\",\"hwAddr\":7}";
	struct err err = { 0 };
	char *name = NULL;

	assert_int_equal(nic_name_parse(good, strlen(good), &name, &err), 0);
	assert_string_equal(name, "eth1");
	free(name);
	name = NULL;
	assert_int_equal(nic_name_parse("{}", 2, &name, &err), -EINVAL);
	assert_int_equal(nic_name_parse("{\"name\":\"\"}", 11, &name, &err), -EINVAL);
	assert_int_equal(nic_name_parse("\"eth1\"", 6, &name, &err), -EINVAL);
	assert_null(name);
}

static const struct {
	const char *text;
	const char *dest;
	const char *gateway;
} good_routes[] = {
	{ "{\"dest\":\"172.17.10.10/24\",\"gateway\":\"\",\"device\":\"eth1\"}", "172.17.10.0/24",
	  "" },
	{ "{\"dest\":\"172.17.10.10\",\"device\":\"lo\"}", "172.17.10.10/32", "" },
	{ "{\"dest\":\"2001:db8::1\",\"device\":\"eth1\"}", "2001:db8::1/128", "" },
	{ "{\"dest\":\"2001:db8::1/63\",\"device\":\"eth1\"}", "2001:db8::/63", "" },
	{ "{\"Dest\":\"default\",\"Gateway\":\"10.0.0.1\",\"Device\":\"eth1\"}", "default",
	  "10.0.0.1" },
	{ "{\"dest\":\"default\",\"gateway\":\"fe80::1\",\"device\":\"eth1\"}", "default",
	  "fe80::1" },
	{ "{\"dest\":\"10.1.0.0/16\",\"gateway\":\"10.0.0.1\",\"source\":\"10.0.0.2\",\"scope\":0,"
	  "\"device\":\"eth1\"}",
	  "10.1.0.0/16", "10.0.0.1" },
};

TEST(good_routes_are_understood)
{
	for (size_t i = 0; i < sizeof(good_routes) / sizeof(good_routes[0]); i++) {
		const char *text = good_routes[i].text;
		struct agentc_routes routes;
		struct err err = { 0 };

		assert_int_equal(route_parse(text, strlen(text), &routes, &err), 0);
		assert_int_equal(routes.n, 1);
		assert_string_equal(routes.items[0].dest, good_routes[i].dest);
		assert_string_equal(routes.items[0].gateway, good_routes[i].gateway);
		agentc_routes_done(&routes);
	}
}

#define ROUTE(members) "{\"device\":\"eth1\"," members "}"

static const struct wrong wrong_routes[] = {
	{ "{\"dest\":\"10.0.0.0/8\"}", { "device", "missing", "1 to 15" } },
	{ "{\"dest\":\"10.0.0.0/8\",\"device\":\"sixteen-bytes-xx\"}",
	  { "device", "sixteen", "1 to 15" } },
	{ "{\"device\":\"eth1\"}", { "dest", "missing", "default" } },
	{ ROUTE("\"dest\":\"\""), { "dest", "missing", "default" } },
	{ ROUTE("\"dest\":7"), { "dest", "'7'", "a string" } },
	{ ROUTE("\"dest\":\"Default\""), { "dest", "'Default'", "default" } },
	{ ROUTE("\"dest\":\"-10.0.0.0/8\""), { "dest", "-10.0.0.0/8", "<ip>/<mask>" } },
	{ ROUTE("\"dest\":\"10.0.0.0/33\""), { "dest", "10.0.0.0/33" } },
	{ ROUTE("\"dest\":\"10.0.0.0/\""), { "dest", "10.0.0.0/" } },
	{ ROUTE("\"dest\":\"10.0.0.0/255.0.0.0\""), { "dest", "10.0.0.0/255.0.0.0" } },
	{ ROUTE("\"dest\":\"2001:db8::/129\""), { "dest", "2001:db8::/129" } },
	{ ROUTE("\"dest\":\"example.com\""), { "dest", "example.com" } },
	{ ROUTE("\"dest\":\"default\""), { "gateway", "missing", "router" } },
	{ ROUTE("\"dest\":\"10.0.0.0/8\",\"gateway\":\"10.0.0\""),
	  { "gateway", "'10.0.0'", "IPv4" } },
	{ ROUTE("\"dest\":\"10.0.0.0/8\",\"gateway\":\"fe80::1\""),
	  { "gateway", "fe80::1", "IPv4, as" } },
	{ ROUTE("\"dest\":\"2001:db8::/32\",\"source\":\"10.0.0.1\""),
	  { "source", "10.0.0.1", "IPv6, as" } },
	{ ROUTE("\"dest\":\"10.0.0.0/8\",\"source\":\"x\""), { "source", "'x'", "IPv4" } },
	{ ROUTE("\"dest\":\"10.0.0.0/8\",\"scope\":256"), { "scope", "256", "0 to 255" } },
	{ ROUTE("\"dest\":\"10.0.0.0/8\",\"scope\":\"link\""),
	  { "scope", "\"link\"", "0 to 255" } },
	{ ROUTE("\"dest\":\"10.0.0.0/8\",\"DEST\":\"10.0.0.0/8\""), { "dest: is there twice" } },
	{ "[{\"device\":\"eth1\",\"dest\":\"10.0.0.0/8\"}]", { "an object", "array" } },
	{ "null", { "an object", "null" } },
};

TEST(a_wrong_route_is_told_by_field_value_and_what_is_allowed)
{
	for (size_t i = 0; i < sizeof(wrong_routes) / sizeof(wrong_routes[0]); i++) {
		const char *text = wrong_routes[i].text;
		struct agentc_routes routes;
		struct err err = { 0 };

		check_wrong(&wrong_routes[i], route_parse(text, strlen(text), &routes, &err), &err);
		assert_int_equal(routes.n, 0);
	}
}

TEST(of_a_route_to_remove_only_the_destination_is_needed)
{
	struct agentc_routes routes;
	struct err err = { 0 };

	assert_int_equal(route_match_parse("{\"dest\":\"default\"}", 18, &routes, &err), 0);
	assert_string_equal(routes.items[0].device, "");
	assert_string_equal(routes.items[0].gateway, "");
	agentc_routes_done(&routes);
	assert_int_equal(route_match_parse("{}", 2, &routes, &err), -EINVAL);
}

TEST(what_list_routes_prints_can_be_given_to_update_routes)
{
	static const char text[] =
		"[{\"gateway\":\"10.0.0.1\",\"device\":\"eth0\"},"
		"{\"dest\":\"default\",\"gateway\":\"fe80::1\",\"device\":\"eth0\"},"
		"{\"dest\":\"10.1.0.0/16\",\"device\":\"eth0\",\"scope\":253}]";
	static const char wrong[] = "[{\"dest\":\"10.0.0.0/8\",\"device\":\"eth0\"},"
				    "{\"dest\":\"10.0.0.0/40\",\"device\":\"eth0\"}]";
	struct agentc_routes routes;
	struct err err = { 0 };

	assert_int_equal(routes_parse(text, strlen(text), &routes, &err), 0);
	assert_int_equal(routes.n, 3);
	assert_string_equal(routes.items[0].dest, "default");
	assert_int_equal(routes.items[2].scope, 253);
	agentc_routes_done(&routes);
	assert_int_equal(routes_parse("[]", 2, &routes, &err), 0);
	assert_int_equal(routes.n, 0);
	agentc_routes_done(&routes);
	assert_int_equal(routes_parse(wrong, strlen(wrong), &routes, &err), -EINVAL);
	assert_non_null(strstr(err.text, "[1].dest: '10.0.0.0/40'"));
	assert_int_equal(routes_parse("{}", 2, &routes, &err), -EINVAL);
	assert_int_equal(routes_parse("[7]", 3, &routes, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_interface_is_understood),
		cmocka_unit_test(keys_are_known_whatever_their_case_and_others_ignored),
		cmocka_unit_test(the_least_that_an_interface_needs),
		cmocka_unit_test(a_wrong_interface_is_told_by_field_value_and_what_is_allowed),
		cmocka_unit_test(a_long_value_is_cut_in_the_message),
		cmocka_unit_test(an_update_has_a_name_and_addresses_only),
		cmocka_unit_test(a_removal_looks_at_the_name_alone),
		cmocka_unit_test(good_routes_are_understood),
		cmocka_unit_test(a_wrong_route_is_told_by_field_value_and_what_is_allowed),
		cmocka_unit_test(of_a_route_to_remove_only_the_destination_is_needed),
		cmocka_unit_test(what_list_routes_prints_can_be_given_to_update_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
