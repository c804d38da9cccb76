/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/safepath.h"
#include "oci/spec.h"

#ifndef DEVPTS_SUPER_MAGIC
#define DEVPTS_SUPER_MAGIC 0x1cd1
#endif

/* The multiplexer must be a real one: an image can put anything at /dev/pts (CVE-2025-52565). */
static int open_master(int root, struct err *err)
{
	CLEANUP(close) int fd = safe_open(root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0);
	struct statfs fs;
	struct stat st;
	int unlock = 0;

	if (fd < 0) {
		errno = -fd;
		return err_errno(err, "open /dev/pts/ptmx");
	}
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return err_errno(err, "stat /dev/pts/ptmx");
	if (fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return err_set(err, EINVAL, "/dev/pts of the container is not a devpts");
	if (ioctl(fd, TIOCSPTLCK, &unlock) < 0)
		return err_errno(err, "unlock the terminal");
	return take_fd(&fd);
}

static int bind_to_console(int root, int slave, struct err *err)
{
	CLEANUP(close) int target = -1;
	CLEANUP(close) int mount_fd = -1;
	int r;

	mount_fd = mount_clone_fd(slave, false, 0, err);
	if (mount_fd < 0)
		return mount_fd;
	target = safe_touch(root, "/dev/console", err);
	if (target < 0)
		return target;
	r = mount_attach(mount_fd, target, err);
	return r < 0 ? err_prefix(err, "/dev/console") : 0;
}

static int adopt(int slave, const struct oci_process *process, struct err *err)
{
	struct winsize size = { .ws_row = (unsigned short)process->console_height,
				.ws_col = (unsigned short)process->console_width };

	if (process->console_height && ioctl(slave, TIOCSWINSZ, &size) < 0)
		return err_errno(err, "set the terminal's size");
	if (fchown(slave, process->user.uid, (gid_t)-1) < 0 && errno != EROFS)
		return err_errno(err, "give the terminal to uid %u", process->user.uid);
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_errno(err, "make the terminal the controlling one");
	for (int i = 0; i < 3; i++)
		if (dup2(slave, i) < 0)
			return err_errno(err, "standard descriptor %d", i);
	return 0;
}

int tty_open(const struct oci_process *process, bool bind_console, int *ret_master, struct err *err)
{
	CLEANUP(close) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(close) int master = -1;
	CLEANUP(close) int slave = -1;
	int r;

	if (root < 0)
		return err_errno(err, "open /");
	master = open_master(root, err);
	if (master < 0)
		return master;
	/* The peer by descriptor: its name is never resolved. */
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_errno(err, "open the terminal's other end");
	if (bind_console) {
		r = bind_to_console(root, slave, err);
		if (r < 0)
			return r;
	}
	r = adopt(slave, process, err);
	if (r < 0)
		return r;
	*ret_master = take_fd(&master);
	return 0;
}
