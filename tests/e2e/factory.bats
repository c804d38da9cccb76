#!/usr/bin/env bats
# kata-runtime factory, and virtual machines that are clones of its template.

load ../lib/helpers

setup()
{
	common_setup
	use_clones
	set_config default_memory 512
}

teardown()
{
	status=0
	runtime factory destroy || status=1
	[[ ! -e $WORK/template ]] || status=1
	[[ ! -e /run/netns/${WORK##*/} ]] || ip netns delete "${WORK##*/}"
	common_teardown
	return $status
}

init() { [ "$(runtime factory init)" = 'vm factory initialized' ]; }

# is_clone ID - whether its virtual machine was cloned: then it has booted no kernel.
is_clone() { tr '\0' ' ' <"/proc/$(pid_of_helper qemu "$1")/cmdline" | grep -qF -- '-incoming defer'; }

# run_sh SHELL [ID] - a container that runs a line of shell; its output.
run_sh()
{
	local dir

	dir=$(bundle "bundle-${2:-$ID}")
	set_args "$dir" sh -c "$1"
	runtime run --bundle "$dir" "${2:-$ID}" </dev/null
}

# says_off REASON - what "factory status" tells of a template that cannot be used.
says_off()
{
	runtime factory status >"$WORK/status"
	[ "$(head -n 1 "$WORK/status")" = 'vm factory is off' ]
	grep -F "$1" "$WORK/status" || { cat "$WORK/status"; return 1; }
}

# runs_cold REASON - a container runs all the same, and the log says why it has booted.
runs_cold()
{
	local dir

	dir=$(bundle)
	set_args "$dir" true
	runtime --log "$WORK/log" run --bundle "$dir" "$ID" </dev/null 2>"$WORK/err"
	grep -qF 'the virtual machine boots, because it cannot be cloned' "$WORK/log"
	grep -qF "$1" "$WORK/log" || { cat "$WORK/log"; return 1; }
}

@test "factory init, status and destroy tell what there is; a second init finds the first's" {
	[ "$(runtime factory status)" = "vm factory is off
VM template $WORK/template: there is none" ]
	init
	[ "$(stat -c '%a %u' "$WORK/template")" = '700 0' ]
	[ "$(runtime factory status)" = "vm factory is on
VM template $WORK/template: 1 vCPUs, 512 MiB" ]
	fails runtime factory init
	[ "$message" = "There is already a VM template in $WORK/template [KATA-TEMPLATE]" ]
	[ "$(runtime factory destroy)" = 'vm factory destroyed' ]
	[ ! -e "$WORK/template" ]
	[ "$(runtime factory destroy)" = 'vm factory destroyed' ]
	set_config enable_template false
	[ "$(runtime factory init)" = 'vm factory or VMCache is not enabled' ]
	[ "$(runtime factory status)" = 'vm factory not enabled' ]
}

@test "two clones have random numbers, boot id, host name and time of their own, and share files" {
	init
	for id in one two; do
		dir=$(bundle "bundle-$id")
		set_args "$dir" sleep 1000
		edit_bundle "$dir" ".hostname = \"$id\""
		echo "from the host to $id" >"$dir/rootfs/file"
		runtime run --detach --bundle "$dir" "$id" </dev/null >/dev/null 2>&1
		is_clone "$id"
		[ "$(runtime exec "$id" hostname)" = "$id" ]
		[ "$(runtime exec "$id" cat /file)" = "from the host to $id" ]
		runtime exec "$id" sh -c 'echo back >/answer; exit 7' || code=$?
		[ "$code" -eq 7 ]
		[ "$(cat "$dir/rootfs/answer")" = back ]
		runtime exec "$id" sh -c 'head -c 32 /dev/urandom | od -An -tx1; cat /proc/sys/kernel/random/boot_id /proc/sys/kernel/random/uuid' >"$WORK/random-$id"
		off=$(($(runtime exec "$id" date +%s) - $(date +%s)))
		((off >= -3 && off <= 3))
	done
	# Not a line in common.
	sort "$WORK/random-one" "$WORK/random-two" | uniq --repeated | nothing
	[ "$(wc -l <"$WORK/random-one")" -eq 4 ]
	# What is taken away is used until its clones end.
	runtime factory destroy
	[ "$(runtime exec one echo alive)" = alive ]
}

@test "a machine that is to be larger than the template grows, a smaller one boots" {
	init
	set_config default_memory 700
	set_config default_vcpus 2
	start_sleeper
	is_clone "$ID"
	[ "$(runtime exec "$ID" nproc)" = 2 ]
	[ "$(runtime exec "$ID" awk '/^MemTotal/ {print ($2 > 600000)}' /proc/meminfo)" = 1 ]
	runtime delete --force "$ID"
	set_config default_memory 400
	set_config default_vcpus 1
	start_sleeper
	not is_clone "$ID"
}

@test "a clone has the interfaces of its namespace, limits, and a pod's other containers; also on pc" {
	ip netns add "${WORK##*/}"
	ip -n "${WORK##*/}" link add eth0 type veth peer name peer
	ip -n "${WORK##*/}" address add 10.9.1.2/24 dev eth0
	ip -n "${WORK##*/}" link set eth0 up
	ip -n "${WORK##*/}" link set peer up
	dir=$(bundle)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/${WORK##*/}\" |
		.linux.resources.memory.limit = 640 * 1048576"
	for machine in q35 pc; do
		set_config machine_type "\"$machine\""
		init
		runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null 2>&1
		is_clone "$ID"
		mac=$(ip -n "${WORK##*/}" -json link show eth0 | jq -r '.[0].address')
		runtime exec "$ID" ip address show dev eth0 >"$WORK/shown"
		grep -q "link/ether $mac" "$WORK/shown"
		grep -q 'inet 10.9.1.2/24' "$WORK/shown"
		[ "$(runtime exec "$ID" awk '/^MemTotal/ {print ($2 > 550000)}' /proc/meminfo)" = 1 ]
		start_member member "$ID"
		[ "$(runtime exec member echo alive)" = alive ]
		runtime delete --force "$ID"
	done
}

@test "a template of another kernel, or damaged, is not used: a warning, and the machine boots" {
	cp "$(sed -n 's/^kernel = "\(.*\)"/\1/p' "$USED_CONFIG")" "$WORK/vmlinux"
	set_config kernel "\"$WORK/vmlinux\""
	init
	touch "$WORK/vmlinux"
	says_off "kernel $WORK/vmlinux: it was changed since"
	runs_cold "kernel $WORK/vmlinux: it was changed since"
	# What cannot be used is replaced.
	init
	chmod 755 "$WORK/template"
	says_off 'mode 755'
	chmod 700 "$WORK/template"
	chown 1 "$WORK/template/state"
	says_off 'state belongs to user 1'
	chown 0 "$WORK/template/state"
	says_off 'state: it was changed since'
	truncate -s 4096 "$WORK/template/memory"
	runs_cold 'memory: its size is 4096'
	rm "$WORK/template/memory"
	says_off 'memory: No such file'
}

@test "a container does not get the template's directory" {
	set_config template_path "\"$KATA_RUN_DIR/vc/vm/$ID\""
	dir=$(bundle)
	set_args "$dir" true
	fails runtime run --bundle "$dir" "$ID"
	says "container id $ID" 'choose another id'
	runtime run --bundle "$dir" other </dev/null
	runtime factory destroy
}

@test "without a template the first container makes one, and is its first clone" {
	start_sleeper
	is_clone "$ID"
	[ "$(runtime factory status | head -n 1)" = 'vm factory is on' ]
}

@test "init killed at each of its steps leaves nothing, and the next init works" {
	KATA_FAULT=factory-init:list runtime factory init 2>&1 </dev/null | grep -c '^fault-point ' >"$WORK/points"
	runtime factory destroy
	total=$(cat "$WORK/points")
	((total >= 8))
	for ((n = 1; n <= total; n++)); do
		code=0
		KATA_FAULT=factory-init:$n:kill runtime factory init </dev/null >/dev/null 2>&1 || code=$?
		((code == 137)) || { echo "step $n: exit code $code"; return 1; }
		# Its programs are told of its end by the kernel, at once.
		wait_until assert_nothing_left || { echo "step $n"; return 1; }
	done
	init
	for point in 1 2; do
		KATA_FAULT=factory-destroy:$point:kill runtime factory destroy >/dev/null 2>&1 || true
	done
	runtime factory destroy
	init
}

@test "init that fails says so and leaves nothing" {
	total=$(KATA_FAULT=factory-init:list runtime factory init 2>&1 </dev/null | grep -c '^fault-point ')
	runtime factory destroy
	# Before there is a machine, and when all of it is there.
	for n in 1 "$total"; do
		KATA_FAULT=factory-init:$n:fail fails runtime factory init
		says "fault point $n"
		[ ! -e "$WORK/template" ]
		assert_nothing_left
	done
}

@test "of two that make the template at once one says so" {
	mkdir "$WORK/template"
	exec 8<"$WORK/template"
	flock 8
	fails runtime factory init
	[ "$message" = "VM template $WORK/template: another command is making it or taking it away [KATA-TEMPLATE]" ]
	fails runtime factory destroy
	exec 8<&-
}

@test "a directory with files is no place for a template; what cannot be made says why" {
	mkdir "$WORK/template"
	touch "$WORK/template/mine"
	fails runtime factory init
	says 'has files and is no template'
	runtime factory destroy
	[ -e "$WORK/template/mine" ]
	rm -r "$WORK/template"
	set_config kernel '"/nowhere"'
	fails runtime factory init
	says '[hypervisor.qemu] kernel' /nowhere
	[ ! -e "$WORK/template" ]
}
