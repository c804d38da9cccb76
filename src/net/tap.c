/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define TAP_FLAGS (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)

static int check(const char *name, size_t n_queues, struct err *err)
{
	size_t len = strlen(name);

	if (len < 1 || len >= IFNAMSIZ)
		return err_set_as(err, ERR_NETWORK, EINVAL, "tap '%s': a name has 1 to %d bytes",
				  name, IFNAMSIZ - 1);
	if (n_queues < 1 || n_queues > TAP_QUEUES_MAX)
		return err_set_as(err, ERR_NETWORK, EINVAL, "tap %s: %zu queues, not 1 to %u", name,
				  n_queues, TAP_QUEUES_MAX);
	return 0;
}

/* Returns 0 or -errno, without a text. */
static int add_queue(struct tap *tap, int flags)
{
	struct ifreq ifr = { .ifr_flags = (short)flags };
	CLEANUP(close) int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, tap->name, sizeof(ifr.ifr_name));
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return -errno;
	tap->fds[tap->n_fds++] = take_fd(&fd);
	return 0;
}

static struct tap *new_tap(const char *name)
{
	struct tap *tap = xcalloc(1, sizeof(*tap));

	memcpy(tap->name, name, strlen(name) + 1);
	return tap;
}

static int not_opened(const struct tap *tap, int r, struct err *err)
{
	errno = -r;
	return err_errno_as(err, ERR_NETWORK, "tap %s: open queue %zu", tap->name, tap->n_fds);
}

int tap_create(const char *name, size_t n_queues, struct tap **ret, struct err *err)
{
	CLEANUP(tap_free) struct tap *tap = NULL;
	int flags = TAP_FLAGS | (n_queues > 1 ? IFF_MULTI_QUEUE : 0);
	int r;

	r = check(name, n_queues, err);
	if (r < 0)
		return r;
	if (if_nametoindex(name) != 0)
		return err_set_as(err, ERR_NETWORK, EEXIST, "tap %s: there is a link of this name",
				  name);
	tap = new_tap(name);
	while (tap->n_fds < n_queues) {
		r = add_queue(tap, flags);
		if (r < 0)
			return not_opened(tap, r, err);
	}
	*ret = take_ptr(tap);
	return 0;
}

int tap_attach(const char *name, size_t n_queues, struct tap **ret, struct err *err)
{
	CLEANUP(tap_free) struct tap *tap = NULL;
	int flags = TAP_FLAGS | IFF_MULTI_QUEUE;
	int r;

	r = check(name, n_queues, err);
	if (r < 0)
		return r;
	tap = new_tap(name);
	r = add_queue(tap, flags);
	/* It was made for one queue or for several: only asking tells. */
	if (r == -EINVAL) {
		r = add_queue(tap, TAP_FLAGS);
		n_queues = 1;
	}
	while (r == 0 && tap->n_fds < n_queues)
		r = add_queue(tap, flags);
	if (r < 0)
		return not_opened(tap, r, err);
	*ret = take_ptr(tap);
	return 0;
}

int tap_open_macvtap(const char *name, int index, size_t n_queues, struct tap **ret,
		     struct err *err)
{
	CLEANUP(free) char *path = xasprintf("/dev/tap%d", index);
	CLEANUP(tap_free) struct tap *tap = NULL;
	int r;

	r = check(name, n_queues, err);
	if (r < 0)
		return r;
	tap = new_tap(name);
	while (tap->n_fds < n_queues) {
		CLEANUP(close) int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		struct ifreq ifr = { .ifr_flags = TAP_FLAGS };

		if (n_queues > 1)
			ifr.ifr_flags |= IFF_MULTI_QUEUE;
		if (fd < 0)
			return err_errno_as(err, ERR_NETWORK, "macvtap %s: open %s", name, path);
		if (ioctl(fd, TUNSETIFF, &ifr) < 0)
			return err_errno_as(err, ERR_NETWORK, "macvtap %s: set up %s", name, path);
		tap->fds[tap->n_fds++] = take_fd(&fd);
	}
	*ret = take_ptr(tap);
	return 0;
}

void tap_free(struct tap *tap)
{
	if (!tap)
		return;
	while (tap->n_fds > 0)
		close(tap->fds[--tap->n_fds]);
	free(tap);
}
