/* SPDX-License-Identifier: Apache-2.0 */
#include "net/enter.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/netlink.h"

int netns_run(int netns, enter_fn fn, void *data, struct err *err)
{
	CLEANUP(close) int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	if (own < 0)
		return err_errno(err, "open /proc/self/ns/net");
	if (setns(netns, CLONE_NEWNET) < 0)
		return err_errno(err, "enter the sandbox's network namespace");
	r = fn(data, err);
	if (setns(own, CLONE_NEWNET) < 0) {
		/* What we did next would be done in the wrong place. */
		log_error("cannot go back to the host's network namespace");
		abort();
	}
	return r;
}

static int open_here(void *data, struct err *err)
{
	return netlink_open(NETLINK_ROUTE, data, err);
}

int netns_netlink(int netns, struct netlink **ret, struct err *err)
{
	return netns_run(netns, open_here, ret, err);
}
