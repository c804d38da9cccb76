#!/bin/bash
# A detached mount made with all privileges can be attached by a process that has entered a user namespace, with its device nodes usable
# Used in src/agent/container/rootfs.c, rootfs_prepare(): what a user namespace may not mount is opened before it is entered.
source "$(dirname "$0")/lib.sh"
with_own_mounts "$@"
compiled attach <<'C'
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	_exit(1);
}
static int new_fs(const char *type)
{
	int fs = fsopen(type, FSOPEN_CLOEXEC);

	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, 0);
}
static void map(const char *file)
{
	int fd = open(file, O_WRONLY);

	check(write(fd, "0 100000 1000", 13) == 13, file);
}
int main(int argc, char **argv) /* DIRECTORY */
{
	int dev = (umask(0), new_fs("tmpfs"));
	int sys = new_fs("sysfs");
	int tree = open_tree(AT_FDCWD, argv[1], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int ready[2], go[2], at, status;
	char c, path[64];
	pid_t pid;

	check(dev >= 0 && sys >= 0 && tree >= 0, "open");
	check(mknodat(dev, "null", S_IFCHR | 0666, makedev(1, 3)) == 0, "mknod");
	check(fchownat(dev, ".", 100000, 100000, 0) == 0, "chown");
	check(fchownat(tree, ".", 100000, 100000, 0) == 0, "chown");
	check(pipe(ready) == 0 && pipe(go) == 0, "pipe");
	pid = fork();
	if (pid == 0) {
		check(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare");
		check(write(ready[1], "x", 1) == 1 && read(go[0], &c, 1) == 1, "pipe");
		check(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0, "setresuid");
		check(new_fs("sysfs") < 0, "a user namespace may not make a sysfs of a foreign network");
		at = open("/", O_PATH);
		check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private");
		check(move_mount(tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0, "root");
		check(mkdirat(tree, "dev", 0755) == 0 && mkdirat(tree, "sys", 0755) == 0, "mkdir");
		check(move_mount(dev, "", tree, "dev", MOVE_MOUNT_F_EMPTY_PATH) == 0, "dev");
		check(move_mount(sys, "", tree, "sys", MOVE_MOUNT_F_EMPTY_PATH) == 0, "sys");
		check(mknodat(dev, "zero", S_IFCHR | 0666, makedev(1, 5)) < 0, "mknod is not allowed");
		check(mkdirat(dev, "pts", 0755) == 0, "mkdir in dev");
		check(fchdir(tree) == 0 && syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
		check(umount2(".", MNT_DETACH) == 0 && chdir("/") == 0, "umount");
		check(open("/dev/null", O_RDWR) >= 0, "open /dev/null");
		check(access("/sys/kernel", F_OK) == 0 && access("/proc", F_OK) < 0, "access");
		_exit(0);
	}
	check(read(ready[0], &c, 1) == 1, "read");
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	map(path);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	map(path);
	check(write(go[1], "x", 1) == 1, "write");
	waitpid(pid, &status, 0);
	return status != 0;
}
C
mkdir "$work/root"
"$work/attach" "$work/root"
