/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.pb-c.h"
#include "base/err.h"
#include "rpc/ttrpc_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void done(void *data, const ProtobufCMessage *response, const struct err *error)
{
	(void)data;
	(void)response;
	(void)error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Grpc__ReadStreamRequest read_request = GRPC__READ_STREAM_REQUEST__INIT;
	Grpc__StatsContainerRequest stats = GRPC__STATS_CONTAINER_REQUEST__INIT;
	struct ttrpc_client client = { 0 };
	struct err err = { 0 };

	for (int i = 0; i < 4; i++)
		ttrpc_client_call(&client, &grpc__agent_service__descriptor,
				  i % 2 ? "StatsContainer" : "ReadStdout",
				  i % 2 ? &stats.base : &read_request.base, 0, done, NULL);
	if (ttrpc_client_feed(&client, data, size / 2, &err) == 0)
		(void)ttrpc_client_feed(&client, data + size / 2, size - size / 2, &err);
	(void)err_set(&err, 1, "over");
	ttrpc_client_fail(&client, &err);
	ttrpc_client_done(&client);
	return 0;
}
