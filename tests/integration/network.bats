#!/usr/bin/env bats
# kata-network with a guest that answers nonsense, or nothing: told in time, and all is as before.

load common
bats_require_minimum_version 1.5.0

setup() { common_setup; }
teardown() { common_teardown; }

NIC='{"device":"tap1","name":"eth1","mtu":1300,"hwAddr":"02:42:20:6f:a2:80","IPAddresses":[{"address":"172.17.1.10","mask":"24"}]}'

kn() { timeout -k 1 20 "$RUNTIME" --kata-config "$USED_CONFIG" kata-network "$@"; }

# What add-iface makes: in QEMU's namespace, and in QEMU.
around()
{
	nsenter --net -t "$(pid_of qemu)" ip -o link
	nsenter --net -t "$(pid_of qemu)" tc qdisc
	find "/proc/$(pid_of qemu)/fd" -lname '*tun' | wc -l
}

# fails_with COMMAND INPUT - null, exit code 1, and one plain line.
fails_with()
{
	run -1 --separate-stderr kn "$1" "$ID" - <<<"$2"
	echo "$1: $stderr"
	[ "$output" = null ]
	one_plain_line "$stderr"
}

@test "an honest guest: the interface comes, and goes" {
	sleeping
	[ "$(kn add-iface "$ID" - <<<"$NIC" | jq -r .name)" = eth1 ]
	[ "$(kn list-ifaces "$ID" | jq -r '.[].name')" = eth1 ]
	[ "$(kn del-iface "$ID" - <<<'{"name":"eth1"}')" = null ]
}

@test "a broken answer to UpdateInterface: what was plugged in is taken out again" {
	for fault in half eof not-a-message bad-frame huge-frame long-error empty wrong-stream \
		'error=22:no\n such \e[2Jthing'; do
		echo "== $fault"
		fake "$fault@UpdateInterface"
		sleeping
		around >"$WORK/before"
		for ((i = 0; i < 2; i++)); do
			SECONDS=0
			fails_with add-iface "$NIC"
			((SECONDS < 10))
			# Twice the same: the first has left nothing in QEMU that the second would meet.
			[[ $stderr != *Duplicate* ]]
			[ "$(kn list-ifaces "$ID")" = null ]
			[ "$(status_of "$ID")" = running ]
			diff "$WORK/before" <(around)
			[[ $fault != wrong-stream ]] || break
		done
		runtime delete --force "$ID"
		assert_nothing_left
	done
}

@test "a guest that never answers, or answers other calls without end: told within 10 s" {
	for fault in silent answers; do
		echo "== $fault"
		fake "$fault@UpdateInterface"
		sleeping
		around >"$WORK/before"
		SECONDS=0
		fails_with add-iface "$NIC"
		((SECONDS < 10))
		[ "$(kn list-ifaces "$ID")" = null ]
		diff "$WORK/before" <(around)
		runtime delete --force "$ID"
	done
}

@test "a guest that dies of it" {
	fake exit@UpdateInterface
	sleeping
	fails_with add-iface "$NIC"
	wait_until is_status "$ID" stopped
	runtime delete "$ID"
	assert_nothing_left
}

@test "routes that are answered with nonsense" {
	for fault in half not-a-message huge-frame long-error; do
		fake "$fault@UpdateRoutes" "$fault@ListRoutes"
		sleeping
		fails_with update-routes '[{"dest":"10.1.0.0/16","device":"eth1"}]'
		run -1 --separate-stderr kn list-routes "$ID"
		[ "$output" = null ]
		one_plain_line "$stderr"
		runtime delete --force "$ID"
	done
}

@test "a list of interfaces that is too long is refused, and names are shown plainly" {
	set_config enable_compat_old_cni false
	fake too-many@ListInterfaces
	sleeping
	run -1 --separate-stderr kn list-ifaces "$ID"
	[[ $stderr == *2000*interfaces*1024* ]]
	fails_with add-iface "$NIC"
	runtime delete --force "$ID"
	fake rude@ListInterfaces
	sleeping
	[ "$(kn list-ifaces "$ID" | jq -r '.[].name')" = '?[2Jeth0' ]
}
