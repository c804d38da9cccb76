/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of the wire is written between planning and taking. What is recorded and
 * was never taken is in its place with its driver: giving back finds nothing to do.
 * An interface appears in the host's own namespace when its driver gets the device.
 */
#include "sandbox/nic_physical.h"

#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/enter.h"
#include "vfio/bind.h"

#define DRIVER_MS 5000u /* until its interface is there: most drivers make it at once */
#define LOOK_MS   20

struct question {
	const char *name;
	struct ethtool_drvinfo answer;
};

/* In the namespace of the interface. */
static int ask_driver(void *data, struct err *err)
{
	struct question *question = data;
	CLEANUP(close) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_data = (char *)&question->answer };

	if (fd < 0)
		return err_errno(err, "socket");
	question->answer.cmd = ETHTOOL_GDRVINFO;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", question->name);
	if (ioctl(fd, SIOCETHTOOL, &ifr) < 0 && errno != EOPNOTSUPP)
		return err_errno(err, "ask what device it is");
	return 0;
}

int nic_physical_plan(const struct sysfs *sysfs, int netns, struct wire *wire, struct err *err)
{
	struct question question = { .name = wire->name };
	CLEANUP(free) char *driver = NULL;
	int r = netns_run(netns, ask_driver, &question, err);

	question.answer.bus_info[sizeof(question.answer.bus_info) - 1] = '\0';
	if (r == 0 && !vfio_is_address(question.answer.bus_info))
		r = err_set(
			err, ENOTSUP,
			"it is hardware that is on no PCI bus and cannot be passed through; put "
			"a macvlan of it there instead");
	if (r == 0)
		r = vfio_bind_check(sysfs, question.answer.bus_info, err);
	if (r < 0)
		return err_prefix(err, "network: %s", wire->name);
	driver = vfio_driver_of(sysfs, question.answer.bus_info);
	snprintf(wire->pci, sizeof(wire->pci), "%s", question.answer.bus_info);
	snprintf(wire->driver, sizeof(wire->driver), "%.63s", driver ? driver : "");
	return 0;
}

int nic_physical_take(const struct sysfs *sysfs, const struct wire *wire, struct err *err)
{
	int r = vfio_bind(sysfs, wire->pci, err);

	return r < 0 ? err_prefix(err, "network: %s", wire->name) : 0;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The name of its interface in the host's namespace; owned, NULL without one. */
static char *look(const struct sysfs *sysfs, const char *pci)
{
	CLEANUP(free) char *path = xasprintf("%s/bus/pci/devices/%s/net", sysfs->root, pci);
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			return xstrdup(entry->d_name);
	return NULL;
}

static char *wait_for_interface(const struct sysfs *sysfs, const char *pci)
{
	uint64_t deadline = deadline_in(DRIVER_MS);
	char *name = look(sysfs, pci);

	while (!name && deadline_left(deadline) > 0) {
		(void)poll(NULL, 0, LOOK_MS);
		name = look(sysfs, pci);
	}
	return name;
}

/* Into @netns, under its old name; in the host's namespace it keeps the one that it has. */
static int move(struct netlink *host, const char *name, const struct wire *wire, int netns,
		struct rtnl_link *ret, struct err *err)
{
	const struct rtnl_link_change down = { .flags_mask = IFF_UP };
	const struct rtnl_link_change change = { .name = wire->name,
						 .moves = true,
						 .netns = netns };
	CLEANUP(netlink_free) struct netlink *nl = NULL;
	int r = rtnl_link_get(host, name, ret, err);

	if (r < 0 || netns < 0)
		return r;
	r = rtnl_link_change(host, ret->index, &down, err);
	if (r == 0)
		r = rtnl_link_change(host, ret->index, &change, err);
	if (r == 0)
		r = netns_netlink(netns, &nl, err);
	return r == 0 ? rtnl_link_get(nl, wire->name, ret, err) : r;
}

/* MAC, MTU, addresses and routes: what the namespace had, and nobody else puts back. */
static int configure(const struct wire *wire, const struct rtnl_link *link, int netns,
		     struct err *err)
{
	const struct rtnl_link_change up = { .flags = IFF_UP, .flags_mask = IFF_UP };
	/* While it is down: what has not changed is not set, for not all take it. */
	const struct rtnl_link_change hardware = {
		.mtu = link->mtu == wire->mtu ? 0 : wire->mtu,
		.mac = memcmp(link->mac, wire->mac, sizeof(wire->mac)) == 0 ? NULL : wire->mac,
	};
	CLEANUP(netlink_free) struct netlink *nl = NULL;
	struct wire with = *wire; /* borrows its lists */
	int r = netns_netlink(netns, &nl, err);

	with.index = link->index; /* a new one */
	for (size_t i = 0; i < with.n_addresses; i++)
		with.addresses[i].index = link->index;
	for (size_t i = 0; i < with.n_routes; i++)
		with.routes[i].index = link->index;
	if (r == 0)
		r = rtnl_link_change(nl, link->index, &hardware, err);
	if (r == 0 && wire->was_up)
		r = rtnl_link_change(nl, link->index, &up, err);
	return r == 0 && wire->was_up ? wire_restore(nl, &with, err) : r;
}

/* Its driver has it, and the host's namespace does not: is it in @netns, as a new one? */
static bool has_moved(const struct wire *wire, int netns, struct rtnl_link *ret)
{
	CLEANUP(netlink_free) struct netlink *nl = NULL;
	struct err ignored = { 0 };

	return netns >= 0 && netns_netlink(netns, &nl, &ignored) == 0 &&
	       rtnl_link_get(nl, wire->name, ret, &ignored) == 0 && ret->index != wire->index;
}

int nic_physical_give_back(const struct sysfs *sysfs, const struct wire *wire, struct netlink *host,
			   int netns, struct err *err)
{
	CLEANUP(free) char *driver = vfio_driver_of(sysfs, wire->pci);
	bool at_home = driver && str_eq(driver, wire->driver);
	CLEANUP(free) char *name = NULL;
	struct rtnl_link link = { 0 };
	int r = vfio_give_back(sysfs, wire->pci, wire->driver, err);

	if (r == 0)
		name = at_home ? look(sysfs, wire->pci) : wait_for_interface(sysfs, wire->pci);
	/* It never left, or was put in its place before, which may have been cut short. */
	if (r == 0 && at_home && !name)
		return has_moved(wire, netns, &link) ? configure(wire, &link, netns, err) : 0;
	if (r == 0 && !name)
		r = err_set(err, ENODEV, "device %s: the driver %s has made no interface in %u ms",
			    wire->pci, wire->driver, DRIVER_MS);
	if (r == 0)
		r = move(host, name, wire, netns, &link, err);
	if (r == 0 && netns >= 0)
		r = configure(wire, &link, netns, err);
	return r < 0 ? err_prefix(err, "network: %s", wire->name) : 0;
}
