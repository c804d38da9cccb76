/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "agent/agent.h"
#include "agent/api.h"
#include "agent/container_disks.h"
#include "agent/debug_console.h"
#include "agent/process.h"
#include "agent/process_list.h"
#include "agent/sandbox.h"
#include "agent/spec_pb.h"
#include "base/err.h"
#include "base/str.h"
#include "katac.pb-c.h"
#include "oci/spec.h"
#include "rpc/ttrpc_server.h"

#define ID_MAX 255u

static int check_id(const char *what, const char *id, struct err *err)
{
	if (!*id || strlen(id) > ID_MAX || strchr(id, '/') || str_eq(id, ".") || str_eq(id, ".."))
		return err_set(err, EINVAL, "%s '%.64s': 1 to %u bytes without '/' are allowed",
			       what, id, ID_MAX);
	return 0;
}

static int start_create(struct ttrpc_request *req, const Grpc__CreateContainerRequest *message,
			struct err *err)
{
	struct container *existing = NULL;
	struct oci_spec *spec = NULL;
	struct agent *agent = req->context;
	int r;

	if (!agent->sandbox_started)
		return err_set(err, ESRCH,
			       "sandbox not started, impossible to run a new container");
	r = check_id("container_id", message->container_id, err);
	if (r < 0)
		return r;
	if (container_find(agent, message->container_id, &existing, err) == 0)
		return err_set(err, EEXIST, "container %s already exists, impossible to create",
			       message->container_id);
	r = container_disks_check(message, err);
	if (r < 0)
		return r;
	if (!message->oci)
		return err_set(err, EINVAL, "OCI: missing");
	r = spec_from_pb(message->oci, &spec, err);
	if (r < 0)
		return r;
	/* The host name came with the sandbox; for this one its request has no field. */
	if (str_eq(message->container_id, agent->sandbox_id) && spec->domainname &&
	    setdomainname(spec->domainname, strlen(spec->domainname)) < 0) {
		r = err_errno(err, "domainname '%.64s'", spec->domainname);
		oci_spec_free(spec);
		return r;
	}
	if (message->n_devices == 0 && message->n_storages == 0)
		return container_create(agent, message->container_id, spec, NULL,
					message->sandbox_pidns, req, err);
	container_disks_prepare(agent, message, spec, req);
	return 0;
}

void api_create_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	struct err err = { 0 };

	if (start_create(req, (const Grpc__CreateContainerRequest *)in, &err) < 0)
		ttrpc_reply_error(req, &err);
}

void api_start_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__StartContainerRequest *message = (const Grpc__StartContainerRequest *)in;
	struct container *container = NULL;
	struct err err = { 0 };
	int r;

	r = container_find(req->context, message->container_id, &container, &err);
	if (r == 0)
		r = process_start(container->init, req, &err);
	if (r < 0)
		ttrpc_reply_error(req, &err);
}

void api_remove_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__RemoveContainerRequest *message = (const Grpc__RemoveContainerRequest *)in;
	struct container *container = NULL;
	struct err err = { 0 };
	int r;

	r = container_find(req->context, message->container_id, &container, &err);
	if (r == 0)
		r = container_remove(container, req, &err);
	if (r < 0)
		ttrpc_reply_error(req, &err);
}

static int start_exec(struct ttrpc_request *req, const Grpc__ExecProcessRequest *message,
		      struct err *err)
{
	struct container *container = NULL;
	struct oci_process process;
	int r;

	r = debug_console_find(req->context, message->container_id, &container, err);
	if (r == 0)
		r = check_id("exec_id", message->exec_id, err);
	if (r < 0)
		return r;
	if (!message->process)
		return err_set(err, EINVAL, "process: missing");
	oci_process_init(&process);
	r = process_from_pb(message->process, &process, err);
	if (r == 0 && container->is_guest)
		r = debug_console_prepare(&process, err);
	if (r == 0)
		r = container_exec(container, message->exec_id, &process, req, err);
	oci_process_done(&process); /* the child has its own copy by now */
	return r;
}

void api_exec_process(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	struct err err = { 0 };

	if (start_exec(req, (const Grpc__ExecProcessRequest *)in, &err) < 0)
		ttrpc_reply_error(req, &err);
}

void api_list_processes(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Katac__ListProcessesRequest *message = (const Katac__ListProcessesRequest *)in;
	Katac__ListProcessesResponse response = KATAC__LIST_PROCESSES_RESPONSE__INIT;
	struct container *container = NULL;
	struct err err = { 0 };
	int r;

	r = container_find(req->context, message->container_id, &container, &err);
	if (r == 0)
		r = process_list_read(container, &response, &err);
	if (r < 0)
		ttrpc_reply_error(req, &err);
	else
		ttrpc_reply(req, &response.base);
	process_list_done(&response);
}
