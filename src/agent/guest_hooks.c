/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guest_hooks.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/job.h"
#include "agent/process.h"
#include "agent/sandbox.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "oci/hooks.h"
#include "oci/state.h"

static const enum oci_hook_kind kinds[] = { OCI_HOOK_PRESTART, OCI_HOOK_POSTSTART,
					    OCI_HOOK_POSTSTOP };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void guest_hooks_scan(struct agent *agent, const char *path)
{
	struct err err = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct oci_hooks *hooks = &agent->guest_hooks[kinds[i]];

		if (hooks_scan(path, kinds[i], hooks, &err) < 0)
			log_warn("guest_hook_path: %s", err.text);
		n += hooks->n;
	}
	if (n == 0)
		log_warn("guest_hook_path: there are no hooks below %s", path);
}

/* One run, from its start to its end. */
struct hooks_job {
	struct container *container;
	enum oci_hook_kind kind;
	guest_hooks_done done;
};

static const char *status_at(enum oci_hook_kind kind)
{
	if (kind == OCI_HOOK_PRESTART)
		return "creating";
	return kind == OCI_HOOK_POSTSTART ? "running" : "stopped";
}

static int run(void *data, struct err *err)
{
	const struct hooks_job *job = data;
	const struct container *container = job->container;
	const struct oci_state state = { .version = container->spec->version,
					 .id = container->id,
					 .status = status_at(job->kind),
					 .pid = container->init->pid,
					 .bundle = container->bundle,
					 .annotations = container->spec->annotations };
	CLEANUP(free) char *json = oci_state_json(&state, false);

	return hooks_run(&container->agent->guest_hooks[job->kind], job->kind, json, err);
}

static void finished(void *data, const struct err *error)
{
	struct hooks_job *job = data;
	struct container *container = job->container;
	guest_hooks_done done = job->done;

	free(job);
	done(container, error);
}

void guest_hooks_run(struct container *container, enum oci_hook_kind kind, guest_hooks_done done)
{
	const struct err success = { 0 };
	struct hooks_job *job;

	if (container->agent->guest_hooks[kind].n == 0) {
		done(container, &success);
		return;
	}
	job = xcalloc(1, sizeof(*job));
	*job = (struct hooks_job){ .container = container, .kind = kind, .done = done };
	job_start(container->agent->loop, run, finished, job);
}
