/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kata-network: interfaces and routes of a running sandbox. On standard output is
 * one line of JSON, whatever happens: null when it failed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "runtime/command.h"
#include "runtime/network_output.h"
#include "sandbox/kata_network.h"
#include "sandbox/sandbox.h"

/* What a subcommand is called with: the full id, the configuration, and what was read. */
struct call {
	const char *id;
	struct config *config;
	const char *text; /* NULL for those that only list */
	size_t len;
};

#define SYNC_GONE 3 /* how "sync" ends when there is no sandbox any more: src/netmon/monitor.c */

struct subcommand {
	const char *name;
	const char *summary;
	const char *input; /* of the file; NULL: it has none */
	/* Prints its result when it succeeds. */
	int (*run)(const struct call *call, struct err *err);
};

static int add_iface(const struct call *call, struct err *err)
{
	struct agentc_interface interface = { 0 };
	struct nic_request nic;
	int r = nic_request_parse(call->text, call->len,
				  call->config->runtime.enable_compat_old_cni, &nic, err);

	if (r < 0)
		return r;
	r = kata_network_add(call->id, call->config, &nic, &interface, err);
	if (r == 0)
		print_interface(&interface, &nic);
	agentc_interface_done(&interface);
	nic_request_done(&nic);
	return r;
}

static int del_iface(const struct call *call, struct err *err)
{
	CLEANUP(free) char *name = NULL;
	int r = nic_name_parse(call->text, call->len, &name, err);

	if (r == 0)
		r = kata_network_remove(call->id, name, err);
	if (r == 0)
		puts("null");
	return r;
}

static int update_iface(const struct call *call, struct err *err)
{
	struct agentc_interface interface = { 0 };
	struct agentc_interface update;
	int r = nic_update_parse(call->text, call->len, &update, err);

	if (r < 0)
		return r;
	r = kata_network_update(call->id, &update, &interface, err);
	if (r == 0)
		print_interface(&interface, NULL);
	agentc_interface_done(&interface);
	agentc_interface_done(&update);
	return r;
}

static int list_ifaces(const struct call *call, struct err *err)
{
	struct agentc_interfaces interfaces = { 0 };
	struct nic_records records = { 0 };
	bool compat = call->config->runtime.enable_compat_old_cni;
	int r = compat ? kata_network_own(call->id, &records, err)
		       : kata_network_interfaces(call->id, &interfaces, err);

	if (r == 0 && compat)
		print_compat_interfaces(&records);
	if (r == 0 && !compat)
		print_interfaces(&interfaces);
	agentc_interfaces_done(&interfaces);
	nic_records_done(&records);
	return r;
}

typedef int (*route_parse_fn)(const char *text, size_t len, struct agentc_routes *ret,
			      struct err *err);
typedef int (*route_fn)(const char *id, const struct agentc_route *route, struct agentc_routes *ret,
			struct err *err);

static int one_route(const struct call *call, route_parse_fn parse, route_fn act, struct err *err)
{
	struct agentc_routes result = { 0 };
	struct agentc_routes routes;
	int r = parse(call->text, call->len, &routes, err);

	if (r < 0)
		return r;
	r = act(call->id, &routes.items[0], &result, err);
	if (r == 0)
		print_changed_routes(&result);
	agentc_routes_done(&result);
	agentc_routes_done(&routes);
	return r;
}

static int add_route(const struct call *call, struct err *err)
{
	return one_route(call, route_parse, kata_network_add_route, err);
}

static int del_route(const struct call *call, struct err *err)
{
	return one_route(call, route_match_parse, kata_network_delete_route, err);
}

static int update_routes(const struct call *call, struct err *err)
{
	struct agentc_routes result = { 0 };
	struct agentc_routes routes;
	int r = routes_parse(call->text, call->len, &routes, err);

	if (r < 0)
		return r;
	r = kata_network_set_routes(call->id, &routes, &result, err);
	if (r == 0)
		print_changed_routes(&result);
	agentc_routes_done(&result);
	agentc_routes_done(&routes);
	return r;
}

static int list_routes(const struct call *call, struct err *err)
{
	struct agentc_routes routes = { 0 };
	int r = kata_network_routes(call->id, &routes, err);

	if (r == 0 && call->config->runtime.enable_compat_old_cni)
		print_compat_routes(&routes);
	else if (r == 0)
		print_routes(&routes);
	agentc_routes_done(&routes);
	return r;
}

static int sync_namespace(const struct call *call, struct err *err)
{
	return kata_network_sync(call->id, err);
}

static const struct subcommand subcommands[] = {
	{ "add-iface", "plug in an interface", "its JSON", add_iface },
	{ "del-iface", "unplug one that add-iface plugged in", "JSON with its name", del_iface },
	{ "list-ifaces", "show the interfaces", NULL, list_ifaces },
	{ "update-iface", "replace an interface's addresses", "JSON: name and IPAddresses",
	  update_iface },
	{ "add-route", "add a route, or replace it", "its JSON", add_route },
	{ "del-route", "remove every route that fits", "JSON: dest, and gateway and device or not",
	  del_route },
	{ "list-routes", "show the routes", NULL, list_routes },
	{ "update-routes", "replace all routes", "a JSON array of them", update_routes },
	{ "sync", "let the guest follow the network namespace, as kata-netmon does", NULL,
	  sync_namespace },
};

#define N_SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static int read_input(const char *file, char **ret, size_t *ret_len, struct err *err)
{
	int r = str_eq(file, "-") ? read_stdin(NETWORK_INPUT_MAX, ret, ret_len, err)
				  : file_read(file, NETWORK_INPUT_MAX, ret, ret_len, err);

	return r == -EFBIG ? err_prefix(err, "network file too big") : r;
}

static int run_subcommand(const struct globals *globals, const struct subcommand *subcommand,
			  const char *name, const char *file, struct err *err)
{
	CLEANUP(config_free) struct config *config = NULL;
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *id = NULL;
	struct call call = { 0 };
	int r;

	/* kata-netmon does not say which. */
	r = subcommand->run == sync_namespace ? 0 : load_config(globals, false, &config, err);
	if (r == 0)
		r = id_resolve(name, &id, err);
	if (r == -ENOENT && subcommand->run == sync_namespace)
		return SYNC_GONE;
	if (r == 0 && file)
		r = read_input(file, &text, &call.len, err);
	if (r < 0)
		return r;
	call.id = id;
	call.config = config;
	call.text = text;
	interrupt_catch();
	fault_begin(subcommand->name);
	r = subcommand->run(&call, err);
	interrupt_release();
	return r == -ESRCH && subcommand->run == sync_namespace ? SYNC_GONE : r;
}

static int parse_subcommand(const struct globals *globals, const struct subcommand *subcommand,
			    int argc, char **argv, struct err *err)
{
	CLEANUP(free) char *title = xasprintf("%s %s", globals->program, subcommand->name);
	const char *name = NULL;
	const char *file = NULL;
	int r;

	const struct opt opts[] = {
		OPT_ARG("container-id", &name, "a running container of the sandbox"),
		subcommand->input ? (struct opt)OPT_ARG("file", &file, subcommand->input)
				  : (struct opt)OPT_END,
		OPT_END,
	};

	argv[0] = title;
	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	r = run_subcommand(globals, subcommand, name, file, err);
	if (r < 0)
		puts("null");
	return r;
}

static void print_help(const char *program)
{
	printf("Usage: %s SUBCOMMAND <container-id> [FILE]\n\n"
	       "FILE holds JSON, - is standard input; those that list take none.\n\nSubcommands:\n",
	       program);
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		printf("  %-14s %s\n", subcommands[i].name, subcommands[i].summary);
}

/* Source: reference 03. */
static int run_network(const struct globals *globals, int argc, char **argv, struct err *err)
{
	CLEANUP(free) char *program = xstrdup(argv[0]);
	int used = 0;
	int r;

	const struct opt opts[] = { OPT_END };

	r = opt_parse_leading(opts, argc, argv, &used, err);
	if (r < 0)
		return r;
	if (r == OPT_HELPED || used == argc || str_eq(argv[used], "help")) {
		print_help(program);
		return 0;
	}
	for (size_t i = 0; i < N_SUBCOMMANDS; i++) {
		const struct globals named = { .program = program,
					       .config_path = globals->config_path };

		if (str_eq(subcommands[i].name, argv[used]))
			return parse_subcommand(&named, &subcommands[i], argc - used, argv + used,
						err);
	}
	return err_set(err, EINVAL, "%s: there is no '%.40s'; '%s --help' lists what there is",
		       program, argv[used], program);
}

const struct command cmd_network = { "kata-network", NULL, "change a sandbox's network",
				     run_network };
