/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/network_queues.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

static int ethtool(const char *name, struct ethtool_channels *channels)
{
	CLEANUP(close) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { 0 };

	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	ifr.ifr_data = (void *)channels;
	return ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

/* Drivers count a pair as one combined queue, or both of its halves. */
int network_set_queues(const char *name, uint32_t n, struct err *err)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	int r = ethtool(name, &channels);
	uint32_t max = channels.max_combined ? channels.max_combined : channels.max_tx;

	if (r == 0 && n > max)
		return err_set(err, EINVAL, "queues: %u, %s has at most %u", n, name, max);
	if (r == 0) {
		channels.cmd = ETHTOOL_SCHANNELS;
		if (channels.max_combined)
			channels.combined_count = n;
		else
			channels.rx_count = channels.tx_count = n;
		r = ethtool(name, &channels);
	}
	return r < 0 ? err_set(err, -r, "queues: %u for %s: %s", n, name, strerror(-r)) : 0;
}

uint32_t network_queues(const char *name)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };

	if (ethtool(name, &channels) < 0)
		return 0;
	return channels.max_combined ? channels.combined_count : channels.tx_count;
}
