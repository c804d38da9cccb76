/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "runtime/ipvs_rule.h"

static struct ipvs_command good(const char *text)
{
	struct ipvs_command command;
	struct err err = { 0 };

	if (ipvs_command_parse(text, strlen(text), &command, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return command;
}

static void bad(const char *text, const char *message)
{
	struct ipvs_command command;
	struct err err = { 0 };

	if (ipvs_command_parse(text, strlen(text), &command, &err) != -EINVAL)
		fail_msg("%s: should be refused", text);
	if (!strstr(err.text, message))
		fail_msg("%s: '%s' is not in: %s", text, message, err.text);
	for (const char *c = err.text; *c; c++)
		if (*c < ' ' || *c > '~')
			fail_msg("%s: not one printable line: %s", text, err.text);
}

static void is_v4(const struct ipvs_address *address, const char *ip, unsigned port)
{
	char text[INET_ADDRSTRLEN];

	assert_int_equal(address->family, AF_INET);
	assert_string_equal(inet_ntop(AF_INET, &address->v4, text, sizeof(text)), ip);
	assert_int_equal(address->port, port);
}

TEST(the_examples_of_the_manual_are_read)
{
	struct ipvs_rule rule;

	rule = good("--add-service --tcp-service 172.17.0.7:80 --scheduler rr --persistent 3000")
		       .rule;
	assert_int_equal(rule.operation, IPVS_ADD_SERVICE);
	assert_int_equal(rule.protocol, IPPROTO_TCP);
	is_v4(&rule.service, "172.17.0.7", 80);
	assert_string_equal(rule.scheduler, "rr");
	assert_int_equal(rule.persistent, 3000);

	rule = good("--add-server --tcp-service 172.17.0.7:80 --real-server 172.17.0.4:80 "
		    "--weight 100")
		       .rule;
	assert_int_equal(rule.operation, IPVS_ADD_SERVER);
	is_v4(&rule.server, "172.17.0.4", 80);
	assert_int_equal(rule.weight, 100);

	rule = good("--set 100 100 200").rule;
	assert_int_equal(rule.operation, IPVS_SET_TIMEOUTS);
	assert_int_equal(rule.timeouts.tcp, 100);
	assert_int_equal(rule.timeouts.tcp_fin, 100);
	assert_int_equal(rule.timeouts.udp, 200);
}

TEST(all_ways_to_spell_an_option_mean_the_same)
{
	static const char *const lines[] = {
		"-A -t 1.2.3.4:80 -s wrr -p 7",
		"-p 7 -s wrr -t 1.2.3.4:80 -A",
		"--add-service --tcp-service=1.2.3.4:80 --scheduler=wrr --persistent=7",
		"-A -t=1.2.3.4:80 -s=wrr -p=7",
		"-At1.2.3.4:80 -swrr -p7",
		"  -A\t-t '1.2.3.4:80' -s \"wrr\"  -p 7  ",
		"-A -t 1.2.3'.4:80' -s w\"rr\" --per'sistent 7'",
	};

	for (size_t i = 0; i + 1 < sizeof(lines) / sizeof(lines[0]); i++) {
		struct ipvs_rule rule = good(lines[i]).rule;

		assert_int_equal(rule.operation, IPVS_ADD_SERVICE);
		is_v4(&rule.service, "1.2.3.4", 80);
		assert_string_equal(rule.scheduler, "wrr");
		assert_int_equal(rule.persistent, 7);
	}
	/* A quoted blank is no separator. */
	bad(lines[6], "'--persistent 7' is not one of the options");
}

TEST(every_operation_is_read)
{
	assert_int_equal(good("-E -u 1.2.3.4:53 -s lc -p 0").rule.operation, IPVS_EDIT_SERVICE);
	assert_int_equal(good("-E -u 1.2.3.4:53 -s lc -p 0").rule.protocol, IPPROTO_UDP);
	assert_int_equal(good("-D -t 1.2.3.4:80").rule.operation, IPVS_DELETE_SERVICE);
	assert_int_equal(good("-e -t 1.2.3.4:80 -r 1.2.3.5:80 -m").rule.operation,
			 IPVS_EDIT_SERVER);
	assert_int_equal(good("-e -t 1.2.3.4:80 -r 1.2.3.5:80").rule.weight, 1);
	assert_int_equal(good("-d -r 1.2.3.5:80 -t 1.2.3.4:80").rule.operation, IPVS_DELETE_SERVER);
	assert_int_equal(good("--clear").rule.operation, IPVS_CLEAR);
	assert_int_equal(good("-Z").rule.operation, IPVS_ZERO);
	assert_int_equal(good("--zero -t 1.2.3.4:80").rule.protocol, IPPROTO_TCP);
	assert_int_equal(good("100 --set 100 200").rule.timeouts.udp, 200);
}

TEST(every_way_to_list_is_read)
{
	assert_true(good("-Ln").list);
	assert_true(good("-l").list);
	assert_int_equal(good("-L").show, IPVS_SHOW_TABLE);
	assert_int_equal(good("-ln --stats").show, IPVS_SHOW_STATS);
	assert_int_equal(good("--list --rate").show, IPVS_SHOW_RATES);
	assert_int_equal(good("-Lnc").show, IPVS_SHOW_CONNECTIONS);
	assert_int_equal(good("-L --connection").show, IPVS_SHOW_CONNECTIONS);
	assert_int_equal(good("-L --timeout").show, IPVS_SHOW_TIMEOUTS);
	assert_int_equal(good("-L --thresholds").show, IPVS_SHOW_THRESHOLDS);
	assert_int_equal(good("-L --persistent-conn").show, IPVS_SHOW_PERSISTENT);
	assert_true(good("-L --stats --exact").exact);
	assert_true(good("-L --nosort").unsorted);
	assert_int_equal(good("--list --tcp-service 172.17.0.7:80").rule.protocol, IPPROTO_TCP);
}

TEST(addresses_of_version_6_stand_in_brackets)
{
	struct ipvs_rule rule = good("-a -t [fd00::1]:80 -r [fd00::2]:65535").rule;
	char text[INET6_ADDRSTRLEN];

	assert_int_equal(rule.service.family, AF_INET6);
	assert_string_equal(inet_ntop(AF_INET6, &rule.server.v6, text, sizeof(text)), "fd00::2");
	assert_int_equal(rule.server.port, 65535);
}

TEST(both_ends_of_each_range_are_good)
{
	static const char *const schedulers[] = { "rr",    "wrr", "lc", "wlc", "lblc",
						  "lblcr", "dh",  "sh", "sed", "nq" };
	char line[128];

	for (size_t i = 0; i < sizeof(schedulers) / sizeof(schedulers[0]); i++) {
		snprintf(line, sizeof(line), "-A -t 1.2.3.4:80 -p 1 -s %s", schedulers[i]);
		assert_string_equal(good(line).rule.scheduler, schedulers[i]);
	}
	assert_int_equal(good("-D -t 1.2.3.4:1").rule.service.port, 1);
	assert_int_equal(good("-D -t 1.2.3.4:65535").rule.service.port, 65535);
	assert_int_equal(good("-A -t 1.2.3.4:80 -s rr -p 0").rule.persistent, 0);
	assert_int_equal(good("-A -t 1.2.3.4:80 -s rr -p 1").rule.persistent, 1);
	assert_int_equal(good("-A -t 1.2.3.4:80 -s rr -p 2678400").rule.persistent, 2678400);
	assert_int_equal(good("-a -t 1.2.3.4:80 -r 1.2.3.5:80 -w 0").rule.weight, 0);
	assert_int_equal(good("-a -t 1.2.3.4:80 -r 1.2.3.5:80 -w 65535").rule.weight, 65535);
	assert_int_equal(good("-a -t 1.2.3.4:80 -r 1.2.3.5:1 -w 0").rule.server.port, 1);
	assert_int_equal(good("--set 0 0 0").rule.timeouts.tcp, 0);
	assert_int_equal(good("--set 1296000 1296000 1296000").rule.timeouts.tcp_fin, 1296000);
}

#define SERVICE " -t 1.2.3.4:80"
#define SERVER  " -r 1.2.3.5:80"

TEST(bad_command_lines_are_refused_with_the_word_and_what_is_allowed)
{
	static const char *const lines[][2] = {
		{ "", "no operation" },
		{ "   ", "no operation" },
		{ "-t 1.2.3.4:80", "no operation" },
		{ "nonsense", "'nonsense' is no option" },
		{ "-A -s rr -p 1", "needs --tcp-service or --udp-service" },
		{ "-A" SERVICE " -p 1", "needs --scheduler, one of rr, wrr" },
		{ "-A" SERVICE " -s rr", "needs --persistent, 1 to 2678400" },
		{ "-E" SERVICE " -s rr", "--edit-service needs --persistent" },
		{ "-E -s rr -p 1", "--edit-service needs --tcp-service" },
		{ "-D", "--delete-service needs --tcp-service" },
		{ "-a" SERVICE, "--add-server needs --real-server" },
		{ "-a" SERVER, "--add-server needs --tcp-service" },
		{ "-e" SERVICE, "--edit-server needs --real-server" },
		{ "-d" SERVICE, "--delete-server needs --real-server" },
		{ "-A" SERVICE " -u 1.2.3.4:80 -s rr -p 1", "one service at a time" },
		{ "-A" SERVICE SERVICE " -s rr -p 1", "--tcp-service is given twice" },
		{ "-A -D" SERVICE " -s rr -p 1", "--add-service and --delete-service" },
		{ "-L -C", "--clear and --list" },
		{ "-L -l", "one operation at a time" },
		{ "-A -t 1.2.3.4.5:80 -s rr -p 1", "'1.2.3.4.5:80' is not IP:PORT" },
		{ "-A -t 1.2.3:80 -s rr -p 1", "'1.2.3:80' is not" },
		{ "-A -t 1.2.3.256:80 -s rr -p 1", "'1.2.3.256:80' is not" },
		{ "-A -t 01.2.3.4:80 -s rr -p 1", "'01.2.3.4:80' is not" },
		{ "-A -t 1.2.3.4 -s rr -p 1", "'1.2.3.4' is not" },
		{ "-A -t :80 -s rr -p 1", "':80' is not" },
		{ "-A -t 1.2.3.4: -s rr -p 1", "'1.2.3.4:' is not" },
		{ "-A -t 1.2.3.4:0 -s rr -p 1", "a port from 1 to 65535" },
		{ "-A -t 1.2.3.4:65536 -s rr -p 1", "'1.2.3.4:65536' is not" },
		{ "-A -t 1.2.3.4:9999999 -s rr -p 1", "'1.2.3.4:9999999' is not" },
		{ "-A -t 1.2.3.4:http -s rr -p 1", "'1.2.3.4:http' is not" },
		{ "-A -t 1.2.3.4:+80 -s rr -p 1", "'1.2.3.4:+80' is not" },
		{ "-A -t 1.2.3.4:-1 -s rr -p 1", "'1.2.3.4:-1' is not" },
		{ "-A -t fd00::1:80 -s rr -p 1", "'fd00::1:80' is not" },
		{ "-A -t [fd00::1] -s rr -p 1", "'[fd00::1]' is not" },
		{ "-A -t [1.2.3.4]:80 -s rr -p 1", "'[1.2.3.4]:80' is not" },
		{ "-A -t [fd00::1%lo]:80 -s rr -p 1", "'[fd00::1%lo]:80' is not" },
		{ "-A -t []:80 -s rr -p 1", "'[]:80' is not" },
		{ "-A -t localhost:80 -s rr -p 1", "'localhost:80' is not" },
		{ "-A" SERVICE " -s rrr -p 1", "--scheduler: 'rrr' is not one of rr, wrr" },
		{ "-A" SERVICE " -s mh -p 1", "'mh' is not one of" },
		{ "-A" SERVICE " -s RR -p 1", "'RR' is not one of" },
		{ "-A" SERVICE " -s rr -p -3000", "'-3000' is not 1 to 2678400 seconds" },
		{ "-A" SERVICE " -s rr -p -1", "'-1' is not" },
		{ "-A" SERVICE " -s rr -p 2678401", "'2678401' is not" },
		{ "-A" SERVICE " -s rr -p 99999999999", "'99999999999' is not" },
		{ "-A" SERVICE " -s rr -p 3e3", "'3e3' is not" },
		{ "-A" SERVICE " -s rr -p", "--persistent needs a value" },
		{ "-A" SERVICE " -s rr --persistent=", "--persistent needs a value" },
		{ "-A" SERVICE " -s", "--scheduler needs a value" },
		{ "-A -t", "--tcp-service needs a value, IP:PORT" },
		{ "-a" SERVICE SERVER " -w -1", "--weight: '-1' is not 0 to 65535" },
		{ "-a" SERVICE SERVER " -w 65536", "--weight: '65536' is not 0 to 65535" },
		{ "-a" SERVICE SERVER " -w 1.5", "'1.5' is not" },
		{ "-a" SERVICE " -r 1.2.3.5:0", "--real-server: '1.2.3.5:0' is not" },
		{ "-a" SERVICE " -r 1.2.3.5:65536", "'1.2.3.5:65536' is not" },
		{ "-a" SERVICE " -r 1.2.3.5", "'1.2.3.5' is not" },
		{ "-a" SERVICE " -r [fd00::1]:80", "both are IPv4 or both IPv6" },
		{ "-a" SERVICE SERVER " -g", "--gatewaying: only NAT is supported" },
		{ "-a" SERVICE SERVER " --ipip", "--ipip: only NAT is supported" },
		{ "-a" SERVICE SERVER " -m -m", "--masquerading is given twice" },
		{ "-a" SERVICE SERVER " --masquerading=yes", "--masquerading takes no value" },
		{ "-a" SERVICE SERVER " -s rr", "--scheduler is not allowed with --add-server" },
		{ "-d" SERVICE SERVER " -w 1", "--weight is not allowed with --delete-server" },
		{ "-D" SERVICE SERVER, "--real-server is not allowed with --delete-service" },
		{ "-C" SERVICE, "--tcp-service is not allowed with --clear" },
		{ "-Z" SERVICE SERVER, "--real-server is not allowed with --zero" },
		{ "-L -s rr", "--scheduler is not allowed with --list" },
		{ "-L --stats --rate", "--stats and --rate: one of them at a time" },
		{ "-L -c" SERVICE, "--connection is of all services" },
		{ "-L --timeout" SERVICE, "--timeout is of all services" },
		{ "--set", "--set needs three numbers" },
		{ "--set 1 2", "--set needs three numbers" },
		{ "--set 1 2 3 4", "'4' is no option" },
		{ "--set 1296001 1 1", "--set: tcp: '1296001' is not 0 to 1296000" },
		{ "--set 1 1296001 1", "--set: tcpfin: '1296001' is not" },
		{ "--set 1 1 1296001", "--set: udp: '1296001' is not" },
		{ "--set 1 -1 1", "'-1' is not one of the options" },
		{ "--set 1 one 1", "--set: tcpfin: 'one' is not" },
		{ "--set=1 1 1", "--set takes no value" },
		{ "-A -f 1 -s rr -p 1", "'-f' is not one of the options: -A --add-service" },
		{ "-A --sctp-service 1.2.3.4:80", "'--sctp-service' is not one of" },
		{ "-A" SERVICE " -s rr -p 1 -M 255.0.0.0", "'-M' is not one of" },
		{ "--restore", "'--restore' is not one of" },
		{ "-S", "'-S' is not one of" },
		{ "-Lx", "'-Lx' is not one of" },
		{ "-L --", "'--' is not one of" },
		{ "-L -- -C", "'--' is not one of" },
		{ "-L -", "'-' is no option" },
		{ "--list --tcp", "'--tcp' is not one of" },
		{ "-L; ipvsadm -C", "'-L;' is not one of" },
		{ "-L ; reboot", "';' is no option" },
		{ "-L $(reboot)", "'$(reboot)' is no option" },
		{ "-L `reboot`", "'`reboot`' is no option" },
		{ "-L | sh", "'|' is no option" },
		{ "-L %s%s%s%n", "'%s%s%s%n' is no option" },
		{ "-A -t %s:80 -s rr -p 1", "'%s:80' is not IP:PORT" },
		{ "ipvsadm -L", "'ipvsadm' is no option" },
		{ "-L\n-C", "byte 3 is 0x0a: only printable ASCII" },
		{ "-L\r", "byte 3 is 0x0d" },
		{ "-L \x1b[2J", "byte 4 is 0x1b" },
		{ "-L \xc3\xa4", "byte 4 is 0xc3" },
		{ "-L 'x", "the quote ' at byte 4" },
		{ "-L \"x'", "the quote \" at byte 4" },
		{ "-L ''", "'' is no option" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		bad(lines[i][0], lines[i][1]);
}

TEST(sixty_four_kib_of_text_and_a_nul_are_refused)
{
	CLEANUP(free) char *text = xcalloc(65537, 1);
	struct ipvs_command command;
	struct err err = { 0 };

	memset(text, 'x', 65536);
	bad(text, "65536 bytes, allowed are up to 4096");
	text[4096] = '\0';
	bad(text, "'xxxxxxxxxxxx");
	assert_int_equal(ipvs_command_parse("-L\0-C", 5, &command, &err), -EINVAL);
	assert_string_equal(err.text, "byte 3 is 0x00: only printable ASCII is allowed");
}

/* Rule files. */

static int read_rules(const char *text, struct ipvs_rule **ret, size_t *ret_n, struct err *err)
{
	*ret = NULL;
	*ret_n = 0;
	return ipvs_rules_parse(text, strlen(text), ret, ret_n, err);
}

TEST(a_rule_file_is_read_with_its_line_numbers)
{
	CLEANUP(free) struct ipvs_rule *rules = NULL;
	struct err err = { 0 };
	size_t n;

	assert_int_equal(read_rules("# the shop\xc3\xa4's\n"
				    "-A -t 10.10.11.12:100 -s rr -p 3000\n"
				    "\n"
				    "  \t\n"
				    "-a -t 10.10.11.12:100 -r 172.16.0.1:80 -m\n"
				    "   # the last\n"
				    "-a -t 10.10.11.12:100 -r 172.16.0.1:81 -m -w 3",
				    &rules, &n, &err),
			 0);
	assert_int_equal(n, 3);
	assert_int_equal(rules[0].line, 2);
	assert_int_equal(rules[1].line, 5);
	assert_int_equal(rules[2].line, 7);
	assert_int_equal(rules[2].weight, 3);
}

static void bad_file(const char *text, int code, const char *message)
{
	struct ipvs_rule *rules = NULL;
	struct err err = { 0 };
	size_t n;

	assert_int_equal(read_rules(text, &rules, &n, &err), -code);
	assert_null(rules);
	if (!strstr(err.text, message))
		fail_msg("'%s' is not in: %s", message, err.text);
}

#define GOOD_LINE "-A -t 10.10.11.12:100 -s rr -p 3000\n"

TEST(a_bad_line_is_named)
{
	bad_file("", EINVAL, "Rule file has no effective rule.");
	bad_file("# nothing\n\n", EINVAL, "Rule file has no effective rule.");
	bad_file(GOOD_LINE "-a -t 10.10.11.12:100 -r 172.16.0.1:80\n", EINVAL,
		 "line 2: --add-server needs --masquerading or -m");
	bad_file(GOOD_LINE "-a -t 10.10.11.12:100 -r 172.16.0.1:80 -g\n", EINVAL,
		 "line 2: --gatewaying: only NAT");
	bad_file("-D -t 10.10.11.12:100\n", EINVAL,
		 "line 1: --delete-service: a rule file can only");
	bad_file(GOOD_LINE "\n-C\n", EINVAL, "line 3: --clear: a rule file can only add");
	bad_file("-L\n", EINVAL, "line 1: --list: a rule file can only add");
	bad_file(GOOD_LINE "-A -t 10.10.11.12:0 -s rr -p 1\n", EINVAL,
		 "line 2: --tcp-service: '10.10.11.12:0' is not");
	bad_file(GOOD_LINE "nonsense\n", EINVAL, "line 2: ");
	bad_file("-A -t 10.10.11.12:100 -s rr -p 3000\r\n", EINVAL, "line 1: byte 36 is 0x0d");
}

static void add_lines(struct buf *text, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		buf_printf(text, "-A -t 10.0.%u.%u:80 -s rr -p 1\n", i / 256 % 256, i % 256);
}

TEST(a_file_has_at_most_twenty_thousand_rules)
{
	__attribute__((cleanup(buf_donep))) struct buf text = { 0 };
	struct ipvs_rule *rules = NULL;
	struct err err = { 0 };
	size_t n = 0;

	buf_printf(&text, "# not counted\n");
	add_lines(&text, 20000);
	assert_int_equal(
		ipvs_rules_parse((char *)buf_data(&text), buf_len(&text), &rules, &n, &err), 0);
	assert_int_equal(n, 20000);
	free(rules);
	rules = NULL;
	add_lines(&text, 1);
	assert_int_equal(
		ipvs_rules_parse((char *)buf_data(&text), buf_len(&text), &rules, &n, &err),
		-E2BIG);
	assert_string_equal(err.text, "line 20002: Rules exceed limit 20000");
}

TEST(a_line_has_at_most_four_kib)
{
	__attribute__((cleanup(buf_donep))) struct buf text = { 0 };
	struct ipvs_rule *rules = NULL;
	struct err err = { 0 };
	size_t n = 0;

	buf_printf(&text, "%-4096s\n", "-A -t 10.0.0.1:80 -s rr -p 1");
	assert_int_equal(
		ipvs_rules_parse((char *)buf_data(&text), buf_len(&text), &rules, &n, &err), 0);
	free(rules);
	rules = NULL;
	buf_printf(&text, "%-4097s\n", "-A -t 10.0.0.1:80 -s rr -p 1");
	assert_int_equal(
		ipvs_rules_parse((char *)buf_data(&text), buf_len(&text), &rules, &n, &err),
		-EINVAL);
	assert_string_equal(err.text, "line 2: 4097 bytes, allowed are up to 4096");
}

/* Cleanup. */

static int cleanup_of(const char *text, struct ipvs_address *to, int *protocol, struct err *err)
{
	return ipvs_cleanup_parse(text, strlen(text), to, protocol, err);
}

TEST(cleanup_takes_a_destination_and_a_protocol_in_any_order)
{
	static const char *const lines[] = { "--orig-dst 172.17.0.4 --protonum tcp",
					     "--protonum=tcp --orig-dst=172.17.0.4",
					     "-d 172.17.0.4 -p tcp", "-p tcp -d 172.17.0.4" };
	struct ipvs_address to;
	struct err err = { 0 };
	int protocol = 0;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(cleanup_of(lines[i], &to, &protocol, &err), 0);
		is_v4(&to, "172.17.0.4", 0);
		assert_int_equal(protocol, IPPROTO_TCP);
	}
	assert_int_equal(cleanup_of("-d fd00::1 -p udp", &to, &protocol, &err), 0);
	assert_int_equal(to.family, AF_INET6);
	assert_int_equal(protocol, IPPROTO_UDP);
}

TEST(bad_cleanups_are_refused)
{
	static const char *const lines[][2] = {
		{ "", "--orig-dst is needed: IP" },
		{ "-d 1.2.3.4", "--protonum is needed: tcp|udp" },
		{ "-p tcp", "--orig-dst is needed" },
		{ "-d 1.2.3.4 -p icmp", "'icmp' is not one of tcp, udp" },
		{ "-d 1.2.3.4 -p 6", "'6' is not one of tcp, udp" },
		{ "-d 1.2.3 -p tcp", "'1.2.3' is not an IPv4 or IPv6 address" },
		{ "-d 1.2.3.4:80 -p tcp", "'1.2.3.4:80' is not" },
		{ "-d [fd00::1] -p tcp", "'[fd00::1]' is not" },
		{ "-d 1.2.3.4 -p tcp -d 1.2.3.4", "--orig-dst is given twice" },
		{ "-d 1.2.3.4 -p tcp extra", "'extra' is no option" },
		{ "-D -d 1.2.3.4 -p tcp", "'-D' is not one of the options: -d --orig-dst" },
		{ "conntrack -D -d 1.2.3.4 -p tcp", "'conntrack' is no option" },
		{ "-d 1.2.3.4 -p 'tcp;reboot'", "'tcp;reboot' is not one of" },
	};
	struct ipvs_address to;
	int protocol;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct err err = { 0 };

		assert_int_equal(cleanup_of(lines[i][0], &to, &protocol, &err), -EINVAL);
		if (!strstr(err.text, lines[i][1]))
			fail_msg("'%s' is not in: %s", lines[i][1], err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_manual_are_read),
		cmocka_unit_test(all_ways_to_spell_an_option_mean_the_same),
		cmocka_unit_test(every_operation_is_read),
		cmocka_unit_test(every_way_to_list_is_read),
		cmocka_unit_test(addresses_of_version_6_stand_in_brackets),
		cmocka_unit_test(both_ends_of_each_range_are_good),
		cmocka_unit_test(bad_command_lines_are_refused_with_the_word_and_what_is_allowed),
		cmocka_unit_test(sixty_four_kib_of_text_and_a_nul_are_refused),
		cmocka_unit_test(a_rule_file_is_read_with_its_line_numbers),
		cmocka_unit_test(a_bad_line_is_named),
		cmocka_unit_test(a_file_has_at_most_twenty_thousand_rules),
		cmocka_unit_test(a_line_has_at_most_four_kib),
		cmocka_unit_test(cleanup_takes_a_destination_and_a_protocol_in_any_order),
		cmocka_unit_test(bad_cleanups_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
