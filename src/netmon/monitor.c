/* SPDX-License-Identifier: Apache-2.0 */
#include "netmon/monitor.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/netlink.h"
#include "base/proc.h"
#include "base/str.h"

#include "rtnl/rtnl.h"

#define RETRY_MIN_MS 500u /* after a sync that failed: its cause may pass */
#define RETRY_MAX_MS 60000u
#define OUR_SUFFIX   "_kata" /* of what the runtime makes in the namespace */
#define SYNC_GONE    3       /* how "kata-network sync" ends when there is no sandbox any more */

struct monitor {
	const struct monitor_params *params;
	struct loop *loop;
	struct netlink *netlink;
	struct watch events;
	struct watch vm;
	struct watch signals;
	struct watch child; /* a pidfd of the sync that runs; owned */
	pid_t pid;          /* of it; 0: none */
	bool again;         /* something happened since it began */
	struct timer retry;
	uint64_t retry_ms;
};

static void sync_now(struct monitor *m);

static void retry(struct timer *timer)
{
	sync_now(container_of(timer, struct monitor, retry));
}

static void try_later(struct monitor *m)
{
	timer_set(m->loop, &m->retry, deadline_in(m->retry_ms), retry);
	m->retry_ms = 2 * m->retry_ms < RETRY_MAX_MS ? 2 * m->retry_ms : RETRY_MAX_MS;
}

static void child_ended(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct monitor *m = container_of(watch, struct monitor, child);
	int status = 0;

	watch_remove(watch);
	close(watch->fd);
	(void)waitpid(m->pid, &status, 0);
	m->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == SYNC_GONE) {
		loop_stop(m->loop, 0);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		m->retry_ms = RETRY_MIN_MS;
		if (m->again)
			sync_now(m);
	} else {
		log_warn("kata-network sync failed; it says why; again in %llu ms",
			 (unsigned long long)m->retry_ms);
		try_later(m);
	}
}

static int start_sync(struct monitor *m, struct err *err)
{
	char *const argv[] = { (char *)(uintptr_t)m->params->runtime, (char[]){ "kata-network" },
			       (char[]){ "sync" }, (char *)(uintptr_t)m->params->sandbox, NULL };
	struct spawn spawn = SPAWN_INIT;
	struct proc_id id = { 0 };
	int fd;
	int r;

	spawn.argv = argv;
	r = spawn_start(&spawn, &id, err);
	if (r < 0)
		return r;
	fd = (int)syscall(SYS_pidfd_open, id.pid, 0);
	if (fd < 0)
		return err_errno(err, "watch kata-runtime");
	m->pid = id.pid;
	return loop_add(m->loop, &m->child, fd, EPOLLIN, child_ended, err);
}

static void sync_now(struct monitor *m)
{
	struct err err = { 0 };

	if (m->pid) {
		m->again = true;
		return;
	}
	m->again = false;
	timer_cancel(&m->retry);
	if (start_sync(m, &err) < 0) {
		log_warn("%s", err.text);
		try_later(m);
	}
}

static bool is_ours(const char *name)
{
	size_t len = strlen(name);

	return len >= strlen(OUR_SUFFIX) && str_eq(name + len - strlen(OUR_SUFFIX), OUR_SUFFIX);
}

static int look(void *data, const struct nlmsghdr *message, struct err *err __attribute__((unused)))
{
	bool *matters = data;
	struct rtnl_link link;

	if (!rtnl_read_link(message, &link) || !is_ours(link.name))
		*matters = true;
	return 0;
}

static void happened(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct monitor *m = container_of(watch, struct monitor, events);
	struct err err = { 0 };
	bool matters = false;

	/* Events that were lost are a reason to look, too. */
	if (netlink_events(m->netlink, look, &matters, &err) < 0 || matters)
		sync_now(m);
}

static void ended(struct watch *watch, uint32_t events __attribute__((unused)))
{
	loop_stop(watch->loop, 0);
}

static int watch_signals(struct monitor *m, int *ret_fd, struct err *err)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	*ret_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*ret_fd < 0)
		return err_errno(err, "signalfd");
	return loop_add(m->loop, &m->signals, *ret_fd, EPOLLIN, ended, err);
}

static int subscribe(struct monitor *m, struct err *err)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
				      RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE };
	int r = netlink_open(NETLINK_ROUTE, &m->netlink, err);

	for (size_t i = 0; r == 0 && i < sizeof(groups) / sizeof(groups[0]); i++)
		r = netlink_subscribe(m->netlink, groups[i], err);
	return r < 0 ? r
		     : loop_add(m->loop, &m->events, netlink_fd(m->netlink), EPOLLIN, happened,
				err);
}

int monitor_run(const struct monitor_params *params, struct err *err)
{
	struct monitor m = { .params = params, .retry_ms = RETRY_MIN_MS };
	CLEANUP(loop_free) struct loop *loop = NULL;
	CLEANUP(close) int signals = -1;
	int r;

	r = loop_new(&loop, err);
	m.loop = loop;
	if (r == 0)
		r = watch_signals(&m, &signals, err);
	if (r == 0)
		r = subscribe(&m, err);
	if (r == 0 && params->vm >= 0)
		r = loop_add(loop, &m.vm, params->vm, EPOLLIN, ended, err);
	if (r == 0) {
		sync_now(&m); /* what came before we were here */
		r = loop_run(loop, err);
	}
	netlink_free(m.netlink);
	return r;
}
