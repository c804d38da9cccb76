/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's log: journald's own socket where it is there, else syslog's. The
 * socket stays connected, because a program may move to where no path leads to it.
 * libc's syslog(3) waits for a daemon that does not read, this does not.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/log_internal.h"
#include "base/log_line.h"

#define JOURNAL "/run/systemd/journal/socket"
#define SYSLOG  "/dev/log"

static struct {
	const char *journal;
	const char *syslog;
	int fd;
	bool is_journal;
	uint64_t patience_ms; /* that is left */
} system_log = { .fd = -1 };

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	CLEANUP(close) int fd = -1;
	size_t len = strlen(path);

	if (len >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, len);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	return take_fd(&fd);
}

static bool reconnect(void)
{
	if (system_log.fd >= 0)
		close(take_fd(&system_log.fd));
	system_log.fd = connect_to(system_log.journal);
	system_log.is_journal = system_log.fd >= 0;
	if (system_log.fd < 0)
		system_log.fd = connect_to(system_log.syslog);
	return system_log.fd >= 0;
}

/* The daemon's queue is full: while we have patience it is waited for. */
static bool wait_for_room(void)
{
	struct pollfd fd = { .fd = system_log.fd, .events = POLLOUT };
	uint64_t start = now_ms();
	uint64_t took;
	int r;

	if (system_log.patience_ms == 0)
		return false;
	r = poll(&fd, 1, (int)system_log.patience_ms);
	took = now_ms() - start;
	system_log.patience_ms -= took < system_log.patience_ms ? took : system_log.patience_ms;
	return r > 0;
}

static int try_send(const struct log_entry *entry, const struct log_fields *fields)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };

	if (system_log.is_journal)
		log_line_journal(&out, entry, fields);
	else
		log_line_syslog(&out, entry, fields);
	do {
		if (send(system_log.fd, buf_data(&out), buf_len(&out),
			 MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
	} while (errno == EINTR || ((errno == EAGAIN || errno == ENOBUFS) && wait_for_room()));
	return -errno;
}

/* False: there is a log, and it has not taken the line. */
static bool send_entry(const struct log_entry *entry, const struct log_fields *fields)
{
	int r;

	if (system_log.fd < 0 && !reconnect())
		return true;
	r = try_send(entry, fields);
	/* It has been started anew, or has gone. */
	if (r == -ECONNREFUSED || r == -ENOTCONN || r == -ECONNRESET || r == -EPIPE)
		r = reconnect() ? try_send(entry, fields) : r;
	return r == 0;
}

void log_open_system_at(const char *journal, const char *syslog)
{
	system_log.journal = journal;
	system_log.syslog = syslog;
	(void)reconnect(); /* else with the first line that finds one */
	log_set_system(send_entry);
}

void log_open_system(void)
{
	log_open_system_at(JOURNAL, SYSLOG);
}

void log_set_patience(uint64_t total_ms)
{
	system_log.patience_ms = total_ms;
}
