/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/safepath.h"
#include "oci/spec.h"

#ifndef DEVPTS_SUPER_MAGIC
#define DEVPTS_SUPER_MAGIC 0x1cd1
#endif

/*
 * The multiplexer must be that of a devpts: an image can put anything at
 * /dev/pts (CVE-2025-52565), and opening a device or a FIFO has effects. In a
 * devpts this name can be nothing else but for a mount over it.
 */
static int open_master(int root, struct err *err)
{
	CLEANUP(close) int pts = safe_open(root, "/dev/pts", O_PATH | O_DIRECTORY, 0);
	CLEANUP(close) int fd = -1;
	struct statfs fs;
	int unlock = 0;

	if (pts < 0) {
		errno = -pts;
		return err_errno(err, "open /dev/pts");
	}
	if (fstatfs(pts, &fs) < 0)
		return err_errno(err, "stat /dev/pts");
	if (fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_set(err, EINVAL, "/dev/pts of the container is not a devpts");
	fd = safe_open_same_mount(pts, "ptmx", O_RDWR | O_NOCTTY);
	if (fd < 0) {
		errno = -fd;
		return err_errno(err, "open /dev/pts/ptmx");
	}
	if (ioctl(fd, TIOCSPTLCK, &unlock) < 0)
		return err_errno(err, "unlock the terminal");
	return take_fd(&fd);
}

static int open_existing_console(int dev, struct err *err)
{
	CLEANUP(close) int fd = openat(dev, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "open /dev/console");
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return err_set(err, EINVAL,
			       "/dev/console of the container is neither a file nor a character "
			       "device");
	return take_fd(&fd);
}

int tty_console_open(int root, struct err *err)
{
	CLEANUP(close) int dev = safe_mkdir_p(root, "/dev", 0755, err);

	if (dev < 0)
		return dev;
	/* mknod neither follows a link nor opens what is there already. */
	if (mknodat(dev, "console", S_IFREG | 0600, 0) < 0 && errno != EEXIST && errno != EROFS)
		return err_errno(err, "make /dev/console");
	return open_existing_console(dev, err);
}

static int bind_to_console(int root, int slave, struct err *err)
{
	CLEANUP(close) int target = -1;
	CLEANUP(close) int mount_fd = -1;
	int r;

	mount_fd = mount_clone_fd(slave, false, 0, err);
	if (mount_fd < 0)
		return mount_fd;
	target = tty_console_open(root, err);
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
