#!/usr/bin/env bats
# What runs in a container, seen from the host.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

@test "ps: the table shows the guest's processes with the pids of the container" {
	start_sleeper
	runtime exec --detach "$ID" sleep 500 </dev/null >/dev/null 2>&1
	run runtime ps "$ID"
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == UID*PID*PPID*CMD ]]
	[ "$(awk '$NF == 1000 {print $2}' <<<"$output")" = 1 ]
	[ "$(awk '$NF == 500 {print $2}' <<<"$output")" -gt 1 ]
	run runtime ps "$ID" -ef
	[ "$status" -eq 0 ]
}

@test "ps: json holds the host's pids of the shims" {
	start_sleeper
	run runtime ps --format json "$ID"
	[ "$status" -eq 0 ]
	pid=$(jq -r '.[0]' <<<"$output")
	[ "$pid" = "$(runtime state "$ID" | jq -r .pid)" ]
	[[ $(readlink "/proc/$pid/exe") == */kata-shim ]]
}

@test "ps: other options and a container that does not run are refused in one line" {
	start_sleeper
	run runtime ps "$ID" aux
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"'aux' is not supported"* ]]
	runtime kill "$ID" KILL
	for _ in $(seq 50); do
		[ "$(status_of "$ID")" = running ] || break
		sleep 0.1
	done
	run runtime ps "$ID"
	[ "$status" -eq 1 ]
	[[ $output == *"not running"* ]]
}
