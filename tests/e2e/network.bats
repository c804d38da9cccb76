#!/usr/bin/env bats
# A sandbox's network namespace, made as engines make it, becomes the guest's: with real traffic
# between the container and a peer in another namespace.

load ../lib/helpers
load ../lib/traffic

setup()
{
	common_setup
	POD=kt-$$-pod PEER=kt-$$-peer
	ip netns add "$POD"
	ip netns add "$PEER"
	ip -n "$PEER" link set lo up
}

teardown()
{
	# What was made in the engine's namespace is gone before the engine takes it away.
	for id in "$KATA_RUN_DIR"/kata-containers/containers-mapping/*; do
		[[ ! -e $id ]] || "$RUNTIME" delete --force "$(basename "$id")" || true
	done
	status=0
	as_before || status=1
	ip netns delete "$POD"
	ip netns delete "$PEER"
	common_teardown
	return $status
}

# connect NAME N [MTU] - a veth as NAME in the pod's namespace: 10.9.N.2 and fd09:N::2, the peer is .1
connect()
{
	local name=$1 n=$2 mtu=${3:-1500}

	ip link add "kt$$p$n" netns "$PEER" mtu "$mtu" type veth peer name "$name" netns "$POD" mtu "$mtu"
	ip -n "$PEER" address add "10.9.$n.1/24" dev "kt$$p$n"
	ip -n "$PEER" address add "fd09:$n::1/64" dev "kt$$p$n" nodad
	ip -n "$PEER" link set "kt$$p$n" up
	ip -n "$POD" address add "10.9.$n.2/24" dev "$name"
	ip -n "$POD" address add "fd09:$n::2/64" dev "$name" nodad
	ip -n "$POD" link set "$name" up
	note_namespace
}

# state - of the pod's namespace: links, addresses, queues. Packets of neighbours come and go.
state()
{
	ip -n "$POD" -o link show | sed -E 's/^[0-9]+: ([^:]*): .*( mtu [0-9]*) .*(link.*)/\1\2 \3/'
	ip -n "$POD" -o address show scope global | awk '{ print $2, $3, $4 }' | sort
	ip -n "$POD" route show | sort
	ip -n "$POD" -6 route show | grep via | sort
	tc -n "$POD" qdisc show | sort
}

note_namespace() { state >"$WORK/namespace"; }

as_before()
{
	[[ -e $WORK/namespace ]] || return 0
	diff "$WORK/namespace" <(state) || { echo 'the namespace is not as it was'; return 1; }
}

# pod_bundle WORD… - a bundle in the pod's namespace
pod_bundle()
{
	local dir

	dir=$(bundle)
	set_args "$dir" "$@"
	edit_bundle "$dir" "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/$POD\" |
		.process.capabilities |= with_entries(.value += [\"CAP_NET_RAW\"])"
	echo "$dir"
}

start_pod() { runtime run --detach --bundle "$(pod_bundle sleep 1000)" "$ID" </dev/null >/dev/null; }

in_pod() { runtime exec "$ID" "$@" </dev/null; }
in_peer() { ip netns exec "$PEER" "$@"; }

answers() { in_peer busybox ping -c 1 -W 2 "$1"; }

# works N - the pod of "connect eth0 N" can be reached by both families, and 64 MiB arrive by both.
works()
{
	PATIENCE=20 wait_until answers "10.9.$1.2"
	PATIENCE=20 wait_until answers "fd09:$1::2"
	in_pod ping -c 1 -W 5 "10.9.$1.1"
	in_pod ping -c 1 -W 5 "fd09:$1::1"
	transfer "10.9.$1.2" 7000 in_peer
	transfer "fd09:$1::2" 7001 in_peer
}

@test "the interface has the name, MAC, MTU, addresses, routes and neighbours that it has on the host" {
	connect eth0 1 1400
	ip -n "$POD" route add default via 10.9.1.1
	ip -n "$POD" route add 192.0.2.0/24 via 10.9.1.1 src 10.9.1.2 metric 77
	ip -n "$POD" route add 198.51.100.0/24 dev eth0 scope link
	ip -n "$POD" -6 route add default via fd09:1::1
	ip -n "$POD" neigh add 10.9.1.77 lladdr 02:00:00:00:00:77 dev eth0 nud permanent
	note_namespace
	start_pod
	shown=$(in_pod ip address show dev eth0)
	[[ $shown == *"$(ip netns exec "$POD" cat /sys/class/net/eth0/address)"* ]]
	[[ $shown == *'mtu 1400'* ]]
	[[ $shown == *'inet 10.9.1.2/24'* ]]
	[[ $shown == *'inet6 fd09:1::2/64'* ]]
	routes=$(in_pod ip route)
	[[ $routes == *'default via 10.9.1.1 dev eth0'* ]]
	[[ $routes == *'192.0.2.0/24 via 10.9.1.1 dev eth0'*'src 10.9.1.2'*'metric 77'* ]]
	[[ $routes == *'198.51.100.0/24 dev eth0 scope link'* ]]
	in_pod ip -6 route | grep -q 'default via fd09:1::1 dev eth0'
	in_pod ip neigh | grep -q '10.9.1.77 dev eth0 lladdr 02:00:00:00:00:77'
}

@test "tcfilter: 64 MiB by both families" {
	connect eth0 2
	start_pod
	tc -n "$POD" filter show dev eth0 ingress | grep -q mirred
	works 2
	# Whose counters events shows.
	runtime events --stats "$ID" >"$WORK/stats"
	jq -e '.data.interfaces[] | select(.name == "eth0") | .rx_bytes > 134217728 and .rx_packets > 0 and
		.tx_bytes > 0 and .rx_errors == 0 and .tx_dropped == 0' "$WORK/stats"
	jq -e '.data | has("tcp") and has("tcp6") and has("udp") and has("udp6")' "$WORK/stats"
}

@test "macvtap: 64 MiB by both families, in packets of 1400 bytes" {
	set_config internetworking_model '"macvtap"'
	connect eth0 3 1400
	start_pod
	ip -n "$POD" -d link show | grep -q 'macvtap mode bridge'
	works 3
}

@test "bridged: 64 MiB by both families, in packets of 9000 bytes" {
	set_config internetworking_model '"bridged"'
	connect eth0 4 9000
	start_pod
	ip -n "$POD" -d link show br0_kata | grep -q bridge
	works 4
	in_peer busybox ping -c 1 -W 5 -s 8900 fd09:4::2
}

@test "none: nothing but lo" {
	set_config internetworking_model '"none"'
	connect eth0 5
	runtime run --bundle "$(pod_bundle ls /sys/class/net)" "$ID" >"$WORK/out" </dev/null
	[ "$(cat "$WORK/out")" = lo ]
}

@test "two interfaces, of the name and order that they have: 64 MiB through each, in packets of 1400 and of 9000 bytes" {
	connect eth0 7 1400
	connect net1 8 9000
	start_pod
	PATIENCE=20 wait_until answers 10.9.7.2
	PATIENCE=20 wait_until answers fd09:8::2
	in_pod ip address show dev net1 | grep -q 10.9.8.2/24
	in_peer busybox ping -c 1 -W 5 -s 8900 10.9.8.2
	transfer 10.9.7.2 7000 in_peer
	transfer fd09:8::2 7001 in_peer
}

# connect_on KIND NAME N - as connect, but NAME is of KIND, on top of one end of a veth of the peer.
connect_on()
{
	local kind=$1 name=$2 n=$3

	ip -n "$PEER" link add "up$n" type veth peer name "low$n"
	ip -n "$PEER" address add "10.9.$n.1/24" dev "up$n"
	ip -n "$PEER" address add "fd09:$n::1/64" dev "up$n" nodad
	ip -n "$PEER" link set "up$n" up
	ip -n "$PEER" link set "low$n" up
	ip -n "$PEER" link add link "low$n" name "$name" type $kind
	ip -n "$PEER" link set "$name" netns "$POD"
	ip -n "$POD" address add "10.9.$n.2/24" dev "$name"
	ip -n "$POD" address add "fd09:$n::2/64" dev "$name" nodad
	ip -n "$POD" link set "$name" up
	note_namespace
}

@test "a macvlan and a macvtap of the engine: 64 MiB through each" {
	connect_on 'macvlan mode bridge' eth0 17
	connect_on 'macvtap mode bridge' net1 18
	start_pod
	for n in 17 18; do
		PATIENCE=20 wait_until answers "10.9.$n.2"
		PATIENCE=20 wait_until answers "fd09:$n::2"
	done
	transfer 10.9.17.2 7000 in_peer
	transfer fd09:18::2 7001 in_peer
}

@test "an interface that comes between create and start is there at start" {
	runtime create --bundle "$(pod_bundle sleep 1000)" "$ID" </dev/null
	connect eth0 9
	runtime start "$ID"
	works 9
}

@test "a pod's containers share interfaces and lo" {
	connect eth0 10
	start_pod
	start_member member "$ID" sh -c 'mkdir /tmp/www; echo page >/tmp/www/index.html; httpd -f -p 8000 -h /tmp/www'
	PATIENCE=20 wait_until in_pod wget -q -O /dev/null http://127.0.0.1:8000/
	[ "$(in_peer busybox wget -q -O - http://10.9.10.2:8000/)" = page ]
}

@test "several vCPUs: as many queues" {
	set_config default_vcpus 2
	connect eth0 11
	start_pod
	[ "$(in_pod ls /sys/class/net/eth0/queues | grep -c rx-)" -eq 2 ]
	PATIENCE=20 wait_until answers 10.9.11.2
}

@test "an interface that no guest can have is named, and nothing is left" {
	connect eth0 12
	ip -n "$POD" tuntap add tun0 mode tun
	ip -n "$POD" address add 10.9.13.2/24 dev tun0
	ip -n "$POD" link set tun0 up
	fails runtime create --bundle "$(pod_bundle true)" "$ID"
	says 'tun0 (tun) is no Ethernet device'
	ip -n "$POD" link delete tun0
	note_namespace
}

@test "disable_new_netns is for internetworking_model none alone" {
	set_config disable_new_netns true
	dir=$(bundle)
	set_args "$dir" ls /sys/class/net
	fails runtime run --bundle "$dir" "$ID"
	says 'disable_new_netns' 'internetworking_model'
	set_config internetworking_model '"none"'
	runtime run --bundle "$dir" "$ID" >"$WORK/out" </dev/null
	[ "$(cat "$WORK/out")" = lo ]
}

@test "create killed while it connects: delete leaves the namespace as it was, with each model" {
	connect eth0 15
	ip -n "$POD" route add default via 10.9.15.1
	note_namespace
	dir=$(pod_bundle sleep 1000)
	for model in tcfilter macvtap bridged; do
		set_config internetworking_model "\"$model\""
		KATA_FAULT=create:list runtime create --bundle "$dir" "$ID" </dev/null >/dev/null 2>"$WORK/points"
		runtime delete --force "$ID"
		for n in $(awk '/^fault-point .*(network record|interface connected|qemu)$/ { print $2 }' "$WORK/points"); do
			code=0
			KATA_FAULT=create:$n:kill runtime create --bundle "$dir" "$ID" </dev/null >/dev/null 2>&1 || code=$?
			[ "$code" -eq 137 ]
			runtime delete --force "$ID"
			as_before
		done
	done
}

@test "start killed while it plugs in what came late: delete leaves the namespace as it was" {
	dir=$(pod_bundle sleep 1000)
	for name in recorded connected 'plugged in'; do
		runtime create --bundle "$dir" "$ID" </dev/null
		ip -n "$POD" link show eth0 >/dev/null 2>&1 || connect eth0 16
		KATA_FAULT=start:list runtime start "$ID" 2>"$WORK/points" || true
		n=$(awk -v name="late interface $name" '/^fault-point/ { n = $2; sub(/^fault-point [0-9]+ /, "") } $0 == name { print n }' "$WORK/points")
		runtime delete --force "$ID"
		ip -n "$POD" link delete eth0
		runtime create --bundle "$dir" "$ID" </dev/null
		connect eth0 16
		code=0
		KATA_FAULT=start:$n:kill runtime start "$ID" </dev/null >/dev/null 2>&1 || code=$?
		[ "$code" -eq 137 ]
		runtime delete --force "$ID"
		as_before
		ip -n "$POD" link delete eth0
		rm "$WORK/namespace"
	done
}

@test "a machine that is killed: delete gives the namespace back as it was, with each model" {
	connect eth0 14
	ip -n "$POD" route add default via 10.9.14.1 metric 50
	ip -n "$POD" route add 192.0.2.0/24 via 10.9.14.1 src 10.9.14.2
	ip -n "$POD" -6 route add 2001:db8::/32 via fd09:14::1
	note_namespace
	for model in tcfilter macvtap bridged; do
		set_config internetworking_model "\"$model\""
		start_pod
		kill -KILL "$(pid_of_helper qemu)" "$(pid_of_helper proxy)"
		runtime delete --force "$ID"
		as_before
	done
}

# name_server - one on the lo of the pod's namespace: every name is 192.0.2.77
name_server()
{
	ip netns exec "$POD" ip link set lo up
	ip netns exec "$POD" python3 - 3>&- <<-'SERVER' &
		import select, socket
		def answer(q):
		    is_a = q[-4:-2] == b"\0\1"
		    return (q[:2] + b"\x81\x80\0\1\0" + (b"\1" if is_a else b"\0") + b"\0\0\0\0" + q[12:] +
		            (b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([192, 0, 2, 77]) if is_a else b""))
		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		udp.bind(("127.0.0.11", 53))
		tcp = socket.socket()
		tcp.bind(("127.0.0.11", 53))
		tcp.listen()
		while ready := select.select([udp, tcp], [], [], 100)[0]:
		    if udp in ready:
		        data, peer = udp.recvfrom(65536)
		        udp.sendto(answer(data), peer)
		    if tcp in ready:
		        with tcp.accept()[0] as client:
		            reply = answer(client.recv(65536)[2:])
		            client.sendall(len(reply).to_bytes(2, "big") + reply)
	SERVER
	SERVER=$!
}

@test "a name server on the lo of the namespace is asked from the guest, by UDP and by TCP" {
	name_server
	echo 'nameserver 127.0.0.11' >"$WORK/resolv.conf"
	dir=$(pod_bundle sleep 1000)
	edit_bundle "$dir" ".mounts += [{ destination: \"/etc/resolv.conf\", type: \"bind\",
		source: \"$WORK/resolv.conf\", options: [\"bind\", \"ro\"] }]"
	mkdir -p "$dir/rootfs/etc"
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	for name in one two three; do
		in_pod nslookup "$name" | grep -q 192.0.2.77
	done
	# The same as one query over TCP, behind its length.
	in_pod sh -c "(printf '\\000\\025\\022\\064\\001\\000\\000\\001\\000\\000\\000\\000\\000\\000\\003one\\000\\000\\001\\000\\001'; sleep 2) |
		nc 127.0.0.11 53 | od -An -tx1" >"$WORK/answer"
	cat "$WORK/answer"
	tr -d ' \n' <"$WORK/answer" | grep -q 'c000024d$'
	kill "$SERVER"
}
