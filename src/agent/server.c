/* SPDX-License-Identifier: Apache-2.0 */
/* The services of the agent, and what their handlers share. */
#include "agent.pb-c.h"
#include "agent/agent.h"
#include "agent/api.h"
#include "base/buf.h"
#include "base/err.h"
#include "health.pb-c.h"
#include "katac.pb-c.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_server.h"
#include "version.h"

void api_reply_empty(struct ttrpc_request *req)
{
	const Grpc__Empty empty = GRPC__EMPTY__INIT;

	ttrpc_reply(req, &empty.base);
}

void api_reply_result(struct ttrpc_request *req, int r, const struct err *err)
{
	if (r < 0)
		ttrpc_reply_error(req, err);
	else
		api_reply_empty(req);
}

ProtobufCMessage *api_copy_message(const ProtobufCMessage *message)
{
	__attribute__((cleanup(buf_donep))) struct buf packed = { 0 };

	pb_append(&packed, message);
	return pb_unpack(message->descriptor, buf_data(&packed), buf_len(&packed));
}

/* Health. */

void api_check(struct ttrpc_request *req, const ProtobufCMessage *in __attribute__((unused)))
{
	Grpc__HealthCheckResponse response = GRPC__HEALTH_CHECK_RESPONSE__INIT;

	response.status = GRPC__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
	ttrpc_reply(req, &response.base);
}

void api_version(struct ttrpc_request *req, const ProtobufCMessage *in __attribute__((unused)))
{
	Grpc__VersionCheckResponse response = GRPC__VERSION_CHECK_RESPONSE__INIT;

	response.grpc_version = (char[]){ "0.0.1" };
	response.agent_version = (char[]){ KATA_VERSION };
	ttrpc_reply(req, &response.base);
}

static const struct ttrpc_method health_methods[] = {
	{ "Check", api_check },
	{ "Version", api_version },
	{ NULL, NULL },
};

static const struct ttrpc_method agent_methods[] = {
	{ "CreateSandbox", api_create_sandbox },
	{ "DestroySandbox", api_destroy_sandbox },
	{ "CreateContainer", api_create_container },
	{ "StartContainer", api_start_container },
	{ "RemoveContainer", api_remove_container },
	{ "ExecProcess", api_exec_process },
	{ "UpdateContainer", api_update_container },
	{ "PauseContainer", api_pause_container },
	{ "ResumeContainer", api_resume_container },
	{ "StatsContainer", api_stats_container },
	{ "GetOOMEvent", api_get_oom_event },
	{ "SignalProcess", api_signal_process },
	{ "WaitProcess", api_wait_process },
	{ "WriteStdin", api_write_stdin },
	{ "ReadStdout", api_read_stdout },
	{ "ReadStderr", api_read_stderr },
	{ "CloseStdin", api_close_stdin },
	{ "TtyWinResize", api_tty_win_resize },
	{ "UpdateInterface", api_update_interface },
	{ "ListInterfaces", api_list_interfaces },
	{ "UpdateRoutes", api_update_routes },
	{ "ListRoutes", api_list_routes },
	{ "AddARPNeighbors", api_add_arp_neighbors },
	{ "SetGuestDateTime", api_set_guest_date_time },
	{ "ReseedRandomDev", api_reseed_random_dev },
	{ "GetGuestDetails", api_get_guest_details },
	{ "GetMetrics", api_get_metrics },
	{ "OnlineCPUMem", api_online_cpu_mem },
	{ NULL, NULL },
};

static const struct ttrpc_method extension_methods[] = {
	{ "Clock", api_guest_clock },
	{ "BootTimes", api_boot_times },
	{ "NetworkStats", api_network_stats },
	{ "NextDnsQuery", api_next_dns_query },
	{ "AnswerDnsQuery", api_answer_dns_query },
	{ "ReadSpans", api_read_spans },
	{ "StartTracing", api_start_tracing },
	{ "StopTracing", api_stop_tracing },
	{ "WaitOOM", api_wait_oom },
	{ "ReadLog", api_read_log },
	{ "ListProcesses", api_list_processes },
	{ "UpdateInterface", api_extended_update_interface },
	{ "UpdateRoutes", api_extended_update_routes },
	{ "DeleteRoutes", api_delete_routes },
	{ "IpvsChange", api_ipvs_change },
	{ "IpvsList", api_ipvs_list },
	{ "IpvsConnections", api_ipvs_connections },
	{ "ConntrackDelete", api_conntrack_delete },
	{ NULL, NULL },
};

static const struct ttrpc_service health = { &grpc__health__descriptor, health_methods };
static const struct ttrpc_service agent = { &grpc__agent_service__descriptor, agent_methods };
static const struct ttrpc_service extension = { &katac__agent_extension__descriptor,
						extension_methods };

const struct ttrpc_service *const agent_services[] = { &health, &agent, &extension, NULL };
