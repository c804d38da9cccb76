#!/usr/bin/env bats
# What a machine is put together of, as QEMU's tree of devices and the guest show it.
load ../lib/helpers

setup()
{
	common_setup
}

teardown()
{
	common_teardown
	[[ -z ${LOOP-} ]] || losetup -d "$LOOP"
}

monitor() { "$TOP/tests/lib/qmp.py" "$KATA_RUN_DIR/vc/vm/$ID/qmp.sock" "$@"; }

in_guest() { runtime exec "$ID" "$@" </dev/null; }

@test "machine: what comes later is behind a PCI bridge where there is no root port" {
	local dir node

	truncate -s 1M "$WORK/disk"
	LOOP=$(losetup --find --show "$WORK/disk")
	printf data >"$LOOP"
	set_config default_root_ports 0
	set_config default_bridges 2
	fails runtime run --bundle "$(bundle)" "$ID"
	says '[hypervisor.qemu] default_bridges: the firmware' qboot 'firmware = ""'
	set_config firmware '""'
	dir=$(bundle)
	set_args "$dir" sleep 1000
	node=$(stat -c '"major": %Hr, "minor": %Lr' "$LOOP")
	edit_bundle "$dir" ".linux.devices += [{ \"path\": \"/dev/d\", \"type\": \"b\", $node, \"fileMode\": 432 }]
		| .linux.resources.devices += [{ \"allow\": true, \"type\": \"b\", $node, \"access\": \"rwm\" }]"
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	[ "$(monitor info qtree | grep -c 'dev: pci-bridge,')" -eq 2 ]
	[ "$(in_guest head -c 4 /dev/d)" = data ]
	# Behind the bridge: more than one step from the root bus.
	in_guest readlink /sys/block/vda | grep -E 'pci0000:00/0000:00:[0-9a-f]{2}\.0/0000:01:01\.0/'
}

# n_legacy - devices of the guest without virtio's feature 32, VERSION_1.
n_legacy()
{
	in_guest sh -c 'cut -c 33 /sys/bus/virtio/devices/*/features | grep -c 0 || true'
}

@test "machine: on a host that is a virtual machine, devices are legacy ones without a PMU, unless told not to" {
	export KATA_FAULT_NESTED=1
	start_sleeper
	tr '\0' '\n' <"/proc/$(pid_of_helper qemu)/cmdline" | grep -x 'max.*,pmu=off'
	monitor info qtree | grep -A30 'dev: virtio-serial-pci' | grep -q 'disable-modern = true'
	[ "$(n_legacy)" -ge 2 ]
	runtime delete --force "$ID"
	set_config disable_nesting_checks true
	start_sleeper
	[ "$(n_legacy)" -eq 0 ]
}

@test "machine: a module of the guest's kernel that cannot be loaded is the error, with its name" {
	set_config kernel_modules '["overlay", "vfio_pci ids=1234:5678"]'
	fails runtime run --bundle "$(bundle)" "$ID"
	says 'kernel_modules: vfio_pci: this guest kernel has no modules'
	fails runtime state "$ID"
}

@test "machine: container_pipe_size is the size of a container's standard streams" {
	require command -v gcc
	dir=$(bundle)
	gcc -static -D_GNU_SOURCE -x c -o "$dir/rootfs/pipe_size" - <<-'C'
		#include <fcntl.h>
		#include <stdio.h>
		int main(void) { return printf("%d %d\n", fcntl(0, F_GETPIPE_SZ), fcntl(1, F_GETPIPE_SZ)) < 0; }
	C
	set_config kernel_params "\"$(sed -n 's/^kernel_params = "\(.*\)"/\1/p' "$USED_CONFIG") agent.container_pipe_size=262144\""
	set_args "$dir" /pipe_size
	[ "$(runtime run --bundle "$dir" "$ID" </dev/null)" = '262144 262144' ]
}

@test "machine: a microvm has what it has from the start, and disks by virtio-scsi; the rest is an error" {
	local dir node

	set_config machine_type '"microvm"'
	fails runtime run --bundle "$(bundle)" "$ID"
	says '[hypervisor.qemu] enable_cpu_memory_hotplug: machine_type = "microvm" takes nothing more'
	sed -i 's/^enable_cpu_memory_hotplug = .*/enable_cpu_memory_hotplug = false/' "$USED_CONFIG"
	fails runtime run --bundle "$(bundle)" "$ID"
	says '[hypervisor.qemu] default_root_ports: machine_type = "microvm" takes nothing more' 'set it to 0'
	set_config default_root_ports 0
	truncate -s 1M "$WORK/disk"
	LOOP=$(losetup --find --show "$WORK/disk")
	printf data >"$LOOP"
	dir=$(bundle)
	set_args "$dir" sleep 1000
	node=$(stat -c '"major": %Hr, "minor": %Lr' "$LOOP")
	edit_bundle "$dir" ".linux.devices += [{ \"path\": \"/dev/d\", \"type\": \"b\", $node, \"fileMode\": 432 }]
		| .linux.resources.devices += [{ \"allow\": true, \"type\": \"b\", $node, \"access\": \"rwm\" }]"
	fails runtime run --bundle "$dir" "$ID"
	says "plug in $LOOP" 'machine_type = "microvm"' 'block_device_driver = "virtio-scsi" only'
	set_config block_device_driver '"virtio-scsi"'
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	[ "$(in_guest head -c 4 /dev/d)" = data ]
	[ -n "$(in_guest ls /sys/block/sda)" ]
	monitor info qtree | grep -q 'type microvm-machine\|dev: gpex-root'
	in_guest grep -q 'tsc_early_khz=[1-9]' /proc/cmdline
}
