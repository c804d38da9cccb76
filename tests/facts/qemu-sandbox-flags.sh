#!/bin/bash
# QEMU's -sandbox flags of design E16 go together with a shared memfd and vhost-user-fs of Debian's virtiofsd
# Used in src/hypervisor/qemu_args.c.
source "$(dirname "$0")/lib.sh"
needs command -v qemu-system-x86_64
needs test -x /usr/lib/qemu/virtiofsd
mkdir "$work/share"
/usr/lib/qemu/virtiofsd "--socket-path=$work/fs.sock" -o "source=$work/share" -f >"$work/fs.log" 2>&1 &
for ((i = 0; i < 100; i++)); do
	[[ ! -S $work/fs.sock ]] || break
	sleep 0.05
done
run_qemu()
{
	local flags=$1
	shift
	echo '{"execute":"qmp_capabilities"}{"execute":"query-status"}{"execute":"quit"}' |
		timeout 30 qemu-system-x86_64 -M q35,accel=tcg,memory-backend=ram0 -m 64M -S -nodefaults \
			-display none -sandbox "$flags" -qmp stdio \
			-object memory-backend-memfd,id=ram0,size=64M,share=on "$@"
}
flags=on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
run_qemu "$flags" -chardev "socket,id=fs,path=$work/fs.sock" \
	-device vhost-user-fs-pci,chardev=fs,tag=kataShared,queue-size=1024 | tee "$work/out"
grep -q '"status": "prelaunch"' "$work/out"
