/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "oci/state.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"

static void print_state(const struct container_view *view)
{
	const struct oci_state state = {
		.version = view->record->oci_version,
		.id = view->record->id,
		.status = state_name(view->state),
		.pid = view->state == STATE_STOPPED ? 0 : view->record->shim.pid,
		.bundle = view->record->bundle,
		.annotations = view->record->annotations,
	};
	CLEANUP(free) char *text = oci_state_json(&state, true);

	(void)fputs(text, stdout);
}

/* Source: runtime-spec, runtime.md, "State" and "Query State". */
static int run_state(const struct globals *globals __attribute__((unused)), int argc, char **argv,
		     struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	CLEANUP(free) char *id = NULL;
	int r = parse_container_id(argc, argv, &id, err);

	if (r == 0)
		r = container_look(id, &view, err);
	if (r != 0)
		return r;
	assert(view.record);
	print_state(&view);
	return 0;
}

const struct command cmd_state = { "state", NULL, "show the state of a container", run_state };
