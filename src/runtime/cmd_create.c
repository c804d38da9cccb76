/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/proc.h"
#include "config/config.h"
#include "runtime/command.h"
#include "runtime/create_options.h"
#include "sandbox/sandbox.h"

/* Source: runtime-spec, runtime.md, "Create". */
static int run_create(const struct globals *globals, int argc, char **argv, struct err *err)
{
	struct create_options o = CREATE_OPTIONS_INIT;
	CLEANUP(config_free) struct config *config = NULL;
	CLEANUP(free) char *bundle = NULL;
	struct proc_id shim = { 0 };
	struct timeline timeline;
	int r;

	const struct opt opts[] = { CREATE_OPTIONS(o), OPT_END };

	timeline_start(&timeline);
	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	log_tell_only_terminals(); /* engines give us the container's streams */
	r = check_preserved_fds(o.preserve_fds, err);
	if (r == 0)
		r = id_check(o.id, err);
	if (r == 0)
		r = resolve_bundle(o.bundle, &bundle, err);
	if (r == 0)
		r = load_config(globals, true, &config, err);
	if (r < 0)
		return r;
	timeline_mark(&timeline, "load");
	interrupt_catch();
	return container_create(
		&(struct create_params){ .config = config,
					 .id = o.id,
					 .bundle = bundle,
					 .root = globals->root,
					 .console = o.console,
					 .console_socket = o.console_socket,
					 .pid_file = o.pid_file,
					 .detach = true,
					 .cgroups_optional = cgroups_optional(globals),
					 .timeline = &timeline },
		&shim, err);
}

const struct command cmd_create = { "create", NULL, "create a container", run_create };
