/* SPDX-License-Identifier: Apache-2.0 */
/* Turning on a vCPU takes the kernel a tenth of a second: a helper does it. */
#include <errno.h>
#include <stdlib.h>

#include "agent.pb-c.h"
#include "agent/agent.h"
#include "agent/api.h"
#include "agent/guest.h"
#include "agent/job.h"
#include "agent/online.h"
#include "agent/sandbox.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "oci/spec.h"
#include "rpc/ttrpc_server.h"

struct onlining {
	struct agent *agent;
	struct ttrpc_request *req; /* NULL: it was answered at once */
	struct online_request request;
};

static int apply(void *data, struct err *err)
{
	const struct onlining *onlining = data;
	int r;

	if (onlining->request.cpus > 1)
		guest_keep_quotas();
	r = online_apply(&onlining->request, onlining->agent->hotplug_ms, err);

	for (struct container *c = onlining->agent->containers; r == 0 && c; c = c->next)
		if (c->cgroup && str_empty(c->spec->resources.cpuset_cpus))
			r = cgroup_widen_cpus(c->cgroup, err);
	return r;
}

static void applied(void *data, const struct err *error)
{
	struct onlining *onlining = data;

	if (onlining->req)
		api_reply_result(onlining->req, error->code ? -1 : 0, error);
	else if (error->code)
		log_warn("vCPUs and memory: %s", error->text);
	free(onlining);
}

/* Source: reference 05, section 3; the fields of ours say what is to be there afterwards. */
void api_online_cpu_mem(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__OnlineCPUMemRequest *message = (const Grpc__OnlineCPUMemRequest *)in;
	struct onlining *onlining;
	struct err err = { 0 };

	if (message->cpu_only && message->nb_cpus == 0 && message->online_cpus == 0) {
		(void)err_set(&err, EINVAL, "requested number of CPUs '0' must be greater than 0");
		ttrpc_reply_error(req, &err);
		return;
	}
	onlining = xcalloc(1, sizeof(*onlining));
	onlining->agent = req->context;
	onlining->request = (struct online_request){
		.sysfs = ONLINE_SYSFS,
		.cpus = message->online_cpus,
		.cpu_only = message->cpu_only,
		.first_blocks = onlining->agent->first_blocks,
		.plugged = message->plugged_memory,
	};
	if (message->online_cpus == 0 && message->nb_cpus > 0)
		onlining->request.cpus = online_count_cpus(ONLINE_SYSFS) + message->nb_cpus;
	if (message->wait)
		onlining->req = req;
	else
		api_reply_empty(req);
	job_start(onlining->agent->loop, apply, applied, onlining);
}
