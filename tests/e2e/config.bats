#!/usr/bin/env bats
# The configuration as administrators see it: files, drop-ins, and the commands that tell about it.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# configure [TEXT] - a configuration of the test's own, with TEXT in a drop-in; $CONF is its path.
configure()
{
	CONF=$WORK/conf/configuration.toml
	mkdir -p "$WORK/conf/config.d"
	cp "$USED_CONFIG" "$CONF"
	printf '%s\n' "${1-}" >"$WORK/conf/config.d/50-test.toml"
}

kata() { "$RUNTIME" --kata-config "$CONF" "$@"; }

@test "config: every key with its value and where it was set" {
	configure $'[hypervisor.qemu]\ndefault_memory = 777'
	kata config >"$WORK/out"
	grep -qxF "default_memory = 777 # $WORK/conf/config.d/50-test.toml:2" "$WORK/out"
	grep -q "^default_vcpus = 1 # $CONF:[0-9]*$" "$WORK/out"
	head -n 2 "$WORK/out" | diff - <(printf '# %s\n' "$CONF" "$WORK/conf/config.d/50-test.toml")
	# It is a configuration itself, and says the same when it is read.
	diff <("$RUNTIME" --kata-config "$WORK/out" config | grep -v '^#' | sed 's/ #.*//') <(grep -v '^#' "$WORK/out" | sed 's/ #.*//')
	kata config --json | jq -e '.keys[] | select(.key == "default_memory") | .value == "777"'
	sed -i '/^default_memory/d' "$CONF"
	: >"$WORK/conf/config.d/50-test.toml"
	kata config | grep -qx 'default_memory = 1024 # default'
	[ "$(kata config --set | grep -c '# default$')" -eq 0 ]
}

@test "a drop-in counts for the next sandbox, and what is wrong in it is told with its line" {
	configure $'[hypervisor.qemu]\ndefault_memory = 400'
	dir=$(bundle)
	set_args "$dir" grep MemTotal /proc/meminfo
	total=$(kata run --bundle "$dir" "$ID" </dev/null | awk '{ print $2 }')
	((total > 300 * 1024 && total < 400 * 1024))
	configure $'[hypervisor.qemu]\n\n  default_memory = 10'
	run kata run --bundle "$dir" "$ID"
	[ "$status" -eq 1 ]
	[ "$output" = "$WORK/conf/config.d/50-test.toml:3:3: [hypervisor.qemu] default_memory: 10 is out of range, allowed is 300 to 524288" ]
	assert_nothing_left
}

@test "kata-check: each line says what is there, or what to do; exit code 1 when it cannot work" {
	configure
	kata kata-check --strict >"$WORK/out"
	grep -q '^ok    QEMU           QEMU emulator version [0-9]' "$WORK/out"
	grep -q '^ok    kernel ' "$WORK/out"
	grep -qxF 'ok    versions       Version consistency of Kata Containers is verified' "$WORK/out"
	[ "$(tail -n 1 "$WORK/out")" = 'System can currently create Kata Containers' ]
	diff <(kata check --strict | grep -v ' memory ') <(grep -v ' memory ' "$WORK/out")
	kata check --json | jq -e '.capable and ([.findings[] | select(.level != "ok" and .remedy == null)] == [])'

	configure $'[hypervisor.qemu]\nkernel = "/no/such/kernel"\nmachine_type = "pc"\n[shim.kata]\npath = "/bin/true"'
	run kata kata-check --quiet
	[ "$status" -eq 1 ]
	grep -qxF 'fail  kernel         /no/such/kernel: No such file or directory' <<<"$output"
	grep -q '^ *to do: .*\[hypervisor.qemu\] kernel' <<<"$output"
	grep -q '^fail  kata-shim ' <<<"$output"
	! grep -q '^ok ' <<<"$output"
	[ "${lines[-1]}" = 'ERROR: System is not capable of running Kata Containers' ]

	configure '[hypervisor.qemu]'$'\n''path = 7'
	run kata kata-check --quiet
	[ "$status" -eq 1 ]
	grep -q '^fail  configuration  .*50-test.toml:2:1: \[hypervisor.qemu\] path: must be a string in quotes$' <<<"$output"
}

@test "kata-check --strict finds parts of another build" {
	configure $'[proxy.kata]\npath = "'"$WORK/other"$'"'
	printf '#!/bin/sh\necho kata-proxy version 9.9.9, commit f00\n' >"$WORK/other"
	chmod +x "$WORK/other"
	kata check >/dev/null
	run kata check --strict
	[ "$status" -eq 1 ]
	grep -q '^fail  versions       kata-proxy is 9.9.9, commit f00, kata-runtime is ' <<<"$output"
}

@test "kata-env: the report as TOML and as JSON, with the members that tools read" {
	configure $'[hypervisor.qemu]\nmsize_9p = 262144'
	kata kata-env --json >"$WORK/env.json"
	[ "$(jq -r .Meta.Version "$WORK/env.json")" = 1.0.24 ]
	[ "$(jq -r .Hypervisor.Msize9p "$WORK/env.json")" = 262144 ]
	[ "$(jq -r .Host.Kernel "$WORK/env.json")" = "$(uname -r)" ]
	[ "$(jq -r .Runtime.Config.Path "$WORK/env.json")" = "$CONF" ]
	[ "$(jq -r .Shim.Version.Commit "$WORK/env.json")" = "$(jq -r .Runtime.Version.Version.Commit "$WORK/env.json")" ]
	[[ $(jq -r .Host.Distro.Name "$WORK/env.json") ]]
	[ "$(jq -r 'keys | join(" ")' "$WORK/env.json")" = \
		'Agent Host Hypervisor Image Initrd Kernel Meta Netmon Proxy Runtime Shim' ]
	kata env >"$WORK/env.toml"
	grep -qxF '  Msize9p = 262144' "$WORK/env.toml"
	grep -qxF '    [Runtime.Version.Version]' "$WORK/env.toml"
	! kata kata-env extra
}

@test "kata-overhead: what the machine takes, and what its container uses of it" {
	start_sleeper
	runtime kata-overhead "$ID" >"$WORK/out"
	[ "$(head -n 1 "$WORK/out")" = "Sandbox overhead for container: $ID" ]
	value() { awk -F = -v name="$1" '{ gsub(/[\t ]/, "", $1) } $1 == name { print $2 }' "$WORK/out"; }
	(($(value memory_host_bytes) > 30000000))
	(($(value memory_guest_bytes) > 0 && $(value memory_guest_bytes) < $(value memory_host_bytes)))
	(($(value memory_overhead_bytes) == $(value memory_host_bytes) - $(value memory_guest_bytes)))
	(($(value cpu_host_final) >= $(value cpu_host_init) && $(value cpu_host_init) > 0))
	(($(value cpu_guest_final) >= $(value cpu_guest_init) && $(value cpu_guest_init) > 0))
	run runtime kata-overhead nobody
	[ "$status" -eq 1 ]
	runtime kill "$ID" KILL
	wait_until is_status "$ID" stopped
	run runtime kata-overhead "$ID"
	[ "$status" -eq 1 ]
	[ "$output" = "container with id $ID is not running" ]
}
