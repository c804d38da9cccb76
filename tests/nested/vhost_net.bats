#!/usr/bin/env bats
# On a host that has /dev/vhost-net: see machine.

load ../lib/helpers

setup()
{
	common_setup
	set_config dial_timeout 600
	PATIENCE=120
	NETNS=kata-${WORK##*.}
	ip netns add "$NETNS"
	ip link add host0 type veth peer name eth0 netns "$NETNS"
	ip address add 10.9.0.1/24 dev host0
	ip link set host0 up
	ip -n "$NETNS" address add 10.9.0.2/24 dev eth0
	ip -n "$NETNS" link set eth0 up
}

teardown()
{
	common_teardown
	ip netns delete "$NETNS"
}

# start - a sandbox in $NETNS.
start()
{
	dir=$(bundle)
	set_args "$dir" sleep 10000
	edit_bundle "$dir" "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/$NETNS\""
	runtime run --detach --bundle "$dir" "$ID" >"$WORK/out" 2>"$WORK/err" </dev/null || { cat "$WORK/err"; return 1; }
}

# How many descriptors QEMU has of the kernel's side.
vhosts() { find "/proc/$(pid_of_helper qemu)/fd" -lname /dev/vhost-net | wc -l; }

@test "the kernel carries the packets of a NIC, one vhost for a queue; with disable_vhost_net QEMU does" {
	[ -c /dev/vhost-net ]
	start
	[ "$(vhosts)" -eq 1 ]
	# The kernel's thread, or task, of this QEMU.
	ps -eLo comm | grep -qx "vhost-$(pid_of_helper qemu)"
	wait_until busybox ping -c 1 -W 5 10.9.0.2
	runtime delete --force "$ID"

	set_config disable_vhost_net true
	start
	[ "$(vhosts)" -eq 0 ]
	wait_until busybox ping -c 1 -W 5 10.9.0.2
	runtime delete --force "$ID"
}
