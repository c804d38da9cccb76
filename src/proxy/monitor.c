/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"

#define CONSOLE_KEEP    (64u << 10)
#define OTHER_KEEP      (4u << 10)
#define LOG_PATIENCE_MS 500u /* for 64 KiB of lines */
#define DRAIN_READS     64   /* of 4 KiB: the pipe's or socket's whole buffer, and then an end */

struct source {
	struct watch watch;
	int fd;
	size_t keep;
	bool ends_loop; /* when it ends */
	struct buf tail;
};

enum { CONSOLE, EVENTS, QEMU, N_SOURCES };

struct monitor {
	struct loop *loop;
	struct source sources[N_SOURCES];
	struct watch signals;
	struct watch share;
	int signal_fd;
	char *last_words;
};

static ssize_t take(struct source *source)
{
	uint8_t data[4096];
	ssize_t n = read(source->fd, data, sizeof(data));
	size_t len;

	if (n <= 0)
		return n;
	buf_append(&source->tail, data, (size_t)n);
	len = buf_len(&source->tail);
	/* Twice the size before half is thrown away: no copying per byte. */
	if (len > 2 * source->keep)
		buf_consume(&source->tail, len - source->keep);
	return n;
}

static void source_ready(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct source *source = container_of(watch, struct source, watch);
	ssize_t n = take(source);

	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	if (source->ends_loop)
		loop_stop(watch->loop, 0);
	watch_remove(watch);
}

/* Somebody wants our last words, and us gone. */
static void terminated(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct monitor *monitor = container_of(watch, struct monitor, signals);

	loop_stop(monitor->loop, 0);
}

static int watch_signals(struct monitor *monitor, struct err *err)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	monitor->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (monitor->signal_fd < 0)
		return err_errno(err, "signalfd");
	return loop_add(monitor->loop, &monitor->signals, monitor->signal_fd, EPOLLIN, terminated,
			err);
}

/* It has closed its sockets by then. */
static bool qemu_has_ended(struct monitor *monitor)
{
	struct source *events = &monitor->sources[EVENTS];
	ssize_t n = events->fd < 0 ? -1 : 1;

	for (int i = 0; i < DRAIN_READS && n > 0; i++)
		n = take(events);
	return n == 0;
}

static void share_ended(struct watch *watch, uint32_t events __attribute__((unused)))
{
	static const char quit[] = "{\"execute\":\"quit\"}\n";
	struct monitor *monitor = container_of(watch, struct monitor, share);
	struct source *qemu = &monitor->sources[QEMU];

	watch_remove(watch);
	loop_stop(monitor->loop, 0);
	if (qemu_has_ended(monitor))
		return; /* virtiofsd only followed it */
	log_error("virtiofsd has ended, and with it the virtual machine");
	buf_printf(&qemu->tail, "virtiofsd has ended\n");
	/* As far as QEMU still listens: who deletes the sandbox kills it anyway. */
	if (monitor->sources[EVENTS].fd >= 0)
		(void)write_full(monitor->sources[EVENTS].fd, quit, sizeof(quit) - 1);
}

static int add_source(struct monitor *monitor, int which, int fd, size_t keep, struct err *err)
{
	struct source *source = &monitor->sources[which];

	source->fd = fd;
	source->keep = keep;
	(void)fd_set_nonblock(fd, true);
	return loop_add(monitor->loop, &source->watch, fd, EPOLLIN, source_ready, err);
}

static int add_socket(struct monitor *monitor, int which, const char *path, size_t keep,
		      struct err *err)
{
	int fd = unix_connect(path, err);

	return fd < 0 ? fd : add_source(monitor, which, fd, keep, err);
}

int monitor_new(struct loop *loop, const struct monitor_sources *from, struct monitor **ret,
		struct err *err)
{
	static const char hello[] = "{\"execute\":\"qmp_capabilities\"}\n";
	struct monitor *monitor = xcalloc(1, sizeof(*monitor));
	int r;

	*ret = monitor; /* the caller frees it, half-built too */
	monitor->loop = loop;
	monitor->last_words = from->last_words ? xstrdup(from->last_words) : NULL;
	for (int i = 0; i < N_SOURCES; i++)
		monitor->sources[i].fd = -1;
	r = watch_signals(monitor, err);
	if (r == 0 && from->console)
		r = add_socket(monitor, CONSOLE, from->console, CONSOLE_KEEP, err);
	if (r == 0 && from->events)
		r = add_socket(monitor, EVENTS, from->events, OTHER_KEEP, err);
	if (r == 0 && from->events)
		r = write_full(monitor->sources[EVENTS].fd, hello, sizeof(hello) - 1);
	monitor->sources[EVENTS].ends_loop = !from->relays;
	if (r == 0 && from->stderr_fd >= 0)
		r = add_source(monitor, QEMU, from->stderr_fd, OTHER_KEEP, err);
	if (r == 0 && from->share_fd >= 0)
		r = loop_add(loop, &monitor->share, from->share_fd, EPOLLIN, share_ended, err);
	return r;
}

static void append_tail(struct buf *out, const char *title, const struct source *source)
{
	size_t len = buf_len(&source->tail);
	size_t skip = len > source->keep ? len - source->keep : 0;

	buf_printf(out, "== %s\n", title);
	buf_append(out, buf_data(&source->tail) + skip, len - skip);
	buf_printf(out, "\n");
}

/* Its text is the guest's: made printable. */
static void log_console_line(const char *line, size_t len)
{
	CLEANUP(free) char *text = str_printable(xstrndup(line, len));
	struct log_entry entry = { .level = LOG_LEVEL_ERROR,
				   .name = "kata-proxy",
				   .source = "proxy",
				   .subsystem = "console",
				   .pid = getpid(),
				   .text = text };

	if (str_empty(text))
		return;
	clock_gettime(CLOCK_REALTIME, &entry.time);
	log_entry(&entry);
}

/* Of a guest that has died of itself: who ends a machine has no use for what it printed. */
static void log_console(const struct source *console)
{
	static const char *const deaths[] = { "Kernel panic", "kata-agent: fatal" };
	size_t len = buf_len(&console->tail);
	size_t skip = len > console->keep ? len - console->keep : 0;
	CLEANUP(free) char *text = xcalloc(1, len - skip + 1);

	for (size_t i = skip; i < len; i++)
		text[i - skip] =
			(char)(buf_data(&console->tail)[i] ? buf_data(&console->tail)[i] : ' ');

	if (!strstr(text, deaths[0]) && !strstr(text, deaths[1]))
		return;
	log_set_patience(LOG_PATIENCE_MS);
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");

		log_console_line(line, n);
		line += n + (line[n] == '\n');
	}
}

void monitor_finish(struct monitor *monitor)
{
	__attribute__((cleanup(buf_donep))) struct buf text = { 0 };
	struct err error = { 0 };

	if (!monitor->last_words)
		return;
	for (int i = 0; i < N_SOURCES; i++)
		for (int n = 0; n < DRAIN_READS && monitor->sources[i].fd >= 0; n++)
			if (take(&monitor->sources[i]) <= 0)
				break;
	append_tail(&text, "qemu", &monitor->sources[QEMU]);
	append_tail(&text, "events", &monitor->sources[EVENTS]);
	append_tail(&text, "console", &monitor->sources[CONSOLE]);
	log_console(&monitor->sources[CONSOLE]);
	if (file_replace_at(AT_FDCWD, monitor->last_words, buf_data(&text), buf_len(&text), 0600,
			    &error) < 0)
		log_warn("%s", error.text);
}

void monitor_free(struct monitor *monitor)
{
	if (!monitor)
		return;
	for (int i = 0; i < N_SOURCES; i++) {
		watch_remove(&monitor->sources[i].watch);
		if (monitor->sources[i].fd >= 0)
			close(monitor->sources[i].fd);
		buf_done(&monitor->sources[i].tail);
	}
	watch_remove(&monitor->signals);
	watch_remove(&monitor->share);
	if (monitor->signal_fd >= 0)
		close(monitor->signal_fd);
	free(monitor->last_words);
	free(monitor);
}
