#!/usr/bin/env bats
# Block devices of the host as disks of a container: devices, volumes and root file systems. Loop
# devices stand for disks.
load ../lib/helpers

setup()
{
	common_setup
	LOOPS=()
	require losetup --version
	require mkfs.ext4 -V
}

teardown()
{
	local loop point

	for id in "$KATA_RUN_DIR"/kata-containers/containers-mapping/*; do
		[[ ! -e $id ]] || "$RUNTIME" delete --force "$(basename "$id")" || true
	done
	for point in "$WORK"/mounted*; do
		[[ ! -d $point ]] || umount "$point" 2>/dev/null || true
	done
	[[ -z ${SERVER-} ]] || kill "$SERVER" 2>/dev/null || true
	# What QEMU holds open is not free.
	for loop in "${LOOPS[@]}"; do
		wait_until losetup -d "$loop"
	done
	common_teardown
}

# disk NAME [mkfs.ext4] - a loop device of 32 MiB over a file; in $LOOP.
disk()
{
	truncate -s 32M "$WORK/$1.img"
	[[ -z ${2-} ]] || mkfs.ext4 -q -F "$WORK/$1.img"
	LOOP=$(losetup --find --show "$WORK/$1.img")
	LOOPS+=("$LOOP")
}

# numbers LOOP - "major": M, "minor": N
numbers()
{
	printf '"major": %d, "minor": %d' $((0x$(stat -c %t "$1"))) $((0x$(stat -c %T "$1")))
}

# give DIR LOOP PATH ACCESS - as docker run --device does it
give()
{
	edit_bundle "$1" ".linux.devices += [{ \"path\": \"$3\", \"type\": \"b\", $(numbers "$2"), \"fileMode\": 432 }]
		| .linux.resources.devices += [{ \"allow\": true, \"type\": \"b\", $(numbers "$2"), \"access\": \"$4\" }]"
}

# volume DIR LOOP DESTINATION [OPTION]
volume()
{
	edit_bundle "$1" ".mounts += [{ \"destination\": \"$3\", \"type\": \"bind\", \"source\": \"$2\",
		\"options\": [\"rbind\", \"${4-rw}\"] }]"
}

# qmp COMMAND - asks QEMU while no command of ours does.
qmp()
{
	python3 - "$KATA_RUN_DIR/vc/vm/$ID/qmp.sock" "$1" <<'PY'
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
f = s.makefile()
f.readline()
for command in ("qmp_capabilities", sys.argv[2]):
    s.sendall(json.dumps({"execute": command}).encode())
    while "return" not in (answer := json.loads(f.readline())):
        pass
print(json.dumps(answer["return"]))
PY
}

# no_disks - neither QEMU nor the guest has any.
no_disks()
{
	[ "$(qmp query-named-block-nodes)" = '[]' ]
	[ -z "$(runtime exec "$ID" sh -c 'ls /sys/block | grep -E "^(vd|sd|pmem)"' </dev/null)" ]
}

# each_driver FUNCTION - runs it for each driver.
each_driver()
{
	local driver

	for driver in virtio-blk virtio-scsi; do
		set_config block_device_driver "\"$driver\""
		"$1" || { echo "with $driver"; return 1; }
	done
}

device_both_ways()
{
	local dir loop=${LOOPS[0]}

	dir=$(bundle)
	set_args "$dir" sh -c 'cat /proc/self/status >/dev/null; dd if=/dev/zero of=/dev/xvdz bs=1M count=1 2>/dev/null
		printf "from the guest" | dd of=/dev/xvdz conv=notrunc 2>/dev/null; sync; head -c 13 /dev/xvdz | wc -c'
	edit_bundle "$dir" '.linux.devices = [] | .linux.resources.devices = [{ "allow": false, "access": "rwm" }]'
	give "$dir" "$loop" /dev/xvdz rwm
	printf 'from the host!' >"$loop"
	[ "$(runtime run --bundle "$dir" "$ID" </dev/null)" = 13 ]
	blockdev --flushbufs "$loop"
	[ "$(head -c 14 "$loop")" = 'from the guest' ]
}

@test "disks: --device is a disk of the guest that the container reads and writes, with each driver" {
	disk a
	each_driver device_both_ways
}

@test "disks: nvdimm is a driver too; what it has plugged in stays until the machine ends" {
	local dir

	set_config block_device_driver '"nvdimm"'
	truncate -s 128M "$WORK/a.img"
	mkfs.ext4 -q -F "$WORK/a.img"
	LOOP=$(losetup --find --show "$WORK/a.img")
	LOOPS+=("$LOOP")
	dir=$(bundle)
	set_args "$dir" sh -c 'grep " /data " /proc/mounts; echo guest >/data/x'
	volume "$dir" "$LOOP" /data
	runtime run --bundle "$dir" "$ID" </dev/null >"$WORK/out"
	grep -q '^/dev/pmem0 /data ext4 rw' "$WORK/out"
	fsck.ext4 -n -f "$LOOP"
	start_sleeper
	start_member m "$ID"
	runtime delete --force m
}

@test "disks: --device for reading only cannot be written, in the guest or by QEMU" {
	disk a
	dir=$(bundle)
	set_args "$dir" sh -c 'head -c 4 /dev/ro; echo no >/dev/ro'
	edit_bundle "$dir" '.linux.resources.devices = [{ "allow": false, "access": "rwm" }]'
	printf 'data' >"$LOOP"
	give "$dir" "$LOOP" /dev/ro r
	run runtime run --bundle "$dir" "$ID" </dev/null
	[ "$status" -ne 0 ]
	[[ $output == data*"not permitted"* ]]
}

@test "disks: the container has no other disk than its own" {
	disk a
	disk b
	dir=$(bundle)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" '.linux.resources.devices = [{ "allow": false, "access": "rwm" }]'
	give "$dir" "${LOOPS[0]}" /dev/mine rwm
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	dir=$(bundle member)
	set_args "$dir" sh -c 'for n in /sys/block/vd*; do mknod /n/d b $(tr : " " <$n/dev) && head -c 1 /n/d && echo "open: $n"; rm -f /n/d; done; head -c 4 /dev/other'
	edit_bundle "$dir" ".annotations = { \"io.kubernetes.cri.container-type\": \"container\", \"io.kubernetes.cri.sandbox-id\": \"$ID\" }
		| .linux.resources.devices = [{ \"allow\": false, \"access\": \"rwm\" }]
		| .mounts += [{ \"destination\": \"/n\", \"type\": \"tmpfs\", \"source\": \"tmpfs\", \"options\": [] }]
		| .process.capabilities |= with_entries(.value += [\"CAP_MKNOD\"])"
	printf 'mine' >"${LOOPS[1]}"
	give "$dir" "${LOOPS[1]}" /dev/other rwm
	run runtime run --bundle "$dir" member </dev/null
	echo "$output"
	[[ $output == *mine ]]
	[ "$(grep -c open: <<<"$output")" -eq 1 ]
}

volumes_in_the_guest()
{
	local dir

	dir=$(bundle)
	set_args "$dir" sh -c 'grep " /data " /proc/mounts; cat /data/from-host; echo guest >/data/from-guest; ! touch /only/x 2>/dev/null && echo read-only'
	volume "$dir" "${LOOPS[0]}" /data
	volume "$dir" "${LOOPS[1]}" /only ro
	runtime run --bundle "$dir" "$ID" </dev/null >"$WORK/out"
	grep -q '^/dev/[sv]d. /data ext4 rw' "$WORK/out"
	grep -qx host "$WORK/out"
	grep -qx read-only "$WORK/out"
	in_own_mounts 'mount "${LOOPS[0]}" "$WORK/mounted"; [ "$(cat "$WORK/mounted/from-guest")" = guest ]'
	fsck.ext4 -n -f "${LOOPS[0]}"
}

@test "disks: a volume that is a block device is mounted in the guest, and is clean afterwards" {
	disk a mkfs
	disk b mkfs
	mkdir "$WORK/mounted"
	in_own_mounts 'mount "${LOOPS[0]}" "$WORK/mounted"; echo host >"$WORK/mounted/from-host"'
	each_driver volumes_in_the_guest
}

@test "disks: without enable_blk_mount the volume is a device file" {
	set_config enable_blk_mount false
	disk a
	dir=$(bundle)
	set_args "$dir" sh -c 'ls -l /data/disk; head -c 5 /data/disk'
	volume "$dir" "$LOOP" /data/disk
	printf 'bytes' >"$LOOP"
	runtime run --bundle "$dir" "$ID" </dev/null >"$WORK/out"
	grep -q '^b.*/data/disk' "$WORK/out"
	grep -q 'bytes$' "$WORK/out"
}

@test "disks: a volume that cannot be mounted is refused in one line, and leaves nothing" {
	disk a
	dir=$(bundle)
	volume "$dir" "$LOOP" /data
	fails runtime run --bundle "$dir" "$ID"
	says 'mounts: /data' "$LOOP" 'no file system' 'enable_blk_mount'
	mkfs.ext4 -q -F "$LOOP"
	mkdir "$WORK/mounted"
	mount "$LOOP" "$WORK/mounted"
	fails runtime run --bundle "$dir" "$ID"
	says "$LOOP is mounted on the host, at $WORK/mounted"
	umount "$WORK/mounted"
}

@test "disks: a device that the host does not have is refused by its numbers" {
	dir=$(bundle)
	edit_bundle "$dir" '.linux.devices = [{ "path": "/dev/none", "type": "b", "major": 240, "minor": 77 }]'
	fails runtime run --bundle "$dir" "$ID"
	says 'linux.devices: /dev/none' '240:77'
}

# root_disk - a disk with a root file system, and the bundle of it; mounted by the test.
root_disk()
{
	local dir

	disk root mkfs
	dir=$(bundle)
	mkdir "$WORK/mounted-root"
	in_own_mounts 'mount "${LOOPS[0]}" "$WORK/mounted-root"; cp -a "$WORK/bundle/rootfs/." "$WORK/mounted-root/"'
	edit_bundle "$dir" ".root.path = \"$WORK/mounted-root\" | .root.readonly = false"
}

# in_own_mounts FUNCTION - in a mount namespace of its own, where nobody else's processes hold on to
# what it mounts.
in_own_mounts()
{
	unshare --mount --propagation private bash -euo pipefail -c "
		$(declare -p WORK RUNTIME USED_CONFIG ID LOOPS TOP)
		$(declare -f)
		$1"
}

root_in_the_guest()
{
	local dir=$WORK/bundle

	mount "${LOOPS[0]}" "$WORK/mounted-root"

	set_args "$dir" sh -c 'awk "\$2 == \"/\"" /proc/mounts; echo guest >/written; cat /written'
	runtime run --bundle "$dir" "$ID" </dev/null >"$WORK/out"
	cat "$WORK/out"
	grep -q '^/dev/[sv]d. / ext4' "$WORK/out"
	umount "$WORK/mounted-root"
	fsck.ext4 -n -f "${LOOPS[0]}"
	mount "${LOOPS[0]}" "$WORK/mounted-root"
	[ "$(cat "$WORK/mounted-root/written")" = guest ]
	rm "$WORK/mounted-root/written"
	umount "$WORK/mounted-root"
}

root_with_each_driver()
{
	each_driver root_in_the_guest
}

@test "disks: a root file system that is a block device is plugged in, and is clean afterwards" {
	root_disk
	in_own_mounts root_with_each_driver
}

shared_roots()
{
	local dir=$WORK/bundle

	mount "${LOOPS[0]}" "$WORK/mounted-root"
	set_args "$dir" sh -c 'awk "\$2 == \"/\" {print \$3}" /proc/mounts'
	set_config disable_block_device_use true
	[ "$(runtime run --bundle "$dir" "$ID" </dev/null)" = virtiofs ]
	set_config disable_block_device_use false
	mkdir -p "$WORK/mounted-root/sub" "$WORK/mounted-sub"
	cp -a "$dir/rootfs/." "$WORK/mounted-root/sub/"
	mount --bind "$WORK/mounted-root/sub" "$WORK/mounted-sub"
	edit_bundle "$dir" ".root.path = \"$WORK/mounted-sub\""
	[ "$(runtime run --bundle "$dir" "$ID" </dev/null)" = virtiofs ]
	umount "$WORK/mounted-sub"
	mount --bind "$WORK/mounted-root" "$WORK/mounted-sub"
	[ "$(runtime run --bundle "$dir" "$ID" </dev/null)" = virtiofs ]
}

@test "disks: disable_block_device_use shares it instead; and so does a part of a file system (CVE-2026-24054)" {
	root_disk
	in_own_mounts shared_roots
}

ten_rounds()
{
	local i dir member

	start_sleeper
	for i in 1 2 3 4 5 6 7 8 9 10; do
		dir=$(bundle member)
		set_args "$dir" sleep 1000
		edit_bundle "$dir" ".annotations = { \"io.kubernetes.cri.container-type\": \"container\", \"io.kubernetes.cri.sandbox-id\": \"$ID\" }"
		give "$dir" "${LOOPS[0]}" /dev/raw rwm
		volume "$dir" "${LOOPS[1]}" /data
		runtime run --detach --bundle "$dir" member </dev/null >/dev/null
		[ "$(jq '.disks | length' "$KATA_RUN_DIR/vc/sbs/$ID/member/persist.json")" -eq 2 ]
		[ "$(qmp query-named-block-nodes | jq length)" -eq 2 ]
		runtime delete --force member
		no_disks
	done
	runtime delete --force "$ID"
}

@test "disks: ten rounds in one sandbox leave nothing in QEMU, in the guest or on the host, with each driver" {
	disk a
	disk b mkfs
	each_driver ten_rounds
}

@test "disks: containers of a pod share one; it goes with the last of them" {
	local dir

	disk a
	start_sleeper
	for member in m1 m2; do
		dir=$(bundle "$member")
		set_args "$dir" sleep 1000
		edit_bundle "$dir" ".annotations = { \"io.kubernetes.cri.container-type\": \"container\", \"io.kubernetes.cri.sandbox-id\": \"$ID\" }"
		give "$dir" "$LOOP" /dev/raw rwm
		runtime run --detach --bundle "$dir" "$member" </dev/null >/dev/null
	done
	[ "$(qmp query-named-block-nodes | jq length)" -eq 1 ]
	runtime exec m1 sh -c 'printf shared >/dev/raw; sync' </dev/null
	[ "$(runtime exec m2 head -c 6 /dev/raw </dev/null)" = shared ]
	runtime delete --force m1
	[ "$(qmp query-named-block-nodes | jq length)" -eq 1 ]
	runtime delete --force m2
	no_disks
}

@test "disks: killed at each step around the disk, delete takes it all away and the pod lives on" {
	local dir points point

	disk a
	start_sleeper
	dir=$(bundle member)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" ".annotations = { \"io.kubernetes.cri.container-type\": \"container\", \"io.kubernetes.cri.sandbox-id\": \"$ID\" }"
	give "$dir" "$LOOP" /dev/raw rwm
	KATA_FAULT=create:list runtime create --bundle "$dir" member >"$WORK/points" 2>&1 </dev/null
	points=$(sed -n 's/^fault-point \([0-9]*\) disk.*/\1/p' "$WORK/points")
	runtime delete --force member
	[ "$(wc -w <<<"$points")" -ge 4 ]
	for point in $points; do
		not env KATA_FAULT=create:$point:kill "$RUNTIME" --kata-config "$USED_CONFIG" create --bundle "$dir" member </dev/null >/dev/null 2>&1
		runtime delete --force member
		no_disks
	done
}

# serve FILE - a program that serves it as a vhost-user disk; the store has it as "one", 241:5.
serve()
{
	mkdir -p "$WORK/store/block/devices" "$WORK/store/block/sockets"
	mknod "$WORK/store/block/devices/one" b 241 5
	qemu-storage-daemon --blockdev "driver=file,node-name=file0,filename=$1" \
		--export "type=vhost-user-blk,id=one,node-name=file0,writable=on,addr.type=unix,addr.path=$WORK/store/block/sockets/one" \
		>"$WORK/daemon.log" 2>&1 3>&- &
	SERVER=$!
	PATIENCE=30 wait_until test -S "$WORK/store/block/sockets/one"
	set_config enable_vhost_user_store true
	set_config vhost_user_store_path "\"$WORK/store\""
}

# give_served DIR PATH - as docker run --device does it
give_served()
{
	edit_bundle "$1" ".linux.devices += [{ \"path\": \"$2\", \"type\": \"b\", \"major\": 241, \"minor\": 5, \"fileMode\": 432 }]
		| .linux.resources.devices += [{ \"allow\": true, \"type\": \"b\", \"major\": 241, \"minor\": 5, \"access\": \"rwm\" }]"
}

@test "disks: a program of the host serves one over its socket (vhost-user)" {
	require command -v qemu-storage-daemon
	set_config shared_fs '"virtio-fs"'
	truncate -s 8M "$WORK/served.img"
	printf 'from the host!' | dd of="$WORK/served.img" conv=notrunc status=none
	serve "$WORK/served.img"
	start_sleeper
	dir=$(bundle bundle-served)
	set_args "$dir" sh -c 'head -c 14 /dev/xvdz; printf "from the guest" | dd of=/dev/xvdz bs=512 seek=8 conv=sync 2>/dev/null; sync'
	give_served "$dir" /dev/xvdz
	edit_bundle "$dir" ".annotations = {
		\"io.kubernetes.cri.container-type\": \"container\", \"io.kubernetes.cri.sandbox-id\": \"$ID\" }"
	[ "$(runtime run --bundle "$dir" served </dev/null)" = 'from the host!' ]
	[ "$(dd if="$WORK/served.img" bs=512 skip=8 count=1 status=none | head -c 14)" = 'from the guest' ]
	# It went with its container, and can come again.
	no_disks
	[ "$(qmp query-chardev | grep -c disk)" -eq 0 ]
	[ "$(runtime run --bundle "$dir" served </dev/null)" = 'from the host!' ]
}

@test "disks: one of vhost-user needs memory that is shared, its socket, and the key" {
	require command -v qemu-storage-daemon
	dir=$(bundle)
	give_served "$dir" /dev/xvdz
	fails runtime create --bundle "$dir" "$ID"
	says 'linux.devices: /dev/xvdz: the host has no block device 241:5' enable_vhost_user_store
	truncate -s 8M "$WORK/served.img"
	serve "$WORK/served.img"
	set_config shared_fs '"virtio-9p"'
	fails runtime create --bundle "$dir" "$ID"
	says "$WORK/store/block/sockets/one" 'shared_fs = "virtio-fs"'
	kill "$SERVER"
	wait "$SERVER" || true
	rm -f "$WORK/store/block/sockets/one"
	fails runtime create --bundle "$dir" "$ID"
	says 'the socket of the vhost-user device one'
	[ -z "$(runtime list --quiet)" ]
}

@test "disks: block_device_cache_set lets _direct and _noflush say how QEMU caches them" {
	local dir

	disk a
	dir=$(bundle)
	set_args "$dir" sleep 1000
	give "$dir" "$LOOP" /dev/xvdz rwm
	set_config block_device_cache_direct true
	set_config block_device_cache_noflush true
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	[ "$(qmp query-named-block-nodes | jq -c '[.[].cache | .direct, .["no-flush"]] | unique')" = '[false]' ]
	runtime delete --force "$ID"
	set_config block_device_cache_set true
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	[ "$(qmp query-named-block-nodes | jq -c '[.[].cache | .direct, .["no-flush"]] | unique')" = '[true]' ]
}

# what_is_there - devices, disks and vCPUs of the machine, and what the guest has of them.
what_is_there()
{
	qmp query-pci | jq -S '[.. | .qdev_id? // empty]'
	qmp query-named-block-nodes
	qmp query-memory-devices | jq -S .
	runtime exec "$ID" sh -c 'cat /sys/devices/system/cpu/online; ls /sys/block; grep -c . /proc/mounts' </dev/null
}

@test "disks: 1 to 4 vCPUs, 300 MiB to 1 GiB and a volume of each kind come and go ten times" {
	local dir round

	disk device
	disk volume mkfs.ext4
	set_config default_memory 300
	export KATA_FAULT_CPUS=4 # the machines that run the tests have two
	mkdir "$WORK/folder"
	echo file >"$WORK/file"
	start_sleeper
	dir=$(bundle bundle-m)
	set_args "$dir" sh -c 'nproc; awk "/MemTotal/ { print (\$2 > 900000) }" /proc/meminfo; cat /file
		echo round >/folder/round; grep -c " /tmpfs " /proc/mounts; grep -c "^/dev/vd. /volume ext4 " /proc/mounts
		head -c 5 /dev/xvdz | wc -c'
	give "$dir" "${LOOPS[0]}" /dev/xvdz rwm
	volume "$dir" "${LOOPS[1]}" /volume
	volume "$dir" "$WORK/folder" /folder
	volume "$dir" "$WORK/file" /file ro
	edit_bundle "$dir" '.mounts += [{ "destination": "/tmpfs", "type": "tmpfs", "source": "tmpfs" }]
		| .linux.resources.cpu = { "quota": 400000, "period": 100000 } | .linux.resources.memory.limit = 1073741824
		| .annotations = { "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": "'"$ID"'" }'
	for round in {1..10}; do
		runtime run --bundle "$dir" m </dev/null >"$WORK/out"
		[ "$(xargs <"$WORK/out")" = '4 1 file 1 1 5' ] || { cat "$WORK/out"; return 1; }
		runtime delete --force m
		what_is_there >"$WORK/round$round"
		diff "$WORK/round1" "$WORK/round$round"
	done
	grep -qx 0 "$WORK/round10"
}
