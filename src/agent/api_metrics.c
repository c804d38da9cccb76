/* SPDX-License-Identifier: Apache-2.0 */
/* GetMetrics: the guest and the agent in Prometheus' text format, by the names of Kata 2.x. */
#include <unistd.h>

#include "agent.pb-c.h"
#include "agent/api.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/metrics.h"
#include "rpc/ttrpc_server.h"

#define PROC "/proc"

void api_get_metrics(struct ttrpc_request *req, const ProtobufCMessage *in __attribute__((unused)))
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	const struct metrics_process self = { .pid = getpid() };
	Grpc__Metrics response = GRPC__METRICS__INIT;
	CLEANUP(free) char *text = NULL;

	metrics_processes(&out, "kata_agent", NULL, &self, 1, PROC);
	metrics_load(&out, "kata_guest", PROC);
	metrics_cpu(&out, "kata_guest_cpu_time", PROC);
	metrics_key_values(&out, "kata_guest_meminfo", "memory of the guest, in bytes", PROC,
			   "meminfo");
	metrics_words(&out, "kata_guest_vm_stat", "virtual memory of the guest, of /proc/vmstat",
		      PROC, "vmstat");
	metrics_interfaces(&out, "kata_guest_netdev_stat", PROC);
	metrics_disks(&out, "kata_guest_diskstat", PROC);
	text = buf_take_string(&out);
	response.metrics = text;
	ttrpc_reply(req, &response.base);
}
