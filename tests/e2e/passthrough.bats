#!/usr/bin/env bats
# Devices of the host in a guest (VFIO), from config.json to the container's /dev. The machine has none to
# give: sysfs is a tree of the test's own, and QEMU puts a virtio device where the host's would be.

load ../lib/helpers

setup()
{
	common_setup
	export KATA_FAULT_SYSFS=$WORK/sys KATA_FAULT_VFIO
	add_group 12 0000:01:00.0
	add_group 13 0000:02:00.0
}

teardown() { common_teardown; }

# add_group NUMBER ADDRESS - an IOMMU group of one device, which vfio-pci has
add_group()
{
	mkdir -p "$WORK/sys/kernel/iommu_groups/$1/devices/$2" "$WORK/sys/bus/pci/devices/$2"
	echo 0x010802 >"$WORK/sys/bus/pci/devices/$2/class"
	ln -s ../../drivers/vfio-pci "$WORK/sys/bus/pci/devices/$2/driver"
}

# give_group DIR NUMBER - as docker run --device /dev/vfio/NUMBER does it
give_group()
{
	edit_bundle "$1" ".linux.devices += [{ path: \"/dev/vfio/$2\", type: \"c\", major: 243, minor: $2 },
			{ path: \"/dev/vfio/vfio\", type: \"c\", major: 10, minor: 196 }]
		| .linux.resources.devices = [{ allow: false, access: \"rwm\" },
			{ allow: true, type: \"c\", major: 243, minor: $2, access: \"rwm\" }]"
}

# behind - the PCI devices of the guest that are behind its root ports or in the slots for the host's
behind() { runtime exec "$ID" ls /sys/bus/pci/devices </dev/null | grep -cE '0000:(0[1-9]|00:14)' || true; }

@test "a device of the host is there from the start, and a further container's comes and goes" {
	KATA_FAULT_VFIO=virtio-balloon-pci
	dir=$(bundle)
	set_args "$dir" sleep 1000
	give_group "$dir" 12
	runtime run --detach --bundle "$dir" "$ID" </dev/null
	[ "$(behind)" -eq 1 ]
	not runtime exec "$ID" ls /dev/vfio </dev/null
	KATA_FAULT_VFIO=virtio-rng-pci
	dir=$(bundle bundle-member)
	set_args "$dir" sleep 1000
	give_group "$dir" 13
	edit_bundle "$dir" ".annotations = {
		\"io.kubernetes.cri.container-type\": \"container\", \"io.kubernetes.cri.sandbox-id\": \"$ID\" }"
	runtime run --detach --bundle "$dir" member </dev/null
	[ "$(behind)" -eq 2 ]
	cp -r "$dir" "$WORK/bundle-other"
	fails runtime create --bundle "$WORK/bundle-other" other
	says 'linux.devices: IOMMU group 13 is container member'
	runtime delete --force member
	[ "$(behind)" -eq 1 ]
	runtime run --detach --bundle "$dir" member </dev/null
	[ "$(behind)" -eq 2 ]
}

@test "on the root bus, and without a driver in the guest: the container runs all the same" {
	set_config hotplug_vfio_on_root_bus true
	KATA_FAULT_VFIO=pci-serial
	dir=$(bundle)
	set_args "$dir" sleep 1000
	give_group "$dir" 12
	runtime run --detach --bundle "$dir" "$ID" </dev/null
	not runtime exec "$ID" ls /sys/bus/pci/devices/0000:00:14.0/driver </dev/null
	runtime exec "$ID" cat /sys/bus/pci/devices/0000:00:14.0/class </dev/null | grep -q 0x0700
}

@test "a device that a driver of the host has is refused, with how to change that" {
	ln -sfn ../../drivers/nvme "$WORK/sys/bus/pci/devices/0000:01:00.0/driver"
	dir=$(bundle)
	give_group "$dir" 12
	fails runtime create --bundle "$dir" "$ID"
	says 'linux.devices: /dev/vfio/12: device 0000:01:00.0' 'the driver nvme' 'driverctl set-override'
	[ -z "$(runtime list --quiet)" ]
}
