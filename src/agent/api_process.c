/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>

#include "agent.pb-c.h"
#include "agent/api.h"
#include "agent/debug_console.h"
#include "agent/process.h"
#include "agent/sandbox.h"
#include "base/err.h"
#include "rpc/ttrpc_server.h"

/* The process that a call is about; NULL: there is none, and the call has been answered. */
static struct process *process_for(struct ttrpc_request *req, const char *container_id,
				   const char *exec_id)
{
	struct container *container = NULL;
	struct process *process = NULL;
	struct err err = { 0 };
	int r;

	r = debug_console_find(req->context, container_id, &container, &err);
	if (r == 0)
		r = container_find_process(container, exec_id, &process, &err);
	if (r == 0)
		return process;
	ttrpc_reply_error(req, &err);
	return NULL;
}

void api_signal_process(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__SignalProcessRequest *message = (const Grpc__SignalProcessRequest *)in;
	struct container *container = NULL;
	struct process *process = NULL;
	struct err err = { 0 };
	int r;

	r = debug_console_find(req->context, message->container_id, &container, &err);
	if (r == 0 && (message->signal == 0 || message->signal >= (unsigned)NSIG))
		r = err_set(&err, EINVAL, "signal %u is not 1 to %d", message->signal, NSIG - 1);
	if (r == 0 && !*message->exec_id && container->cgroup) {
		r = container_signal_all(container, (int)message->signal, &err);
	} else if (r == 0) {
		r = container_find_process(container, message->exec_id, &process, &err);
		if (r == 0)
			r = process_signal(process, (int)message->signal, &err);
	}
	api_reply_result(req, r, &err);
}

void api_wait_process(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__WaitProcessRequest *message = (const Grpc__WaitProcessRequest *)in;
	struct process *process = process_for(req, message->container_id, message->exec_id);

	if (process)
		process_wait(process, req);
}

void api_write_stdin(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__WriteStreamRequest *message = (const Grpc__WriteStreamRequest *)in;
	struct process *process = process_for(req, message->container_id, message->exec_id);

	if (process)
		process_write(process, message->data.data, message->data.len, req);
}

void api_read_stdout(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__ReadStreamRequest *message = (const Grpc__ReadStreamRequest *)in;
	struct process *process = process_for(req, message->container_id, message->exec_id);

	if (process)
		process_read(&process->out, message->len, req);
}

void api_read_stderr(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__ReadStreamRequest *message = (const Grpc__ReadStreamRequest *)in;
	struct process *process = process_for(req, message->container_id, message->exec_id);

	if (process)
		process_read(&process->err, message->len, req);
}

void api_close_stdin(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__CloseStdinRequest *message = (const Grpc__CloseStdinRequest *)in;
	struct process *process = process_for(req, message->container_id, message->exec_id);

	if (!process)
		return;
	process_close_stdin(process);
	api_reply_empty(req);
}

void api_tty_win_resize(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__TtyWinResizeRequest *message = (const Grpc__TtyWinResizeRequest *)in;
	struct process *process = process_for(req, message->container_id, message->exec_id);
	struct err err = { 0 };

	if (process)
		api_reply_result(req, process_resize(process, message->row, message->column, &err),
				 &err);
}
