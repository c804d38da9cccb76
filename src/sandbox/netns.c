/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "config/config.h"
#include "oci/spec.h"
#include "sandbox/paths.h"
#include "vm/vm.h"

#define OWN_NETNS "/proc/self/ns/net"

const char *netns_path(const struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_namespaces; i++)
		if (str_eq(spec->namespaces[i].type, "network"))
			return spec->namespaces[i].path;
	return NULL;
}

/* Ours, and that of the host's init: an engine may run in a namespace of its own. */
static bool is_hosts(int fd)
{
	static const char *const hosts[] = { OWN_NETNS, "/proc/1/ns/net" };
	struct stat wanted;
	struct stat st;

	if (fstat(fd, &wanted) < 0)
		return false;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (stat(hosts[i], &st) == 0 && st.st_dev == wanted.st_dev &&
		    st.st_ino == wanted.st_ino)
			return true;
	return false;
}

static int open_named(const char *path, struct err *err)
{
	/* It may be anything, a FIFO too: that must not hold us. */
	CLEANUP(close) int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return err_errno_as(err, ERR_NAMESPACE, "linux.namespaces: network namespace %s",
				    path);
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return err_set_as(err, ERR_NAMESPACE, EINVAL,
				  "linux.namespaces: %s is not a network namespace", path);
	if (is_hosts(fd))
		return err_set_as(err, ERR_NAMESPACE, ENOTSUP,
				  "linux.namespaces: %s is the host's own network namespace "
				  "(--net=host), which a virtual machine cannot share; "
				  "use a bridge network, or --net=none and kata-network",
				  path);
	return take_fd(&fd);
}

static int make_new(struct err *err)
{
	CLEANUP(close) int own = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
	CLEANUP(close) int made = -1;

	if (own < 0)
		return err_errno(err, "open " OWN_NETNS);
	if (unshare(CLONE_NEWNET) < 0)
		return err_errno(err, "make a network namespace");
	made = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
	if (setns(own, CLONE_NEWNET) < 0)
		return err_errno(err, "go back to the host's network namespace");
	return made < 0 ? err_errno(err, "open " OWN_NETNS) : take_fd(&made);
}

/* Interfaces of the host must not become the guest's. */
static int open_hosts(const struct config *config, struct err *err)
{
	int fd;

	if (!str_eq(config->runtime.internetworking_model, "none"))
		return err_set(err, EINVAL,
			       "[runtime] disable_new_netns: internetworking_model is '%s'; "
			       "in the host's network namespace only \"none\" is allowed",
			       config->runtime.internetworking_model);
	fd = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_errno(err, "open " OWN_NETNS) : fd;
}

int netns_open(const struct config *config, const struct oci_spec *spec, struct err *err)
{
	const char *path = netns_path(spec);

	if (config->runtime.disable_new_netns)
		return open_hosts(config, err);
	return path ? open_named(path, err) : make_new(err);
}

int netns_of(const char *sid, struct err *err)
{
	CLEANUP(free) char *vm = paths_vm(sid);
	CLEANUP(free) char *path = NULL;
	CLEANUP(close) int fd = -1;
	struct proc_id proxy = { 0 };

	/* Not QEMU's: that of a cache was started before there was a sandbox. */
	if (vm_proxy_process(vm, &proxy) == 0) {
		path = xasprintf("/proc/%d/ns/net", proxy.pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	/* Asked last: until here the pid may have become somebody else's. */
	if (fd < 0 || !proc_alive(&proxy))
		return err_set_as(
			err, ERR_MACHINE_ENDED, EPIPE,
			"the virtual machine of sandbox %s has ended; delete the container", sid);
	return take_fd(&fd);
}
