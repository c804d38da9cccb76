/* SPDX-License-Identifier: Apache-2.0 */
#include "otlp/send.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/trace.h"
#include "otlp/encode.h"
#include "paths-config.h"

#define SOCKET_ROOM  (1 << 20) /* bytes; the usual 200 KiB where we may not have as many */
#define PACKET_SPANS 32u       /* at most some 5 KB each: a packet has to fit into the socket */

/* Next to the program that asks, as it is installed. */
static char *exporter_path(void)
{
	char self[4096] = { 0 };
	char *slash;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return NULL;
	slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return xasprintf("%s/" KATA_EXPORTER, self);
}

int otlp_exporter_start(struct err *err)
{
	CLEANUP(free) char *path = exporter_path();
	CLEANUP(close) int ours = -1;
	CLEANUP(close) int theirs = -1;
	char *const argv[] = { path, NULL };
	struct spawn spawn = SPAWN_INIT;
	struct proc_id ignored = { 0 };
	const int room = SOCKET_ROOM;
	int ends[2];
	int r;

	if (!path)
		return err_errno(err, "trace: the exporter's path");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(err, "trace: socketpair");
	ours = ends[0];
	theirs = ends[1];
	(void)setsockopt(ours, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	spawn.argv = argv;
	spawn.stdio[0] = theirs;
	spawn.new_session = true;
	r = spawn_start(&spawn, &ignored, err);
	return r < 0 ? r : take_fd(&ours);
}

unsigned otlp_send(int fd, const struct otlp_source *source, const struct span *spans)
{
	unsigned dropped = 0;

	while (spans) {
		__attribute__((cleanup(buf_donep))) struct buf packet = { 0 };
		const struct span *next = spans;
		unsigned n = 0;

		for (; next && n < PACKET_SPANS; next = next->next)
			n++;
		otlp_encode(source, spans, n, &packet);
		if (send(fd, buf_data(&packet), buf_len(&packet), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			dropped += n;
		spans = next;
	}
	return dropped;
}

void otlp_send_trace(const char *service, const char *sandbox)
{
	const struct otlp_source source = { service, sandbox, trace_dropped() };
	struct err error = { 0 };
	CLEANUP(close) int fd = otlp_exporter_start(&error);
	unsigned dropped;

	if (fd < 0) {
		log_warn("%s: spans are dropped", error.text);
		return;
	}
	dropped = otlp_send(fd, &source, trace_spans());
	if (dropped > 0)
		log_warn("trace: %u spans are dropped", dropped);
}
