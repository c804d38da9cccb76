#!/usr/bin/env bats
# What is on the host for a container: hooks, network namespace, cgroup, and its shim as others see it.

load ../lib/helpers

setup() { common_setup; }
teardown()
{
	[[ ! -e /run/netns/${WORK##*/} ]] || ip netns delete "${WORK##*/}"
	common_teardown
}

# add_hook DIR KIND NAME SHELL [TIMEOUT] - a hook that runs a line of shell; the state is in $state.
add_hook()
{
	local script=$WORK/hook-$3

	printf '#!/bin/bash\nstate=$(cat)\n%s\n' "$4" >"$script"
	chmod +x "$script"
	edit_bundle "$1" ".hooks.$2 += [{ \"path\": \"$script\" ${5:+, \"timeout\": $5} }]"
}

sleeper_bundle()
{
	local dir
	dir=$(bundle)
	set_args "$dir" sleep 1000
	echo "$dir"
}

start() { runtime run --detach --bundle "$1" "$ID" </dev/null >/dev/null; }

shim_pid() { runtime state "$ID" | jq .pid; }

# hosts_cgroups PID - the paths of the process in every hierarchy but systemd's, once each.
hosts_cgroups() { grep -v 'name=' "/proc/$1/cgroup" | cut -d : -f 3 | sort -u; }

@test "hooks of the host run in their order, each with the state of its time" {
	dir=$(sleeper_bundle)
	edit_bundle "$dir" '.annotations = { "a": "b" }'
	for kind in prestart createRuntime poststart poststop; do
		add_hook "$dir" $kind $kind "echo \"$kind \$(jq -r '[.id, .status, .bundle, .annotations.a] | join(\" \")' <<<\"\$state\")\" >>$WORK/log"
	done
	start "$dir"
	runtime delete --force "$ID"
	cat >"$WORK/expected" <<-END
		prestart $ID creating $dir b
		createRuntime $ID creating $dir b
		poststart $ID running $dir b
		poststop $ID stopped $dir b
	END
	diff "$WORK/expected" "$WORK/log"
}

@test "a prestart hook finds the container's network namespace by the pid of the state" {
	dir=$(sleeper_bundle)
	add_hook "$dir" prestart netns "ip link add name hooked type veth peer name kata-peer netns \"\$(jq .pid <<<\"\$state\")\" && ip link delete hooked
		readlink /proc/\$(jq .pid <<<\"\$state\")/ns/net >$WORK/netns; readlink /proc/self/ns/net >$WORK/own"
	start "$dir"
	[ "$(cat "$WORK/own")" = "$(readlink /proc/self/ns/net)" ]
	[ "$(cat "$WORK/netns")" != "$(cat "$WORK/own")" ]
	[ "$(readlink "/proc/$(shim_pid)/ns/net")" = "$(cat "$WORK/netns")" ]
	[ "$(readlink "/proc/$(pid_of_helper qemu)/ns/net")" = "$(cat "$WORK/netns")" ]
	[ "$(readlink "/proc/$(pid_of_helper proxy)/ns/net")" = "$(cat "$WORK/netns")" ]
}

@test "a prestart hook that fails undoes create, and says what it said; poststop hooks run" {
	dir=$(sleeper_bundle)
	add_hook "$dir" prestart fails 'echo no network for you >&2; exit 3'
	add_hook "$dir" createRuntime never "touch $WORK/never"
	add_hook "$dir" poststop after "jq -r .status <<<\"\$state\" >$WORK/after"
	fails runtime create --bundle "$dir" --pid-file "$WORK/pid" "$ID"
	says 'hook prestart' "$WORK/hook-fails" 'exit status 3' 'no network for you'
	[ "$(cat "$WORK/after")" = stopped ]
	[ ! -e "$WORK/never" ]
	[ ! -e "$WORK/pid" ]
	[ ! -e "$KATA_RUN_DIR/vc/sbs/$ID" ]
}

@test "a hook that takes longer than its time-out is killed" {
	dir=$(sleeper_bundle)
	add_hook "$dir" createRuntime slow "exec sleep 1000" 1
	fails runtime create --bundle "$dir" "$ID"
	says 'hook createRuntime' 'not done after 1 s'
}

@test "an interrupt ends a hook and undoes create" {
	dir=$(sleeper_bundle)
	add_hook "$dir" prestart slow "echo \$\$ >$WORK/hook.pid; exec sleep 1000"
	"$RUNTIME" --kata-config "$USED_CONFIG" create --bundle "$dir" "$ID" </dev/null 2>"$WORK/err" &
	pid=$!
	wait_until test -s "$WORK/hook.pid"
	kill -TERM "$pid"
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 1 ]
	wait_until gone "$(cat "$WORK/hook.pid")"
	[ ! -e "$KATA_RUN_DIR/vc/sbs/$ID" ]
}

@test "a poststart hook that fails is logged, and the container runs" {
	dir=$(sleeper_bundle)
	add_hook "$dir" poststart fails 'exit 1'
	runtime --log "$WORK/log" run --detach --bundle "$dir" "$ID" </dev/null
	is_status "$ID" running
	grep -q "warning.*hook poststart $WORK/hook-fails: exit status 1" "$WORK/log"
}

@test "a member of a pod has hooks too, in the namespace of its sandbox" {
	start_sleeper pod
	dir=$(bundle bundle-member)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" '.annotations = {
		"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": "pod" }'
	add_hook "$dir" createRuntime netns "readlink /proc/\$(jq .pid <<<\"\$state\")/ns/net >$WORK/netns"
	runtime run --detach --bundle "$dir" member </dev/null
	[ "$(cat "$WORK/netns")" = "$(readlink "/proc/$(pid_of_helper qemu pod)/ns/net")" ]
	[ "$(readlink "/proc/$(runtime state member | jq .pid)/ns/net")" = "$(cat "$WORK/netns")" ]
}

@test "a network namespace that the engine names is the sandbox's" {
	name=${WORK##*/}
	ip netns add "$name"
	dir=$(sleeper_bundle)
	edit_bundle "$dir" "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/$name\""
	start "$dir"
	[ "$(stat -L -c %i "/proc/$(shim_pid)/ns/net")" = "$(stat -c %i "/run/netns/$name")" ]
	[ "$(stat -L -c %i "/proc/$(pid_of_helper qemu)/ns/net")" = "$(stat -c %i "/run/netns/$name")" ]
	runtime exec -d "$ID" sleep 500 --pid-file "$WORK/exec.pid" || true
	runtime delete --force "$ID"
	ip netns delete "$name"
}

@test "the host's own network namespace is refused, and what is none" {
	dir=$(sleeper_bundle)
	for path in /proc/self/ns/net "/proc/$$/ns/net"; do
		edit_bundle "$dir" "(.linux.namespaces[] | select(.type == \"network\")).path = \"$path\""
		fails runtime create --bundle "$dir" "$ID"
		says "$path" "the host's own network namespace" '--net=host'
	done
	mkfifo "$WORK/fifo"
	for path in "$WORK/fifo" /proc/self/ns/mnt /etc/hostname; do
		edit_bundle "$dir" "(.linux.namespaces[] | select(.type == \"network\")).path = \"$path\""
		fails runtime create --bundle "$dir" "$ID"
		says "$path is not a network namespace"
	done
}

@test "a container that names another's network namespace shares its machine" {
	start_sleeper pod
	pid=$(runtime state pod | jq .pid)
	dir=$(bundle bundle-member)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" "(.linux.namespaces[] | select(.type == \"network\" or .type == \"ipc\"))
		|= (.path = \"/proc/$pid/ns/\" + (if .type == \"ipc\" then \"ipc\" else \"net\" end))"
	runtime run --detach --bundle "$dir" member </dev/null
	[ "$(ls "$KATA_RUN_DIR/vc/vm")" = pod ]
	[ "$(runtime exec member readlink /proc/self/ns/ipc)" = "$(runtime exec pod readlink /proc/self/ns/ipc)" ]
	edit_bundle "$dir" '(.linux.namespaces[] | select(.type == "network")) |= del(.path)'
	fails runtime run --detach --bundle "$dir" other
	says 'sandbox pod' '--network container:'
}

@test "the shim and the machine are in the container's cgroup, and no limit of memory or processes" {
	dir=$(sleeper_bundle)
	path=/${WORK##*/}/engine/leaf
	edit_bundle "$dir" ".linux.cgroupsPath = \"$path\" |
		.linux.resources = { \"memory\": { \"limit\": 134217728 }, \"pids\": { \"limit\": 50 } }"
	start "$dir"
	for pid in "$(shim_pid)" "$(pid_of_helper qemu)" "$(pid_of_helper proxy)" "$(pid_of_helper virtiofsd)"; do
		[ "$(hosts_cgroups "$pid")" = "$path" ]
	done
	runtime exec --detach --pid-file "$WORK/exec.pid" "$ID" sleep 500
	[ "$(hosts_cgroups "$(cat "$WORK/exec.pid")")" = "$path" ]
	for file in /sys/fs/cgroup/memory$path/memory.limit_in_bytes /sys/fs/cgroup/pids$path/pids.max; do
		[ ! -e "$file" ] || [ "$(cat "$file")" != 134217728 ]
		[ ! -e "$file" ] || [ "$(cat "$file")" != 50 ]
	done
	runtime delete --force "$ID"
	[ -z "$(find /sys/fs/cgroup -type d -path "*$path")" ]
}

@test "a member of a pod has a cgroup of its own, without the machine" {
	start_sleeper pod
	start_member member pod
	[ "$(hosts_cgroups "$(runtime state member | jq .pid)")" = "/${WORK##*/}/bundle-member" ]
	[ "$(hosts_cgroups "$(pid_of_helper qemu pod)")" = "/${WORK##*/}/bundle-pod" ]
	runtime delete --force member
	[ -z "$(find /sys/fs/cgroup -type d -path "*/${WORK##*/}/bundle-member")" ]
	[ -n "$(find /sys/fs/cgroup -type d -path "*/${WORK##*/}/bundle-pod")" ]
}

# cgroup_file CONTROLLER FILE - of the cgroup $path of a host that has this controller in version 1.
cgroup_file() { cat "/sys/fs/cgroup/$1$path/$2"; }

# threads_of PID - "TID CGROUP" of the cpu controller for each thread.
threads_of()
{
	local task

	for task in "/proc/$1/task/"*; do
		echo "${task##*/} $(grep -E '^[0-9]+:([a-z,]+,)?cpu(,[a-z,]+)?:' "$task/cgroup" | cut -d : -f 3)"
	done
}

# vcpus_apart N - QEMU's N vCPUs are in vcpu below $path, and all of its other threads in emulator.
vcpus_apart()
{
	"$TOP/tests/lib/qmp.py" "$KATA_RUN_DIR/vc/vm/$ID/qmp.sock" info cpus |
		sed -nE "s|.*thread_id=([0-9]+).*|\\1 $path/vcpu|p" | sort >"$WORK/expected"
	threads_of "$(pid_of_helper qemu)" | sort >"$WORK/threads"
	cat "$WORK/threads"
	[ "$(wc -l <"$WORK/expected")" -eq "$1" ]
	[ "$(comm -12 "$WORK/expected" "$WORK/threads" | wc -l)" -eq "$1" ]
	comm -13 "$WORK/expected" "$WORK/threads" >"$WORK/others"
	[ -s "$WORK/others" ]
	not grep -v " $path/emulator\$" "$WORK/others"
}

@test "sandbox_cgroup_only: all of a pod is in one cgroup within the pod's" {
	set_config sandbox_cgroup_only true
	dir=$(sleeper_bundle)
	path=/${WORK##*/}/pod/kata_$ID
	edit_bundle "$dir" ".linux.cgroupsPath = \"/${WORK##*/}/pod/pause\" |
		.annotations = { \"io.kubernetes.cri.container-type\": \"sandbox\" }"
	start "$dir"
	start_member member "$ID"
	runtime exec --detach --pid-file "$WORK/exec.pid" member sleep 500
	for pid in "$(shim_pid)" "$(pid_of_helper qemu)" "$(pid_of_helper proxy)" "$(pid_of_helper virtiofsd)" \
		"$(runtime state member | jq .pid)" "$(cat "$WORK/exec.pid")"; do
		[ "$(hosts_cgroups "$pid")" = "$path" ]
	done
	[ -z "$(find /sys/fs/cgroup -type d -name bundle-member)" ]
	runtime kata-overhead "$ID" | grep -q .
	runtime delete --force member
	[ "$(hosts_cgroups "$(shim_pid)")" = "$path" ]
	runtime delete --force "$ID"
	[ -z "$(find /sys/fs/cgroup -type d -path "*$path")" ]
}

@test "sandbox_cgroup_with_emulator: vCPUs are limited, QEMU's other threads are not; a new vCPU too" {
	set_config sandbox_cgroup_with_emulator true
	set_config sandbox_cgroup_only true
	set_config enable_annotations '["sandbox_cpu"]'
	export KATA_FAULT_CPUS=4
	dir=$(sleeper_bundle)
	path=/${WORK##*/}/sandbox
	edit_bundle "$dir" ".linux.cgroupsPath = \"$path\" | .annotations = { \"io.katacontainers.sandbox_cpu\": \"0.5\" }"
	start "$dir"
	[ "$(hosts_cgroups "$(shim_pid)")" = "$path/vcpu" ]
	[ "$(hosts_cgroups "$(pid_of_helper proxy)")" = "$path/vcpu" ]
	vcpus_apart 1
	[ "$(cgroup_file cpu vcpu/cpu.cfs_period_us)" -eq 1000000 ]
	[ "$(cgroup_file cpu vcpu/cpu.cfs_quota_us)" -eq 500000 ]
	[ "$(cgroup_file cpu vcpu/cpu.shares)" -eq 512 ]
	[ "$(cgroup_file cpu emulator/cpu.cfs_quota_us)" -eq -1 ]

	runtime update --cpu-period 100000 --cpu-quota 200000 "$ID"
	[ "$(cgroup_file cpu vcpu/cpu.cfs_quota_us)" -eq 2000000 ]
	vcpus_apart 2

	runtime delete --force "$ID"
	[ -z "$(find /sys/fs/cgroup -type d -path "*$path*")" ]
}

@test "sandbox_cgroup_with_emulator: a host without the cpu controller, and one that limits more, get a warning" {
	set_config sandbox_cgroup_with_emulator true
	dir=$(sleeper_bundle)
	unshare --mount --propagation private bash -c "umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
		'$RUNTIME' --kata-config '$USED_CONFIG' --log '$WORK/log' create --bundle '$dir' '$ID'" </dev/null
	grep -q 'warning.*sandbox_cgroup_with_emulator.*no cpu controller' "$WORK/log"
	runtime delete --force "$ID"
	path=/${WORK##*/}/less
	mkdir -p "/sys/fs/cgroup/cpu$path"
	echo 50000 >"/sys/fs/cgroup/cpu$path/cpu.cfs_quota_us"
	edit_bundle "$dir" ".linux.cgroupsPath = \"$path/sandbox\""
	runtime --log "$WORK/log" create --bundle "$dir" "$ID" </dev/null
	grep -q 'warning.*not limited to 1.000 processors.*cpu.quota' "$WORK/log"
	runtime delete --force "$ID"
	rmdir "/sys/fs/cgroup/cpu$path"
}

@test "linux.resources.files: QEMU's open files are limited, at update too" {
	dir=$(sleeper_bundle)
	edit_bundle "$dir" '.linux.resources.files = { "limit": 2000 }'
	start "$dir"
	files() { awk '/^Max open files/ { print $4, $5 }' "/proc/$(pid_of_helper qemu)/limits"; }
	[ "$(files)" = '2000 2000' ]
	runtime update --resources - "$ID" <<<'{ "files": { "limit": 10 } }'
	[ "$(files)" = '1024 1024' ]
	runtime update --resources - "$ID" <<<'{ "pids": { "limit": 100 } }'
	[ "$(files)" = '1024 1024' ]
	edit_bundle "$dir" '.linux.resources.files = { "limit": -2 }'
	fails runtime create --bundle "$dir" other
	says 'linux.resources.files.limit' '-2'
}

@test "a cgroup in systemd's words, and one that leads outside" {
	dir=$(sleeper_bundle)
	# A dash in a slice's name would stand for a slice in a slice.
	slice=${WORK##*.}.slice
	edit_bundle "$dir" ".linux.cgroupsPath = \"$slice:kata:x\""
	runtime --systemd-cgroup run --detach --bundle "$dir" "$ID" </dev/null
	[ "$(hosts_cgroups "$(shim_pid)")" = "/$slice/kata-x.scope" ]
	runtime delete --force "$ID"
	find /sys/fs/cgroup -mindepth 1 -maxdepth 2 -name "$slice" -exec rmdir {} +
	edit_bundle "$dir" '.linux.cgroupsPath = "/a/../../b"'
	fails runtime create --bundle "$dir" "$ID"
	says 'linux.cgroupsPath' '/a/../../b'
}

# on_host_with COMMAND - runs the test's runtime where only that is mounted at /sys/fs/cgroup.
on_host_with()
{
	unshare --mount --propagation private bash -c "
		umount -R /sys/fs/cgroup 2>/dev/null; $1
		'$RUNTIME' --kata-config '$USED_CONFIG' run --detach --bundle '$dir' '$ID' </dev/null >/dev/null &&
		'$RUNTIME' --kata-config '$USED_CONFIG' state '$ID' | jq .pid >'$WORK/pid' &&
		cat /proc/\$(cat '$WORK/pid')/cgroup >'$WORK/cgroup' &&
		'$RUNTIME' --kata-config '$USED_CONFIG' delete --force '$ID'"
}

@test "on a host of version 2 alone" {
	dir=$(sleeper_bundle)
	on_host_with 'mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 1'
	grep -qx "0::/${WORK##*/}/bundle" "$WORK/cgroup"
	not grep -q ":memory:/${WORK##*/}" "$WORK/cgroup"
}

@test "on a host of version 1 alone" {
	dir=$(sleeper_bundle)
	on_host_with 'mount -t tmpfs tmpfs /sys/fs/cgroup && mkdir /sys/fs/cgroup/memory &&
		mount -t cgroup -o memory cgroup /sys/fs/cgroup/memory || exit 1'
	grep -qx "[0-9]*:memory:/${WORK##*/}/bundle" "$WORK/cgroup"
	not grep -qx "0::/${WORK##*/}.*" "$WORK/cgroup"
}

@test "cgroups that may not be written: an error, and with --rootless=true a warning" {
	dir=$(sleeper_bundle)
	read_only='for m in $(awk '"'"'$3 ~ /^cgroup/ { print $2 }'"'"' /proc/mounts); do mount -o remount,bind,ro $m; done'
	unshare --mount --propagation private bash -c "$read_only
		'$RUNTIME' --kata-config '$USED_CONFIG' create --bundle '$dir' '$ID'" 2>"$WORK/err" && return 1
	cat "$WORK/err"
	grep -q 'cgroup.*Read-only file system' "$WORK/err"
	unshare --mount --propagation private bash -c "$read_only
		'$RUNTIME' --kata-config '$USED_CONFIG' --rootless true --log '$WORK/log' create --bundle '$dir' '$ID'" </dev/null
	grep -q 'warning.*is in no cgroup of the host' "$WORK/log"
	runtime delete --force "$ID"
}

@test "ps shows the guest's arguments for a shim" {
	dir=$(sleeper_bundle)
	set_args "$dir" sh -c 'sleep 1000; exit' one "two words"
	start "$dir"
	wait_until is_command "$(shim_pid)" 'sh -c sleep 1000; exit one two words'
	[ "$(cat "/proc/$(shim_pid)/comm")" = kata-shim ]
	runtime exec --detach --pid-file "$WORK/exec.pid" "$ID" sleep 500
	wait_until is_command "$(cat "$WORK/exec.pid")" 'sleep 500'
}

is_command() { [[ $(ps -o args= -p "$1") == "$2" ]]; }

@test "who enters the mount namespace of the pid sees the container's files, not the host's" {
	dir=$(sleeper_bundle)
	mkdir -p "$WORK/volume/below"
	echo of the volume >"$WORK/volume/file"
	echo single >"$WORK/single"
	# A link of the container's that would lead to the host's own folder.
	mkdir "$WORK/outside"
	ln -s "$WORK/outside" "$dir/rootfs/link"
	edit_bundle "$dir" ".mounts += [
		{ \"destination\": \"/data\", \"type\": \"bind\", \"source\": \"$WORK/volume\", \"options\": [\"rbind\", \"ro\"] },
		{ \"destination\": \"/etc/single\", \"type\": \"bind\", \"source\": \"$WORK/single\", \"options\": [\"bind\"] }]"
	start "$dir"
	inside() { nsenter --target "$(shim_pid)" --mount --pid -- /bin/busybox "$@"; }
	wait_until inside test -e /data/file
	[ "$(inside cat /data/file)" = 'of the volume' ]
	[ "$(inside cat /etc/single)" = single ]
	not inside touch /data/new
	inside sh -c 'echo from the host >/tmp/file'
	[ "$(runtime exec "$ID" cat /tmp/file)" = 'from the host' ]
	not inside test -e "$WORK/volume"
	not inside sh -c 'echo x >/link/file'
	[ -z "$(ls "$WORK/outside")" ]
	# Its processes: the shim, and who looks.
	[ "$(inside cat /proc/1/comm)" = kata-shim ]
	[ "$(inside sh -c 'ls -d /proc/[0-9]*' | wc -l)" -le 3 ]
}
