/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "agent/agent.h"
#include "agent/api.h"
#include "agent/guest.h"
#include "agent/guest_hooks.h"
#include "agent/job.h"
#include "agent/modules.h"
#include "agent/sandbox.h"
#include "agent/storage.h"
#include "agent/tracing.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_server.h"

/* CreateSandbox mounts in a helper; this lives until it is done. */
struct sandbox_start {
	struct agent *agent;
	struct ttrpc_request *req;
	Grpc__CreateSandboxRequest *message; /* owned */
};

static int load_modules(const Grpc__CreateSandboxRequest *message, struct err *err)
{
	size_t n = message->n_kernel_modules;
	CLEANUP(free) struct module *modules = xcalloc(n + 1, sizeof(*modules));

	for (size_t i = 0; i < n; i++)
		modules[i] = (struct module){ message->kernel_modules[i]->name,
					      message->kernel_modules[i]->parameters,
					      message->kernel_modules[i]->n_parameters };
	return modules_load("", modules, n, module_insert, err);
}

static int prepare_sandbox(void *data, struct err *err)
{
	struct sandbox_start *start = data;
	int r;

	/* Here and not at boot: the kernel takes 10 ms over it, which must not hold up the loop. */
	r = guest_loopback_up(err);
	if (r == 0)
		r = load_modules(start->message, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < start->message->n_storages; i++) {
		r = storage_mount(start->message->storages[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void sandbox_prepared(void *data, const struct err *error)
{
	struct sandbox_start *start = data;

	tracing_step(start->req, "storages");
	if (error->code == 0) {
		start->agent->sandbox_started = true;
		free(start->agent->sandbox_id);
		start->agent->sandbox_id = xstrdup(start->message->sandbox_id);
		if (*start->message->guest_hook_path)
			guest_hooks_scan(start->agent, start->message->guest_hook_path);
	}
	api_reply_result(start->req, error->code ? -1 : 0, error);
	pb_free(&start->message->base);
	free(start);
}

static int check_sandbox(const struct agent *agent, const Grpc__CreateSandboxRequest *message,
			 struct err *err)
{
	if (agent->sandbox_started)
		return err_set(err, EEXIST, "sandbox already started, impossible to start again");
	for (size_t i = 0; i < message->n_storages; i++) {
		int r = storage_check(message->storages[i], err);

		if (r < 0)
			return r;
	}
	/* The pod's host name and System V IPC are the guest's own. */
	if (*message->hostname && sethostname(message->hostname, strlen(message->hostname)) < 0)
		return err_errno(err, "hostname '%.64s'", message->hostname);
	return 0;
}

void api_create_sandbox(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__CreateSandboxRequest *message = (const Grpc__CreateSandboxRequest *)in;
	struct sandbox_start *start;
	struct err err = { 0 };

	if (check_sandbox(req->context, message, &err) < 0) {
		ttrpc_reply_error(req, &err);
		return;
	}
	start = xcalloc(1, sizeof(*start));
	start->agent = req->context;
	start->req = req;
	start->message = (Grpc__CreateSandboxRequest *)api_copy_message(in);
	if (!start->message) {
		free(start);
		(void)err_set(&err, ENOMEM, "the request is too large");
		ttrpc_reply_error(req, &err);
		return;
	}
	job_start(start->agent->loop, prepare_sandbox, sandbox_prepared, start);
}

void api_destroy_sandbox(struct ttrpc_request *req,
			 const ProtobufCMessage *in __attribute__((unused)))
{
	sandbox_destroy(req->context, req);
}
