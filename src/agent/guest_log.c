/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guest_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/api.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/log_line.h"
#include "base/mem.h"
#include "base/rate.h"
#include "katac.pb-c.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_server.h"

#define ANSWER_MAX   (32u << 10) /* bytes of lines in one answer */
#define GATHER_MS    20u         /* lines that come together go together */
#define PACKED_MAX   4096u       /* a message of LOG_TEXT_MAX bytes, and its names */
#define READS_A_TURN 64

/* A line that waits for the host. */
struct line {
	struct line *next;
	Katac__LogEntry *entry; /* owned */
	size_t size;
};

struct guest_log {
	struct agent *agent;
	struct watch watch; /* of the end that is read */
	struct timer timer; /* until what has come is told */
	int in;
	int out;            /* all our processes have it */
	int kmsg;           /* or -1 */
	atomic_uint *lost;  /* in memory that all our processes share */
	struct line *lines; /* oldest first */
	size_t size;
	struct rate rate;
	struct ttrpc_request *reader; /* ReadLog that waits */
};

static struct guest_log *the_log; /* for the hook, which has no other way to it */

/* Before all else it goes to the kernel, which keeps it when we do not get any further. */
static void to_kernel(const struct log_entry *entry)
{
	static const int priorities[] = { 3, 4, 6, 7 }; /* of syslog, for the console's filter */
	__attribute__((cleanup(buf_donep))) struct buf line = { 0 };

	if (the_log->kmsg < 0)
		return;
	buf_printf(&line, "<%d>", priorities[entry->level]);
	log_line_text(&line, entry, &(struct log_fields){ .n = 0 });
	/* Too much for the kernel is the kernel's to count. */
	(void)!write(the_log->kmsg, buf_data(&line), buf_len(&line));
}

/* In PID 1, or in any of its helpers: only sends. */
static void logged(const struct log_entry *from)
{
	__attribute__((cleanup(buf_donep))) struct buf packed = { 0 };
	Katac__LogEntry entry = KATAC__LOG_ENTRY__INIT;

	to_kernel(from);
	entry.time_ns = (int64_t)from->time.tv_sec * 1000000000 + from->time.tv_nsec;
	entry.level = from->level;
	entry.pid = (uint32_t)from->pid;
	entry.text = (char *)(uintptr_t)from->text;
	entry.subsystem = (char *)(uintptr_t)(from->subsystem ? from->subsystem : "");
	entry.container = (char *)(uintptr_t)(from->container ? from->container : "");
	pb_append(&packed, &entry.base);
	if (send(the_log->out, buf_data(&packed), buf_len(&packed), MSG_DONTWAIT | MSG_NOSIGNAL) <
	    0)
		atomic_fetch_add(the_log->lost, 1);
}

static void drop_oldest(struct guest_log *log)
{
	struct line *line = log->lines;

	log->lines = line->next;
	log->size -= line->size;
	pb_free(&line->entry->base);
	free(line);
}

static void keep(struct guest_log *log, const uint8_t *packed, size_t len)
{
	struct line **at = &log->lines;
	ProtobufCMessage *entry = NULL;
	struct line *line;

	if (rate_take(&log->rate, now_ms()))
		entry = pb_unpack(&katac__log_entry__descriptor, packed, len);
	if (!entry) {
		atomic_fetch_add(log->lost, 1);
		return;
	}
	line = xcalloc(1, sizeof(*line));
	line->entry = (Katac__LogEntry *)entry;
	line->size = sizeof(*line) + sizeof(*line->entry) + len;
	while (*at)
		at = &(*at)->next;
	*at = line;
	log->size += line->size;
	while (log->size > GUEST_LOG_KEEP && log->lines->next) {
		drop_oldest(log);
		atomic_fetch_add(log->lost, 1);
	}
}

/* Takes in what our processes have said. */
static void take(struct guest_log *log)
{
	uint8_t packed[PACKED_MAX];

	for (int i = 0; i < READS_A_TURN; i++) {
		ssize_t n = recv(log->in, packed, sizeof(packed), MSG_DONTWAIT | MSG_TRUNC);

		if (n <= 0)
			return;
		if ((size_t)n <= sizeof(packed))
			keep(log, packed, (size_t)n);
		else
			atomic_fetch_add(log->lost, 1);
	}
}

static void tell(struct guest_log *log)
{
	Katac__LogEntry *entries[ANSWER_MAX / sizeof(struct line)];
	Katac__ReadLogResponse response = KATAC__READ_LOG_RESPONSE__INIT;
	struct ttrpc_request *reader = log->reader;
	size_t size = 0;

	if (!reader || (!log->lines && atomic_load(log->lost) == 0))
		return;
	log->reader = NULL;
	if (!reader->conn) { /* it has gone: the lines are for the next */
		ttrpc_reply(reader, &response.base);
		return;
	}
	response.entries = entries;
	response.lost = atomic_exchange(log->lost, 0);
	for (struct line *line = log->lines; line && size < ANSWER_MAX; line = line->next) {
		entries[response.n_entries++] = line->entry;
		size += line->size;
	}
	ttrpc_reply(reader, &response.base);
	for (size_t i = response.n_entries; i > 0; i--)
		drop_oldest(log);
}

static void gathered(struct timer *timer)
{
	tell(container_of(timer, struct guest_log, timer));
}

static void readable(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct guest_log *log = container_of(watch, struct guest_log, watch);

	take(log);
	/* Not at once: the line may be about the connection that is in use. */
	if (log->reader && !log->timer.loop)
		timer_set(log->agent->loop, &log->timer, deadline_in(GATHER_MS), gathered);
}

void api_read_log(struct ttrpc_request *req, const ProtobufCMessage *in __attribute__((unused)))
{
	struct agent *agent = req->context;
	struct guest_log *log = agent->log;
	struct err err = { 0 };

	if (!log) {
		(void)err_set(&err, ENODATA, "the agent's log: it could not be opened");
		ttrpc_reply_error(req, &err);
		return;
	}
	if (log->reader) {
		(void)err_set(&err, ECANCELED, "the agent's log: another reads it now");
		ttrpc_reply_error(log->reader, &err);
	}
	log->reader = req;
	take(log);
	tell(log);
}

int guest_log_open(struct agent *agent, struct err *err)
{
	struct guest_log *log;
	void *shared;
	int ends[2];

	/* Of packets: a line stays one, whoever says something at the same time. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return err_errno(err, "the agent's log: socketpair");
	shared = mmap(NULL, sizeof(*log->lost), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED) {
		(void)err_errno(err, "the agent's log: mmap");
		close(ends[0]);
		close(ends[1]);
		return -err->code;
	}
	log = xcalloc(1, sizeof(*log));
	log->agent = agent;
	log->in = ends[0];
	log->out = ends[1];
	log->kmsg = -1;
	log->lost = shared;
	rate_init(&log->rate, GUEST_LOG_BURST, GUEST_LOG_RATE);
	the_log = log;
	agent->log = log;
	log_set_hook(logged);
	return 0;
}

void guest_log_to_kernel(struct agent *agent, int kmsg)
{
	if (agent->log)
		agent->log->kmsg = kmsg;
}

int guest_log_watch(struct agent *agent, struct err *err)
{
	struct guest_log *log = agent->log;

	return log ? loop_add(agent->loop, &log->watch, log->in, EPOLLIN, readable, err) : 0;
}
