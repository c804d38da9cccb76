/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

static const struct {
	const char *type;
	const char *target;
	unsigned long flags;
	const char *data;
} mounts[] = {
	{ "devtmpfs", "/dev", MS_NOSUID, NULL },
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666" },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777" },
	{ "tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755" },
};

static const char *const directories[] = { "/dev", "/proc", "/sys", "/run", "/tmp", "/etc" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The initramfs cannot be pivoted away from. So the agent gives itself a root
 * that can be: what a distribution's initramfs does by switch_root. Its program
 * stays in the initramfs, which no path reaches any more.
 */
static int leave_initramfs(struct err *err)
{
	if (mkdir("/root.new", 0755) < 0 && errno != EEXIST)
		return err_errno(err, "mkdir /root.new");
	if (mount("tmpfs", "/root.new", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return err_errno(err, "mount the new root");
	if (chdir("/root.new") < 0)
		return err_errno(err, "chdir /root.new");
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_errno(err, "move the new root");
	if (chroot(".") < 0 || chdir("/") < 0)
		return err_errno(err, "enter the new root");
	return 0;
}

int guest_prepare(struct err *err)
{
	int r;

	r = leave_initramfs(err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < COUNT(directories); i++)
		if (mkdir(directories[i], 0755) < 0 && errno != EEXIST)
			return err_errno(err, "mkdir %s", directories[i]);
	for (size_t i = 0; i < COUNT(mounts); i++) {
		if (mkdir(mounts[i].target, 0755) < 0 && errno != EEXIST)
			return err_errno(err, "mkdir %s", mounts[i].target);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
			  mounts[i].data) < 0)
			return err_errno(err, "mount %s at %s", mounts[i].type, mounts[i].target);
	}
	return 0;
}

int guest_loopback_up(struct err *err)
{
	CLEANUP(close) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd < 0)
		return err_errno(err, "socket");
	return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? err_errno(err, "bring lo up") : 0;
}

char *guest_option(const char *cmdline, const char *name)
{
	CLEANUP(strv_free) char **words = strv_split(cmdline, " \n");
	CLEANUP(free) char *prefix = xasprintf("agent.%s=", name);
	char *value = NULL;

	for (char **word = words; word && *word; word++) {
		if (!str_starts(*word, prefix))
			continue;
		free(value); /* the last one counts */
		value = xstrdup(*word + strlen(prefix));
	}
	return value;
}
