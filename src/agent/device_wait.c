/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/device_wait.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#define KERNEL_GROUP 1u /* of uevents; 2 is udev's */
#define TIMEOUT_MAX  (UINT64_C(24) * 3600 * 1000)

static int open_uevents(struct err *err)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	CLEANUP(close)
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_errno(err, "listen to uevents");
	return take_fd(&fd);
}

/* What they say does not matter, nor whether some were lost: they are a reason to look. */
static void drain(int fd)
{
	char event[8192];

	while (recv(fd, event, sizeof(event), 0) > 0 || errno == ENOBUFS || errno == EINTR)
		;
}

int device_wait(const char *what, device_look_fn look, void *data, uint64_t timeout_ms,
		struct err *err)
{
	uint64_t deadline = deadline_in(timeout_ms);
	CLEANUP(close) int fd = open_uevents(err); /* before the first look */
	int r;

	if (fd < 0)
		return fd;
	for (;;) {
		r = look(data, err);
		if (r != 0)
			return r < 0 ? r : 0;
		if (wait_fd(fd, POLLIN, deadline) == -ETIMEDOUT)
			return err_set_as(err, ERR_HOTPLUG, ETIMEDOUT,
					  "timeout reached after %llu ms waiting for device %s",
					  (unsigned long long)timeout_ms, what);
		drain(fd);
	}
}

/* Milliseconds of one unit; 0 for none. */
static uint64_t unit_ms(const char *text, size_t len)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == len && strncmp(units[i].name, text, len) == 0)
			return units[i].ms;
	return 0;
}

int device_timeout_parse(const char *text, uint64_t *ret_ms)
{
	uint64_t total = 0;

	while (*text) {
		size_t digits = strspn(text, "0123456789");
		size_t unit = strcspn(text + digits, "0123456789");
		uint64_t ms = unit_ms(text + digits, unit);
		uint64_t n = 0;

		if (digits < 1 || digits > 9 || ms == 0)
			return -EINVAL;
		for (size_t i = 0; i < digits; i++)
			n = 10 * n + (uint64_t)(text[i] - '0');
		total += n * ms;
		text += digits + unit;
	}
	if (total == 0)
		return -EINVAL;
	*ret_ms = total < TIMEOUT_MAX ? total : TIMEOUT_MAX;
	return 0;
}
