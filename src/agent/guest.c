/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
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
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666" },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777" },
	{ "tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define CGROUP_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define CGROUP_ROOT  "/sys/fs/cgroup"

static const char *const directories[] = { "/dev", "/proc", "/sys", "/run", "/tmp", "/etc" };

/* A place for the new root that every guest has: nothing of it is missed. */
#define NEW_ROOT "/run"

/*
 * What else an initrd or image holds (hooks, the programs that they need) stays where it
 * was. It is read only: in memory, but nobody's to change.
 */
static int keep_directory(const char *name, struct err *err)
{
	CLEANUP(free) char *from = xasprintf("/%s", name);
	CLEANUP(free) char *to = xasprintf(NEW_ROOT "/%s", name);

	if (mkdir(to, 0755) < 0)
		return err_errno(err, "mkdir %s", to);
	if (mount(from, to, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NODEV, NULL) < 0)
		return err_errno(err, "keep %s", from);
	return 0;
}

/* /bin is a link where /usr has all programs. */
static int keep_link(const char *name, struct err *err)
{
	CLEANUP(free) char *from = xasprintf("/%s", name);
	CLEANUP(free) char *to = xasprintf(NEW_ROOT "/%s", name);
	char target[PATH_MAX];
	ssize_t len = readlink(from, target, sizeof(target) - 1);

	if (len < 0)
		return err_errno(err, "read the link %s", from);
	target[len] = '\0';
	return symlink(target, to) < 0 ? err_errno(err, "keep %s", from) : 0;
}

static bool is_made_anew(const char *name)
{
	if (*name == '.' || str_eq(name, "lost+found"))
		return true;
	for (size_t i = 0; i < COUNT(directories); i++)
		if (str_eq(directories[i] + 1, name))
			return true;
	return false;
}

static int keep_entries(struct err *err)
{
	DIR *dir = opendir("/");
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return err_errno(err, "open /");
	while (r == 0 && (entry = readdir(dir))) {
		if (is_made_anew(entry->d_name))
			continue;
		if (entry->d_type == DT_DIR)
			r = keep_directory(entry->d_name, err);
		else if (entry->d_type == DT_LNK)
			r = keep_link(entry->d_name, err);
	}
	closedir(dir);
	return r;
}

/*
 * The initramfs cannot be pivoted away from, and an image cannot be written to. So
 * the agent gives itself another root: what a distribution's initramfs does by
 * switch_root. Its program stays in the first one, which no path reaches any more.
 */
static int leave_first_root(struct err *err)
{
	int r;

	if (mkdir(NEW_ROOT, 0755) < 0 && errno != EEXIST)
		return err_errno(err, "mkdir " NEW_ROOT);
	if (mount("tmpfs", NEW_ROOT, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return err_errno(err, "mount the new root");
	r = keep_entries(err);
	if (r < 0)
		return r;
	if (chdir(NEW_ROOT) < 0)
		return err_errno(err, "chdir " NEW_ROOT);
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_errno(err, "move the new root");
	if (chroot(".") < 0 || chdir("/") < 0)
		return err_errno(err, "enter the new root");
	return 0;
}

int guest_prepare(struct err *err)
{
	int r;

	r = leave_first_root(err);
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

static int mount_controller(const char *name, struct err *err)
{
	CLEANUP(free) char *path = xasprintf(CGROUP_ROOT "/%s", name);

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_errno(err, "mkdir %s", path);
	if (mount("cgroup", path, "cgroup", CGROUP_FLAGS, name) < 0)
		return err_errno(err, "mount the cgroup controller %s", name);
	return 0;
}

/* The lines of /proc/cgroups: "name hierarchy number enabled". */
static int mount_controllers(struct err *err)
{
	CLEANUP(strv_free) char **lines = NULL;
	CLEANUP(free) char *text = NULL;

	if (file_read_at(AT_FDCWD, "/proc/cgroups", 8192, &text) < 0)
		return err_set(err, ENOENT, "read /proc/cgroups");
	lines = strv_split(text, "\n");
	for (char **line = lines; line && *line; line++) {
		CLEANUP(strv_free) char **words = strv_split(*line, "\t ");
		int r;

		if (**line == '#' || strv_len(words) != 4 || str_eq(words[3], "0"))
			continue;
		r = mount_controller(words[0], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int guest_mount_cgroups(bool unified, struct err *err)
{
	int r;

	if (unified && mount("cgroup2", CGROUP_ROOT, "cgroup2", CGROUP_FLAGS, NULL) < 0)
		return err_errno(err, "mount cgroup2");
	if (unified)
		return 0;
	if (mount("tmpfs", CGROUP_ROOT, "tmpfs", CGROUP_FLAGS, "mode=0755") < 0)
		return err_errno(err, "mount tmpfs at " CGROUP_ROOT);
	r = mount_controllers(err);
	if (r < 0)
		return r;
	/* Without controllers: it kills and freezes at once, which version 1 cannot. */
	if (mkdir(CGROUP_ROOT "/unified", 0755) < 0 ||
	    mount("cgroup2", CGROUP_ROOT "/unified", "cgroup2", CGROUP_FLAGS, NULL) < 0)
		return err_errno(err, "mount cgroup2");
	return 0;
}

void guest_keep_quotas(void)
{
	static const char *const folders[] = { CGROUP_ROOT "/kata-quota",
					       CGROUP_ROOT "/cpu/kata-quota" };
	static const char *const files[] = { CGROUP_ROOT "/kata-quota/cpu.max",
					     CGROUP_ROOT "/cpu/kata-quota/cpu.cfs_quota_us" };
	bool unified = access(CGROUP_ROOT "/cgroup.subtree_control", F_OK) == 0;
	struct err err = { 0 };
	int r = 0;

	if (unified)
		r = file_write(CGROUP_ROOT "/cgroup.subtree_control", "+cpu", &err);
	if (r == 0 && mkdir(folders[!unified], 0755) < 0 && errno != EEXIST)
		r = err_errno(&err, "mkdir %s", folders[!unified]);
	if (r == 0)
		r = file_write(files[!unified], "100000", &err);
	if (r < 0)
		log_warn("quotas: %s", err.text);
}

dev_t guest_root_disk(void)
{
	struct stat st;

	return stat("/", &st) == 0 && major(st.st_dev) != 0 ? st.st_dev : 0;
}

size_t guest_own_disks(dev_t root, dev_t *ret, size_t max)
{
	CLEANUP(free) char *text = NULL;
	char path[64];
	size_t n = 0;

	if (root == 0 || max < 2)
		return 0;
	ret[n++] = root;
	/* Of a partition, the whole disk as well. */
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", major(root), minor(root));
	if (file_read_at(AT_FDCWD, path, sizeof(path), &text) < 0)
		return n;
	text[strcspn(text, "\n")] = '\0';
	if (str_to_dev(text, &ret[n]) == 0)
		n++;
	return n;
}

int guest_loopback_up(struct err *err)
{
	CLEANUP(close) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd < 0)
		return err_errno(err, "socket");
	return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? err_errno(err, "bring lo up") : 0;
}
