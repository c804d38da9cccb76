/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentc/conntrack.h"
#include "agentc/ipvs.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "runtime/command.h"
#include "runtime/ipvs_rule.h"
#include "runtime/ipvs_show.h"
#include "runtime/ipvs_words.h"
#include "sandbox/sandbox.h"

/* A rule file whose every line is a rule, and as long as a line may be. */
#define RULE_FILE_MAX ((size_t)IPVS_RULES_MAX * (IPVS_LINE_MAX + 1))

static int print(struct buf *text, struct err *err)
{
	int r = write_full(STDOUT_FILENO, buf_data(text), buf_len(text));

	return r < 0 ? err_set(err, -r, "write to standard output: %s", strerror(-r)) : 0;
}

static int print_table(const char *id, const struct ipvs_command *command, struct err *err)
{
	__attribute__((cleanup(ipvs_table_done))) struct ipvs_table table = { 0 };
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	const struct ipvs_service_key only = { .protocol = command->rule.protocol,
					       .address = command->rule.service };
	bool counters = command->show == IPVS_SHOW_STATS || command->show == IPVS_SHOW_RATES;
	int r = container_ipvs_list(id, only.protocol ? &only : NULL, counters, &table, err);

	if (r < 0)
		return r;
	ipvs_show_table(&table, command, &out);
	return print(&out, err);
}

static int print_timeouts(const char *id, struct err *err)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	struct ipvs_timeouts timeouts = { 0 };
	int r = container_ipvs_timeouts(id, &timeouts, err);

	if (r < 0)
		return r;
	ipvs_show_timeouts(&timeouts, &out);
	return print(&out, err);
}

static int print_connections(const char *id, struct err *err)
{
	__attribute__((cleanup(ipvs_connections_done))) struct ipvs_connections list = { 0 };
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	int r = container_ipvs_connections(id, &list, err);

	if (r < 0)
		return r;
	ipvs_show_connections(&list, &out);
	return print(&out, err);
}

static int run_parameters(const char *text, const char *name, struct err *err)
{
	struct ipvs_command command;
	CLEANUP(free) char *id = NULL;
	int r;

	r = ipvs_command_parse(text, strlen(text), &command, err);
	if (r < 0)
		return err_prefix_as(err, ERR_IPVS_INPUT, "ipvsadm");
	r = id_resolve(name, &id, err);
	if (r < 0)
		return r;
	if (!command.list)
		return container_ipvs_change(id, &command.rule, 1, err);
	if (command.show == IPVS_SHOW_TIMEOUTS)
		return print_timeouts(id, err);
	if (command.show == IPVS_SHOW_CONNECTIONS)
		return print_connections(id, err);
	return print_table(id, &command, err);
}

static int run_restore(const char *from, const char *name, struct err *err)
{
	CLEANUP(free) struct ipvs_rule *rules = NULL;
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *id = NULL;
	char shown[IPVS_SHOWN_SIZE];
	size_t len = 0;
	size_t n = 0;
	int r;

	if (!str_eq(from, "-"))
		return err_set(err, EINVAL, "--restore: '%s': please use --restore - for stdin",
			       ipvs_shown(from, shown));
	r = read_stdin(RULE_FILE_MAX, &text, &len, err);
	if (r == 0)
		r = ipvs_rules_parse(text, len, &rules, &n, err);
	if (r < 0)
		return err_prefix_as(err, ERR_IPVS_INPUT, "--restore");
	r = id_resolve(name, &id, err);
	return r == 0 ? container_ipvs_change(id, rules, n, err) : r;
}

static int run_ipvsadm(int argc, char **argv, struct err *err)
{
	const char *parameters = NULL;
	const char *restore = NULL;
	const char *name = NULL;
	int r;

	const struct opt opts[] = {
		OPT_STRING(0, "parameters", &parameters, "WORDS",
			   "one call of ipvsadm: -A, -E, -D, -a, -e, -d, -C, -Z, -L or --set with "
			   "its options, in quotes"),
		OPT_STRING(0, "restore", &restore, "-",
			   "add the services and servers of standard input, all or none; "
			   "--parameters does not count then"),
		OPT_ARG("container-id", &name, "the container"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	if (restore)
		return run_restore(restore, name, err);
	if (!parameters)
		return err_set(err, EINVAL,
			       "%s: --parameters or --restore is needed; see '%s --help'", argv[0],
			       argv[0]);
	return run_parameters(parameters, name, err);
}

static int run_cleanup(int argc, char **argv, struct err *err)
{
	__attribute__((cleanup(conntrack_flows_done))) struct conntrack_flows flows = { 0 };
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	struct ipvs_address destination;
	const char *parameters = NULL;
	CLEANUP(free) char *id = NULL;
	const char *name = NULL;
	int protocol = 0;
	int r;

	const struct opt opts[] = {
		OPT_STRING(0, "parameters", &parameters, "WORDS",
			   "--orig-dst IP and --protonum tcp or udp, in quotes"),
		OPT_ARG("container-id", &name, "the container"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	if (!parameters)
		return err_set(err, EINVAL, "%s: --parameters is needed; see '%s --help'", argv[0],
			       argv[0]);
	r = ipvs_cleanup_parse(parameters, strlen(parameters), &destination, &protocol, err);
	if (r < 0)
		return err_prefix_as(err, ERR_IPVS_INPUT, "cleanup");
	r = id_resolve(name, &id, err);
	if (r == 0)
		r = container_conntrack_delete(id, &destination, protocol, &flows, err);
	if (r < 0)
		return r;
	conntrack_show_deleted(&flows, &out);
	return print(&out, err);
}

static void print_help(const char *name)
{
	printf("Usage: %s SUBCOMMAND [options] container-id\n\nSubcommands:\n", name);
	printf("  %-14s %s\n", "ipvsadm", "change and list virtual services and their servers");
	printf("  %-14s %s\n", "cleanup", "forget the tracked connections to an address");
	printf("\n'%s SUBCOMMAND --help' shows the options.\n", name);
}

/* Source: reference 04; openEuler's user guide, appendix 2. */
static int run_kata_ipvs(const struct globals *globals __attribute__((unused)), int argc,
			 char **argv, struct err *err)
{
	CLEANUP(free) char *name = NULL;
	bool cleanup;

	if (argc < 2 || str_eq(argv[1], "--help") || str_eq(argv[1], "-h") ||
	    str_eq(argv[1], "help")) {
		print_help(argv[0]);
		return 0;
	}
	cleanup = str_eq(argv[1], "cleanup");
	if (!cleanup && !str_eq(argv[1], "ipvsadm"))
		return err_set(err, EINVAL,
			       "%s: there is no '%.40s'; '%s --help' lists what there is", argv[0],
			       argv[1], argv[0]);
	name = xasprintf("%s %s", argv[0], argv[1]);
	argv[1] = name;
	return cleanup ? run_cleanup(argc - 1, argv + 1, err)
		       : run_ipvsadm(argc - 1, argv + 1, err);
}

const struct command cmd_kata_ipvs = { "kata-ipvs", NULL, "balance load inside a sandbox",
				       run_kata_ipvs };
