#!/bin/bash
# mount_setattr(2) on a detached tree carries its flags into the slave copies that propagation makes; a later remount does not
# Used in src/sandbox/share.c, share_add(), and base/fs.c, mount_clone().
source "$(dirname "$0")/lib.sh"
with_own_mounts "$@"
compiled attach <<'C'
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv) /* SOURCE TARGET: a read-only clone of the one at the other */
{
	struct mount_attr attr = { .attr_set = argc > 3 ? 0 : MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV };
	int tree = open_tree(AT_FDCWD, argv[1], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	return tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0 ||
	       move_mount(tree, "", AT_FDCWD, argv[2], MOVE_MOUNT_F_EMPTY_PATH) < 0;
}
C
cd "$work"
mkdir -p mounts export source
mount --bind mounts mounts && mount --make-shared mounts
mount --bind mounts export && mount --make-slave export
mkdir mounts/early mounts/late
./attach source mounts/early
./attach source mounts/late plain
mount -o remount,bind,ro mounts/late
grep "$work/export" /proc/self/mountinfo
writable()
{
	touch "$1/file" 2>/dev/null
}
if writable mounts/early || writable export/early || writable mounts/late; then
	exit 1
fi
writable export/late # the copy that the remount did not reach
