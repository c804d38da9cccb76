#!/bin/bash
# pivot_root(2) works from a tmpfs that was moved over /, though not from the initramfs itself
# Used in src/agent/container/rootfs.c and the agent's start. That the initramfs refuses
# (EINVAL: it is the root of the mount tree, with no parent mount) can be seen in a guest only; here
# the rule behind it: the root that is left must be a mount below another one.
source "$(dirname "$0")/lib.sh"
with_own_mounts "$@"
compiled pivot -static <<'C'
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) /* in a directory that is to become /, over which it is moved; then pivots into new */
{
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return 2;
	if (mkdir("new", 0755) < 0 || mount("tmpfs", "new", "tmpfs", 0, NULL) < 0 || chdir("new") < 0)
		return 3;
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return 4;
	return umount2(".", MNT_DETACH) < 0 ? 5 : 0;
}
C
mount --make-rprivate /
mkdir "$work/root"
mount -t tmpfs none "$work/root"
cd "$work/root"
code=0
"$work/pivot" || code=$?
echo "step $code"
[[ $code -eq 0 ]]
