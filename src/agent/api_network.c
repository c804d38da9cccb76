/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces, routes and neighbours. All of it is done by helpers (design E4): one
 * waits for a device, and the kernel's lock on the network is others' too. Those
 * that change something do it one after the other. What a helper has to say
 * comes back in memory that is shared with it, as a packed message.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "agent.pb-c.h"
#include "agent/agent.h"
#include "agent/api.h"
#include "agent/job.h"
#include "agent/network.h"
#include "agent/network_stats.h"
#include "agent/routes.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "katac.pb-c.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_frame.h"
#include "rpc/ttrpc_server.h"

/* Does the work of one call in the helper. *ret is packed and freed; NULL is an empty answer. */
typedef int (*network_fn)(const struct agent *agent, const ProtobufCMessage *in,
			  ProtobufCMessage **ret, struct err *err);

struct answer {
	size_t len;
	uint8_t packed[TTRPC_REPLY_MAX];
};

struct network_job {
	struct network_job *next;
	struct agent *agent;
	struct ttrpc_request *req;
	ProtobufCMessage *in; /* owned */
	network_fn fn;
	bool changes;
	struct answer *answer; /* owned, shared with the helper */
};

static void job_free(struct network_job *job)
{
	if (job->answer)
		(void)munmap(job->answer, sizeof(*job->answer));
	if (job->in)
		pb_free(job->in);
	free(job);
}

static int work(void *data, struct err *err)
{
	__attribute__((cleanup(buf_donep))) struct buf packed = { 0 };
	struct network_job *job = data;
	ProtobufCMessage *out = NULL;
	int r = job->fn(job->agent, job->in, &out, err);

	if (r < 0 || !out)
		return r;
	pb_append(&packed, out);
	pb_free(out);
	/* The frame has some bytes of its own. */
	if (buf_len(&packed) > sizeof(job->answer->packed) - 64)
		return err_set(err, EMSGSIZE, "the answer would be of %zu bytes, allowed are %zu",
			       buf_len(&packed), sizeof(job->answer->packed) - 64);
	memcpy(job->answer->packed, buf_data(&packed), buf_len(&packed));
	job->answer->len = buf_len(&packed);
	return 0;
}

static void reply(struct network_job *job)
{
	ProtobufCMessage *out =
		pb_unpack(job->req->method->output, job->answer->packed, job->answer->len);
	struct err error = { 0 };

	if (!out) {
		(void)err_set(&error, EMSGSIZE, "the answer is too large");
		ttrpc_reply_error(job->req, &error);
		return;
	}
	ttrpc_reply(job->req, out);
	pb_free(out);
}

static void worked(void *data, const struct err *error);

static void start_next(struct agent *agent)
{
	struct network_job *job = agent->network_jobs;

	if (job)
		job_start(agent->loop, work, worked, job);
}

static void worked(void *data, const struct err *error)
{
	struct network_job *job = data;
	struct agent *agent = job->agent;
	bool changes = job->changes;

	if (error->code)
		ttrpc_reply_error(job->req, error);
	else
		reply(job);
	if (changes)
		agent->network_jobs = job->next; /* it was the first */
	job_free(job);
	if (changes)
		start_next(agent);
}

static void enqueue(struct agent *agent, struct network_job *job)
{
	struct network_job **last = &agent->network_jobs;

	while (*last)
		last = &(*last)->next;
	*last = job;
	if (agent->network_jobs == job)
		start_next(agent);
}

static void start(struct ttrpc_request *req, const ProtobufCMessage *in, bool changes,
		  network_fn fn)
{
	struct network_job *job = xcalloc(1, sizeof(*job));
	struct err error = { 0 };
	void *memory;

	job->agent = req->context;
	job->req = req;
	job->fn = fn;
	job->changes = changes;
	job->in = api_copy_message(in);
	memory = mmap(NULL, sizeof(*job->answer), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory != MAP_FAILED)
		job->answer = memory;
	if (!job->in || !job->answer) {
		(void)err_set(&error, ENOMEM, "the request is too large");
		ttrpc_reply_error(req, &error);
		job_free(job);
	} else if (changes) {
		enqueue(job->agent, job);
	} else {
		job_start(job->agent->loop, work, worked, job);
	}
}

static int update_interface(const struct agent *agent, const Types__Interface *interface,
			    uint32_t queues, ProtobufCMessage **ret, struct err *err)
{
	Types__Interface *out = NULL;
	int r;

	if (!interface)
		return err_set(err, EINVAL, "interface: missing");
	r = network_update_interface(interface, queues, agent->hotplug_ms, &out, err);
	if (r == 0)
		*ret = &out->base;
	return r;
}

static int standard_update_interface(const struct agent *agent, const ProtobufCMessage *in,
				     ProtobufCMessage **ret, struct err *err)
{
	return update_interface(agent, ((const Grpc__UpdateInterfaceRequest *)in)->interface, 0,
				ret, err);
}

static int extended_update_interface(const struct agent *agent, const ProtobufCMessage *in,
				     ProtobufCMessage **ret, struct err *err)
{
	const Katac__UpdateInterfaceRequest *message = (const Katac__UpdateInterfaceRequest *)in;

	return update_interface(agent, message->interface, message->queues, ret, err);
}

static int list_interfaces(const struct agent *agent __attribute__((unused)),
			   const ProtobufCMessage *in __attribute__((unused)),
			   ProtobufCMessage **ret, struct err *err)
{
	return network_list_interfaces((Grpc__Interfaces **)ret, err);
}

static int add_neighbours(const struct agent *agent __attribute__((unused)),
			  const ProtobufCMessage *in,
			  ProtobufCMessage **ret __attribute__((unused)), struct err *err)
{
	return network_add_neighbours(((const Grpc__AddARPNeighborsRequest *)in)->neighbors, err);
}

static int standard_update_routes(const struct agent *agent __attribute__((unused)),
				  const ProtobufCMessage *in, ProtobufCMessage **ret,
				  struct err *err)
{
	return routes_replace(((const Grpc__UpdateRoutesRequest *)in)->routes, (Grpc__Routes **)ret,
			      err);
}

static int extended_update_routes(const struct agent *agent __attribute__((unused)),
				  const ProtobufCMessage *in, ProtobufCMessage **ret,
				  struct err *err)
{
	return routes_update((const Katac__UpdateRoutesRequest *)in, (Katac__Routes **)ret, err);
}

static int delete_routes(const struct agent *agent __attribute__((unused)),
			 const ProtobufCMessage *in, ProtobufCMessage **ret, struct err *err)
{
	return routes_delete((const Katac__DeleteRoutesRequest *)in, (Katac__Routes **)ret, err);
}

static int list_routes(const struct agent *agent __attribute__((unused)),
		       const ProtobufCMessage *in __attribute__((unused)), ProtobufCMessage **ret,
		       struct err *err)
{
	return routes_list((Grpc__Routes **)ret, err);
}

static int network_stats(const struct agent *agent __attribute__((unused)),
			 const ProtobufCMessage *in __attribute__((unused)), ProtobufCMessage **ret,
			 struct err *err)
{
	return network_stats_read((Katac__NetworkStatsResponse **)ret, err);
}

void api_update_interface(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start(req, in, true, standard_update_interface);
}

void api_extended_update_interface(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start(req, in, true, extended_update_interface);
}

void api_list_interfaces(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start(req, in, false, list_interfaces);
}

void api_update_routes(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start(req, in, true, standard_update_routes);
}

void api_extended_update_routes(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start(req, in, true, extended_update_routes);
}

void api_delete_routes(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start(req, in, true, delete_routes);
}

void api_list_routes(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start(req, in, false, list_routes);
}

void api_add_arp_neighbors(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start(req, in, true, add_neighbours);
}

void api_network_stats(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	start(req, in, false, network_stats);
}
