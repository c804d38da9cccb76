#!/usr/bin/env bats
# The executor inside a virtual machine: the part of tests/executor that depends on the guest.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# sleeper FILTER - starts $ID, whose config.json the filter has changed.
sleeper()
{
	local dir
	dir=$(bundle)

	set_args "$dir" sleep 1000
	edit_bundle "$dir" "$1"
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
}

# in_cgroup FILE - of the container's own cgroup (version 2).
in_cgroup()
{
	runtime exec "$ID" cat "/sys/fs/cgroup/$1" </dev/null
}

limits='.linux.resources = {
	"memory": {"limit": 67108864, "reservation": 33554432},
	"cpu": {"shares": 512, "quota": 50000, "period": 100000},
	"pids": {"limit": 77}, "unified": {"memory.high": "60000000"} }'

@test "limits: every controller of the guest's cgroup v2 gets what the configuration says" {
	sleeper "$limits"
	[ "$(in_cgroup memory.max)" = 67108864 ]
	[ "$(in_cgroup memory.low)" = 33554432 ]
	[ "$(in_cgroup memory.high)" = 59998208 ] # whole pages
	[ "$(in_cgroup cpu.weight)" = 20 ]
	[ "$(in_cgroup cpu.max)" = "50000 100000" ]
	[ "$(in_cgroup pids.max)" = 77 ]
}

@test "limits: cgroup v1 with agent.unified_cgroup_hierarchy=false, and then what only it can" {
	set_config kernel_params '"agent.unified_cgroup_hierarchy=false"'
	sleeper '.linux.resources = { "memory": {"limit": 67108864, "swappiness": 10},
		"cpu": {"shares": 512}, "pids": {"limit": 77} }'
	[ "$(in_cgroup memory/memory.limit_in_bytes)" = 67108864 ]
	[ "$(in_cgroup memory/memory.swappiness)" = 10 ]
	[ "$(in_cgroup cpu/cpu.shares)" = 512 ]
	[ "$(in_cgroup pids/pids.max)" = 77 ]
	runtime pause "$ID"
	is_status "$ID" paused
	runtime resume "$ID"
	runtime update --pids-limit 50 "$ID"
	[ "$(in_cgroup pids/pids.max)" = 50 ]
	runtime delete --force "$ID"
}

@test "limits: a key that the guest's version does not have is refused by name, and nothing is left" {
	dir=$(bundle)
	edit_bundle "$dir" '.linux.resources.memory = {"limit": 67108864, "swappiness": 10}'
	fails runtime run --bundle "$dir" "$ID"
	says linux.resources.memory.swappiness agent.unified_cgroup_hierarchy=false
	fails runtime state "$ID"
}

@test "update: changes what it names, from options and from a file" {
	sleeper "$limits"
	runtime update --memory 100m --cpu-share 1024 "$ID"
	[ "$(in_cgroup memory.max)" = 104857600 ]
	[ "$(in_cgroup cpu.weight)" = 39 ]
	[ "$(in_cgroup pids.max)" = 77 ]
	runtime update --resources - "$ID" <<<'{"pids": {"limit": 55}}'
	[ "$(in_cgroup pids.max)" = 55 ]
	[ "$(in_cgroup memory.max)" = 104857600 ]
	fails runtime update --memory many "$ID"
	says "invalid value for --memory: 'many'"
	fails runtime update --l3-cache-schema x "$ID"
	says --l3-cache-schema
}

@test "pause: stops everything, resume goes on, and a paused container can be deleted" {
	sleeper .
	runtime pause "$ID"
	is_status "$ID" paused
	fails runtime exec "$ID" true
	says "$ID" paused
	fails runtime pause "$ID"
	runtime resume "$ID"
	is_status "$ID" running
	runtime exec "$ID" true
	runtime pause "$ID"
	fails runtime delete "$ID"
	runtime delete --force "$ID"
}

@test "events: what the container uses, once, or in an interval until it ends" {
	sleeper "$limits"
	runtime events --stats "$ID" >"$WORK/stats"
	[ "$(wc -l <"$WORK/stats")" = 1 ]
	jq -e ".type == \"stats\" and .id == \"$ID\" and .data.pids.current == 1 and
		.data.pids.limit == 77 and .data.cpu.usage.total > 0 and
		.data.memory.usage.limit == 67108864 and .data.memory.usage.usage > 0" "$WORK/stats"
	runtime events --interval 100ms "$ID" >"$WORK/lines" &
	listener=$!
	wait_until bash -c "[[ \$(wc -l <'$WORK/lines') -ge 3 ]]"
	runtime kill "$ID" KILL
	wait "$listener"
	fails runtime events --stats "$ID"
	says "$ID" "not running"
	fails runtime events --interval soon "$ID"
	says "--interval: 'soon'"
}

@test "pids: a fork bomb stays in its container" {
	start_sleeper pod
	dir=$(bundle bundle-bomb)
	set_args "$dir" sh -c 'bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 2'
	edit_bundle "$dir" '.linux.resources.pids.limit = 30 | .annotations = {
		"io.kubernetes.cri.container-type": "container",
		"io.kubernetes.cri.sandbox-id": "pod" }'
	timeout 60 "$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" bomb </dev/null || true
	runtime exec pod true
	[ "$(runtime exec pod sh -c 'ps | wc -l')" -lt 20 ]
}

@test "memory: what goes over its limit is killed, the rest of the pod lives" {
	start_sleeper pod
	dir=$(bundle bundle-eater)
	set_args "$dir" sh -c 'head -c 100m /dev/zero | tail -c 100m >/dev/null; echo "tail: $?"'
	edit_bundle "$dir" '.linux.resources.memory.limit = 16777216 | .annotations = {
		"io.kubernetes.cri.container-type": "container",
		"io.kubernetes.cri.sandbox-id": "pod" }'
	"$TOP/build/asan/tests/lib/oom_event" "unix://$KATA_RUN_DIR/vc/sbs/pod/proxy.sock" >"$WORK/event" &
	listener=$!
	run runtime run --bundle "$dir" eater </dev/null
	[[ $output == *"tail: 137"* ]]
	is_status pod running
	# The host is told which one it was.
	wait "$listener"
	[ "$(cat "$WORK/event")" = eater ]
}

@test "seccomp: is applied when disable_guest_seccomp is false, and dropped when it is true" {
	filter='.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}'
	dir=$(bundle)
	set_args "$dir" mkdir /made
	edit_bundle "$dir" "$filter"
	runtime run --bundle "$dir" "$ID" </dev/null
	[ -d "$dir/rootfs/made" ]
	rmdir "$dir/rootfs/made"
	set_config disable_guest_seccomp false
	run runtime run --bundle "$dir" "$ID" </dev/null
	[ "$status" -eq 1 ]
	[[ $output == *"Operation not supported"* ]]
	[ ! -d "$dir/rootfs/made" ]
}

@test "user namespace: root of the container is nobody in the guest, for exec as well" {
	dir=$(bundle)
	chown -R 100000:100000 "$dir/rootfs"
	set_args "$dir" sleep 1000
	edit_bundle "$dir" '.linux.namespaces += [{"type": "user"}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	run runtime exec "$ID" sh -c 'id -u; cat /proc/self/uid_map; touch /file; head -c 1 /dev/zero | wc -c' \
		</dev/null
	[ "$(echo $output)" = "0 0 100000 65536 1" ]
	[ "$(stat -c %u "$dir/rootfs/file")" = 100000 ]
}

@test "devices: the container's cgroup allows the default ones and no others" {
	sleeper '(.process.capabilities[]) += ["CAP_MKNOD"] |
		.linux.resources.devices = [{"allow": false, "access": "rwm"}]'
	runtime exec "$ID" sh -c 'head -c 1 /dev/zero >/dev/null && echo >/dev/null' </dev/null
	run runtime exec --cap CAP_MKNOD "$ID" sh -c 'mknod /dev/kmsg c 1 11 && cat /dev/kmsg' </dev/null
	[ "$status" -ne 0 ]
	[[ $output == *"Operation not permitted"* ]]
}

@test "privileged: an allow-all device rule gives the guest's devices, not the host's" {
	dir=$(bundle)
	set_args "$dir" sh -c 'ls /dev; head -c 0 /dev/loop-control && echo opened'
	edit_bundle "$dir" '.linux.resources.devices = [{"allow": true, "access": "rwm"}]'
	run runtime run --bundle "$dir" "$ID" </dev/null
	[ "$status" -eq 0 ]
	[[ $output == *hwrng* && $output == *kmsg* && $output == *opened* ]]
}

@test "a pod's shared pid namespace: a member sees the processes of the pod's own container" {
	start_sleeper pod
	edit() { edit_bundle "$1" "$2"; }
	dir=$(bundle bundle-member)
	set_args "$dir" sleep 2222
	shim=$(runtime state pod | jq .pid)
	edit "$dir" ".annotations = {
		\"io.kubernetes.cri.container-type\": \"container\",
		\"io.kubernetes.cri.sandbox-id\": \"pod\" } |
		(.linux.namespaces[] | select(.type == \"pid\")).path = \"/proc/$shim/ns/pid\""
	runtime run --detach --bundle "$dir" member </dev/null >/dev/null
	runtime exec member ps </dev/null >"$WORK/ps"
	grep 'sleep 1000' "$WORK/ps"
	grep 'sleep 2222' "$WORK/ps"
	runtime exec pod ps </dev/null | grep 'sleep 2222'
	# All of a container ends with its first process, though the namespace lives on.
	runtime exec --detach member sleep 3333 </dev/null
	runtime kill member KILL
	wait_until is_status member stopped
	wait_until bash -c "! $RUNTIME --kata-config $USED_CONFIG exec pod ps </dev/null | grep -E 'sleep (2222|3333)'"
	is_status pod running
}

@test "hooks: one that the guest does not have is refused by name" {
	dir=$(bundle)
	edit_bundle "$dir" '.hooks.createContainer = [{"path": "/usr/bin/hook"}]'
	fails runtime run --bundle "$dir" "$ID"
	says 'hooks.createContainer[0]: /usr/bin/hook: no such program in the guest'
}

@test "hooks: startContainer runs in the container before its program" {
	dir=$(bundle)
	printf '#!/bin/sh\necho hook >/trace; cat >/state\n' >"$dir/rootfs/bin/hook"
	chmod 755 "$dir/rootfs/bin/hook"
	set_args "$dir" cat /trace
	edit_bundle "$dir" '.hooks.startContainer = [{"path": "/bin/hook", "env": ["PATH=/bin"]}]'
	run runtime run --bundle "$dir" "$ID" </dev/null
	[ "$output" = hook ]
	jq -e ".id == \"$ID\" and .status == \"created\" and .pid > 1 and
		.bundle == \"/run/kata-containers/shared/containers/$ID\"" "$dir/rootfs/state"
}

@test "guest hooks: programs below guest_hook_path of the initrd run around each container" {
	# A second archive behind the first: the kernel unpacks both.
	tree=$WORK/tree
	mkdir -p "$tree"/hooks/{prestart,poststart,poststop} "$tree/bin"
	cp /bin/busybox "$tree/bin/"
	for kind in prestart poststart poststop; do
		printf '#!/bin/busybox sh\necho "hook %s: $(/bin/busybox grep -o %s)" >/dev/kmsg\n' \
			"$kind" '\"status\":\ *\"[a-z]*\"' >"$tree/hooks/$kind/10-hook"
		chmod 755 "$tree/hooks/$kind/10-hook"
	done
	initrd=$(sed -n 's/^initrd = "\(.*\)"/\1/p' "$USED_CONFIG")
	{ cat "$initrd"; (cd "$tree" && find . | cpio -o -H newc --quiet); } >"$WORK/initrd.img"
	set_config initrd "\"$WORK/initrd.img\""
	set_config guest_hook_path '"/hooks"'
	start_sleeper pod
	start_member member pod true
	wait_until is_status member stopped
	runtime delete member
	runtime exec --cap CAP_SYSLOG pod busybox dmesg </dev/null >"$WORK/dmesg"
	grep 'hook prestart: "status":.*creating' "$WORK/dmesg"
	grep 'hook poststart: "status":.*running' "$WORK/dmesg"
	grep 'hook poststop: "status":.*stopped' "$WORK/dmesg"
	# The agent's own file system is not the containers'.
	runtime exec pod test ! -e /hooks </dev/null
}

@test "guest hooks: a prestart hook that fails is the error of create, and nothing is left" {
	tree=$WORK/tree
	mkdir -p "$tree/hooks/prestart" "$tree/bin"
	cp /bin/busybox "$tree/bin/"
	printf '#!/bin/busybox sh\necho "not today" >&2; exit 4\n' >"$tree/hooks/prestart/10-no"
	chmod 755 "$tree/hooks/prestart/10-no"
	initrd=$(sed -n 's/^initrd = "\(.*\)"/\1/p' "$USED_CONFIG")
	{ cat "$initrd"; (cd "$tree" && find . | cpio -o -H newc --quiet); } >"$WORK/initrd.img"
	set_config initrd "\"$WORK/initrd.img\""
	set_config guest_hook_path '"/hooks"'
	fails runtime run --bundle "$(bundle)" "$ID"
	says 'hook prestart' 10-no 'exit status 4: not today'
	fails runtime state "$ID"
}

@test "sysctl: those of the pod's own namespaces are set, the guest's others refused by name" {
	dir=$(bundle)
	set_args "$dir" cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced
	edit_bundle "$dir" '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1"}'
	run runtime run --bundle "$dir" "$ID" </dev/null
	[ "$(echo $output)" = "1 1" ]
	edit_bundle "$dir" '.linux.sysctl = {"kernel.panic": "7"}'
	fails runtime run --bundle "$dir" "$ID"
	says linux.sysctl kernel.panic
}

@test "process: umask, domain name, scheduler, I/O priority and OOM score arrive in the guest" {
	dir=$(bundle)
	set_args "$dir" sh -c 'umask; cat /proc/sys/kernel/domainname /proc/self/oom_score_adj
		busybox ionice -p $$; cut -d " " -f 19,41 /proc/self/stat' # nice, policy
	edit_bundle "$dir" '.process.user.umask = 63 | .domainname = "example.test" |
		.process.oomScoreAdj = 321 | .process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 6} |
		.process.scheduler = {"policy": "SCHED_BATCH", "nice": 5}'
	run runtime run --bundle "$dir" "$ID" </dev/null
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 0077 ]
	[ "${lines[1]}" = example.test ]
	[ "${lines[2]}" = 321 ]
	[ "${lines[3]}" = "best-effort: prio 6" ]
	[ "${lines[4]}" = "5 3" ] # SCHED_BATCH
}

# attack FILTER TEXT… - the changed configuration is refused in one line with these words, and
# nothing is left; the bundle in $dir has been prepared.
attack()
{
	edit_bundle "$dir" "$1"
	shift
	fails runtime run --bundle "$dir" "$ID"
	says "$@"
	fails runtime state "$ID"
}

@test "attacks: /proc of the image is a link out of the root" {
	dir=$(bundle)
	rm -rf "$dir/rootfs/proc"
	ln -s /run "$dir/rootfs/proc"
	attack . 'mount /proc: a proc must be mounted on an ordinary directory'
}

@test "attacks: /dev, /etc/resolv.conf and a volume's target lead out of the root, and stay inside" {
	dir=$(bundle)
	mkdir -p "$dir/rootfs/etc" "$WORK/volume"
	rm -rf "$dir/rootfs/dev"
	ln -s /run/out/dev "$dir/rootfs/dev"
	ln -s ../../../../run/out/resolv.conf "$dir/rootfs/etc/resolv.conf"
	ln -s /../../run/out "$dir/rootfs/mnt"
	echo 'nameserver 1.1.1.1' >"$WORK/resolv.conf"
	echo volume >"$WORK/volume/file"
	set_args "$dir" sh -c 'cat /etc/resolv.conf /mnt/deep/file && echo lost >/dev/null && ls /run/out'
	edit_bundle "$dir" ".mounts += [
		{\"destination\": \"/etc/resolv.conf\", \"type\": \"bind\", \"source\": \"$WORK/resolv.conf\", \"options\": [\"bind\"]},
		{\"destination\": \"/mnt/deep\", \"type\": \"bind\", \"source\": \"$WORK/volume\", \"options\": [\"bind\"]}]"
	run runtime run --bundle "$dir" "$ID" </dev/null
	[ "$status" -eq 0 ]
	[ "$(echo $output)" = "nameserver 1.1.1.1 volume deep dev resolv.conf" ]
	# Of the guest's own /run, where the links would have led, the image has got nothing.
	[ -d "$dir/rootfs/run/out" ]
}

@test "attacks: descriptors of the agent as the working directory, at the start and in an exec" {
	for fd in 3 7 9; do
		dir=$(bundle)
		attack ".process.cwd = \"/proc/self/fd/$fd\"" cwd "/proc/self/fd/$fd"
	done
	start_sleeper
	for fd in 3 7 9; do
		fails runtime exec --cwd "/proc/self/fd/$fd" "$ID" true
		says "chdir to cwd /proc/self/fd/$fd"
	done
}

@test "attacks: the agent's own program as the entry point" {
	dir=$(bundle)
	ln -s /proc/self/exe "$dir/rootfs/evil"
	set_args "$dir" /evil
	attack . 'exec: "/evil": permission denied'
	start_sleeper
	fails runtime exec "$ID" /proc/self/exe
	says 'exec: "/proc/self/exe": permission denied'
}

@test "attacks: /dev/null of the image is something else" {
	dir=$(bundle)
	mkdir -p "$dir/rootfs/dev"
	ln -s /proc/sys/kernel/core_pattern "$dir/rootfs/dev/null"
	attack 'del(.mounts[] | select(.destination | startswith("/dev")))' \
		'device /dev/null: something else is in its place'
}
