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
	[ "$output" = "$WORK/conf/config.d/50-test.toml:3:3: [hypervisor.qemu] default_memory: 10 is out of range, allowed is 300 to 524288 [KATA-CONFIG]" ]
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
	[[ ${lines[-1]} == 'ERROR: System is not capable of running Kata Containers [KATA-'*']' ]]

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
	[ "$output" = "container with id $ID is not running [KATA-CONTAINER-STATE]" ]
}

monitor() { "$TOP/tests/lib/qmp.py" "$KATA_RUN_DIR/vc/vm/$ID/qmp.sock" "$@"; }

# sleep_with TEXT - a container that sleeps, on a machine with TEXT in its drop-in.
sleep_with()
{
	configure "$1"
	dir=$(bundle)
	set_args "$dir" sleep 1000
	kata run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
}

@test "hypervisor_params, entropy_source, default_maxvcpus, memory_offset: QEMU has what they say" {
	sleep_with $'[hypervisor.qemu]\nhypervisor_params = "virtio-rng-pci.max-bytes=4096 virtio-rng-pci.period=2000"
		entropy_source = "/dev/random"\ndefault_maxvcpus = 2\nmemory_offset = 77\ndefault_memory = 512'
	monitor info qtree >"$WORK/qtree"
	grep -q '^ *max-bytes = 4096 ' "$WORK/qtree"
	grep -q '^ *period = 2000 ' "$WORK/qtree"
	[ "$(monitor qom-get /objects/rng0 filename)" = '"/dev/random"' ]
	[ "$(kata exec "$ID" cat /sys/devices/system/cpu/possible)" = 0-1 ]
	with=$(tr '\0' ' ' <"/proc/$(pid_of_helper qemu)/cmdline" | grep -o 'maxmem=[0-9]*')
	kata delete --force "$ID"
	configure $'[hypervisor.qemu]\ndefault_maxvcpus = 2\ndefault_memory = 512'
	kata run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	without=$(tr '\0' ' ' <"/proc/$(pid_of_helper qemu)/cmdline" | grep -o 'maxmem=[0-9]*')
	((${with#*=} == ${without#*=} + 77))
}

@test "virtio_fs_cache is what virtiofsd is told, and virtio_fs_extra_args stand behind" {
	sleep_with $'[hypervisor.qemu]\nshared_fs = "virtio-fs"\nvirtio_fs_cache = "always"\nvirtio_fs_extra_args = ["-o", "timeout=7"]'
	tr '\0' ' ' <"/proc/$(pid_of_helper virtiofsd)/cmdline" >"$WORK/line"
	grep -q ' -o cache=always ' "$WORK/line"
	grep -q ' -o timeout=7 $' "$WORK/line"
	kata exec "$ID" grep -q ' / virtiofs ' /proc/mounts
}

@test "msize_9p is the size of packets in the guest's mount" {
	sleep_with $'[hypervisor.qemu]\nshared_fs = "virtio-9p"\nmsize_9p = 262144'
	kata exec "$ID" grep ' 9p ' /proc/mounts | grep -q 'msize=262144'
}
