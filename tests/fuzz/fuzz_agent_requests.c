/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte picks a method of the agent, the rest is its request. */
#include "agent.pb-c.h"
#include "agent/spec_pb.h"
#include "base/buf.h"
#include "base/err.h"
#include "oci/spec.h"
#include "rpc/pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const ProtobufCServiceDescriptor *service = &grpc__agent_service__descriptor;
	CLEANUP(oci_spec_free) struct oci_spec *spec = NULL;
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	struct err err = { 0 };
	ProtobufCMessage *in;

	if (size == 0)
		return 0;
	in = pb_unpack(service->methods[data[0] % service->n_methods].input, data + 1, size - 1);
	if (!in)
		return 0;
	pb_append(&out, in);
	if (in->descriptor == &grpc__create_container_request__descriptor) {
		const Grpc__CreateContainerRequest *request = (const void *)in;

		if (request->oci)
			(void)spec_from_pb(request->oci, &spec, &err);
	}
	pb_free(in);
	return 0;
}
