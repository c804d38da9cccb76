/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/ttrpc_server.h"

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

void ttrpc_conn_init(struct ttrpc_conn *conn, const struct ttrpc_service *const *services,
		     void *context)
{
	*conn = (struct ttrpc_conn){ .services = services, .context = context };
}

void ttrpc_conn_done(struct ttrpc_conn *conn)
{
	for (struct ttrpc_request *req = conn->requests; req; req = req->next)
		req->conn = NULL;
	conn->requests = NULL;
	if (conn->kept)
		conn->kept_free(conn->kept);
	conn->kept = NULL;
	buf_done(&conn->in);
	buf_done(&conn->out);
}

bool ttrpc_conn_ready(const struct ttrpc_conn *conn)
{
	return buf_len(&conn->out) < TTRPC_OUT_MAX;
}

static void send_response(struct ttrpc_conn *conn, uint32_t stream, const Ttrpc__Response *response)
{
	size_t len = protobuf_c_message_get_packed_size(&response->base);
	uint8_t *header = buf_reserve(&conn->out, TTRPC_HEADER_LEN + len);

	ttrpc_frame_header(header, stream, TTRPC_RESPONSE, (uint32_t)len);
	buf_commit(&conn->out, TTRPC_HEADER_LEN);
	pb_append(&conn->out, &response->base);
}

/* The stable code @id goes as a detail. */
static void send_error(struct ttrpc_conn *conn, uint32_t stream, enum ttrpc_code code,
		       enum err_id id, const char *text)
{
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	Ttrpc__Status status = TTRPC__STATUS__INIT;
	Katac__ErrorCode name = KATAC__ERROR_CODE__INIT;
	__attribute__((cleanup(buf_donep))) struct buf packed = { 0 };
	Ttrpc__Any detail = TTRPC__ANY__INIT;
	Ttrpc__Any *details[] = { &detail };

	name.name = (char *)(uintptr_t)err_name(id);
	pb_append(&packed, &name.base);
	detail.type_url = (char *)(uintptr_t)TTRPC_ERROR_CODE_URL;
	detail.value.data = buf_data(&packed);
	detail.value.len = buf_len(&packed);
	status.code = (int32_t)code;
	status.message = (char *)(uintptr_t)text;
	status.n_details = 1;
	status.details = details;
	response.status = &status;
	send_response(conn, stream, &response);
}

/* Takes @req out of its connection, if that is still there, and frees it. */
static void end_request(struct ttrpc_request *req, const struct err *error)
{
	struct ttrpc_conn *conn = req->conn;

	if (req->observed)
		req->observer->answered(req, error);
	if (conn) {
		struct ttrpc_request **at = &conn->requests;

		while (*at != req)
			at = &(*at)->next;
		*at = req->next;
		conn->n_requests--;
	}
	free(req);
}

/* The client would end the whole connection: only this call shall fail. */
static void refuse_reply(const struct ttrpc_request *req)
{
	CLEANUP(free) char *text = NULL;

	text = xasprintf("%s: the answer is larger than %u bytes", req->method->output->name,
			 TTRPC_REPLY_MAX);
	send_error(req->conn, req->stream, TTRPC_RESOURCE_EXHAUSTED, ERR_TOO_LARGE, text);
}

void ttrpc_reply(struct ttrpc_request *req, const ProtobufCMessage *out)
{
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	__attribute__((cleanup(buf_donep))) struct buf payload = { 0 };

	assert(out->descriptor == req->method->output);
	if (req->conn) {
		pb_append(&payload, out);
		response.payload.data = buf_data(&payload);
		response.payload.len = buf_len(&payload);
		if (protobuf_c_message_get_packed_size(&response.base) <= TTRPC_REPLY_MAX)
			send_response(req->conn, req->stream, &response);
		else
			refuse_reply(req);
	}
	end_request(req, NULL);
}

void ttrpc_reply_error(struct ttrpc_request *req, const struct err *error)
{
	if (req->conn)
		send_error(req->conn, req->stream, ttrpc_code_of_errno(error->code),
			   err_id_of(error), error->text);
	end_request(req, error);
}

static const struct ttrpc_service *find_service(const struct ttrpc_conn *conn, const char *name)
{
	for (const struct ttrpc_service *const *s = conn->services; *s; s++)
		if (str_eq((*s)->descriptor->name, name))
			return *s;
	return NULL;
}

static ttrpc_handler find_handler(const struct ttrpc_service *service, const char *name)
{
	for (const struct ttrpc_method *m = service->methods; m->name; m++)
		if (str_eq(m->name, name))
			return m->fn;
	return NULL;
}

/* Refuses a request before it has become one. */
static void refuse(struct ttrpc_conn *conn, uint32_t stream, int error, const char *what,
		   const Ttrpc__Request *request)
{
	CLEANUP(free) char *text = NULL;

	text = xasprintf("%.60s/%.60s: %s", request->service, request->method, what);
	send_error(conn, stream, ttrpc_code_of_errno(error),
		   error == ENOSYS ? ERR_AGENT_OLD : err_class(error), str_printable(text));
}

static const char *find_traceparent(const Ttrpc__Request *request)
{
	for (size_t i = 0; i < request->n_metadata; i++)
		if (str_eq(request->metadata[i]->key, TTRPC_TRACEPARENT))
			return request->metadata[i]->value;
	return NULL;
}

static void dispatch(struct ttrpc_conn *conn, uint32_t stream, const Ttrpc__Request *request)
{
	const struct ttrpc_service *service = find_service(conn, request->service);
	const ProtobufCMethodDescriptor *method = NULL;
	struct ttrpc_request *req;
	ProtobufCMessage *in;
	ttrpc_handler fn;

	if (service)
		method = protobuf_c_service_descriptor_get_method_by_name(service->descriptor,
									  request->method);
	fn = method ? find_handler(service, method->name) : NULL;
	if (!fn) {
		refuse(conn, stream, ENOSYS, "unimplemented by this agent", request);
		return;
	}
	if (conn->n_requests >= TTRPC_PENDING_MAX) {
		refuse(conn, stream, ENOSPC, "too many unanswered calls on one connection",
		       request);
		return;
	}
	in = pb_unpack(method->input, request->payload.data, request->payload.len);
	if (!in) {
		refuse(conn, stream, EINVAL, "the request cannot be decoded", request);
		return;
	}

	req = xcalloc(1, sizeof(*req));
	*req = (struct ttrpc_request){ .next = conn->requests,
				       .conn = conn,
				       .stream = stream,
				       .service = service->descriptor,
				       .method = method,
				       .context = conn->context,
				       .observer = conn->observer };
	conn->requests = req;
	conn->n_requests++;
	if (conn->observer)
		req->observed = conn->observer->begun(req, find_traceparent(request));
	fn(req, in);
	pb_free(in);
}

static int take_frame(struct ttrpc_conn *conn, const struct ttrpc_frame *frame, struct err *err)
{
	ProtobufCMessage *request;

	if (frame->type != TTRPC_REQUEST)
		return err_set(err, EBADMSG, "ttrpc frame of type %u from a client", frame->type);
	request = pb_unpack(&ttrpc__request__descriptor, frame->data, frame->len);
	if (!request)
		return err_set(err, EBADMSG, "a ttrpc request that cannot be decoded");
	dispatch(conn, frame->stream, (const Ttrpc__Request *)request);
	pb_free(request);
	return 0;
}

int ttrpc_conn_feed(struct ttrpc_conn *conn, const uint8_t *data, size_t len, struct err *err)
{
	buf_append(&conn->in, data, len);
	while (ttrpc_conn_ready(conn)) {
		struct ttrpc_frame frame;
		ptrdiff_t used;
		int r;

		used = ttrpc_frame_parse(buf_data(&conn->in), buf_len(&conn->in), TTRPC_DATA_MAX,
					 &frame, err);
		if (used <= 0)
			return (int)used;
		r = take_frame(conn, &frame, err);
		if (r < 0)
			return r;
		buf_consume(&conn->in, (size_t)used);
	}
	return 0;
}
