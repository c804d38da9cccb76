#!/usr/bin/env bats
# What a virtual machine cannot have: refused, or taken with a warning, in one line that says what to do.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

@test "the host's namespaces are refused with the option that asks for them" {
	dir=$(bundle)
	for words in network:--net=host pid:--pid=host ipc:--ipc=host uts:--uts=host; do
		bundle >/dev/null
		edit_bundle "$dir" "del(.linux.namespaces[] | select(.type == \"${words%%:*}\"))"
		fails runtime create --bundle "$dir" "$ID"
		says 'linux.namespaces' "${words%%:*}" "${words##*:}" 'a virtual machine cannot'
	done
}

@test "a member of a pod cannot have the host's namespaces either" {
	start_sleeper pod
	dir=$(bundle bundle-member)
	edit_bundle "$dir" 'del(.linux.namespaces[] | select(.type == "pid")) | .annotations = {
		"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": "pod" }'
	fails runtime create --bundle "$dir" member
	says '--pid=host'
	is_status pod running
}

@test "the disks of the host are left out of a privileged container" {
	dir=$(bundle)
	set_args "$dir" sh -c 'ls /dev/xdisk; ls -l /dev/zero2'
	edit_bundle "$dir" '.linux.devices = [{ "path": "/dev/xdisk", "type": "b", "major": 7, "minor": 0 },
		{ "path": "/dev/zero2", "type": "c", "major": 1, "minor": 5 }]'
	edit_bundle "$dir" '.linux.resources.devices = [{ "allow": true, "access": "rwm" }]'
	runtime run --bundle "$dir" "$ID" </dev/null >"$WORK/out" 2>"$WORK/err" || true
	grep -q 'xdisk: No such file' "$WORK/err"
	grep -q '1, *5.*zero2' "$WORK/out"
}

@test "a device that the guest has no driver for is refused by name" {
	dir=$(bundle)
	edit_bundle "$dir" '.linux.devices = [{ "path": "/dev/snd/seq", "type": "c", "major": 116, "minor": 1 }]'
	fails runtime create --bundle "$dir" "$ID"
	says '/dev/snd/seq (character 116:1): the guest has no such device'
}

@test "a device of the host without an IOMMU is refused with what has to be switched on" {
	[[ ! -d /sys/kernel/iommu_groups/65535 ]]
	dir=$(bundle)
	edit_bundle "$dir" '.linux.devices = [{ "path": "/dev/vfio/65535", "type": "c", "major": 243, "minor": 65535 }]'
	fails runtime create --bundle "$dir" "$ID"
	if [[ -n $(ls /sys/kernel/iommu_groups 2>/dev/null) ]]; then
		says 'linux.devices: /dev/vfio/65535: the host has no IOMMU group 65535'
	else
		says 'linux.devices: /dev/vfio/65535: this host has no IOMMU in use'
		says 'intel_iommu=on'
	fi
	[ -z "$(runtime list --quiet)" ]
}

# told COMMAND… - the lines that are warnings, on standard error.
told()
{
	# Not a pipe: the shim would hold it.
	"$@" </dev/null 2>"$WORK/told.err" >/dev/null
	grep warning "$WORK/told.err" || true
}

@test "limits above the machine's size: one warning each, with the key; the container runs" {
	set_config enable_cpu_memory_hotplug false
	dir=$(bundle)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" '.linux.resources = { "memory": { "limit": 1099511627776 },
		"cpu": { "quota": 550000, "period": 100000 } }'
	told runtime run --detach --bundle "$dir" "$ID" >"$WORK/told"
	[ "$(wc -l <"$WORK/told")" -eq 2 ]
	grep -q 'memory.limit: 1048576 MiB is more than .* default_memory' "$WORK/told"
	grep -q 'cpu.quota: 5.50 processors are more than .* default_vcpus' "$WORK/told"
	told runtime update --memory 900G "$ID" >"$WORK/told"
	[ "$(wc -l <"$WORK/told")" -eq 1 ]
	grep -q 'memory.limit: 921600 MiB' "$WORK/told"
	[ -z "$(told runtime update --memory 100M --cpu-quota 100000 "$ID")" ]
}

@test "processors that the machine does not have are refused" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" '.linux.resources.cpu.cpus = "0-3"'
	fails runtime create --bundle "$dir" "$ID"
	says 'linux.resources.cpu.cpus' "'0-3'" 'names processor 3' 'default_vcpus'
	edit_bundle "$dir" '.linux.resources.cpu.cpus = "0"'
	runtime run --detach --bundle "$dir" "$ID" </dev/null
	fails runtime update --cpuset-cpus 1 "$ID"
	says 'names processor 1'
}

@test "sockets, FIFOs and the host's own folders as mounts: a warning each, and the container runs" {
	dir=$(bundle)
	set_args "$dir" sh -c 'ls -l /sock /fifo; ls /own'
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$WORK/sock"
	mkfifo "$WORK/fifo"
	edit_bundle "$dir" ".mounts += [
		{ \"destination\": \"/sock\", \"type\": \"bind\", \"source\": \"$WORK/sock\", \"options\": [\"rbind\"] },
		{ \"destination\": \"/fifo\", \"type\": \"bind\", \"source\": \"$WORK/fifo\", \"options\": [\"rbind\"] },
		{ \"destination\": \"/own\", \"type\": \"bind\", \"source\": \"/sys/kernel\", \"options\": [\"rbind\"] }]"
	runtime run --bundle "$dir" "$ID" </dev/null >"$WORK/out" 2>"$WORK/err" || true
	grep -q '^s.*/sock' "$WORK/out"
	grep -q '^p.*/fifo' "$WORK/out"
	[ "$(grep -c warning "$WORK/err")" -eq 3 ]
	grep -q "warning: mounts: /sock: $WORK/sock is a socket" "$WORK/err"
	grep -q "warning: mounts: /fifo: $WORK/fifo is a FIFO" "$WORK/err"
	grep -q "warning: mounts: /own: /sys/kernel is the host's own" "$WORK/err"
}

@test "what create has to tell goes to the log, not into the container's output" {
	set_config enable_cpu_memory_hotplug false
	dir=$(bundle)
	edit_bundle "$dir" '.linux.resources.memory.limit = 1099511627776'
	runtime --log "$WORK/log" --log-format json create --bundle "$dir" "$ID" </dev/null >"$WORK/out" 2>&1
	[ ! -s "$WORK/out" ]
	[ "$(jq -r 'select(.level == "warning") | .msg' "$WORK/log" | grep -c default_memory)" -eq 1 ]
}
