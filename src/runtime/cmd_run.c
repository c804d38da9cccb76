/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/cli.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/proc.h"
#include "config/config.h"
#include "runtime/command.h"
#include "runtime/create_options.h"
#include "sandbox/sandbox.h"

#define LOST_CODE 255 /* of a shim whose virtual machine has gone (design E8) */

struct run_options {
	struct create_options create;
	bool detach;
	bool timing;
	bool keep;
	bool no_subreaper;
};

static int create_and_start(const struct globals *globals, const struct run_options *o,
			    struct timeline *timeline, struct proc_id *ret_shim, struct err *err)
{
	CLEANUP(config_free) struct config *config = NULL;
	CLEANUP(free) char *bundle = NULL;
	struct err ignored = { 0 };
	int r;

	r = check_preserved_fds(o->create.preserve_fds, err);
	if (r == 0)
		r = id_check(o->create.id, err);
	if (r == 0)
		r = resolve_bundle(o->create.bundle, &bundle, err);
	if (r == 0)
		r = load_config(globals, true, &config, err);
	if (r < 0)
		return r;
	timeline_mark(timeline, "load");
	interrupt_catch();
	r = container_create(&(struct create_params){ .config = config,
						      .id = o->create.id,
						      .bundle = bundle,
						      .root = globals->root,
						      .console = o->create.console,
						      .console_socket = o->create.console_socket,
						      .pid_file = o->create.pid_file,
						      .detach = o->detach,
						      .cgroups_optional = cgroups_optional(globals),
						      .timeline = timeline },
			     ret_shim, err);
	if (r < 0)
		return r;
	r = container_start(o->create.id, timeline, err);
	interrupt_ignore();
	if (r < 0)
		(void)container_delete(o->create.id, true, &ignored);
	return r;
}

static int run_run(const struct globals *globals, int argc, char **argv, struct err *err)
{
	struct run_options o = { .create = CREATE_OPTIONS_INIT };
	struct timeline timeline;
	struct proc_id shim = { 0 };
	struct err deleted = { 0 };
	int code;
	int r;

	const struct opt opts[] = {
		OPT_BOOL('d', "detach", &o.detach, "do not wait for the container"),
		OPT_BOOL(0, "timing", &o.timing, "print where the time went, on standard error"),
		OPT_BOOL(0, "keep", &o.keep, "do not delete the container when it has ended"),
		OPT_BOOL(0, "no-subreaper", &o.no_subreaper, NULL),
		CREATE_OPTIONS(o.create),
		OPT_END,
	};

	timeline_start(&timeline);
	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	r = create_and_start(globals, &o, &timeline, &shim, err);
	if (r < 0)
		return r;
	if (o.detach)
		return 0;
	code = wait_shim(&shim, err);
	timeline_mark(&timeline, "run");
	if (code == LOST_CODE && container_is_lost(o.create.id))
		(void)fprintf(stderr, "container %s: its virtual machine has ended [%s]\n",
			      o.create.id, err_name(ERR_MACHINE_ENDED));
	r = o.keep ? 0 : container_delete(o.create.id, true, &deleted);
	timeline_mark(&timeline, "delete");
	if (o.timing)
		timeline_print(&timeline, stderr);
	if (code < 0)
		return code;
	if (r < 0) {
		*err = deleted;
		return r;
	}
	return code;
}

const struct command cmd_run = { "run", NULL, "create, start and wait for a container", run_run };
