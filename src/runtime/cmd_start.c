/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli.h"
#include "base/err.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"

static int start_one(const char *name, struct err *err)
{
	CLEANUP(free) char *id = NULL;
	struct timeline timeline;
	int r;

	timeline_start(&timeline);
	r = id_resolve(name, &id, err);
	return r < 0 ? r : container_start(id, &timeline, err);
}

/* Source: runtime-spec, runtime.md, "Start". Several ids are Kata's addition. */
static int run_start(const struct globals *globals __attribute__((unused)), int argc, char **argv,
		     struct err *err)
{
	char **ids = NULL;
	int r;

	const struct opt opts[] = {
		OPT_ARGS("container-id", &ids, "the containers"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	for (; *ids; ids++) {
		r = start_one(*ids, err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct command cmd_start = { "start", NULL, "start the process of a created container",
				   run_start };
