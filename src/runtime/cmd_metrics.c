/* SPDX-License-Identifier: Apache-2.0 */
/* kata-runtime metrics: what kata-monitor shows of all sandboxes, of one. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/cli.h"
#include "base/err.h"
#include "runtime/command.h"
#include "sandbox/metrics.h"

#define TIMEOUT_MS 10000u

static int run_metrics(const struct globals *globals __attribute__((unused)), int argc, char **argv,
		       struct err *err)
{
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *sid = NULL;
	CLEANUP(free) char *id = NULL;
	bool silent = false;
	int r;

	r = parse_container_id(argc, argv, &id, err);
	if (r != 0)
		return r;
	r = container_sandbox(id, &sid, err);
	if (r == 0)
		r = sandbox_metrics(sid, TIMEOUT_MS, &text, &silent, err);
	if (r < 0)
		return r;
	assert(text);
	if (fputs(text, stdout) < 0 || fflush(stdout) != 0)
		return err_set(err, EPIPE, "metrics: nobody reads them any more");
	return silent ? err_set(err, ETIMEDOUT,
				"sandbox %s: its guest does not answer; its numbers are missing",
				sid)
		      : 0;
}

const struct command cmd_metrics = { "metrics", NULL,
				     "numbers of a container's sandbox, as Prometheus reads them",
				     run_metrics };
