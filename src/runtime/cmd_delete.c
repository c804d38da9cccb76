/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/cli.h"
#include "base/err.h"
#include "base/mem.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"

static int delete_one(const char *name, bool force, struct err *err)
{
	CLEANUP(free) char *id = NULL;
	int r = id_resolve(name, &id, err);

	/* A crash may have left parts under the full id before it was registered. */
	if (r == -ENOENT && force)
		id = xstrdup(name);
	else if (r < 0)
		return r;
	return container_delete(id, force, err);
}

/* Source: runtime-spec, runtime.md, "Delete". */
static int run_delete(const struct globals *globals __attribute__((unused)), int argc, char **argv,
		      struct err *err)
{
	char **ids = NULL;
	bool force = false;
	int r;

	const struct opt opts[] = {
		OPT_BOOL('f', "force", &force, "also a container that runs, or is only half there"),
		OPT_ARGS("container-id", &ids, "the containers"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	for (; *ids; ids++) {
		r = delete_one(*ids, force, err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct command cmd_delete = { "delete", NULL, "delete a container and what it uses",
				    run_delete };
