/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.pb-c.h"
#include "base/err.h"
#include "rpc/ttrpc_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ttrpc_request *kept; /* one late answer */

static void answer(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	Grpc__Empty empty = GRPC__EMPTY__INIT;

	(void)in;
	ttrpc_reply(req, &empty.base);
}

static void keep(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	struct err err = { 0 };

	(void)in;
	(void)err_set(&err, 11, "another came");
	if (kept)
		ttrpc_reply_error(kept, &err);
	kept = req;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ttrpc_method methods[] = { { "CreateContainer", answer },
						       { "ExecProcess", answer },
						       { "WaitProcess", keep },
						       { 0 } };
	static const struct ttrpc_service service = { &grpc__agent_service__descriptor, methods };
	static const struct ttrpc_service *const services[] = { &service, NULL };
	struct ttrpc_conn conn;
	struct err err = { 0 };

	ttrpc_conn_init(&conn, services, NULL);
	if (ttrpc_conn_feed(&conn, data, size / 2, &err) == 0)
		(void)ttrpc_conn_feed(&conn, data + size / 2, size - size / 2, &err);
	ttrpc_conn_done(&conn);
	(void)err_set(&err, 1, "over");
	if (kept)
		ttrpc_reply_error(kept, &err);
	kept = NULL;
	return 0;
}
