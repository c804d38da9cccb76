/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a running container, its freezer and its numbers. */
#include <errno.h>
#include <stdlib.h>

#include "agent.pb-c.h"
#include "agent/agent.h"
#include "agent/api.h"
#include "agent/job.h"
#include "agent/oom.h"
#include "agent/process.h"
#include "agent/sandbox.h"
#include "agent/spec_pb.h"
#include "agent/stats.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "katac.pb-c.h"
#include "oci/spec.h"
#include "rpc/ttrpc_server.h"

#define FREEZE_MS 8000u /* the host gives up after 10 s: it has to hear how it went */

/* Work for a helper: the kernel may reclaim memory for it, or wait for a process to stop. */
struct change {
	struct container *container;
	struct ttrpc_request *req;
	struct oci_resources resources; /* update */
	bool frozen;                    /* pause, resume */
};

static int find_running(struct ttrpc_request *req, const char *id, struct container **ret,
			struct err *err)
{
	int r = container_find(req->context, id, ret, err);

	if (r < 0)
		return r;
	if ((*ret)->removing || (*ret)->init->state == PROCESS_EXITED)
		return err_set(err, ESRCH, "container %s is not running", (*ret)->id);
	if ((*ret)->jobs > 0)
		return err_set(err, EAGAIN, "container %s: another change is being made",
			       (*ret)->id);
	return 0;
}

static void finish(struct change *change, const struct err *error)
{
	struct container *container = change->container;

	api_reply_result(change->req, error->code ? -1 : 0, error);
	oci_resources_done(&change->resources);
	free(change);
	container_job_end(container);
}

static struct change *change_new(struct container *container, struct ttrpc_request *req)
{
	struct change *change = xcalloc(1, sizeof(*change));

	change->container = container;
	change->req = req;
	container_job_begin(container);
	return change;
}

static int apply(void *data, struct err *err)
{
	struct change *change = data;

	return cgroup_apply(change->container->cgroup, &change->resources, err);
}

static void applied(void *data, const struct err *error)
{
	struct change *change = data;
	struct oci_resources *now = &change->container->spec->resources;

	if (error->code == 0 && change->resources.cpuset_cpus) {
		free(now->cpuset_cpus);
		now->cpuset_cpus = take_ptr(change->resources.cpuset_cpus);
	}
	finish(change, error);
}

static int start_update(struct ttrpc_request *req, const Grpc__UpdateContainerRequest *message,
			struct err *err)
{
	struct oci_resources resources = { 0 };
	struct container *container = NULL;
	struct agent *agent = req->context;
	struct change *change;
	int r;

	r = find_running(req, message->container_id, &container, err);
	if (r < 0)
		return r;
	if (!message->resources)
		return err_set(err, EINVAL, "resources: missing");
	r = resources_from_pb(message->resources, &resources, err);
	/* Without rules nothing is meant to change; with them they are all that there is. */
	if (r == 0 && resources.n_device_rules > 0)
		r = cgroup_set_devices(container->cgroup, resources.device_rules,
				       resources.n_device_rules, agent->own_disks,
				       agent->n_own_disks, err);
	if (r < 0) {
		oci_resources_done(&resources);
		return r;
	}
	change = change_new(container, req);
	change->resources = resources;
	job_start(agent->loop, apply, applied, change);
	return 0;
}

void api_update_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	struct err err = { 0 };

	if (start_update(req, (const Grpc__UpdateContainerRequest *)in, &err) < 0)
		ttrpc_reply_error(req, &err);
}

static int freeze(void *data, struct err *err)
{
	struct change *change = data;

	return cgroup_freeze(change->container->cgroup, change->frozen, deadline_in(FREEZE_MS),
			     err);
}

static void frozen(void *data, const struct err *error)
{
	struct change *change = data;

	if (error->code == 0)
		change->container->frozen = change->frozen;
	finish(change, error);
}

static void start_freeze(struct ttrpc_request *req, const char *id, bool to_frozen)
{
	struct container *container = NULL;
	struct change *change;
	struct err err = { 0 };

	if (find_running(req, id, &container, &err) < 0) {
		ttrpc_reply_error(req, &err);
		return;
	}
	change = change_new(container, req);
	change->frozen = to_frozen;
	job_start(container->agent->loop, freeze, frozen, change);
}

void api_pause_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start_freeze(req, ((const Grpc__PauseContainerRequest *)in)->container_id, true);
}

void api_resume_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start_freeze(req, ((const Grpc__ResumeContainerRequest *)in)->container_id, false);
}

void api_stats_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__StatsContainerRequest *message = (const Grpc__StatsContainerRequest *)in;
	struct container *container = NULL;
	struct err err = { 0 };

	if (container_find(req->context, message->container_id, &container, &err) < 0 ||
	    stats_reply(container, req, &err) < 0)
		ttrpc_reply_error(req, &err);
}

void api_get_oom_event(struct ttrpc_request *req,
		       const ProtobufCMessage *in __attribute__((unused)))
{
	oom_read(req->context, req);
}

void api_wait_oom(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Katac__WaitOOMRequest *message = (const Katac__WaitOOMRequest *)in;
	Katac__WaitOOMResponse response = KATAC__WAIT_OOMRESPONSE__INIT;
	struct container *container = NULL;
	struct err err = { 0 };

	if (container_find(req->context, message->container_id, &container, &err) < 0) {
		ttrpc_reply_error(req, &err);
		return;
	}
	if (message->wait) {
		oom_wait(container, message->seen, req);
		return;
	}
	response.kills = container->oom_kills;
	ttrpc_reply(req, &response.base);
}
