/* SPDX-License-Identifier: Apache-2.0 */
/* What each call of the agent's API does; sandbox, process and storage do the work. */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "agent/agent.h"
#include "agent/guest.h"
#include "agent/job.h"
#include "agent/process.h"
#include "agent/process_list.h"
#include "agent/sandbox.h"
#include "agent/spec_pb.h"
#include "agent/storage.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "health.pb-c.h"
#include "katac.pb-c.h"
#include "oci/spec.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_server.h"
#include "version.h"

#define ID_MAX          255u
#define RESEED_DATA_MAX 512u

static void reply_empty(struct ttrpc_request *req)
{
	const Grpc__Empty empty = GRPC__EMPTY__INIT;

	ttrpc_reply(req, &empty.base);
}

/* Ends a call that has nothing to answer but success or @err. */
static void reply_result(struct ttrpc_request *req, int r, const struct err *err)
{
	if (r < 0)
		ttrpc_reply_error(req, err);
	else
		reply_empty(req);
}

/* Health. */

static void check(struct ttrpc_request *req, const ProtobufCMessage *in __attribute__((unused)))
{
	Grpc__HealthCheckResponse response = GRPC__HEALTH_CHECK_RESPONSE__INIT;

	response.status = GRPC__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
	ttrpc_reply(req, &response.base);
}

static void version(struct ttrpc_request *req, const ProtobufCMessage *in __attribute__((unused)))
{
	Grpc__VersionCheckResponse response = GRPC__VERSION_CHECK_RESPONSE__INIT;

	response.grpc_version = (char[]){ "0.0.1" };
	response.agent_version = (char[]){ KATA_VERSION };
	ttrpc_reply(req, &response.base);
}

/* The sandbox. */

/* CreateSandbox mounts in a helper; this lives until it is done. */
struct sandbox_start {
	struct agent *agent;
	struct ttrpc_request *req;
	Grpc__CreateSandboxRequest *message; /* owned */
};

static int prepare_sandbox(void *data, struct err *err)
{
	struct sandbox_start *start = data;
	int r;

	/* Here and not at boot: the kernel takes 10 ms over it, which must not hold up the loop. */
	r = guest_loopback_up(err);
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

	start->agent->sandbox_started = error->code == 0;
	reply_result(start->req, error->code ? -1 : 0, error);
	pb_free(&start->message->base);
	free(start);
}

/* A request outlives its call only as a copy. */
static ProtobufCMessage *copy_message(const ProtobufCMessage *message)
{
	__attribute__((cleanup(buf_donep))) struct buf packed = { 0 };

	pb_append(&packed, message);
	return pb_unpack(message->descriptor, buf_data(&packed), buf_len(&packed));
}

static int check_sandbox(const struct agent *agent, const Grpc__CreateSandboxRequest *message,
			 struct err *err)
{
	if (agent->sandbox_started)
		return err_set(err, EEXIST, "sandbox already started, impossible to start again");
	if (message->sandbox_pidns)
		return err_set(err, ENOSYS, "a shared pid namespace is not supported");
	if (message->n_kernel_modules > 0)
		return err_set(err, ENOSYS, "kernel_modules: this guest kernel has no modules");
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

static void create_sandbox(struct ttrpc_request *req, const ProtobufCMessage *in)
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
	start->message = (Grpc__CreateSandboxRequest *)copy_message(in);
	if (!start->message) {
		free(start);
		(void)err_set(&err, ENOMEM, "the request is too large");
		ttrpc_reply_error(req, &err);
		return;
	}
	job_start(start->agent->loop, prepare_sandbox, sandbox_prepared, start);
}

static void destroy_sandbox(struct ttrpc_request *req,
			    const ProtobufCMessage *in __attribute__((unused)))
{
	sandbox_destroy(req->context, req);
}

/* Containers. */

static int check_id(const char *what, const char *id, struct err *err)
{
	if (!*id || strlen(id) > ID_MAX || strchr(id, '/') || str_eq(id, ".") || str_eq(id, ".."))
		return err_set(err, EINVAL, "%s '%.64s': 1 to %u bytes without '/' are allowed",
			       what, id, ID_MAX);
	return 0;
}

static int start_create(struct ttrpc_request *req, const Grpc__CreateContainerRequest *message,
			struct err *err)
{
	struct container *existing = NULL;
	struct oci_spec *spec = NULL;
	struct agent *agent = req->context;
	int r;

	if (!agent->sandbox_started)
		return err_set(err, ESRCH,
			       "sandbox not started, impossible to run a new container");
	r = check_id("container_id", message->container_id, err);
	if (r < 0)
		return r;
	if (container_find(agent, message->container_id, &existing, err) == 0)
		return err_set(err, EEXIST, "container %s already exists, impossible to create",
			       message->container_id);
	if (message->n_devices > 0 || message->n_storages > 0)
		return err_set(err, ENOSYS,
			       "devices and storages of a container are not supported");
	if (!message->oci)
		return err_set(err, EINVAL, "OCI: missing");
	r = spec_from_pb(message->oci, &spec, err);
	if (r < 0)
		return r;
	return container_create(agent, message->container_id, spec, req, err);
}

static void create_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	struct err err = { 0 };

	if (start_create(req, (const Grpc__CreateContainerRequest *)in, &err) < 0)
		ttrpc_reply_error(req, &err);
}

static void start_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__StartContainerRequest *message = (const Grpc__StartContainerRequest *)in;
	struct container *container = NULL;
	struct err err = { 0 };
	int r;

	r = container_find(req->context, message->container_id, &container, &err);
	if (r == 0)
		r = process_start(container->init, req, &err);
	if (r < 0)
		ttrpc_reply_error(req, &err);
}

static void remove_container(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__RemoveContainerRequest *message = (const Grpc__RemoveContainerRequest *)in;
	struct container *container = NULL;
	struct err err = { 0 };
	int r;

	r = container_find(req->context, message->container_id, &container, &err);
	if (r == 0)
		r = container_remove(container, req, &err);
	if (r < 0)
		ttrpc_reply_error(req, &err);
}

static int start_exec(struct ttrpc_request *req, const Grpc__ExecProcessRequest *message,
		      struct err *err)
{
	struct container *container = NULL;
	struct oci_process process;
	int r;

	r = container_find(req->context, message->container_id, &container, err);
	if (r == 0)
		r = check_id("exec_id", message->exec_id, err);
	if (r < 0)
		return r;
	if (!message->process)
		return err_set(err, EINVAL, "process: missing");
	oci_process_init(&process);
	r = process_from_pb(message->process, &process, err);
	if (r == 0)
		r = container_exec(container, message->exec_id, &process, req, err);
	oci_process_done(&process); /* the child has its own copy by now */
	return r;
}

static void exec_process(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	struct err err = { 0 };

	if (start_exec(req, (const Grpc__ExecProcessRequest *)in, &err) < 0)
		ttrpc_reply_error(req, &err);
}

/* Processes. */

/* The process that a call is about; NULL: there is none, and the call has been answered. */
static struct process *process_for(struct ttrpc_request *req, const char *container_id,
				   const char *exec_id)
{
	struct container *container = NULL;
	struct process *process = NULL;
	struct err err = { 0 };
	int r;

	r = container_find(req->context, container_id, &container, &err);
	if (r == 0)
		r = container_find_process(container, exec_id, &process, &err);
	if (r == 0)
		return process;
	ttrpc_reply_error(req, &err);
	return NULL;
}

static void signal_process(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__SignalProcessRequest *message = (const Grpc__SignalProcessRequest *)in;
	struct container *container = NULL;
	struct process *process = NULL;
	struct err err = { 0 };
	int r;

	r = container_find(req->context, message->container_id, &container, &err);
	if (r == 0 && (message->signal == 0 || message->signal >= (unsigned)NSIG))
		r = err_set(&err, EINVAL, "signal %u is not 1 to %d", message->signal, NSIG - 1);
	if (r == 0 && !*message->exec_id) {
		r = container_signal_all(container, (int)message->signal, &err);
	} else if (r == 0) {
		r = container_find_process(container, message->exec_id, &process, &err);
		if (r == 0)
			r = process_signal(process, (int)message->signal, &err);
	}
	reply_result(req, r, &err);
}

static void wait_process(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__WaitProcessRequest *message = (const Grpc__WaitProcessRequest *)in;
	struct process *process = process_for(req, message->container_id, message->exec_id);

	if (process)
		process_wait(process, req);
}

static void write_stdin(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__WriteStreamRequest *message = (const Grpc__WriteStreamRequest *)in;
	struct process *process = process_for(req, message->container_id, message->exec_id);

	if (process)
		process_write(process, message->data.data, message->data.len, req);
}

static void read_stdout(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__ReadStreamRequest *message = (const Grpc__ReadStreamRequest *)in;
	struct process *process = process_for(req, message->container_id, message->exec_id);

	if (process)
		process_read(&process->out, message->len, req);
}

static void read_stderr(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__ReadStreamRequest *message = (const Grpc__ReadStreamRequest *)in;
	struct process *process = process_for(req, message->container_id, message->exec_id);

	if (process)
		process_read(&process->err, message->len, req);
}

static void close_stdin(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__CloseStdinRequest *message = (const Grpc__CloseStdinRequest *)in;
	struct process *process = process_for(req, message->container_id, message->exec_id);

	if (!process)
		return;
	process_close_stdin(process);
	reply_empty(req);
}

static void tty_win_resize(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__TtyWinResizeRequest *message = (const Grpc__TtyWinResizeRequest *)in;
	struct process *process = process_for(req, message->container_id, message->exec_id);
	struct err err = { 0 };

	if (process)
		reply_result(req, process_resize(process, message->row, message->column, &err),
			     &err);
}

/* The guest. */

static void set_guest_date_time(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__SetGuestDateTimeRequest *message = (const Grpc__SetGuestDateTimeRequest *)in;
	struct timespec ts = { .tv_sec = message->sec, .tv_nsec = message->usec * 1000 };
	struct err err = { 0 };
	int r = 0;

	if (clock_settime(CLOCK_REALTIME, &ts) < 0)
		r = err_errno(&err, "set the clock to %lld.%06lld s", (long long)message->sec,
			      (long long)message->usec);
	reply_result(req, r, &err);
}

static int reseed(const Grpc__ReseedRandomDevRequest *message, struct err *err)
{
	CLEANUP(close) int fd = -1;
	int r;

	if (message->data.len == 0 || message->data.len > RESEED_DATA_MAX)
		return err_set(err, EINVAL, "data of %zu bytes, allowed is 1 to %u",
			       message->data.len, RESEED_DATA_MAX);
	fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "open /dev/urandom");
	r = write_full(fd, message->data.data, message->data.len);
	if (r < 0)
		return err_set(err, -r, "write to /dev/urandom");
	return ioctl(fd, RNDRESEEDCRNG, 0) < 0 ? err_errno(err, "reseed the random pool") : 0;
}

static void reseed_random_dev(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	struct err err = { 0 };
	int r = reseed((const Grpc__ReseedRandomDevRequest *)in, &err);

	reply_result(req, r, &err);
}

static void get_guest_details(struct ttrpc_request *req,
			      const ProtobufCMessage *in __attribute__((unused)))
{
	Grpc__GuestDetailsResponse response = GRPC__GUEST_DETAILS_RESPONSE__INIT;
	Grpc__AgentDetails details = GRPC__AGENT_DETAILS__INIT;
	char *storages[] = { (char[]){ "9p" }, (char[]){ "virtio-fs" }, (char[]){ "ephemeral" } };
	CLEANUP(free) char *size = NULL;

	if (file_read_at(AT_FDCWD, "/sys/devices/system/memory/block_size_bytes", 64, &size) == 0)
		response.mem_block_size_bytes = strtoull(size, NULL, 16);
	details.version = (char[]){ KATA_VERSION };
	details.init_daemon = true;
	details.n_storage_handlers = sizeof(storages) / sizeof(storages[0]);
	details.storage_handlers = storages;
	response.agent_details = &details;
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

static void list_processes(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Katac__ListProcessesRequest *message = (const Katac__ListProcessesRequest *)in;
	Katac__ListProcessesResponse response = KATAC__LIST_PROCESSES_RESPONSE__INIT;
	struct container *container = NULL;
	struct err err = { 0 };
	int r;

	r = container_find(req->context, message->container_id, &container, &err);
	if (r == 0)
		r = process_list_read(container, &response, &err);
	if (r < 0)
		ttrpc_reply_error(req, &err);
	else
		ttrpc_reply(req, &response.base);
	process_list_done(&response);
}

static const struct ttrpc_method health_methods[] = {
	{ "Check", check },
	{ "Version", version },
	{ NULL, NULL },
};

static const struct ttrpc_method agent_methods[] = {
	{ "CreateSandbox", create_sandbox },
	{ "DestroySandbox", destroy_sandbox },
	{ "CreateContainer", create_container },
	{ "StartContainer", start_container },
	{ "RemoveContainer", remove_container },
	{ "ExecProcess", exec_process },
	{ "SignalProcess", signal_process },
	{ "WaitProcess", wait_process },
	{ "WriteStdin", write_stdin },
	{ "ReadStdout", read_stdout },
	{ "ReadStderr", read_stderr },
	{ "CloseStdin", close_stdin },
	{ "TtyWinResize", tty_win_resize },
	{ "SetGuestDateTime", set_guest_date_time },
	{ "ReseedRandomDev", reseed_random_dev },
	{ "GetGuestDetails", get_guest_details },
	{ NULL, NULL },
};

static const struct ttrpc_method extension_methods[] = {
	{ "Clock", guest_clock },
	{ "ListProcesses", list_processes },
	{ NULL, NULL },
};

static const struct ttrpc_service health = { &grpc__health__descriptor, health_methods };
static const struct ttrpc_service agent = { &grpc__agent_service__descriptor, agent_methods };
static const struct ttrpc_service extension = { &katac__agent_extension__descriptor,
						extension_methods };

const struct ttrpc_service *const agent_services[] = { &health, &agent, &extension, NULL };
