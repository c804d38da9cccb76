/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent on the host, with the project's own server code. What a hostile one
 * does is a list of faults, each at the method that sets it off:
 *
 *   silent                 no answer, ever
 *   error=CODE:TEXT        that errno and text; TEXT may hold \e and \n
 *   coded=KATA-…:TEXT      that code and text
 *   old                    the call is unknown, as an agent says it that knows no codes
 *   long-error             a text of 1 MiB
 *   twice                  two answers to one call
 *   wrong-stream           the answer to a call that nobody made
 *   answers                endless answers to calls that nobody made
 *   half                   half an answer, and the end of the connection
 *   eof                    the end of the connection
 *   not-a-message          an answer that is no protobuf
 *   bad-frame              a ttrpc frame of an unknown type
 *   huge-frame             a ttrpc frame of 2 GiB
 *   empty                  an answer in which nothing is set
 *   too-much               to a read: three times what was asked for
 *   too-many               to ListInterfaces: 2,000 interfaces
 *   rude                   to ListInterfaces: a name with terminal codes
 *   serial-garbage         bytes that are not yamux
 *   serial-version         a yamux frame of version 7
 *   serial-window          more data than the window of the caller's stream
 *   serial-unknown         endless data for a stream that nobody opened
 *   serial-pings           endless pings, and nothing is read any more
 *   serial-streams         endless streams opened by the guest, likewise
 *   serial-deaf            nothing is read any more
 *   serial-half            half a yamux header, and the port is closed
 *   exit                   QEMU ends
 */
#include "fake_agent.h"
#include "fake_fault.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "fake_process.h"
#include "health.pb-c.h"
#include "katac.pb-c.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_frame.h"
#include "rpc/ttrpc_server.h"
#include "rpc/wire.h"
#include "rpc/yamux.h"
#include "ttrpc.pb-c.h"

#define READ_MAX     (64u << 10)
#define GUEST_SHARE  "/run/kata-containers/shared/containers"
#define LONG_ERROR   (1u << 20)
#define FLOOD_QUEUED (256u << 10) /* an endless stream is kept this far ahead */
#define NOBODYS_ID   0x7fff0001u  /* of a stream, odd: as if the host had opened it */

/* A call of a shim that is to be answered wrongly, but not before its process runs. */
struct deferred {
	struct deferred *next;
	struct ttrpc_request *req;
	ProtobufCMessage *in; /* owned */
};

struct fake_agent {
	struct watch watch; /* of the port */
	struct yamux session;
	struct fake_processes processes;
	char *const *faults;
	char *share;
	bool deaf;
	void (*flood)(struct fake_agent *agent);
	struct ttrpc_conn *flooded;
	uint32_t next_stream;
	struct deferred *deferred;
	struct ttrpc_conn *starter; /* who called StartContainer; "armed" once it has gone */
	bool armed;
};

/* The honest agent. */

static void reply_result(struct ttrpc_request *req, int r, const struct err *err)
{
	const Grpc__Empty empty = GRPC__EMPTY__INIT;

	if (r < 0)
		ttrpc_reply_error(req, err);
	else
		ttrpc_reply(req, &empty.base);
}

static void succeed(struct ttrpc_request *req, const ProtobufCMessage *in __attribute__((unused)))
{
	ProtobufCMessage *empty = pb_unpack(req->method->output, NULL, 0);

	ttrpc_reply(req, empty);
	pb_free(empty);
}

static void check(struct ttrpc_request *req, const ProtobufCMessage *in __attribute__((unused)))
{
	Grpc__HealthCheckResponse response = GRPC__HEALTH_CHECK_RESPONSE__INIT;

	response.status = GRPC__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
	ttrpc_reply(req, &response.base);
}

static void guest_clock(struct ttrpc_request *req,
			const ProtobufCMessage *in __attribute__((unused)))
{
	Katac__ClockResponse response = KATAC__CLOCK_RESPONSE__INIT;
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	response.sec = ts.tv_sec;
	response.usec = ts.tv_nsec / 1000;
	ttrpc_reply(req, &response.base);
}

static struct fake_processes *processes_of(struct ttrpc_request *req)
{
	return &((struct fake_agent *)req->context)->processes;
}

static int add_process(struct ttrpc_request *req, const char *container, const char *exec_id,
		       const char *root, const Grpc__Process *process, struct fake_process **ret,
		       struct err *err)
{
	CLEANUP(strv_free) char **args = NULL;
	CLEANUP(strv_free) char **env = NULL;

	for (size_t i = 0; i < process->n_args; i++)
		strv_add(&args, process->args[i]);
	for (size_t i = 0; i < process->n_env; i++)
		strv_add(&env, process->env[i]);
	return fake_process_add(
		processes_of(req),
		&(struct fake_process_params){ .container = container,
					       .exec_id = exec_id,
					       .root = root,
					       .args = args,
					       .env = env,
					       .cwd = process->cwd,
					       .uid = process->user ? process->user->uid : 0,
					       .gid = process->user ? process->user->gid : 0,
					       .terminal = process->terminal },
		ret, err);
}

static void create_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__CreateContainerRequest *m = (const Grpc__CreateContainerRequest *)in;
	const struct fake_agent *agent = req->context;
	struct fake_process *process = NULL;
	CLEANUP(free) char *root = NULL;
	struct err err = { 0 };
	int r;

	if (!m->oci || !m->oci->process || !str_starts(m->oci->root->path, GUEST_SHARE "/")) {
		r = err_set(&err, EINVAL, "the root is not in the share");
	} else {
		root = xasprintf("%s%s", agent->share, m->oci->root->path + strlen(GUEST_SHARE));
		r = add_process(req, m->container_id, m->container_id, root, m->oci->process,
				&process, &err);
	}
	reply_result(req, r, &err);
}

static void start_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__StartContainerRequest *m = (const Grpc__StartContainerRequest *)in;
	struct fake_process *process = NULL;
	struct err err = { 0 };
	int r;

	r = fake_process_find(processes_of(req), m->container_id, m->container_id, &process, &err);
	if (r == 0)
		r = fake_process_start(processes_of(req), process, &err);
	reply_result(req, r, &err);
}

static void exec_process(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__ExecProcessRequest *m = (const Grpc__ExecProcessRequest *)in;
	const struct fake_agent *agent = req->context;
	struct fake_process *process = NULL;
	CLEANUP(free) char *root = NULL;
	struct err err = { 0 };
	int r;

	r = fake_process_find(processes_of(req), m->container_id, m->container_id, &process, &err);
	if (r == 0) {
		root = xasprintf("%s/%s/rootfs", agent->share, m->container_id);
		r = add_process(req, m->container_id, m->exec_id, root, m->process, &process, &err);
	}
	if (r == 0)
		r = fake_process_start(processes_of(req), process, &err);
	reply_result(req, r, &err);
}

static void remove_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__RemoveContainerRequest *m = (const Grpc__RemoveContainerRequest *)in;
	struct fake_process *process = NULL;
	struct err err = { 0 };
	int r;

	r = fake_process_find(processes_of(req), m->container_id, m->container_id, &process, &err);
	if (r == 0)
		fake_process_remove(processes_of(req), m->container_id);
	reply_result(req, r, &err);
}

static void signal_process(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__SignalProcessRequest *m = (const Grpc__SignalProcessRequest *)in;
	const char *exec_id = *m->exec_id ? m->exec_id : m->container_id;
	struct fake_process *process = NULL;
	struct err err = { 0 };
	int r;

	r = fake_process_find(processes_of(req), m->container_id, exec_id, &process, &err);
	if (r == 0)
		r = fake_process_signal(process, (int)m->signal, &err);
	reply_result(req, r, &err);
}

static void tty_win_resize(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__TtyWinResizeRequest *m = (const Grpc__TtyWinResizeRequest *)in;
	struct fake_process *process = NULL;
	struct err err = { 0 };
	int r;

	r = fake_process_find(processes_of(req), m->container_id, m->exec_id, &process, &err);
	if (r == 0)
		r = fake_process_resize(process, m->row, m->column, &err);
	reply_result(req, r, &err);
}

static void close_stdin(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__CloseStdinRequest *m = (const Grpc__CloseStdinRequest *)in;
	struct fake_process *process = NULL;
	struct err err = { 0 };
	int r;

	r = fake_process_find(processes_of(req), m->container_id, m->exec_id, &process, &err);
	if (r == 0)
		fake_process_close_stdin(process);
	reply_result(req, r, &err);
}

static void wait_process(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__WaitProcessRequest *m = (const Grpc__WaitProcessRequest *)in;
	struct fake_process *process = NULL;
	struct err err = { 0 };

	if (fake_process_find(processes_of(req), m->container_id, m->exec_id, &process, &err) < 0)
		ttrpc_reply_error(req, &err);
	else
		fake_process_wait(process, req);
}

static void write_stdin(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__WriteStreamRequest *m = (const Grpc__WriteStreamRequest *)in;
	struct fake_process *process = NULL;
	struct err err = { 0 };

	if (fake_process_find(processes_of(req), m->container_id, m->exec_id, &process, &err) < 0)
		ttrpc_reply_error(req, &err);
	else
		fake_process_write(process, m->data.data, m->data.len, req);
}

static void read_stream(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__ReadStreamRequest *m = (const Grpc__ReadStreamRequest *)in;
	struct fake_process *process = NULL;
	struct err err = { 0 };

	if (fake_process_find(processes_of(req), m->container_id, m->exec_id, &process, &err) < 0)
		ttrpc_reply_error(req, &err);
	else
		fake_process_read(process, str_eq(req->method->name, "ReadStderr"), m->len, req);
}

/* It has no network but what it is told of: that comes back. */
static void update_interface(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__UpdateInterfaceRequest *m = (const Grpc__UpdateInterfaceRequest *)in;

	ttrpc_reply(req, &m->interface->base);
}

static void update_routes(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__UpdateRoutesRequest *m = (const Grpc__UpdateRoutesRequest *)in;

	ttrpc_reply(req, &m->routes->base);
}

static const struct ttrpc_method honest[] = {
	{ "Check", check },
	{ "CreateSandbox", succeed },
	{ "DestroySandbox", succeed },
	{ "CreateContainer", create_container },
	{ "StartContainer", start_container },
	{ "RemoveContainer", remove_container },
	{ "ExecProcess", exec_process },
	{ "SignalProcess", signal_process },
	{ "WaitProcess", wait_process },
	{ "WriteStdin", write_stdin },
	{ "ReadStdout", read_stream },
	{ "ReadStderr", read_stream },
	{ "CloseStdin", close_stdin },
	{ "TtyWinResize", tty_win_resize },
	{ "UpdateInterface", update_interface },
	{ "ListInterfaces", succeed },
	{ "UpdateRoutes", update_routes },
	{ "ListRoutes", succeed },
	{ "AddARPNeighbors", succeed },
	{ "SetGuestDateTime", succeed },
	{ "Clock", guest_clock },
	{ NULL, NULL },
};

static void answer(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const struct ttrpc_method *m = honest;

	while (!str_eq(m->name, req->method->name))
		m++; /* each that is in the tables below is here as well */
	m->fn(req, in);
}

/* The other one. */

static void send_frame(struct ttrpc_conn *conn, uint32_t stream, const Ttrpc__Response *response)
{
	size_t len = protobuf_c_message_get_packed_size(&response->base);

	ttrpc_frame_header(buf_reserve(&conn->out, TTRPC_HEADER_LEN), stream, TTRPC_RESPONSE,
			   (uint32_t)len);
	buf_commit(&conn->out, TTRPC_HEADER_LEN);
	pb_append(&conn->out, &response->base);
}

static void send_yamux(struct fake_agent *agent, uint8_t version, uint8_t type, uint16_t flags,
		       uint32_t stream, uint32_t length)
{
	uint8_t header[YAMUX_HEADER_LEN] = { version, type };

	write_be16(header + 2, flags);
	write_be32(header + 4, stream);
	write_be32(header + 8, length);
	buf_append(&agent->session.out, header, sizeof(header));
}

static void flood_answers(struct fake_agent *agent)
{
	const Ttrpc__Response response = TTRPC__RESPONSE__INIT;

	while (agent->flooded && buf_len(&agent->flooded->out) < FLOOD_QUEUED)
		send_frame(agent->flooded, 99999, &response);
}

static void flood_unknown(struct fake_agent *agent)
{
	static const uint8_t data[4096];

	while (buf_len(&agent->session.out) < FLOOD_QUEUED) {
		send_yamux(agent, 0, 0, 0, NOBODYS_ID, sizeof(data));
		buf_append(&agent->session.out, data, sizeof(data));
	}
}

static void flood_pings(struct fake_agent *agent)
{
	while (buf_len(&agent->session.out) < FLOOD_QUEUED)
		send_yamux(agent, 0, 2, 1, 0, 7);
}

static void flood_streams(struct fake_agent *agent)
{
	while (buf_len(&agent->session.out) < FLOOD_QUEUED)
		send_yamux(agent, 0, 1, 1, agent->next_stream += 2, 0);
}

/* "CODE:TEXT", with \e and \n in it. */
static void send_error(struct ttrpc_request *req, const char *argument)
{
	const char *text = strchr(argument, ':');
	struct err error = { 0 };
	char *to = error.text;

	error.code = (int)strtol(argument, NULL, 10);
	for (text = text ? text + 1 : ""; *text && to < error.text + sizeof(error.text) - 1;
	     text++) {
		if (*text == '\\' && (text[1] == 'e' || text[1] == 'n'))
			*to++ = *++text == 'e' ? '\033' : '\n';
		else
			*to++ = *text;
	}
	ttrpc_reply_error(req, &error);
}

/* "KATA-…:TEXT" */
static void send_coded(struct ttrpc_request *req, const char *argument)
{
	size_t len = strcspn(argument, ":");
	CLEANUP(free) char *name = xstrndup(argument, len);
	struct err error = { 0 };

	(void)err_set_as(&error, err_by_name(name), EIO, "%s", argument + len + 1);
	ttrpc_reply_error(req, &error);
}

static void send_unknown(struct ttrpc_conn *conn, uint32_t stream)
{
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	Ttrpc__Status status = TTRPC__STATUS__INIT;
	char text[] = "unimplemented";

	status.code = 12;
	status.message = text;
	response.status = &status;
	send_frame(conn, stream, &response);
}

static void send_long_error(struct ttrpc_conn *conn, uint32_t stream)
{
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	Ttrpc__Status status = TTRPC__STATUS__INIT;
	CLEANUP(free) char *text = xmalloc(LONG_ERROR);

	memset(text, 'x', LONG_ERROR);
	text[LONG_ERROR - 1] = '\0';
	status.code = 13;
	status.message = text;
	response.status = &status;
	send_frame(conn, stream, &response);
}

static void send_too_much(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__ReadStreamRequest *m = (const Grpc__ReadStreamRequest *)in;
	Grpc__ReadStreamResponse response = GRPC__READ_STREAM_RESPONSE__INIT;
	CLEANUP(free) uint8_t *data = xmalloc(3 * (size_t)m->len);

	memset(data, 'x', 3 * (size_t)m->len);
	response.data.data = data;
	response.data.len = 3 * (size_t)m->len;
	ttrpc_reply(req, &response.base);
}

static void send_interfaces(struct ttrpc_request *req, const char *name, size_t n)
{
	Grpc__Interfaces response = GRPC__INTERFACES__INIT;
	Types__Interface interface = TYPES__INTERFACE__INIT;
	CLEANUP(free) Types__Interface **list = xcalloc(n, sizeof(*list));

	interface.name = (char *)(uintptr_t)name;
	for (size_t i = 0; i < n; i++)
		list[i] = &interface;
	response.n_interfaces = n;
	response.interfaces = list;
	ttrpc_reply(req, &response.base);
}

/* The stream below a connection. */
static struct yamux_stream *stream_of(struct fake_agent *agent, const struct ttrpc_conn *conn)
{
	for (struct yamux_stream *s = agent->session.streams; s; s = s->next)
		if (s->data == conn)
			return s;
	return NULL;
}

/* As far as the window goes, and then no more. */
static void end_stream(struct fake_agent *agent, struct ttrpc_conn *conn)
{
	struct yamux_stream *stream = stream_of(agent, conn);

	(void)yamux_write(stream, buf_data(&conn->out), buf_len(&conn->out));
	buf_done(&conn->out);
	yamux_finish(stream);
}

/* The bytes of an honest answer, one more time; a late one comes once. */
static void answer_twice(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	struct ttrpc_conn *conn = req->conn;
	size_t before = buf_len(&conn->out);
	CLEANUP(free) uint8_t *copy = NULL;
	size_t len;

	answer(req, in);
	len = buf_len(&conn->out) - before;
	if (len == 0)
		return;
	copy = xmemdup(buf_data(&conn->out) + before, len);
	buf_append(&conn->out, copy, len);
}

/* An answer in which one thing is wrong. */
static void answer_broken(struct ttrpc_request *req, const char *fault)
{
	const Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	struct ttrpc_conn *conn = req->conn;
	size_t before = buf_len(&conn->out);
	uint8_t *frame;

	send_frame(conn, req->stream, &response);
	frame = buf_data(&conn->out) + before;
	if (str_eq(fault, "wrong-stream")) {
		write_be32(frame + 4, 99999);
	} else if (str_eq(fault, "bad-frame")) {
		frame[8] = 9;
	} else if (str_eq(fault, "huge-frame")) {
		write_be32(frame, 0x7fffffff);
	} else {
		conn->out.end -= TTRPC_HEADER_LEN / 2; /* half */
		end_stream(req->context, conn);
	}
}

static bool misbehave_on_port(struct fake_agent *agent, const struct ttrpc_conn *conn,
			      const char *fault)
{
	struct buf *out = &agent->session.out;
	const struct yamux_stream *stream = stream_of(agent, conn);

	if (str_eq(fault, "serial-garbage")) {
		buf_printf(out, "login: \033[31mthis is not yamux at all\n");
	} else if (str_eq(fault, "serial-version")) {
		send_yamux(agent, 7, 0, 0, stream->id, 0);
	} else if (str_eq(fault, "serial-window")) {
		send_yamux(agent, 0, 0, 0, stream->id, YAMUX_WINDOW + 1);
	} else if (str_eq(fault, "serial-unknown")) {
		agent->flood = flood_unknown;
	} else if (str_eq(fault, "serial-pings")) {
		agent->flood = flood_pings;
		agent->deaf = true;
	} else if (str_eq(fault, "serial-streams")) {
		agent->flood = flood_streams;
		agent->deaf = true;
	} else if (str_eq(fault, "serial-deaf")) {
		agent->deaf = true;
	} else if (str_eq(fault, "serial-half")) {
		(void)!write(agent->watch.fd, "\0\0\0\0\0", 5);
		watch_remove(&agent->watch);
		close(agent->watch.fd);
	} else {
		return false;
	}
	return true;
}

static void misbehave(struct ttrpc_request *req, const ProtobufCMessage *in, const char *fault,
		      const char *argument)
{
	struct fake_agent *agent = req->context;
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;

	if (misbehave_on_port(agent, req->conn, fault) || str_eq(fault, "silent"))
		return; /* the request waits for ever */
	if (str_eq(fault, "error")) {
		send_error(req, argument);
	} else if (str_eq(fault, "coded")) {
		send_coded(req, argument);
	} else if (str_eq(fault, "old")) {
		send_unknown(req->conn, req->stream);
	} else if (str_eq(fault, "long-error")) {
		send_long_error(req->conn, req->stream);
	} else if (str_eq(fault, "answers")) {
		agent->flood = flood_answers;
		agent->flooded = req->conn;
	} else if (str_eq(fault, "eof")) {
		end_stream(agent, req->conn);
	} else if (str_eq(fault, "not-a-message")) {
		response.payload.data = (uint8_t[]){ 0xff, 0xff, 0xff };
		response.payload.len = 3;
		send_frame(req->conn, req->stream, &response);
	} else if (str_eq(fault, "empty")) {
		succeed(req, in);
	} else if (str_eq(fault, "too-much")) {
		send_too_much(req, in);
	} else if (str_eq(fault, "too-many")) {
		send_interfaces(req, "eth0", 2000);
	} else if (str_eq(fault, "rude")) {
		send_interfaces(req, "\033[2Jeth0", 1);
	} else if (str_eq(fault, "exit")) {
		exit(0);
	} else if (str_eq(fault, "twice")) {
		answer_twice(req, in);
	} else {
		answer_broken(req, fault);
	}
}

static void misbehave_or_answer(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	static const char *const names[] = {
		"silent",         "error",
		"long-error",     "twice",
		"wrong-stream",   "answers",
		"half",           "eof",
		"not-a-message",  "bad-frame",
		"huge-frame",     "empty",
		"too-much",       "serial-garbage",
		"serial-version", "serial-window",
		"serial-unknown", "serial-pings",
		"serial-streams", "serial-deaf",
		"serial-half",    "exit",
		"too-many",       "rude",
		"coded",          "old",
	};
	const struct fake_agent *agent = req->context;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *argument = fake_fault(agent->faults, names[i], req->method->name);

		if (argument) {
			misbehave(req, in, names[i], argument);
			return;
		}
	}
	answer(req, in);
}

/* The shim calls these before the container is started, which would then fail instead. */
static bool comes_early(const char *method)
{
	return str_eq(method, "WaitProcess") || str_eq(method, "ReadStdout") ||
	       str_eq(method, "ReadStderr") || str_eq(method, "WriteStdin");
}

static void handle(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	__attribute__((cleanup(buf_donep))) struct buf packed = { 0 };
	struct fake_agent *agent = req->context;
	struct deferred *deferred;

	if (str_eq(req->method->name, "StartContainer"))
		agent->starter = req->conn;
	if (agent->armed || !comes_early(req->method->name)) {
		misbehave_or_answer(req, in);
		return;
	}
	deferred = xcalloc(1, sizeof(*deferred));
	pb_append(&packed, in);
	deferred->in = pb_unpack(in->descriptor, buf_data(&packed), buf_len(&packed));
	deferred->req = req;
	deferred->next = agent->deferred;
	agent->deferred = deferred;
}

static void answer_deferred(struct fake_agent *agent)
{
	while (agent->armed && agent->deferred) {
		struct deferred *deferred = agent->deferred;

		agent->deferred = deferred->next;
		if (deferred->req->conn)
			misbehave_or_answer(deferred->req, deferred->in);
		pb_free(deferred->in);
		free(deferred);
	}
}

#define HANDLE(name)         \
	{                    \
		name, handle \
	}
static const struct ttrpc_method health_methods[] = { HANDLE("Check"), { NULL, NULL } };
static const struct ttrpc_method extension_methods[] = { HANDLE("Clock"), { NULL, NULL } };
static const struct ttrpc_method agent_methods[] = {
	HANDLE("CreateSandbox"),   HANDLE("DestroySandbox"),
	HANDLE("CreateContainer"), HANDLE("StartContainer"),
	HANDLE("RemoveContainer"), HANDLE("ExecProcess"),
	HANDLE("SignalProcess"),   HANDLE("WaitProcess"),
	HANDLE("WriteStdin"),      HANDLE("ReadStdout"),
	HANDLE("ReadStderr"),      HANDLE("CloseStdin"),
	HANDLE("TtyWinResize"),    HANDLE("SetGuestDateTime"),
	HANDLE("UpdateInterface"), HANDLE("ListInterfaces"),
	HANDLE("UpdateRoutes"),    HANDLE("ListRoutes"),
	HANDLE("AddARPNeighbors"), { NULL, NULL },
};
static const struct ttrpc_service health = { &grpc__health__descriptor, health_methods };
static const struct ttrpc_service service = { &grpc__agent_service__descriptor, agent_methods };
static const struct ttrpc_service extension = { &katac__agent_extension__descriptor,
						extension_methods };
static const struct ttrpc_service *const services[] = { &health, &service, &extension, NULL };

/* The port; as src/agent/channel.c. */

static void drop_stream(struct fake_agent *agent, struct yamux_stream *stream)
{
	struct ttrpc_conn *conn = stream->data;

	if (agent->flooded == conn)
		agent->flooded = NULL;
	if (agent->starter == conn)
		agent->armed = true;
	ttrpc_conn_done(conn);
	free(conn);
	yamux_release(stream);
}

static void pump(struct yamux_stream *stream)
{
	struct fake_agent *agent = stream->session->data;
	struct ttrpc_conn *conn = stream->data;
	struct err error = { 0 };
	size_t n = buf_len(&stream->in);

	if (ttrpc_conn_feed(conn, buf_data(&stream->in), n, &error) < 0) {
		drop_stream(agent, stream);
		return;
	}
	yamux_consume(stream, n);
	if (buf_len(&conn->out) > 0 && !stream->local_fin)
		buf_consume(&conn->out,
			    yamux_write(stream, buf_data(&conn->out), buf_len(&conn->out)));
	if (stream->remote_fin && buf_len(&stream->in) == 0)
		drop_stream(agent, stream);
}

static void stream_opened(struct yamux_stream *stream)
{
	struct ttrpc_conn *conn = xcalloc(1, sizeof(*conn));

	ttrpc_conn_init(conn, services, stream->session->data);
	stream->data = conn;
}

static const struct yamux_ops ops = { .opened = stream_opened, .readable = pump, .writable = pump };

void fake_agent_flush(struct fake_agent *agent)
{
	struct buf *out = &agent->session.out;
	struct yamux_stream *next;
	uint32_t events;

	if (!agent->watch.loop)
		return;
	answer_deferred(agent);
	events = agent->deaf ? 0 : EPOLLIN; /* a fault may have begun just now */
	if (agent->flood)
		agent->flood(agent);
	for (struct yamux_stream *s = agent->session.streams; s; s = next) {
		next = s->next;
		if (s->data && !s->released)
			pump(s);
	}
	while (agent->watch.loop && buf_len(out) > 0) {
		ssize_t n = write(agent->watch.fd, buf_data(out), buf_len(out));

		if (n < 0)
			break;
		buf_consume(out, (size_t)n);
		yamux_flushed(&agent->session);
	}
	/* What floods goes on also when everything was taken. */
	if (buf_len(out) > 0 || agent->flood)
		events |= EPOLLOUT;
	watch_set_events(&agent->watch, events);
}

static void port_ready(struct watch *watch, uint32_t events)
{
	struct fake_agent *agent = container_of(watch, struct fake_agent, watch);
	static uint8_t data[READ_MAX];
	struct err error = { 0 };
	ssize_t n;

	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = read(watch->fd, data, sizeof(data));
	if (n < 0 && errno == EAGAIN)
		return;
	/* The proxy has gone: QEMU and the guest would live on. */
	if (n <= 0 || yamux_feed(&agent->session, data, (size_t)n, &error) < 0)
		watch_remove(watch);
}

struct fake_agent *fake_agent_new(struct loop *loop, int fd, const char *share, char *const *faults)
{
	struct fake_agent *agent = xcalloc(1, sizeof(*agent));
	struct err error = { 0 };

	agent->processes.loop = loop;
	agent->faults = faults;
	agent->share = xstrdup(share);
	yamux_init(&agent->session, false, &ops, agent);
	if (loop_add(loop, &agent->watch, fd, EPOLLIN, port_ready, &error) < 0) {
		(void)fprintf(stderr, "fake agent: %s\n", error.text);
		exit(1);
	}
	return agent;
}
