/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/direct.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"

#define RETRY_MS 50u
#define READ_MAX (16u << 10)

struct direct {
	struct loop *loop;
	struct watch watch;
	struct timer retry;
	struct direct_user user;
	char *url;
	int fd;
	bool connected;
};

static void try_again(struct timer *timer);

static void disconnect(struct direct *direct)
{
	watch_remove(&direct->watch);
	if (direct->fd >= 0)
		close(take_fd(&direct->fd));
	if (!direct->connected)
		timer_set(direct->loop, &direct->retry, deadline_in(RETRY_MS), try_again);
}

void direct_flush(struct direct *direct)
{
	struct buf *out;
	ssize_t n = 0;

	if (!direct || !direct->connected || direct->fd < 0)
		return;
	out = direct->user.out;
	while (buf_len(out) > 0) {
		n = send(direct->fd, buf_data(out), buf_len(out), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break; /* EAGAIN; the end of the connection is seen when it is read */
		buf_consume(out, (size_t)n);
	}
	watch_set_events(&direct->watch, EPOLLIN | (buf_len(out) > 0 ? EPOLLOUT : 0));
}

static void receive(struct direct *direct)
{
	static uint8_t data[READ_MAX];
	ssize_t n = recv(direct->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || direct->user.feed(direct->user.data, data, (size_t)n) < 0)
		disconnect(direct);
}

static void ready(struct watch *watch, uint32_t events)
{
	struct direct *direct = container_of(watch, struct direct, watch);

	if (direct->connected) {
		if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			receive(direct);
		return;
	}
	if (dial_outcome(direct->fd) < 0) {
		disconnect(direct);
		return;
	}
	direct->connected = true;
	direct->user.connected(direct->user.data);
}

static void start(struct direct *direct)
{
	struct err error = { 0 };
	int r;

	direct->fd = dial_start(direct->url, &error);
	r = direct->fd < 0
		    ? direct->fd
		    : loop_add(direct->loop, &direct->watch, direct->fd, EPOLLOUT, ready, &error);
	if (r == 0)
		return;
	log_debug("%s", error.text);
	disconnect(direct);
}

static void try_again(struct timer *timer)
{
	start(container_of(timer, struct direct, retry));
}

struct direct *direct_new(struct loop *loop, const char *url, const struct direct_user *user)
{
	struct direct *direct = xcalloc(1, sizeof(*direct));

	direct->loop = loop;
	direct->user = *user;
	direct->url = xstrdup(url);
	direct->fd = -1;
	start(direct);
	return direct;
}

void direct_free(struct direct *direct)
{
	if (!direct)
		return;
	timer_cancel(&direct->retry);
	watch_remove(&direct->watch);
	if (direct->fd >= 0)
		close(direct->fd);
	free(direct->url);
	free(direct);
}
