#!/usr/bin/env bats
# kata-network: interfaces and routes of a running sandbox.

load ../lib/helpers
load ../lib/traffic
load ../lib/nic
bats_require_minimum_version 1.5.0

setup()
{
	common_setup
	HOST_BEFORE=$(host_state)
}

teardown()
{
	common_teardown
	# What is in other namespaces goes with them; in the host's nothing is ever made.
	diff <(echo "$HOST_BEFORE") <(host_state)
}

@test "add-iface plugs an interface in, list-ifaces shows it, del-iface takes it out" {
	start_sleeper
	[ "$(kn list-ifaces "$ID")" = null ]
	[ "$(kn list-routes "$ID")" = null ]
	[ "$(add)" = '{"device":"tap1","name":"eth1","IPAddresses":[{"Family":2,"Address":"172.17.1.10","Mask":"24"}],"mtu":1300,"hwAddr":"02:42:20:6f:a2:80","pciAddr":"10.0/00"}' ]
	[ "$(kn list-ifaces "$ID")" = '[{"name":"eth1","mac":"02:42:20:6f:a2:80","ip":["172.17.1.10/24"],"mtu":1300}]' ]
	[ "$(kn list-routes "$ID")" = '[{"dest":"172.17.1.0/24","device":"eth1"}]' ]
	runtime exec "$ID" ip addr show dev eth1 | grep -q 'mtu 1300'
	in_netns ip link show tap1 | grep -q 'mtu 1300'
	[ "$(del eth1)" = null ]
	[ "$(kn list-ifaces "$ID")" = null ]
	not runtime exec "$ID" ip addr show dev eth1
	not in_netns ip link show tap1
	# What is not there is not an error: the original has it so.
	[ "$(del eth1)" = null ]
	[ "$(del lo)" = null ]
	runtime exec "$ID" ip addr show dev lo
}

@test "64 MiB and pings go through an interface, with IPv4 and IPv6 and both sizes of packets" {
	start_sleeper
	add 'IPAddresses:=[{"address": "172.17.1.10", "mask": "24"}]' mtu:=1400
	add name=eth2 device=tap2 hwAddr=02:42:20:6f:a2:81 mtu:=9000 \
		'IPAddresses:=[{"address": "2001:db8::10", "mask": "64"}]'
	in_netns ip addr add 172.17.1.1/24 dev tap1
	in_netns ip addr add 2001:db8::1/64 dev tap2 nodad
	in_netns busybox ping -c 3 172.17.1.10
	in_netns busybox ping -c 3 -s 8000 2001:db8::10
	transfer 172.17.1.10 5001 in_netns
	transfer 2001:db8::10 5002 in_netns
}

@test "without enable_compat_old_cni the guest's own lists are shown, and no device is needed" {
	set_config enable_compat_old_cni false
	start_sleeper
	[ "$(kn list-ifaces "$ID" | jq -r '.[].name')" = lo ]
	add 'device=' >"$WORK/out"
	[ "$(jq -r .device "$WORK/out")" = tap0_kata ]
	kn list-ifaces "$ID" >"$WORK/out"
	[ "$(jq -c '.[1] | [.name, .IPAddresses[0].Family, .IPAddresses[0].Address, .IPAddresses[0].Mask, .mtu, .hwAddr]' "$WORK/out")" = \
		'["eth1",2,"172.17.1.10","24",1300,"02:42:20:6f:a2:80"]' ]
	[ "$(kn list-routes "$ID" | jq -c '.[0] | [.dest, .device, .source, .scope]')" = '["172.17.1.0/24","eth1","172.17.1.10",253]' ]
	in_netns ip link show tap0_kata
	del eth1
	not in_netns ip link show tap0_kata
	set_config enable_compat_old_cni true
	refused "$(nic 'device=')" add-iface device missing '1 to 15'
}

@test "a tap that is there is used as it is, and stays" {
	start_sleeper
	in_netns ip tuntap add tap1 mode tap
	index=$(in_netns ip -o link show tap1 | cut -d : -f 1)
	add
	in_netns ip addr add 172.17.1.1/24 dev tap1
	in_netns busybox ping -c 2 172.17.1.10
	del eth1
	[ "$(in_netns ip -o link show tap1 | cut -d : -f 1)" = "$index" ]
	in_netns ip tuntap del tap1 mode tap
	in_netns ip link add dummy1 type bridge
	refused "$(nic device=dummy1)" add-iface device dummy1 'no tap'
}

@test "routes are added, listed, replaced, and removed by what fits" {
	start_sleeper
	add
	add name=eth2 device=tap2 hwAddr=02:42:20:6f:a2:81 'IPAddresses:=[{"address": "172.17.2.10", "mask": "24"}]'
	[ "$(echo '{"dest":"10.1.2.3/16","gateway":"","device":"eth1"}' | kn add-route "$ID" -)" = '[{"dest":"10.1.0.0/16","device":"eth1"}]' ]
	# Once more is no error.
	echo '{"dest":"10.1.0.0/16","device":"eth1"}' | kn add-route "$ID" -
	echo '{"dest":"10.9.9.9","gateway":"172.17.2.1","device":"eth2"}' | kn add-route "$ID" -
	[ "$(echo '{"dest":"default","gateway":"172.17.1.1","device":"eth1"}' | kn add-route "$ID" -)" = '[{"dest":"default","gateway":"172.17.1.1","device":"eth1"}]' ]
	echo '{"dest":"2001:db8:7::1","device":"eth2"}' | kn add-route "$ID" -
	kn list-routes "$ID" >"$WORK/out"
	[ "$(jq -r '.[] | [.dest, .gateway, .device] | join(" ")' "$WORK/out" | sort)" = "\
10.1.0.0/16  eth1
10.9.9.9/32 172.17.2.1 eth2
172.17.1.0/24  eth1
172.17.2.0/24  eth2
default 172.17.1.1 eth1" ]
	# By the destination alone, the original's help says; the original fails.
	[ "$(echo '{"dest":"10.1.0.0/16"}' | kn del-route "$ID" -)" = '[{"dest":"10.1.0.0/16","device":"eth1"}]' ]
	refused '{"dest":"10.9.9.9","device":"eth1"}' del-route 'not found' 10.9.9.9 eth1
	refused '{"dest":"10.9.9.9","gateway":"172.17.2.9"}' del-route 'not found'
	echo '{"dest":"10.9.9.9","gateway":"172.17.2.1"}' | kn del-route "$ID" -
	[ "$(echo '[{"dest":"10.7.0.0/16","device":"eth1"}]' | kn update-routes "$ID" -)" = '[{"dest":"10.7.0.0/16","device":"eth1"}]' ]
	[ "$(kn list-routes "$ID" | jq -r '.[].dest' | sort | tr '\n' ' ')" = '10.7.0.0/16 172.17.1.0/24 172.17.2.0/24 ' ]
	[ "$(echo '[]' | kn update-routes "$ID" -)" = null ]
	[ "$(kn list-routes "$ID" | jq -r '.[].dest' | sort | tr '\n' ' ')" = '172.17.1.0/24 172.17.2.0/24 ' ]
	echo '{"dest":"10.8.0.0/16","device":"lo"}' | kn add-route "$ID" -
	echo '{"dest":"10.8.0.0/16","device":"lo"}' | kn del-route "$ID" -
}

@test "update-iface replaces the addresses, of one that came another way too" {
	start_sleeper
	add
	[ "$(echo '{"name":"eth1","IPAddresses":[{"address":"172.17.1.11","mask":"24"},{"address":"172.17.1.12","mask":"24"}]}' | kn update-iface "$ID" - | jq -c '[.name, .mtu, .IPAddresses[].Address]')" = '["eth1",1300,"172.17.1.11","172.17.1.12"]' ]
	[ "$(kn list-ifaces "$ID" | jq -c '.[0].ip')" = '["172.17.1.11/24","172.17.1.12/24"]' ]
	# From two to one: the original fails, and the interface has none then.
	echo '{"name":"eth1","IPAddresses":[{"address":"172.17.1.12","mask":"24"}]}' | kn update-iface "$ID" -
	[ "$(runtime exec "$ID" ip addr show dev eth1 | grep -c 'inet ')" -eq 1 ]
	echo '{"name":"eth1","IPAddresses":[]}' | kn update-iface "$ID" -
	[ "$(kn list-ifaces "$ID" | jq -c '.[0].ip')" = null ]
	not runtime exec "$ID" sh -c 'ip addr show dev eth1 | grep "inet "'
	refused '{"name":"eth9"}' update-iface eth9
	refused '{"name":"eth1","mtu":1400}' update-iface mtu 1400 'only name and IPAddresses'
}

@test "an interface of one sandbox is not another's: the device is unique on the host" {
	start_sleeper
	start_sleeper other
	add
	ID=other refused "$(nic)" add-iface device tap1 "$ID" 'no other sandbox'
	ID=other add device=tap2
	del eth1
	ID=other add name=eth2 hwAddr=02:42:20:6f:a2:81
}

@test "twenty rounds leave nothing" {
	start_sleeper
	add
	in_netns ip -o link | sed 's/^[0-9]*: //; s/qlen.*//; s/link\/ether.*//' >"$WORK/before"
	del eth1
	fds=$(find "/proc/$(pid_of_helper qemu)/fd" | wc -l)
	for ((i = 0; i < 20; i++)); do
		add
		((i % 7)) || in_netns ip -o link | sed 's/^[0-9]*: //; s/qlen.*//; s/link\/ether.*//' | diff "$WORK/before" -
		del eth1
	done
	[ "$(in_netns ip -o link | wc -l)" -eq 1 ]
	[ "$(monitor "$ID" info network)" = "" ]
	(($(find "/proc/$(pid_of_helper qemu)/fd" | wc -l) <= fds))
	[ "$(runtime exec "$ID" ls /sys/class/net)" = lo ]
}

@test "24 interfaces at once, and the key that is told when there are too few ports" {
	set_config default_root_ports 24
	start_sleeper
	for ((i = 0; i < 24; i++)); do
		add "name=eth$i" "device=tap$i" "hwAddr=02:42:20:6f:a2:$(printf %02x "$i")" \
			"IPAddresses:=[{address: \"172.17.$i.10\", mask: \"24\"}]" >"$WORK/out"
	done
	refused "$(nic name=eth24 device=tap24)" add-iface default_root_ports
	not in_netns ip link show tap24
	[ "$(kn list-ifaces "$ID" | jq length)" -eq 24 ]
	[ "$(runtime exec "$ID" ls /sys/class/net | wc -l)" -eq 25 ]
	in_netns ip addr add 172.17.23.1/24 dev tap23
	in_netns busybox ping -c 2 172.17.23.10
	for ((i = 0; i < 24; i++)); do
		del "eth$i"
	done
	[ "$(kn list-ifaces "$ID")" = null ]
	[ "$(in_netns ip -o link | wc -l)" -eq 1 ]
}

# points COMMAND INPUT - how many fault points it passes.
points()
{
	KATA_FAULT=$1:list kn "$1" "$ID" - <<<"$2" 2>"$WORK/points" >&2
	grep -c '^fault-point ' "$WORK/points"
}

@test "a command that is killed at any step: the next ones work, and nothing is left" {
	start_sleeper
	total=$(points add-iface "$(nic)")
	((total >= 5))
	last=$(points del-iface '{"name":"eth1"}')
	((last >= 3))
	for ((n = 1; n <= total; n++)); do
		code=0
		KATA_FAULT=add-iface:$n:kill kn add-iface "$ID" - <<<"$(nic)" >/dev/null 2>&1 || code=$?
		((code == 137)) || { echo "add-iface:$n: $code"; false; }
		# In compatible mode what is under way is not there.
		[ "$(kn list-ifaces "$ID")" = null ]
		add
		del eth1
		[ "$(in_netns ip -o link | wc -l)" -eq 1 ]
		[ "$(monitor "$ID" info network)" = "" ]
	done
	for ((n = 1; n <= last; n++)); do
		add
		code=0
		KATA_FAULT=del-iface:$n:kill kn del-iface "$ID" - <<<'{"name":"eth1"}' >/dev/null 2>&1 || code=$?
		((code == 137)) || { echo "del-iface:$n: $code"; false; }
		add
		del eth1
		[ "$(monitor "$ID" info network)" = "" ]
	done
	KATA_FAULT=add-iface:$((total / 2)):kill kn add-iface "$ID" - <<<"$(nic)" >/dev/null 2>&1 || true
	timeout 10 "$RUNTIME" delete --force "$ID"
	assert_nothing_left
}

@test "a step of add-iface that fails is undone" {
	start_sleeper
	total=$(points add-iface "$(nic)")
	del eth1
	everything >"$WORK/before"
	for ((n = 1; n <= total; n++)); do
		KATA_FAULT=add-iface:$n:fail refused "$(nic)" add-iface "fault point $n"
		everything >"$WORK/after"
		diff "$WORK/before" "$WORK/after"
	done
}

# backend - a vhost-user network back end that answers ARP and ping, as other than a bare host cannot.
backend()
{
	# It ends with its standard input.
	mkfifo "$WORK/input"
	exec 5<>"$WORK/input"
	dpdk-testpmd --no-huge -m 256 --no-pci --no-shconf --no-telemetry \
		--vdev "net_vhost0,iface=$WORK/vhost" -- --forward-mode=icmpecho --auto-start \
		--total-num-mbufs=2048 <"$WORK/input" >"$WORK/testpmd" 2>&1 3>&- 5>&- &
	BACKEND=$!
	PATIENCE=30 wait_until test -S "$WORK/vhost"
}

@test "a vhost-user NIC: pings go through a real back end" {
	require command -v dpdk-testpmd
	backend
	start_sleeper
	code=0
	add name=eth1 "vhostUserSocket=$WORK/vhost" 'IPAddresses:=[{"address": "172.17.1.10", "mask": "24"}]' >"$WORK/out" || code=$?
	echo "$code $(cat "$WORK/out")"
	((code == 0))
	# One of them per sandbox.
	refused "$(nic name=eth2 device=tap2 hwAddr=02:42:20:6f:a2:81 "vhostUserSocket=$WORK/vhost")" add-iface vhostUserSocket eth1
	dir=$(bundle bundle-ping)
	edit_bundle "$dir" '.process | .capabilities.bounding += ["CAP_NET_RAW"] | .capabilities.effective = .capabilities.bounding |
		.capabilities.permitted = .capabilities.bounding | .args = ["ping", "-c", "3", "172.17.1.1"]'
	mv "$dir/config.json" "$WORK/process.json"
	PATIENCE=20 wait_until runtime exec --process "$WORK/process.json" "$ID"
	del eth1
	[ "$(monitor "$ID" info network)" = "" ]
	[ "$(monitor "$ID" info chardev | grep -c vhost)" -eq 0 ]
	exec 5>&-
	kill "$BACKEND"
	wait "$BACKEND" || true
}

@test "a vhost-user NIC without shared memory names the key" {
	set_config shared_fs '"virtio-9p"'
	backend
	start_sleeper
	refused "$(nic "vhostUserSocket=$WORK/vhost")" add-iface shared_fs
	exec 5>&-
	kill "$BACKEND"
	wait "$BACKEND" || true
}
