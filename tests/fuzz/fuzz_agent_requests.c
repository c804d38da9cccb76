/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte picks a method of the agent, the rest is its request. */
#include "agent.pb-c.h"
#include "agent/spec_pb.h"
#include "base/buf.h"
#include "base/err.h"
#include "oci/spec.h"
#include "rpc/pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_spec(const Grpc__CreateContainerRequest *request)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = NULL;
	struct err err = { 0 };

	if (request->oci)
		(void)spec_from_pb(request->oci, &spec, &err);
}

static void read_process(const Grpc__ExecProcessRequest *request)
{
	struct oci_process process;
	struct err err = { 0 };

	oci_process_init(&process);
	if (request->process)
		(void)process_from_pb(request->process, &process, &err);
	oci_process_done(&process);
}

static void read_resources(const Grpc__UpdateContainerRequest *request)
{
	struct oci_resources resources = { 0 };
	struct err err = { 0 };

	if (request->resources)
		(void)resources_from_pb(request->resources, &resources, &err);
	oci_resources_done(&resources);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const ProtobufCServiceDescriptor *service = &grpc__agent_service__descriptor;
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	ProtobufCMessage *in;

	if (size == 0)
		return 0;
	in = pb_unpack(service->methods[data[0] % service->n_methods].input, data + 1, size - 1);
	if (!in)
		return 0;
	pb_append(&out, in);
	if (in->descriptor == &grpc__create_container_request__descriptor)
		read_spec((const void *)in);
	else if (in->descriptor == &grpc__exec_process_request__descriptor)
		read_process((const void *)in);
	else if (in->descriptor == &grpc__update_container_request__descriptor)
		read_resources((const void *)in);
	pb_free(in);
	return 0;
}
