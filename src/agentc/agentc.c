/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/agentc.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "agentc/internal.h"
#include "agentc/spec_pb.h"
#include "agentc/stats_pb.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/trace.h"
#include "health.pb-c.h"
#include "katac.pb-c.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_peer.h"

#define AGENT  (&grpc__agent_service__descriptor)
#define HEALTH (&grpc__health__descriptor)

struct agentc {
	struct ttrpc_peer peer;
	struct agentc_boot boot;
};

int agentc_connect(const char *url, uint64_t deadline, struct agentc **ret, struct err *err)
{
	CLEANUP(free) struct agentc *agent = xcalloc(1, sizeof(*agent));
	int r = ttrpc_peer_connect(&agent->peer, url, "the agent", deadline, err);

	if (r == 0)
		*ret = take_ptr(agent);
	return r;
}

void agentc_free(struct agentc *agent)
{
	if (!agent)
		return;
	ttrpc_peer_done(&agent->peer);
	free(agent);
}

/* A span of the call, whose place the agent is told: its own spans may lie below. */
static struct span *begin_span(struct agentc *agent, const ProtobufCServiceDescriptor *service,
			       const char *method, char place[TRACEPARENT_LEN])
{
	CLEANUP(free) char *name = NULL;
	struct span *span;

	if (!trace_is_on())
		return NULL;
	name = xasprintf("%s/%s", service->name, method);
	span = span_begin(name, SPAN_CLIENT);
	span_set(span, "rpc.system", "ttrpc");
	span_set(span, "rpc.service", service->name);
	span_set(span, "rpc.method", method);
	agent->peer.client.traceparent = trace_format(trace_current(), place);
	return span;
}

int agentc_call(struct agentc *agent, const ProtobufCServiceDescriptor *service, const char *method,
		const ProtobufCMessage *message, uint64_t deadline, agentc_take_fn take, void *data,
		struct err *err)
{
	char place[TRACEPARENT_LEN];
	struct span *span = begin_span(agent, service, method, place);
	int r = ttrpc_peer_call(&agent->peer, service, method, message, deadline, take, data, err);

	if (r == -ETIMEDOUT)
		(void)err_tag(err, ERR_AGENT_SILENT);
	if (r == -EPIPE)
		(void)err_tag(err, ERR_AGENT_LOST);
	agent->peer.client.traceparent = NULL;
	span_end(span, r < 0 ? err : NULL);
	return r;
}

static int call(struct agentc *agent, const ProtobufCServiceDescriptor *service, const char *method,
		const ProtobufCMessage *message, uint64_t deadline, struct err *err)
{
	return agentc_call(agent, service, method, message, deadline, NULL, NULL, err);
}

/* What the guest says is not believed where it cannot be: it has lived no longer than the host. */
static void boot_told(void *data, const ProtobufCMessage *response,
		      const struct err *error __attribute__((unused)))
{
	const Katac__BootTimesResponse *times = (const Katac__BootTimesResponse *)response;
	struct agentc *agent = data;
	uint64_t now = now_us();
	uint64_t kernel;

	if (!times || times->now_us == 0 || times->now_us >= now ||
	    times->agent_us > times->ready_us || times->ready_us > times->now_us)
		return;
	kernel = now - times->now_us;
	agent->boot = (struct agentc_boot){ .kernel_us = kernel,
					    .agent_us = kernel + times->agent_us,
					    .ready_us = kernel + times->ready_us };
}

void agentc_ask_boot(struct agentc *agent)
{
	const Katac__BootTimesRequest message = KATAC__BOOT_TIMES_REQUEST__INIT;

	ttrpc_client_call(&agent->peer.client, &katac__agent_extension__descriptor, "BootTimes",
			  &message.base, 0, boot_told, agent);
}

const struct agentc_boot *agentc_boot(const struct agentc *agent)
{
	return &agent->boot;
}

int agentc_check(struct agentc *agent, uint64_t deadline, struct err *err)
{
	Grpc__CheckRequest message = GRPC__CHECK_REQUEST__INIT;

	return call(agent, HEALTH, "Check", &message.base, deadline, err);
}

int agentc_reseed(struct agentc *agent, const void *data, size_t len, uint64_t deadline,
		  struct err *err)
{
	Grpc__ReseedRandomDevRequest message = GRPC__RESEED_RANDOM_DEV_REQUEST__INIT;

	message.data.data = (uint8_t *)(uintptr_t)data;
	message.data.len = len;
	return call(agent, AGENT, "ReseedRandomDev", &message.base, deadline, err);
}

int agentc_set_clock(struct agentc *agent, uint64_t deadline, struct err *err)
{
	Grpc__SetGuestDateTimeRequest message = GRPC__SET_GUEST_DATE_TIME_REQUEST__INIT;
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	message.sec = ts.tv_sec;
	message.usec = ts.tv_nsec / 1000;
	return call(agent, AGENT, "SetGuestDateTime", &message.base, deadline, err);
}

/* "name p1=v1 p2=v2" in parts, which stay where they are. */
struct module_words {
	char **words;
	Grpc__KernelModule message;
};

static void split_module(const char *text, struct module_words *ret)
{
	ret->message = (Grpc__KernelModule)GRPC__KERNEL_MODULE__INIT;
	ret->words = strv_split(text, " \t");
	if (!ret->words)
		return;
	ret->message.name = ret->words[0];
	ret->message.parameters = ret->words + 1;
	ret->message.n_parameters = strv_len(ret->words) - 1;
}

int agentc_create_sandbox(struct agentc *agent, const struct agentc_sandbox *sandbox,
			  uint64_t deadline, struct err *err)
{
	size_t n_modules = strv_len(sandbox->kernel_modules);
	size_t n_storages = sandbox->n_storages;
	CLEANUP(free) Grpc__Storage *parts = xcalloc(n_storages + 1, sizeof(*parts));
	CLEANUP(free) Grpc__Storage **list = xcalloc(n_storages + 1, sizeof(*list));
	CLEANUP(free) struct module_words *modules = xcalloc(n_modules + 1, sizeof(*modules));
	CLEANUP(free) Grpc__KernelModule **entries = xcalloc(n_modules + 1, sizeof(*entries));
	Grpc__CreateSandboxRequest message = GRPC__CREATE_SANDBOX_REQUEST__INIT;
	int r;

	for (size_t i = 0; i < n_storages; i++) {
		const struct agentc_storage *storage = &sandbox->storages[i];

		parts[i] = (Grpc__Storage)GRPC__STORAGE__INIT;
		parts[i].driver = agentc_text(storage->driver);
		parts[i].source = agentc_text(storage->source);
		parts[i].fstype = agentc_text(storage->fstype);
		parts[i].n_options = strv_len(storage->options);
		parts[i].options = (char **)(uintptr_t)storage->options;
		parts[i].mount_point = agentc_text(storage->mount_point);
		list[i] = &parts[i];
	}
	for (size_t i = 0; i < n_modules; i++) {
		split_module(sandbox->kernel_modules[i], &modules[i]);
		entries[i] = &modules[i].message;
	}
	message.sandbox_id = agentc_text(sandbox->id);
	message.hostname = agentc_text(sandbox->hostname);
	message.guest_hook_path = agentc_text(sandbox->guest_hooks);
	message.n_storages = n_storages;
	message.storages = list;
	message.n_kernel_modules = n_modules;
	message.kernel_modules = entries;
	r = call(agent, AGENT, "CreateSandbox", &message.base, deadline, err);
	for (size_t i = 0; i < n_modules; i++)
		strv_free(modules[i].words);
	return r;
}

int agentc_destroy_sandbox(struct agentc *agent, uint64_t deadline, struct err *err)
{
	Grpc__DestroySandboxRequest message = GRPC__DESTROY_SANDBOX_REQUEST__INIT;

	return call(agent, AGENT, "DestroySandbox", &message.base, deadline, err);
}

int agentc_create_container(struct agentc *agent, const char *id, const struct oci_spec *spec,
			    bool sandbox_pidns, const struct agentc_disk *disks, size_t n_disks,
			    uint64_t deadline, struct err *err)
{
	Grpc__CreateContainerRequest message = GRPC__CREATE_CONTAINER_REQUEST__INIT;
	CLEANUP(free) Grpc__Storage *storages = xcalloc(n_disks + 1, sizeof(*storages));
	CLEANUP(free) Grpc__Storage **storage_list = xcalloc(n_disks + 1, sizeof(*storage_list));
	CLEANUP(free) Grpc__Device *devices = xcalloc(n_disks + 1, sizeof(*devices));
	CLEANUP(free) Grpc__Device **device_list = xcalloc(n_disks + 1, sizeof(*device_list));
	CLEANUP(free) char **addresses = xcalloc(n_disks + 1, sizeof(*addresses));
	char *options[] = { agentc_text("nodev"), agentc_text("ro") };
	int r;

	for (size_t i = 0; i < n_disks; i++) {
		if (disks[i].mount_point) {
			Grpc__Storage *storage = &storages[message.n_storages];

			*storage = (Grpc__Storage)GRPC__STORAGE__INIT;
			storage->driver = agentc_text(disks[i].driver);
			storage->source = agentc_text(disks[i].address);
			storage->fstype = agentc_text(disks[i].fstype);
			storage->mount_point = agentc_text(disks[i].mount_point);
			storage->n_options = disks[i].read_only ? 2 : 1;
			storage->options = options;
			if (disks[i].options) {
				storage->n_options = strv_len(disks[i].options);
				storage->options = (char **)(uintptr_t)disks[i].options;
			}
			storage_list[message.n_storages++] = storage;
		} else {
			Grpc__Device *device = &devices[message.n_devices];

			*device = (Grpc__Device)GRPC__DEVICE__INIT;
			device->type = agentc_text(disks[i].driver);
			device->id = agentc_text(disks[i].address);
			device->container_path = agentc_text(disks[i].container_path);
			/* Kata 3 tells it so. */
			if (str_eq(disks[i].driver, "vfio-pci-gk")) {
				addresses[i] = agentc_text(disks[i].address);
				device->options = &addresses[i];
				device->n_options = 1;
			}
			device_list[message.n_devices++] = device;
		}
	}
	message.storages = storage_list;
	message.devices = device_list;

	message.container_id = agentc_text(id);
	message.exec_id = agentc_text(id);
	message.sandbox_pidns = sandbox_pidns;
	message.oci = spec_to_pb(spec);
	r = call(agent, AGENT, "CreateContainer", &message.base, deadline, err);
	pb_free(&message.oci->base);
	return r;
}

int agentc_start_container(struct agentc *agent, const char *id, uint64_t deadline, struct err *err)
{
	Grpc__StartContainerRequest message = GRPC__START_CONTAINER_REQUEST__INIT;

	message.container_id = agentc_text(id);
	return call(agent, AGENT, "StartContainer", &message.base, deadline, err);
}

int agentc_remove_container(struct agentc *agent, const char *id, uint64_t deadline,
			    struct err *err)
{
	Grpc__RemoveContainerRequest message = GRPC__REMOVE_CONTAINER_REQUEST__INIT;

	message.container_id = agentc_text(id);
	return call(agent, AGENT, "RemoveContainer", &message.base, deadline, err);
}

int agentc_exec(struct agentc *agent, const char *id, const char *exec_id,
		const struct oci_process *process, uint64_t deadline, struct err *err)
{
	Grpc__ExecProcessRequest message = GRPC__EXEC_PROCESS_REQUEST__INIT;
	int r;

	message.container_id = agentc_text(id);
	message.exec_id = agentc_text(exec_id);
	message.process = process_to_pb(process);
	r = call(agent, AGENT, "ExecProcess", &message.base, deadline, err);
	pb_free(&message.process->base);
	return r;
}

int agentc_signal(struct agentc *agent, const char *id, const char *exec_id, int signo,
		  uint64_t deadline, struct err *err)
{
	Grpc__SignalProcessRequest message = GRPC__SIGNAL_PROCESS_REQUEST__INIT;

	message.container_id = agentc_text(id);
	message.exec_id = agentc_text(exec_id);
	message.signal = (uint32_t)signo;
	return call(agent, AGENT, "SignalProcess", &message.base, deadline, err);
}

static int take_block_size(void *data, const ProtobufCMessage *message,
			   struct err *err __attribute__((unused)))
{
	*(uint64_t *)data = ((const Grpc__GuestDetailsResponse *)message)->mem_block_size_bytes;
	return 0;
}

int agentc_memory_block(struct agentc *agent, uint64_t deadline, uint64_t *ret, struct err *err)
{
	Grpc__GuestDetailsRequest message = GRPC__GUEST_DETAILS_REQUEST__INIT;

	message.mem_block_size = true;
	return agentc_call(agent, AGENT, "GetGuestDetails", &message.base, deadline,
			   take_block_size, ret, err);
}

int agentc_online(struct agentc *agent, unsigned new_cpus, unsigned cpus, uint64_t plugged,
		  uint64_t deadline, struct err *err)
{
	Grpc__OnlineCPUMemRequest message = GRPC__ONLINE_CPUMEM_REQUEST__INIT;

	message.wait = true;
	message.nb_cpus = new_cpus;
	message.online_cpus = cpus;
	message.plugged_memory = plugged;
	return call(agent, AGENT, "OnlineCPUMem", &message.base, deadline, err);
}

int agentc_freeze(struct agentc *agent, const char *id, bool frozen, uint64_t deadline,
		  struct err *err)
{
	Grpc__ResumeContainerRequest resume = GRPC__RESUME_CONTAINER_REQUEST__INIT;
	Grpc__PauseContainerRequest pause = GRPC__PAUSE_CONTAINER_REQUEST__INIT;

	resume.container_id = agentc_text(id);
	pause.container_id = agentc_text(id);
	return frozen ? call(agent, AGENT, "PauseContainer", &pause.base, deadline, err)
		      : call(agent, AGENT, "ResumeContainer", &resume.base, deadline, err);
}

int agentc_update(struct agentc *agent, const char *id, const struct oci_resources *resources,
		  uint64_t deadline, struct err *err)
{
	Grpc__UpdateContainerRequest message = GRPC__UPDATE_CONTAINER_REQUEST__INIT;
	int r;

	message.container_id = agentc_text(id);
	message.resources = resources_to_pb(resources);
	r = call(agent, AGENT, "UpdateContainer", &message.base, deadline, err);
	pb_free(&message.resources->base);
	return r;
}

static int take_stats(void *data, const ProtobufCMessage *message,
		      struct err *err __attribute__((unused)))
{
	stats_from_pb((const Grpc__StatsContainerResponse *)message, data);
	return 0;
}

int agentc_stats(struct agentc *agent, const char *id, uint64_t deadline, struct cgroup_stats *ret,
		 struct err *err)
{
	Grpc__StatsContainerRequest message = GRPC__STATS_CONTAINER_REQUEST__INIT;

	message.container_id = agentc_text(id);
	return agentc_call(agent, AGENT, "StatsContainer", &message.base, deadline, take_stats, ret,
			   err);
}

static int take_metrics(void *data, const ProtobufCMessage *message,
			struct err *err __attribute__((unused)))
{
	*(char **)data = xstrdup(((const Grpc__Metrics *)message)->metrics);
	return 0;
}

int agentc_metrics(struct agentc *agent, uint64_t deadline, char **ret, struct err *err)
{
	Grpc__GetMetricsRequest message = GRPC__GET_METRICS_REQUEST__INIT;

	return agentc_call(agent, AGENT, "GetMetrics", &message.base, deadline, take_metrics, ret,
			   err);
}

static int take_oom_event(void *data, const ProtobufCMessage *message,
			  struct err *err __attribute__((unused)))
{
	*(char **)data = str_printable(xstrdup(((const Grpc__OOMEvent *)message)->container_id));
	return 0;
}

int agentc_wait_oom(struct agentc *agent, uint64_t deadline, char **ret_id, struct err *err)
{
	Grpc__GetOOMEventRequest message = GRPC__GET_OOMEVENT_REQUEST__INIT;

	return agentc_call(agent, AGENT, "GetOOMEvent", &message.base, deadline, take_oom_event,
			   ret_id, err);
}

static int take_kills(void *data, const ProtobufCMessage *message,
		      struct err *err __attribute__((unused)))
{
	*(uint64_t *)data = ((const Katac__WaitOOMResponse *)message)->kills;
	return 0;
}

int agentc_oom_kills(struct agentc *agent, const char *id, bool wait, uint64_t deadline,
		     uint64_t *kills, struct err *err)
{
	Katac__WaitOOMRequest message = KATAC__WAIT_OOMREQUEST__INIT;

	message.container_id = (char *)(uintptr_t)id;
	message.seen = *kills;
	message.wait = wait;
	return agentc_call(agent, &katac__agent_extension__descriptor, "WaitOOM", &message.base,
			   deadline, take_kills, kills, err);
}

static int take_processes(void *data, const ProtobufCMessage *message,
			  struct err *err __attribute__((unused)))
{
	const Katac__ListProcessesResponse *from = (const Katac__ListProcessesResponse *)message;
	struct agentc_processes *to = data;

	to->items = xcalloc(from->n_processes, sizeof(*to->items));
	to->n = from->n_processes;
	to->truncated = from->truncated;
	for (size_t i = 0; i < to->n; i++) {
		const Katac__ProcessInfo *info = from->processes[i];

		to->items[i] = (struct agentc_process){
			.pid = info->pid,
			.ppid = info->ppid,
			.uid = info->uid,
			.start_sec = info->start_sec,
			.cpu_ms = info->cpu_ms,
			.tty = str_printable(xstrdup(info->tty)),
			.args = str_printable(xstrdup(info->args)),
		};
	}
	return 0;
}

int agentc_list_processes(struct agentc *agent, const char *id, uint64_t deadline,
			  struct agentc_processes *ret, struct err *err)
{
	Katac__ListProcessesRequest message = KATAC__LIST_PROCESSES_REQUEST__INIT;

	message.container_id = agentc_text(id);
	*ret = (struct agentc_processes){ 0 };
	return agentc_call(agent, &katac__agent_extension__descriptor, "ListProcesses",
			   &message.base, deadline, take_processes, ret, err);
}

void agentc_processes_done(struct agentc_processes *processes)
{
	for (size_t i = 0; i < processes->n; i++) {
		free(processes->items[i].tty);
		free(processes->items[i].args);
	}
	free(processes->items);
	*processes = (struct agentc_processes){ 0 };
}
