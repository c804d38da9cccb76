/* SPDX-License-Identifier: Apache-2.0 */
#include "net/vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

bool vhost_net_open(size_t n, int *ret)
{
	for (size_t i = 0; i < n; i++) {
		ret[i] = open(VHOST_NET, O_RDWR | O_CLOEXEC);
		if (ret[i] >= 0)
			continue;
		log_debug(VHOST_NET ": %s: QEMU carries packets itself", strerror(errno));
		while (i > 0)
			close(ret[--i]);
		return false;
	}
	return true;
}
