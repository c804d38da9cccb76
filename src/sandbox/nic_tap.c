/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/nic_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "sandbox/netns.h"
#include "sandbox/network_input.h"

#define TAP_MTU_MIN  68u /* ETH_MIN_MTU */
#define INDEXES_MAX  8192u
#define TAP_FLAGS    (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
#define VHOST_DEVICE "/dev/vhost-net"

void nic_tap_done(struct nic_tap *tap)
{
	while (tap->n > 0)
		close(tap->queues[--tap->n]);
	while (tap->n_vhost > 0)
		close(tap->vhost[--tap->n_vhost]);
}

/* Returns a descriptor, or -errno without a text. */
static int open_queue(const char *device, short flags)
{
	struct ifreq ifr = { .ifr_flags = flags };
	CLEANUP(close) int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, device, strlen(device) + 1);
	return ioctl(fd, TUNSETIFF, &ifr) < 0 ? -errno : take_fd(&fd);
}

static int not_opened(const char *device, bool existed, int r, struct err *err)
{
	if (existed && r == -EINVAL)
		return err_set(err, EEXIST,
			       "device: %s is there and no tap, allowed is a tap or a name that is "
			       "not used",
			       device);
	if (r == -EBUSY)
		return err_set(err, EBUSY,
			       "device: the tap %s is used by another program, allowed is one that "
			       "none uses",
			       device);
	return err_set(err, -r, "device: open the tap %s: %s", device, strerror(-r));
}

/* An existing tap has as many queues as it was made for, one or several. */
static int open_queues(const char *device, bool existed, size_t n, struct nic_tap *ret,
		       struct err *err)
{
	short many = n > 1 || existed ? IFF_MULTI_QUEUE : 0;
	int fd = open_queue(device, (short)(TAP_FLAGS | many));

	if (fd == -EINVAL && existed) {
		fd = open_queue(device, TAP_FLAGS);
		n = 1;
	}
	if (fd < 0)
		return not_opened(device, existed, fd, err);
	ret->queues[ret->n++] = fd;
	while (ret->n < n) {
		fd = open_queue(device, (short)(TAP_FLAGS | many));
		if (fd < 0)
			return not_opened(device, existed, fd, err);
		ret->queues[ret->n++] = fd;
	}
	return 0;
}

static int bring_up(const char *device, uint32_t mtu, struct err *err)
{
	CLEANUP(close) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { 0 };

	if (fd < 0)
		return err_errno(err, "socket");
	memcpy(ifr.ifr_name, device, strlen(device) + 1);
	ifr.ifr_mtu = (int)mtu;
	if (ioctl(fd, SIOCSIFMTU, &ifr) < 0)
		return err_errno(err, "mtu: %u for the tap %s", mtu, device);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		return err_errno(err, "flags of the tap %s", device);
	ifr.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? err_errno(err, "bring the tap %s up", device)
						 : 0;
}

/* The first name of this form that no link here has; owned. */
static char *free_device(void)
{
	char name[IFNAMSIZ];

	for (unsigned i = 0; i < INDEXES_MAX; i++) {
		snprintf(name, sizeof(name), "tap%u_kata", i);
		if (if_nametoindex(name) == 0)
			return xstrdup(name);
	}
	return NULL;
}

/* In the network namespace of the sandbox. */
static int open_here(size_t n_queues, struct nic_request *nic, struct nic_tap *ret, struct err *err)
{
	bool existed;
	int r;

	if (!nic->device)
		nic->device = free_device();
	if (!nic->device)
		return err_set(err, ENOSPC, "device: there are %u taps; name one", INDEXES_MAX);
	existed = if_nametoindex(nic->device) != 0;
	r = open_queues(nic->device, existed, n_queues, ret, err);
	return r < 0 ? r : bring_up(nic->device, nic->guest.mtu, err);
}

/* The kernel copies packets itself then; without it QEMU does. */
static void open_vhost(struct nic_tap *tap)
{
	while (tap->n_vhost < tap->n) {
		int fd = open(VHOST_DEVICE, O_RDWR | O_CLOEXEC);

		if (fd < 0) {
			log_debug(VHOST_DEVICE ": %s: QEMU copies packets itself", strerror(errno));
			while (tap->n_vhost > 0)
				close(tap->vhost[--tap->n_vhost]);
			return;
		}
		tap->vhost[tap->n_vhost++] = fd;
	}
}

int nic_tap_open(const char *sid, const struct config *config __attribute__((unused)),
		 size_t n_queues, struct nic_request *nic, struct nic_tap *ret, struct err *err)
{
	CLEANUP(close) int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CLEANUP(close) int netns = netns_of(sid, err);
	int r;

	if (netns < 0)
		return netns;
	if (nic->guest.mtu < TAP_MTU_MIN)
		return err_set(err, EINVAL, "mtu: %u, a tap of Linux has at least %u",
			       nic->guest.mtu, TAP_MTU_MIN);
	if (own < 0 || setns(netns, CLONE_NEWNET) < 0)
		return err_errno(err, "enter the network namespace of sandbox %s", sid);
	r = open_here(n_queues < NIC_QUEUES_MAX ? n_queues : NIC_QUEUES_MAX, nic, ret, err);
	if (setns(own, CLONE_NEWNET) < 0)
		return err_errno(err, "go back to the host's network namespace");
	if (r == 0)
		open_vhost(ret);
	return r;
}
