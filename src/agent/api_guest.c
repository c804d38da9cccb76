/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "agent/agent.h"
#include "agent/api.h"
#include "agent/online.h"
#include "agent/tracing.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "katac.pb-c.h"
#include "rpc/ttrpc_server.h"
#include "version.h"

#define RESEED_DATA_MAX 512u

void api_set_guest_date_time(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	const Grpc__SetGuestDateTimeRequest *message = (const Grpc__SetGuestDateTimeRequest *)in;
	struct timespec ts = { .tv_sec = message->sec, .tv_nsec = message->usec * 1000 };
	struct err err = { 0 };
	int r = 0;

	if (clock_settime(CLOCK_REALTIME, &ts) < 0)
		r = err_errno(&err, "set the clock to %lld.%06lld s", (long long)message->sec,
			      (long long)message->usec);
	api_reply_result(req, r, &err);
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

void api_reseed_random_dev(struct ttrpc_request *req, const ProtobufCMessage *in)
{
	struct err err = { 0 };
	int r = reseed((const Grpc__ReseedRandomDevRequest *)in, &err);

	api_reply_result(req, r, &err);
}

void api_get_guest_details(struct ttrpc_request *req,
			   const ProtobufCMessage *in __attribute__((unused)))
{
	Grpc__GuestDetailsResponse response = GRPC__GUEST_DETAILS_RESPONSE__INIT;
	Grpc__AgentDetails details = GRPC__AGENT_DETAILS__INIT;
	char *storages[] = { (char[]){ "9p" },  (char[]){ "virtio-fs" }, (char[]){ "ephemeral" },
			     (char[]){ "blk" }, (char[]){ "scsi" },      (char[]){ "nvdimm" } };

	response.mem_block_size_bytes = online_block_size(ONLINE_SYSFS);
	details.version = (char[]){ KATA_VERSION };
	details.init_daemon = true;
	details.n_storage_handlers = sizeof(storages) / sizeof(storages[0]);
	details.storage_handlers = storages;
	details.device_handlers = storages + 3; /* the disks */
	details.n_device_handlers = 3;
	response.agent_details = &details;
	ttrpc_reply(req, &response.base);
}

void api_guest_clock(struct ttrpc_request *req, const ProtobufCMessage *in __attribute__((unused)))
{
	Katac__ClockResponse response = KATAC__CLOCK_RESPONSE__INIT;
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	response.sec = ts.tv_sec;
	response.usec = ts.tv_nsec / 1000;
	ttrpc_reply(req, &response.base);
}

void api_boot_times(struct ttrpc_request *req, const ProtobufCMessage *in __attribute__((unused)))
{
	Katac__BootTimesResponse response = KATAC__BOOT_TIMES_RESPONSE__INIT;
	const struct agent *agent = req->context;

	response.now_us = tracing_now_ns() / 1000;
	response.agent_us = agent->main_ns / 1000;
	response.ready_us = agent->ready_ns / 1000;
	ttrpc_reply(req, &response.base);
}
