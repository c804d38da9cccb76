/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest cannot be brought to in a test: large numbers, odd orders. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <string.h>

#include "agentc/conntrack.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "runtime/ipvs_rule.h"
#include "runtime/ipvs_show.h"

static struct ipvs_address v4(const char *ip, uint16_t port)
{
	struct ipvs_address address = { .family = AF_INET, .port = port };

	assert_int_equal(inet_pton(AF_INET, ip, &address.v4), 1);
	return address;
}

static struct ipvs_entry service(const char *ip)
{
	struct ipvs_entry entry = { .address = v4(ip, 80),
				    .protocol = IPPROTO_TCP,
				    .scheduler = "rr" };

	return entry;
}

static struct ipvs_entry server(const char *ip)
{
	struct ipvs_entry entry = { .is_server = true, .address = v4(ip, 8080), .weight = 1 };

	return entry;
}

static char *shown(struct ipvs_entry *entries, size_t n, const struct ipvs_command *command)
{
	struct ipvs_table table = {
		.version = 0x010201, .table_size = 4096, .entries = entries, .n = n
	};
	struct buf out = { 0 };

	ipvs_show_table(&table, command, &out);
	return buf_take_string(&out);
}

TEST(services_and_their_servers_are_sorted_as_ipvsadm_does)
{
	struct ipvs_entry entries[] = { service("10.0.0.1"), server("10.0.1.2"), server("10.0.1.1"),
					service("192.168.0.1"), service("10.0.0.0") };
	CLEANUP(free) char *text = shown(entries, 5, &(struct ipvs_command){ 0 });

	/* 192.168.0.1 is more than 2^31 above 10.0.0.1, and so below it. */
	assert_string_equal(
		text, "IP Virtual Server version 1.2.1 (size=4096)\n"
		      "Prot LocalAddress:Port Scheduler Flags\n"
		      "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
		      "TCP  192.168.0.1:80 rr\n"
		      "TCP  10.0.0.0:80 rr\n"
		      "TCP  10.0.0.1:80 rr\n"
		      "  -> 10.0.1.1:8080                Masq    1      0          0         \n"
		      "  -> 10.0.1.2:8080                Masq    1      0          0         \n");
}

TEST(large_numbers_are_shortened_unless_they_are_to_be_exact)
{
	struct ipvs_entry entry = service("10.0.0.1");
	struct ipvs_command command = { .show = IPVS_SHOW_STATS };
	CLEANUP(free) char *shortened = NULL;
	CLEANUP(free) char *exact = NULL;

	command.rule.protocol = IPPROTO_TCP;
	entry.stats = (struct ipvs_counters){ 99999999, 100000000, 1000000000, 123456789012ull,
					      UINT64_MAX };
	shortened = shown(&entry, 1, &command);
	assert_non_null(strstr(shortened, "  99999999  100000K    1000M     123G18446744T\n"));
	command.exact = true;
	exact = shown(&entry, 1, &command);
	assert_non_null(strstr(exact, " 99999999 100000000 1000000000 123456789012"
				      " 18446744073709551615\n"));
}

TEST(an_empty_table_is_its_title)
{
	CLEANUP(free) char *text = shown(NULL, 0, &(struct ipvs_command){ 0 });

	assert_string_equal(text, "IP Virtual Server version 1.2.1 (size=4096)\n"
				  "Prot LocalAddress:Port Scheduler Flags\n"
				  "  -> RemoteAddress:Port           Forward Weight ActiveConn "
				  "InActConn\n");
}

TEST(a_flow_is_shown_as_conntrack_does)
{
	struct conntrack_flow flow = { .protocol = IPPROTO_UDP,
				       .has_timeout = true,
				       .timeout = 29,
				       .tcp_state = -1,
				       .counted = true,
				       .mark = 7,
				       .use = 1,
				       .original = { v4("10.0.0.1", 1), v4("10.0.0.2", 2), 3, 4 },
				       .reply = { v4("10.0.0.2", 2), v4("10.0.0.1", 1), 0, 0 } };
	struct conntrack_flows flows = { .items = &flow, .n = 1 };
	CLEANUP(free) char *text = NULL;
	struct buf out = { 0 };

	conntrack_show_deleted(&flows, &out);
	text = buf_take_string(&out);
	assert_string_equal(text,
			    "udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 packets=3 "
			    "bytes=4 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 "
			    "packets=0 bytes=0 mark=7 use=1\n"
			    "conntrack v1.4.7 (conntrack-tools): 1 flow entries have been "
			    "deleted.\n");
}

TEST(states_that_nobody_knows_are_no_way_out_of_a_table)
{
	struct conntrack_flow flow = { .protocol = IPPROTO_TCP,
				       .tcp_state = 255,
				       .original = { v4("0.0.0.0", 0), v4("0.0.0.0", 0), 0, 0 },
				       .reply = { v4("0.0.0.0", 0), v4("0.0.0.0", 0), 0, 0 } };
	struct conntrack_flows flows = { .items = &flow, .n = 1 };
	struct ipvs_entry entries[] = { service("10.0.0.1"), server("10.0.0.2") };
	CLEANUP(free) char *table = NULL;
	struct buf out = { 0 };

	conntrack_show_deleted(&flows, &out);
	buf_done(&out);
	entries[0].flags = UINT32_MAX;
	entries[1].forwarding = UINT32_MAX;
	table = shown(entries, 2, &(struct ipvs_command){ 0 });
	assert_non_null(strstr(table, " ? "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_and_their_servers_are_sorted_as_ipvsadm_does),
		cmocka_unit_test(large_numbers_are_shortened_unless_they_are_to_be_exact),
		cmocka_unit_test(an_empty_table_is_its_title),
		cmocka_unit_test(a_flow_is_shown_as_conntrack_does),
		cmocka_unit_test(states_that_nobody_knows_are_no_way_out_of_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
