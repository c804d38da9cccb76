/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/err.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"

static int run_freeze(int argc, char **argv, bool frozen, struct err *err)
{
	CLEANUP(free) char *id = NULL;
	int r = parse_container_id(argc, argv, &id, err);

	return r != 0 ? r : container_freeze(id, frozen, err);
}

static int run_pause(const struct globals *globals __attribute__((unused)), int argc, char **argv,
		     struct err *err)
{
	return run_freeze(argc, argv, true, err);
}

static int run_resume(const struct globals *globals __attribute__((unused)), int argc, char **argv,
		      struct err *err)
{
	return run_freeze(argc, argv, false, err);
}

const struct command cmd_pause = { "pause", NULL, "stop a container's processes where they are",
				   run_pause };
const struct command cmd_resume = { "resume", NULL, "let a paused container go on", run_resume };
