/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/ttrpc_client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "katac.pb-c.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_frame.h"
#include "rpc/ttrpc_status.h"
#include "ttrpc.pb-c.h"

struct ttrpc_call {
	struct ttrpc_call *next;
	uint32_t stream;
	const ProtobufCMessageDescriptor *response;
	ttrpc_done_fn fn;
	void *data;
};

void ttrpc_client_done(struct ttrpc_client *client)
{
	while (client->calls) {
		struct ttrpc_call *call = client->calls;

		client->calls = call->next;
		free(call);
	}
	buf_done(&client->in);
	buf_done(&client->out);
}

static void append_request(struct ttrpc_client *client, uint32_t stream,
			   const Ttrpc__Request *request)
{
	size_t len = protobuf_c_message_get_packed_size(&request->base);
	uint8_t *header = buf_reserve(&client->out, TTRPC_HEADER_LEN + len);

	ttrpc_frame_header(header, stream, TTRPC_REQUEST, (uint32_t)len);
	buf_commit(&client->out, TTRPC_HEADER_LEN);
	pb_append(&client->out, &request->base);
}

void ttrpc_client_call(struct ttrpc_client *client, const ProtobufCServiceDescriptor *service,
		       const char *method, const ProtobufCMessage *message, uint64_t timeout_ms,
		       ttrpc_done_fn fn, void *data)
{
	const ProtobufCMethodDescriptor *found;
	Ttrpc__Request request = TTRPC__REQUEST__INIT;
	Ttrpc__KeyValue place = TTRPC__KEY_VALUE__INIT;
	Ttrpc__KeyValue *metadata[] = { &place };
	struct ttrpc_call *call;
	struct err error = { 0 };
	__attribute__((cleanup(buf_donep))) struct buf payload = { 0 };

	found = protobuf_c_service_descriptor_get_method_by_name(service, method);
	assert(found && message->descriptor == found->input);

	pb_append(&payload, message);
	request.service = (char *)(uintptr_t)service->name;
	request.method = (char *)(uintptr_t)method;
	request.payload.data = buf_data(&payload);
	request.payload.len = buf_len(&payload);
	request.timeout_nano = (int64_t)timeout_ms * 1000000;
	if (client->traceparent) {
		place.key = (char *)(uintptr_t)TTRPC_TRACEPARENT;
		place.value = (char *)(uintptr_t)client->traceparent;
		request.n_metadata = 1;
		request.metadata = metadata;
	}
	if (protobuf_c_message_get_packed_size(&request.base) > TTRPC_DATA_MAX) {
		(void)err_set(&error, E2BIG, "the request is larger than %u bytes", TTRPC_DATA_MAX);
		fn(data, NULL, &error);
		return;
	}

	client->next_stream += client->next_stream ? 2 : 1; /* odd numbers are the client's */
	append_request(client, client->next_stream, &request);

	call = xcalloc(1, sizeof(*call));
	*call = (struct ttrpc_call){ .next = client->calls,
				     .stream = client->next_stream,
				     .response = found->output,
				     .fn = fn,
				     .data = data };
	client->calls = call;
}

static struct ttrpc_call *take_call(struct ttrpc_client *client, uint32_t stream)
{
	for (struct ttrpc_call **at = &client->calls; *at; at = &(*at)->next) {
		struct ttrpc_call *call = *at;

		if (call->stream != stream)
			continue;
		*at = call->next;
		return call;
	}
	return NULL;
}

/* The stable code that the peer gives, if it is one that a guest may give. */
static enum err_id id_of(const Ttrpc__Status *status)
{
	enum err_id id = ERR_NONE;

	for (size_t i = 0; i < status->n_details && id == ERR_NONE; i++) {
		const Ttrpc__Any *detail = status->details[i];
		ProtobufCMessage *message;

		if (!str_eq(detail->type_url, TTRPC_ERROR_CODE_URL))
			continue;
		message = pb_unpack(&katac__error_code__descriptor, detail->value.data,
				    detail->value.len);
		if (message)
			id = err_by_name(((const Katac__ErrorCode *)message)->name);
		pb_free(message);
	}
	return err_from_guest(id) ? id : ERR_NONE;
}

static void finish_call(struct ttrpc_call *call, const Ttrpc__Response *response)
{
	struct err error = { 0 };
	ProtobufCMessage *message = NULL;

	if (response->status && response->status->code != TTRPC_OK) {
		(void)err_set(&error, ttrpc_errno_of_code(response->status->code), "%.900s",
			      response->status->message);
		str_printable(error.text); /* it came from the guest, and goes to a terminal */
		error.id = id_of(response->status);
		/* As an agent says it that knows no codes. */
		if (error.id == ERR_NONE && response->status->code == TTRPC_UNIMPLEMENTED)
			error.id = ERR_AGENT_OLD;
	} else {
		message = pb_unpack(call->response, response->payload.data, response->payload.len);
		if (!message)
			(void)err_set_as(&error, ERR_AGENT_NONSENSE, EBADMSG,
					 "the agent's answer is not a %s", call->response->name);
	}
	call->fn(call->data, message, &error);
	pb_free(message);
}

static int take_frame(struct ttrpc_client *client, const struct ttrpc_frame *frame, struct err *err)
{
	struct ttrpc_call *call;
	ProtobufCMessage *response;

	if (frame->type != TTRPC_RESPONSE)
		return err_set_as(err, ERR_AGENT_NONSENSE, EBADMSG,
				  "ttrpc frame of type %u from the agent", frame->type);
	call = take_call(client, frame->stream);
	if (!call)
		return 0;
	response = pb_unpack(&ttrpc__response__descriptor, frame->data, frame->len);
	if (!response) {
		call->next = client->calls; /* fails with the connection */
		client->calls = call;
		return err_set_as(err, ERR_AGENT_NONSENSE, EBADMSG,
				  "a ttrpc response that cannot be decoded");
	}
	finish_call(call, (const Ttrpc__Response *)response);
	pb_free(response);
	free(call);
	return 0;
}

int ttrpc_client_feed(struct ttrpc_client *client, const uint8_t *data, size_t len, struct err *err)
{
	buf_append(&client->in, data, len);
	for (;;) {
		struct ttrpc_frame frame;
		ptrdiff_t used;
		int r;

		used = ttrpc_frame_parse(buf_data(&client->in), buf_len(&client->in),
					 TTRPC_REPLY_MAX, &frame, err);
		if (used < 0)
			return err_tag(err, ERR_AGENT_NONSENSE);
		if (used == 0)
			return 0;
		r = take_frame(client, &frame, err);
		if (r < 0)
			return r;
		buf_consume(&client->in, (size_t)used);
	}
}

void ttrpc_client_fail(struct ttrpc_client *client, const struct err *error)
{
	while (client->calls) {
		struct ttrpc_call *call = client->calls;

		client->calls = call->next;
		call->fn(call->data, NULL, error);
		free(call);
	}
}

void ttrpc_client_forget(struct ttrpc_client *client, const void *data)
{
	struct ttrpc_call **at = &client->calls;

	while (*at) {
		struct ttrpc_call *call = *at;

		if (call->data != data) {
			at = &call->next;
			continue;
		}
		*at = call->next;
		free(call);
	}
}
