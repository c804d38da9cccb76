/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_qemu - a QEMU for tests: takes the command line that kata-runtime builds,
 * answers on its monitors, and has an agent (fake_agent.c) instead of a guest
 *
 * FAKE_MODE in the environment lists faults, "NAME@WHERE;…". Besides those of
 * the agent there are:
 *
 *   die=TEXT@start        prints TEXT on standard error and ends
 *   silent@qmp            connects, but says nothing
 *   silent-later@qmp      greets, then says nothing
 *   garbage@qmp           greets with a line that is not JSON
 *   line@qmp              greets with a line that does not end
 *   events@qmp            greets, then sends endless events and no answer
 *   refuse@qmp            answers every command with an error
 *   closed@qmp            closes at once
 *   …                     those of its devices: fake_devices.h
 *   say=TEXT@console      the guest prints TEXT
 *   flood@console         the guest prints without end
 *   nobody@channel        there is no agent at all
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "fake_agent.h"
#include "fake_devices.h"
#include "fake_fault.h"

#define LINE_MAX_QMP 4096u
#define FLOOD_QUEUED (256u << 10)

/* A client of one of the listening sockets. */
struct peer {
	struct watch watch;
	struct buf in;
	struct buf out;
	bool monitor;
	const char *flood; /* sent without end, or NULL */
};

struct port {
	struct watch watch;
	const char *name; /* qmp, events, console0, channel0 */
	struct peer peer;
};

static void accept_peer(struct watch *watch, uint32_t events);

static struct {
	struct loop *loop;
	char **faults;
	char *share;
	struct port ports[4];
	struct fake_agent *agent;
	struct fake_devices devices;
} fake;

/* @fd came with it, or -1. */
static void qmp_line(struct peer *peer, const char *line, int fd)
{
	if (strstr(line, "\"quit\"")) {
		(void)!write(peer->watch.fd, "{\"return\": {}}\r\n", 16);
		exit(0);
	}
	if (fake_fault(fake.faults, "silent-later", "qmp"))
		return;
	if (fake_fault(fake.faults, "events", "qmp")) {
		peer->flood = "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, "
			      "\"event\": \"RTC_CHANGE\"}\r\n";
		return;
	}
	if (fake_fault(fake.faults, "refuse", "qmp"))
		buf_printf(&peer->out, "{\"error\": {\"class\": \"GenericError\", \"desc\": "
				       "\"not \\u001b[31mtoday\"}}\r\n");
	else if (strstr(line, "\"query-status\""))
		buf_printf(&peer->out, "{\"return\": {\"status\": \"running\", \"singlestep\": "
				       "false, \"running\": true}}\r\n");
	else if (strstr(line, "\"qmp_capabilities\""))
		buf_printf(&peer->out, "{\"return\": {}}\r\n");
	else if (!fake_devices_answer(&fake.devices, line, fd, &peer->out))
		buf_printf(&peer->out, "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": "
				       "\"The command has not been found\"}}\r\n");
}

/* Another may come. */
static void close_peer(struct watch *watch)
{
	struct peer *peer = container_of(watch, struct peer, watch);
	struct port *port = container_of(peer, struct port, peer);
	struct err error = { 0 };
	int fd = watch->fd;

	watch_remove(watch);
	close(fd);
	buf_done(&peer->in);
	buf_done(&peer->out);
	if (loop_add(fake.loop, &port->watch, port->watch.fd, EPOLLIN, accept_peer, &error) < 0)
		exit(1);
}

static void peer_ready(struct watch *watch, uint32_t events)
{
	struct peer *peer = container_of(watch, struct peer, watch);
	CLEANUP(close) int passed = -1;
	ssize_t n;

	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv_with_fd(watch->fd, buf_reserve(&peer->in, 4096), 4096, &passed);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		close_peer(watch);
		return;
	}
	buf_commit(&peer->in, (size_t)n);
	while (peer->monitor && buf_len(&peer->in) > 0) {
		uint8_t *end = memchr(buf_data(&peer->in), '\n', buf_len(&peer->in));

		if (!end)
			break;
		*end = '\0';
		qmp_line(peer, (const char *)buf_data(&peer->in), take_fd(&passed));
		buf_consume(&peer->in, (size_t)(end - buf_data(&peer->in)) + 1);
	}
	if (!peer->monitor || buf_len(&peer->in) > LINE_MAX_QMP)
		buf_done(&peer->in);
}

static void greet(struct peer *peer)
{
	if (fake_fault(fake.faults, "silent", "qmp"))
		return;
	if (fake_fault(fake.faults, "garbage", "qmp"))
		buf_printf(&peer->out, "\033[2JSegmentation fault\r\n");
	else if (fake_fault(fake.faults, "line", "qmp"))
		peer->flood = "0123456789";
	else
		buf_printf(
			&peer->out,
			"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, "
			"\"major\": 7}, \"package\": \"fake\"}, \"capabilities\": [\"oob\"]}}\r\n");
}

static void serve_console(struct peer *peer)
{
	const char *text = fake_fault(fake.faults, "say", "console");

	if (text)
		buf_printf(&peer->out, "%s\r\n", text);
	if (fake_fault(fake.faults, "flood", "console"))
		peer->flood = "what the guest has to say, without end, is not kept\r\n";
}

static void accept_peer(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct port *port = container_of(watch, struct port, watch);
	struct err error = { 0 };
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (str_eq(port->name, "qmp") && fake_fault(fake.faults, "closed", "qmp")) {
		close(fd);
		return;
	}
	watch_remove(watch); /* one client at a time, as QEMU has it */
	if (str_eq(port->name, "channel0") && !fake_fault(fake.faults, "nobody", "channel")) {
		fake.agent = fake_agent_new(fake.loop, fd, fake.share, fake.faults);
		return;
	}
	port->peer.monitor = str_eq(port->name, "qmp") || str_eq(port->name, "events");
	if (str_eq(port->name, "qmp"))
		greet(&port->peer);
	if (str_eq(port->name, "console0"))
		serve_console(&port->peer);
	if (loop_add(fake.loop, &port->peer.watch, fd, EPOLLIN, peer_ready, &error) < 0)
		exit(1);
}

static void flush(void *data __attribute__((unused)))
{
	for (size_t i = 0; i < sizeof(fake.ports) / sizeof(fake.ports[0]); i++) {
		struct peer *peer = &fake.ports[i].peer;
		ssize_t n;

		if (!peer->watch.loop)
			continue;
		while (peer->flood && buf_len(&peer->out) < FLOOD_QUEUED)
			buf_append(&peer->out, peer->flood, strlen(peer->flood));
		n = buf_len(&peer->out) > 0
			    ? write(peer->watch.fd, buf_data(&peer->out), buf_len(&peer->out))
			    : 0;
		if (n > 0)
			buf_consume(&peer->out, (size_t)n);
		watch_set_events(&peer->watch,
				 EPOLLIN |
					 (buf_len(&peer->out) > 0 || peer->flood ? EPOLLOUT : 0u));
	}
	if (fake.agent)
		fake_agent_flush(fake.agent);
}

static int listen_on(const char *chardev, struct err *err)
{
	CLEANUP(strv_free) char **words = strv_split(chardev, ",");
	struct port *port = NULL;
	uint64_t fd = 0;

	for (size_t i = 0; i < 4 && !port; i++)
		if (!fake.ports[i].name)
			port = &fake.ports[i];
	for (char **word = words; port && *word; word++) {
		if (str_starts(*word, "id="))
			port->name = xstrdup(*word + 3);
		if (str_starts(*word, "fd=") && str_to_u64(*word + 3, 3, 1023, &fd) < 0)
			return err_set(err, EINVAL, "-chardev %s", chardev);
	}
	if (!port || !port->name || fd == 0)
		return err_set(err, EINVAL, "-chardev %s: no id=, no fd=, or one too many",
			       chardev);
	return loop_add(fake.loop, &port->watch, (int)fd, EPOLLIN, accept_peer, err);
}

static int take_options(char **argv, struct err *err)
{
	for (; argv[0] && argv[1]; argv++) {
		int r = 0;

		if (str_eq(argv[0], "-chardev") && str_starts(argv[1], "socket,") &&
		    strstr(argv[1], ",fd="))
			r = listen_on(argv[1], err);
		if (str_eq(argv[0], "-device") && str_starts(argv[1], "pcie-root-port,"))
			fake.devices.n_ports++;
		if (str_eq(argv[0], "-machine") && str_starts(argv[1], "pc,"))
			fake.devices.is_pc = true;
		if (str_eq(argv[0], "-fsdev") && strstr(argv[1], "path="))
			fake.share = xstrndup(strstr(argv[1], "path=") + 5,
					      strcspn(strstr(argv[1], "path=") + 5, ","));
		if (str_eq(argv[0], "-pidfile")) {
			char text[16];
			int n = snprintf(text, sizeof(text), "%d\n", getpid());

			r = file_replace_at(AT_FDCWD, argv[1], text, (size_t)n, 0600, err);
		}
		if (r < 0)
			return r;
	}
	return fake.share ? 0 : err_set(err, EINVAL, "-fsdev: missing");
}

int main(int argc __attribute__((unused)), char **argv)
{
	const char *mode = getenv("FAKE_MODE");
	struct err err = { 0 };
	const char *text;

	(void)signal(SIGPIPE, SIG_IGN);
	fake.faults = strv_split(mode ? mode : "", ";");
	fake.devices.faults = fake.faults;
	text = fake_fault(fake.faults, "die", "start");
	if (text) {
		(void)fprintf(stderr, "%s\n", text);
		return 1;
	}
	if (loop_new(&fake.loop, &err) < 0 || take_options(argv + 1, &err) < 0) {
		(void)fprintf(stderr, "fake_qemu: %s\n", err.text);
		return 1;
	}
	loop_set_idle(fake.loop, flush, NULL);
	return loop_run(fake.loop, &err) < 0;
}
