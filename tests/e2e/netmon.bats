#!/usr/bin/env bats
# kata-netmon: what happens in the sandbox's network namespace happens in the guest.

load ../lib/helpers
load ../lib/traffic

setup()
{
	common_setup
	set_config enable_netmon true
}

teardown()
{
	common_teardown
	ip netns del "peer$$" 2>/dev/null || true
}

PATIENCE=15

in_netns() { nsenter --net -t "$(pid_of_helper qemu)" "$@"; }
guest() { runtime exec "$ID" "$@"; }
in_peer() { ip netns exec "peer$$" "$@"; }

# add_veth NAME ADDRESS… - an interface in the sandbox's namespace; its other end is there too.
add_veth()
{
	local name=$1 address
	shift
	in_netns ip link add "$name" type veth peer name "p-$name"
	for address; do
		in_netns ip addr add "$address" dev "$name" nodad
	done
	in_netns ip link set "p-$name" up
	in_netns ip link set "$name" up
}

guest_has() { guest ip -o addr | grep -q "$1"; }
guest_lacks() { not guest_has "$1"; }
guest_routes() { guest sh -c 'ip route; ip -6 route' | grep -q "$1"; }
guest_lacks_route() { not guest_routes "$1"; }
has_ended() { gone "$1"; }

@test "an interface that appears is plugged in, and goes with the host's" {
	start_sleeper
	add_veth eth0 192.0.2.2/24 2001:db8::2/64
	wait_until guest_has 'eth0.*192.0.2.2/24'
	wait_until guest_has 'eth0.*2001:db8::2/64'
	# From the other end, through the tap, to the guest.
	in_netns ip link add br0 type bridge
	in_netns ip link set p-eth0 master br0
	in_netns ip link set br0 up
	[ "$(guest cat /sys/class/net/eth0/address)" = "$(in_netns ip -o link show eth0 | grep -o 'link/ether [0-9a-f:]*' | cut -d ' ' -f 2)" ]
	# By kata-network it is neither listed nor removed.
	[ "$(runtime kata-network list-ifaces "$ID")" = null ]
	echo '{"name":"eth0"}' | runtime kata-network del-iface "$ID" -
	guest_has eth0
	in_netns ip link del eth0
	wait_until guest_lacks eth0
	wait_until not in_netns ip link show tap0_kata
}

@test "pings and 64 MiB go through an interface that appears, by both families" {
	start_sleeper
	ip netns add "peer$$"
	in_netns ip link add eth0 type veth peer name peer0
	in_netns ip link set peer0 netns "peer$$"
	in_netns ip address add 10.9.1.2/24 dev eth0
	in_netns ip address add fd09:1::2/64 dev eth0 nodad
	in_netns ip link set eth0 up
	in_peer ip address add 10.9.1.1/24 dev peer0
	in_peer ip address add fd09:1::1/64 dev peer0 nodad
	in_peer ip link set peer0 up
	wait_until guest_has 'eth0.*fd09:1::2/64'
	wait_until in_peer busybox ping -c 1 -W 2 10.9.1.2
	wait_until in_peer busybox ping -c 1 -W 2 fd09:1::2
	transfer 10.9.1.2 7000 in_peer
	transfer fd09:1::2 7001 in_peer
}

@test "addresses, sizes and routes follow, and kata-network's own stay" {
	start_sleeper
	echo '{"device":"tap1","name":"eth9","mtu":1300,"hwAddr":"02:42:20:6f:a2:80","IPAddresses":[{"address":"172.17.1.10","mask":"24"}]}' |
		runtime kata-network add-iface "$ID" -
	echo '{"dest":"10.9.0.0/16","device":"eth9"}' | runtime kata-network add-route "$ID" -
	add_veth eth0 192.0.2.2/24
	wait_until guest_has 192.0.2.2/24
	in_netns ip addr add 198.51.100.2/24 dev eth0
	wait_until guest_has 198.51.100.2/24
	in_netns ip addr del 192.0.2.2/24 dev eth0
	wait_until guest_lacks 192.0.2.2/24
	in_netns ip route add 10.1.0.0/16 via 198.51.100.1 metric 7
	wait_until guest_routes '10.1.0.0/16 via 198.51.100.1 dev eth0.*metric 7'
	in_netns ip -6 addr add 2001:db8::2/64 dev eth0 nodad
	in_netns ip -6 route add 2001:db8:7::/48 via 2001:db8::1
	wait_until guest_routes '2001:db8:7::/48 via 2001:db8::1'
	in_netns ip route del 10.1.0.0/16
	wait_until guest_lacks_route 10.1.0.0/16
	in_netns ip link set eth0 mtu 1400
	wait_until guest sh -c 'ip link show eth0 | grep -q "mtu 1400"'
	guest_has 'eth9.*172.17.1.10/24'
	guest_routes '10.9.0.0/16 dev eth9'
	# An address of the tap itself makes it nobody's interface.
	in_netns ip addr add 172.17.1.1/24 dev tap1
	add_veth eth1 203.0.113.2/24
	wait_until guest_has 203.0.113.2/24
	[ "$(guest ls /sys/class/net | tr '\n' ' ')" = 'eth0 eth1 eth9 lo ' ]
}

@test "it ends with the sandbox, whatever way that is" {
	start_sleeper
	netmon=$(pid_of_helper netmon)
	not gone "$netmon"
	runtime delete --force "$ID"
	wait_until has_ended "$netmon"
	start_sleeper
	netmon=$(pid_of_helper netmon)
	kill -KILL "$(pid_of_helper qemu)"
	wait_until has_ended "$netmon"
	runtime delete "$ID"
	start_sleeper
	netmon=$(pid_of_helper netmon)
	kill -KILL "$(pid_of_helper proxy)"
	runtime delete --force "$ID"
	wait_until has_ended "$netmon"
	# Killed itself, it is missed by nobody.
	start_sleeper
	kill -KILL "$(pid_of_helper netmon)"
	guest true
	runtime delete --force "$ID"
}

@test "without the key, or without a namespace to follow, there is none" {
	set_config internetworking_model '"none"'
	start_sleeper
	not test -e "$KATA_RUN_DIR/vc/vm/$ID/netmon.record"
	runtime delete --force "$ID"
	set_config internetworking_model '"tcfilter"'
	set_config enable_netmon false
	start_sleeper
	not test -e "$KATA_RUN_DIR/vc/vm/$ID/netmon.record"
}

@test "its command line" {
	netmon=$STAGE/usr/bin/kata-netmon
	fails "$netmon" -r "$RUNTIME"
	says 'sandbox id is empty, one must be provided'
	fails "$netmon" -s x
	says 'runtime path is empty, one must be provided'
	fails "$netmon" -r "$RUNTIME" -s x -log loud
	says loud 'error, warn, info, debug'
	"$netmon" -v | grep -q kata-netmon
	"$netmon" -h | grep -q sandbox
	# There is no such sandbox: it ends by itself.
	timeout 20 "$netmon" -r "$RUNTIME" -s nosuch
}
