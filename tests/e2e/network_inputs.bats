#!/usr/bin/env bats
# What kata-network refuses: null, one line that says field, value and what is allowed, exit code 1, and
# all is as before.

load ../lib/helpers
load ../lib/nic
bats_require_minimum_version 1.5.0

setup() { common_setup; }
teardown() { common_teardown; }

@test "bad inputs are told by field, value and what is allowed, and change nothing" {
	start_sleeper
	add
	echo '{"dest":"10.1.0.0/16","device":"eth1"}' | kn add-route "$ID" -
	new='name=eth2 device=tap2 hwAddr=02:42:20:6f:a2:81'
	everything >"$WORK/before"
	long=$(printf 'n%.0s' {1..200})

	# Not one JSON object.
	refused '' add-iface 'not JSON'
	refused '{' add-iface 'not JSON'
	refused "$(nic $new) $(nic $new)" add-iface 'not JSON'
	refused "[$(nic $new)]" add-iface 'must be an object'
	refused null add-iface 'must be an object'
	refused "$(nic $new NAME=eth3)" add-iface 'name' twice
	# device
	refused "$(nic $new 'device:=null')" add-iface device missing '1 to 15'
	refused "$(nic $new device=)" add-iface device empty '1 to 15'
	refused "$(nic $new 'device:=7')" add-iface device 'a string'
	refused "$(nic $new device=sixteen-bytes-xx)" add-iface device sixteen-bytes-xx '1 to 15'
	refused "$(nic $new 'device=tap 2')" add-iface device 'tap 2' 'letters'
	refused "$(nic $new device=2tap)" add-iface device 2tap 'a letter'
	refused "$(nic $new device=tap1)" add-iface device tap1 eth1
	# name
	refused "$(nic $new 'name:=null')" add-iface name missing '1 to 15'
	refused "$(nic $new name=)" add-iface name empty '1 to 15'
	refused "$(nic $new "name=$long")" add-iface name nnn '1 to 15'
	refused "$(nic $new 'name:={}')" add-iface name 'a string'
	refused "$(nic $new name=eth/2)" add-iface name eth/2 letters
	refused "$(nic $new name=eth1)" add-iface name 'eth1 is already exist'
	refused "$(nic $new name=lo)" add-iface name lo
	# mtu
	refused "$(nic $new 'mtu:=null')" add-iface mtu '46 to 9600'
	refused "$(nic $new mtu:=45)" add-iface mtu 45 '46 to 9600'
	refused "$(nic $new mtu:=9601)" add-iface mtu 9601 '46 to 9600'
	refused "$(nic $new mtu:=-1)" add-iface mtu -1 '46 to 9600'
	refused "$(nic $new mtu=1300)" add-iface mtu '"1300"' '46 to 9600'
	refused "$(nic $new mtu:=46)" add-iface mtu 46 68
	# hwAddr
	refused "$(nic $new 'hwAddr:=null')" add-iface hwAddr missing unicast
	refused "$(nic $new hwAddr=)" add-iface hwAddr unicast
	refused "$(nic $new hwAddr=02:42:20:6f:a2)" add-iface hwAddr 02:42:20:6f:a2 unicast
	refused "$(nic $new hwAddr=01:42:20:6f:a2:81)" add-iface hwAddr 01:42:20:6f:a2:81 unicast
	refused "$(nic $new hwAddr=02:42:20:6f:a2:80)" add-iface hwAddr 02:42:20:6f:a2:80 eth1
	refused "$(nic $new hwAddr=02:42:20:6F:A2:80)" add-iface hwAddr eth1
	# IPAddresses
	refused "$(nic $new 'IPAddresses:=[{address: "10.0.0.1", mask: "8"}, {address: "10.0.0.2", mask: "8"}]')" \
		add-iface IPAddresses '2 addresses' 'at most 1'
	refused "$(nic $new 'IPAddresses:={}')" add-iface IPAddresses 'an array'
	refused "$(nic $new 'IPAddresses:=[{mask: "8"}]')" add-iface address missing IPv4
	refused "$(nic $new 'IPAddresses:=[{address: "10.0.0.1"}]')" add-iface mask missing prefix
	refused "$(nic $new 'IPAddresses:=[{address: "10.0.0.300", mask: "8"}]')" add-iface address 10.0.0.300 IPv4
	refused "$(nic $new 'IPAddresses:=[{address: "10.0.0.1", mask: "33"}]')" add-iface mask 33 '0 to 32'
	refused "$(nic $new 'IPAddresses:=[{address: "10.0.0.1", mask: "255.0.0.0"}]')" add-iface mask 255.0.0.0
	refused "$(nic $new 'IPAddresses:=[{address: "224.0.0.1", mask: "8"}]')" add-iface address 224.0.0.1
	# The rest.
	refused "$(nic $new queues:=99)" add-iface queues 99
	refused "$(nic $new queues:=257)" add-iface queues 257 '0 to 256'
	refused "$(nic $new rawFlags:=-1)" add-iface rawFlags -1 '0 to'
	refused "$(nic $new linkType=veth)" add-iface linkType veth tap
	refused "$(nic $new vhostUserSocket=/run/-x)" add-iface vhostUserSocket /run/-x 'a letter'
	refused "$(nic $new vhostUserSocket=/nonexistent/vhost)" add-iface vhostUserSocket /nonexistent/vhost
	refused "$(nic $new "vhostUserSocket=$TOP/README.md")" add-iface vhostUserSocket README.md socket
	refused "$(nic $new "vhostUserSocket=/run/${long:0:124}")" add-iface vhostUserSocket nnn '1 to 128'
	refused '{}' del-iface name missing
	refused '{"name":"eth1","mtu":1400}' update-iface mtu 1400
	refused '{"name":"eth9","IPAddresses":[]}' update-iface eth9
	# Routes.
	refused '{"device":"eth1"}' add-route dest missing
	refused '{"dest":"","device":"eth1"}' add-route dest
	refused '{"dest":"10.2.0.0/16","device":""}' add-route device empty
	refused '{"dest":"10.2.0.0/16"}' add-route device missing
	refused '{"dest":"10.2.0.0/16","device":"eth9"}' add-route device eth9
	refused '{"dest":"10.2.0.0/33","device":"eth1"}' add-route dest 10.2.0.0/33
	refused '{"dest":"default","device":"eth1"}' add-route gateway missing
	refused '{"dest":"default","gateway":"10.99.0.1","device":"eth1"}' add-route default
	refused '{"dest":"10.2.0.0/16","gateway":"x","device":"eth1"}' add-route gateway "'x'"
	refused '{"dest":"10.2.0.0/16"}' del-route 'not found' 10.2.0.0/16
	refused '{}' del-route dest missing
	refused '{"dest":"10.2.0.0/16","device":"eth1"}' update-routes 'an array'
	refused '[{"dest":"10.2.0.0/16","device":"eth1"},{"dest":"10.3.0.0/16","device":"eth9"}]' update-routes eth9
	refused '[{"dest":"10.2.0.0/16","device":"eth1"},{"dest":"10.3.0.0/16","gateway":"10.99.0.1","device":"eth1"}]' \
		update-routes 10.3.0.0/16
	everything >"$WORK/after"
	diff "$WORK/before" "$WORK/after"
}

@test "bad inputs of each kind, for each field of each command" {
	start_sleeper
	add
	echo '{"dest":"10.1.0.0/16","device":"eth1"}' | kn add-route "$ID" -
	new='name=eth2 device=tap2 hwAddr=02:42:20:6f:a2:81'
	everything >"$WORK/before"
	long=$(printf 'n%.0s' {1..200})

	# Wrong JSON, or not one object, for each command that takes one.
	for command in add-iface del-iface update-iface add-route del-route; do
		refused '' "$command" 'not JSON'
		refused '{"name":"eth1","dest":"default"} {}' "$command" 'not JSON'
		refused '{"name":"eth1","dest":"default",}' "$command" 'not JSON'
		refused '[]' "$command" 'must be an object'
		refused '"eth1"' "$command" 'must be an object'
	done
	refused '' update-routes 'not JSON'
	refused '[] []' update-routes 'not JSON'
	refused '{}' update-routes 'an array'
	# A value of the wrong type is shown.
	refused "$(nic $new 'device:=7')" add-iface device 7 'a string'
	refused "$(nic $new 'name:=["eth2"]')" add-iface name '"eth2"' 'a string'
	refused "$(nic $new 'mtu:=true')" add-iface mtu true '46 to 9600'
	refused "$(nic $new 'mtu:=1300.5')" add-iface mtu 1300.5 '46 to 9600'
	refused "$(nic $new 'hwAddr:=2')" add-iface hwAddr 2 'a string'
	refused "$(nic $new 'linkType:=1')" add-iface linkType 1 'a string'
	refused "$(nic $new 'queues=1')" add-iface queues '"1"' '0 to 256'
	refused "$(nic $new 'vhostUserSocket:={}')" add-iface vhostUserSocket '{}' 'a string'
	refused "$(nic $new 'IPAddresses:=["10.0.0.1/8"]')" add-iface 'IPAddresses[0]' 'an object' string
	refused "$(nic $new 'IPAddresses:=[{address: 10, mask: "8"}]')" add-iface 'IPAddresses[0].address' 10 'a string'
	refused "$(nic $new 'IPAddresses:=[{address: "10.0.0.1", mask: 8}]')" add-iface 'IPAddresses[0].mask' 8 'a string'
	# Both ends of ranges, signs, and what no integer holds.
	refused "$(nic $new queues:=-1)" add-iface queues -1 '0 to 256'
	refused "$(nic $new mtu:=0)" add-iface mtu 0 '46 to 9600'
	refused "$(nic $new mtu:=99999999999999999999)" add-iface mtu 1e+20 '46 to 9600'
	refused "$(nic $new 'IPAddresses:=[{address: "2001:db8::2", mask: "129"}]')" add-iface mask 129 '0 to 128'
	refused "$(nic $new 'IPAddresses:=[{address: "10.0.0.1", mask: "-1"}]')" add-iface mask -1 '0 to 32'
	refused "$(nic $new 'IPAddresses:=[{address: "10.0.0.1", mask: ""}]')" add-iface mask missing prefix
	refused "$(nic $new 'IPAddresses:=[{address: "", mask: "8"}]')" add-iface address missing IPv4
	# Too long, and characters that nothing may have: shown plainly.
	refused "$(nic $new "device=$long")" add-iface device nnn '1 to 15'
	refused "$(nic $new "hwAddr=02:42:20:6f:a2:81:$long")" add-iface hwAddr 02:42:20:6f:a2:81 unicast
	refused "$(nic $new "linkType=$long")" add-iface linkType nnn tap
	refused "$(nic $new "IPAddresses:=[{address: \"$long\", mask: \"8\"}]")" add-iface address nnn IPv4
	refused "$(nic $new hwAddr=02:42:20:6f:a2:8g)" add-iface hwAddr 02:42:20:6f:a2:8g unicast
	refused "$(nic $new hwAddr=00:00:00:00:00:00)" add-iface hwAddr 00:00:00:00:00:00 unicast
	refused "$(nic $new 'name=eth\u001b[2J')" add-iface name 'eth?[2J' letters
	refused "$(nic $new 'name=eth\n2')" add-iface name 'eth?2' letters
	refused "$(nic $new name=éth2)" add-iface name letters
	refused "$(nic $new 'vhostUserSocket=/run/a,b')" add-iface vhostUserSocket /run/a,b letters
	refused "$(nic $new 'vhostUserSocket=vhost')" add-iface vhostUserSocket "'vhost'" absolute
	# del-iface, update-iface.
	refused '{"name":""}' del-iface name empty '1 to 15'
	refused '{"name":7}' del-iface name 7 'a string'
	refused "{\"name\":\"$long\"}" del-iface name nnn '1 to 15'
	refused '{"name":"eth/1"}' del-iface name eth/1 letters
	refused '{"name":"eth1","NAME":"eth1"}' del-iface name twice
	refused '{"IPAddresses":[]}' update-iface name missing '1 to 15'
	refused '{"name":"","IPAddresses":[]}' update-iface name empty '1 to 15'
	refused '{"name":["eth1"]}' update-iface name eth1 'a string'
	refused "{\"name\":\"$long\"}" update-iface name nnn '1 to 15'
	for field in device:tap9 hwAddr:02:42:20:6f:a2:80 linkType:tap vhostUserSocket:/run/x; do
		refused "{\"name\":\"eth1\",\"${field%%:*}\":\"${field#*:}\"}" update-iface "${field%%:*}" "${field#*:}" 'only name and IPAddresses'
	done
	refused '{"name":"eth1","queues":1}' update-iface queues 1 'only name and IPAddresses'
	refused '{"name":"eth1","IPAddresses":[{"address":"10.0.0.1","mask":"8"},{"address":"10.0.0.1","mask":"8"}]}' \
		update-iface 'IPAddresses[1]' 10.0.0.1/8 once
	refused '{"name":"eth1","IPAddresses":[{"address":"10.0.0.1","mask":"8"},{"address":"10.0.0.2","mask":"40"}]}' \
		update-iface 'IPAddresses[1].mask' 40 '0 to 32'
	# Routes.
	for command in add-route del-route; do
		refused '{"dest":7,"device":"eth1"}' "$command" dest 7 'a string'
		refused "{\"dest\":\"$long\",\"device\":\"eth1\"}" "$command" dest nnn default
		refused '{"dest":"10.2.0.0/-1","device":"eth1"}' "$command" dest 10.2.0.0/-1 default
		refused '{"dest":"2001:db8::/129","device":"eth1"}' "$command" dest 2001:db8::/129 default
		refused '{"dest":"10.2.0.0/16","device":{}}' "$command" device '{}' 'a string'
		refused "{\"dest\":\"10.2.0.0/16\",\"device\":\"$long\"}" "$command" device nnn '1 to 15'
		refused '{"dest":"10.2.0.0/16","device":"eth 1"}' "$command" device 'eth 1' letters
		refused '{"dest":"10.2.0.0/16","device":"eth1","gateway":1}' "$command" gateway 1 'a string'
		refused '{"dest":"10.2.0.0/16","device":"eth1","gateway":"2001:db8::1"}' "$command" gateway 2001:db8::1 IPv4
		refused '{"dest":"10.2.0.0/16","DEST":"10.3.0.0/16","device":"eth1"}' "$command" dest twice
		refused '{"dest":"10.2.0.0/16","device":"eth1","scope":256}' "$command" scope 256 '0 to 255'
		refused '{"dest":"10.2.0.0/16","device":"eth1","scope":-1}' "$command" scope -1 '0 to 255'
		refused '{"dest":"10.2.0.0/16","device":"eth1","scope":"link"}' "$command" scope link '0 to 255'
		refused '{"dest":"10.2.0.0/16","device":"eth1","source":"10.0.0"}' "$command" source 10.0.0 IPv4
	done
	refused '{"dest":"10.2.0.0/16","device":"eth9"}' del-route device eth9
	refused '{"dest":"10.1.0.0/16","gateway":"10.9.9.9"}' del-route 'not found' 10.9.9.9
	refused '[1]' update-routes '[0]' 'an object' int
	refused '[{"dest":"10.2.0.0/16"}]' update-routes '[0].device' missing '1 to 15'
	refused '[{"dest":"10.2.0.0/33","device":"eth1"}]' update-routes '[0].dest' 10.2.0.0/33 default
	everything >"$WORK/after"
	diff "$WORK/before" "$WORK/after"
}

@test "a file that is too big, or not there, and words that are too many" {
	start_sleeper
	head -c 1048577 /dev/zero | tr '\0' ' ' >"$WORK/big"
	refused "$(cat "$WORK/big")" add-iface 'too big' 1048576
	for file in "$WORK/big" "$WORK/none" "$WORK"; do
		run -1 --separate-stderr kn add-iface "$ID" "$file"
		[ "$output" = null ]
		[[ $stderr == *"$file"* && ${#stderr_lines[@]} -eq 1 ]]
	done
	run -1 kn add-iface "$ID"
	[[ $output == *'missing file'* ]]
	run -1 kn list-ifaces "$ID" -
	run -1 kn add-face "$ID" -
	[[ $output == *'add-face'* ]]
	run -0 kn
	[[ $output == *update-routes* ]]
}

# all_refused WORD… - by every command that takes something, and by the lists
all_refused()
{
	local command

	refused "$(nic name=eth2 device=tap2)" add-iface "$@"
	refused '{"name":"eth1"}' del-iface "$@"
	refused '{"name":"eth1","IPAddresses":[]}' update-iface "$@"
	for command in add-route del-route; do
		refused '{"dest":"10.2.0.0/16","device":"eth1"}' "$command" "$@"
	done
	refused '[]' update-routes "$@"
	for command in list-ifaces list-routes; do
		run -1 --separate-stderr kn "$command" "$ID"
		[ "$output" = null ]
		[[ $stderr == *"$1"* && ${#stderr_lines[@]} -eq 1 ]]
	done
}

@test "a sandbox that is not there, not running, stopped, or hung" {
	for command in add-iface del-iface list-ifaces update-iface add-route del-route list-routes update-routes; do
		words=("$command" unknown)
		[[ $command == list-* ]] || words+=(-)
		run -1 --separate-stderr kn "${words[@]}" <<<"$(nic)"
		[ "$output" = null ]
		[[ $stderr == *unknown* && ${#stderr_lines[@]} -eq 1 ]]
	done
	dir=$(bundle)
	set_args "$dir" sleep 1000
	runtime create --bundle "$dir" "$ID" </dev/null
	all_refused "container $ID is not running"
	runtime start "$ID"
	add
	everything >"$WORK/before"
	kill -STOP "$(pid_of_helper qemu)"
	refused "$(nic name=eth2 device=tap2 hwAddr=02:42:20:6f:a2:81)" add-iface 'sandbox is not healthy, please check the sandbox status'
	refused '{"name":"eth1"}' del-iface 'sandbox is not healthy'
	kill -CONT "$(pid_of_helper qemu)"
	everything >"$WORK/after"
	diff "$WORK/before" "$WORK/after"
	runtime kill "$ID" KILL
	wait_until is_status "$ID" stopped
	all_refused "container $ID is not running"
}
