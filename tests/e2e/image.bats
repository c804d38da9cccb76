#!/usr/bin/env bats
# The guest starts from a disk image instead of an initrd: as memory, as a disk, of each kind.
load ../lib/helpers

setup()
{
	common_setup
	IMAGE=$STAGE/var/lib/kata/kata-containers.img
}

teardown()
{
	common_teardown
}

# use_image FILE
use_image()
{
	set_config initrd '""'
	set_config image "\"$1\""
}

in_guest() { runtime exec "$ID" "$@" </dev/null; }

# guest_runs_from DEVICE FSTYPE - as its kernel was told, without any initrd.
guest_runs_from()
{
	[[ " $(in_guest cat /proc/cmdline) " == *" root=/dev/$1 rootfstype=$2"*" ro "* ]]
	not grep -qxF -- -initrd <(tr '\0' '\n' <"/proc/$(pid_of_helper qemu)/cmdline")
	[ "$(in_guest cat "/sys/class/block/$1/ro")" -eq 1 ]
}

# start_curious - a container that may make and open each device that there is, but for the guest's own.
start_curious()
{
	local dir

	dir=$(bundle)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" '.linux.resources.devices = [{ "allow": true, "access": "rwm" }]
		| .mounts += [{ "destination": "/n", "type": "tmpfs", "source": "tmpfs", "options": [] }]
		| .process.capabilities |= with_entries(.value += ["CAP_MKNOD", "CAP_SYSLOG"])'
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
}

# cannot_have DEVICE… - whole disks and partitions that the guest has: not even a node of them.
cannot_have()
{
	local device

	runtime exec --cap CAP_MKNOD "$ID" mknod /n/other b 7 0 </dev/null
	for device; do
		run runtime exec --cap CAP_MKNOD "$ID" \
			sh -c "mknod /n/$device b \$(tr : ' ' </sys/class/block/$device/dev)" </dev/null
		[[ $status -ne 0 && $output == *"mknod: /n/$device: Operation not permitted"* ]] ||
			{ echo "$device: $output"; return 1; }
	done
}

@test "image: as memory it is mapped without a copy, and what is plugged in goes on as ever" {
	use_image "$IMAGE"
	start_curious
	guest_runs_from pmem0 ext4
	cannot_have pmem0
	[ "$(in_guest cat /sys/class/block/pmem0/queue/dax)" -eq 1 ]
	in_guest grep -q 'rootflags=dax,' /proc/cmdline
	"$TOP/tests/lib/qmp.py" "$KATA_RUN_DIR/vc/vm/$ID/qmp.sock" info memory-devices | grep -q 'nvdimm]: "nvimage0"'
	runtime update --memory 1280m "$ID"
	[ "$(in_guest awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)" -gt 1100 ]
	runtime list --kata-all | grep -qF "$IMAGE"
}

@test "image: as a disk, with disable_image_nvdimm" {
	use_image "$IMAGE"
	set_config disable_image_nvdimm true
	set_config shared_fs '"virtio-9p"'
	start_curious
	guest_runs_from vda1 ext4
	cannot_have vda vda1
	"$TOP/tests/lib/qmp.py" "$KATA_RUN_DIR/vc/vm/$ID/qmp.sock" info qtree |
		grep -q 'dev: virtio-blk-pci, id "blkimage0"'
}

@test "image: an erofs with guest hooks and links in it" {
	require command -v mkfs.erofs
	mkdir -p "$WORK/more/usr/bin" "$WORK/more/usr/hooks/prestart"
	ln -s usr/bin "$WORK/more/bin"
	cp /bin/busybox "$WORK/more/usr/bin/"
	ln -s busybox "$WORK/more/usr/bin/sh"
	ln -s busybox "$WORK/more/usr/bin/readlink"
	printf '#!/bin/sh\necho "hooked in $(readlink /bin)" >/dev/kmsg\n' >"$WORK/more/usr/hooks/prestart/one"
	chmod 755 "$WORK/more/usr/hooks/prestart/one"
	"$TOP/guest/image/build" --type erofs "$STAGE/usr/libexec/kata-containers/kata-agent" \
		"$WORK/erofs.img" "$WORK/more"
	use_image "$WORK/erofs.img"
	set_config guest_hook_path '"/usr/hooks"'
	start_curious
	guest_runs_from pmem0 erofs
	runtime exec --cap CAP_SYSLOG "$ID" dmesg </dev/null | grep 'hooked in usr/bin'
}

@test "image: exactly one of image and initrd, and one that a guest can start from" {
	set_config image "\"$IMAGE\""
	fails runtime run --bundle "$(bundle)" "$ID"
	says '[hypervisor.qemu] image: having both an image and an initrd is not supported'
	set_config image '""'
	set_config initrd '""'
	fails runtime run --bundle "$(bundle)" "$ID"
	says '[hypervisor.qemu] initrd: either initrd or image must name a file'
	: >"$WORK/empty"
	use_image "$WORK/empty"
	fails runtime run --bundle "$(bundle)" "$ID"
	says "image: $WORK/empty is empty"
	truncate --size=2M "$WORK/empty"
	fails runtime run --bundle "$(bundle)" "$ID"
	says "image: $WORK/empty is no file system that the guest can start from"
	use_image "$WORK/none"
	fails runtime run --bundle "$(bundle)" "$ID"
	says "image: $WORK/none: No such file or directory"
	set_config image '""'
	truncate --size=400M "$WORK/empty"
	set_config initrd "\"$WORK/empty\""
	set_config default_memory 400
	fails runtime run --bundle "$(bundle)" "$ID"
	says "default_memory: 400 MiB is less than the initrd $WORK/empty of 400 MiB"
}
