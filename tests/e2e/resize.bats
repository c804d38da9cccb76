#!/usr/bin/env bats
# The virtual machine follows the limits of its containers: vCPUs and memory, seen in the guest and in QEMU.
load ../lib/helpers

setup()
{
	common_setup
	set_config default_memory 512
	# The machines that run the tests have two processors.
	export KATA_FAULT_CPUS=4
}

teardown()
{
	common_teardown
}

# limits DIR CPUS MEMORY_MIB - of config.json; 0 is none.
limits()
{
	local filter='.linux.resources = {}'

	(($2 == 0)) || filter+=" | .linux.resources.cpu = { \"quota\": $(($2 * 100000)), \"period\": 100000 }"
	(($3 == 0)) || filter+=" | .linux.resources.memory = { \"limit\": $(($3 << 20)) }"
	edit_bundle "$1" "$filter"
}

# start_limited CPUS MEMORY_MIB [ID] - a container that sleeps.
start_limited()
{
	local id=${3:-$ID} dir

	dir=$(bundle "bundle-$id")
	set_args "$dir" sleep 1000
	limits "$dir" "$1" "$2"
	runtime run --detach --bundle "$dir" "$id" </dev/null >/dev/null
}

# vcpus WANTED, mib WANTED - as the guest has them; of memory the kernel keeps a part.
vcpus()
{
	local is

	is=$(runtime exec "$ID" sh -c 'grep -c ^processor /proc/cpuinfo' </dev/null)
	((is == $1)) || { echo "$is vCPUs, not $1"; return 1; }
}

mib()
{
	local is

	is=$(runtime exec "$ID" awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo </dev/null)
	((is <= $1 && is > $1 * 85 / 100)) || { echo "$is MiB, not $1"; return 1; }
}

@test "resize: a container's limits are what its machine has; without limits it is the configured size" {
	start_limited 2 1536
	vcpus 2
	mib 1536
	runtime delete --force "$ID"
	start_limited 0 0
	vcpus 1
	mib 512
}

@test "resize: update, from 1 to 4 vCPUs and 512 MiB to 1 GiB, and the vCPUs back; ten times" {
	local i

	start_limited 0 0
	for i in 1 2 3 4 5 6 7 8 9 10; do
		runtime update --cpu-quota 400000 --memory 1g "$ID"
		vcpus 4
		mib 1024
		runtime update --cpu-quota 150000 "$ID"
		vcpus 2
		runtime update --cpu-quota -1 "$ID"
		vcpus 1
		mib 1024
	done
	[ "$(jq .size.vcpus "$KATA_RUN_DIR/vc/sbs/$ID/persist.json")" -eq 1 ]
	[ "$(jq .size.memoryMiB "$KATA_RUN_DIR/vc/sbs/$ID/persist.json")" -eq 1024 ]
}

@test "resize: members of a pod add up; one that goes gives its vCPUs back" {
	start_limited 1 256
	start_limited_member a 1 512
	start_limited_member b 1 512
	vcpus 3
	mib 1280
	runtime delete --force a
	vcpus 2
	runtime kill b KILL
	wait_until is_status b stopped
	runtime delete b
	vcpus 1
	mib 1280
}

# start_limited_member ID CPUS MEMORY_MIB
start_limited_member()
{
	local dir

	dir=$(bundle "bundle-$1")
	set_args "$dir" sleep 1000
	limits "$dir" "$2" "$3"
	edit_bundle "$dir" ".annotations = {
		\"io.kubernetes.cri.container-type\": \"container\",
		\"io.kubernetes.cri.sandbox-id\": \"$ID\" }"
	runtime run --detach --bundle "$dir" "$1" </dev/null >/dev/null
}

@test "resize: without enable_reuse_cpu_memory the limits come on top of the initial size" {
	set_config enable_reuse_cpu_memory false
	start_limited 1 512
	vcpus 2
	mib 1024
}

@test "resize: the key is taken in [runtime] too, and without it nothing follows" {
	local hypervisor

	set_config enable_cpu_memory_hotplug false
	start_limited 2 1024 2>"$WORK/told"
	vcpus 1
	mib 512
	grep -q 'cpu.quota: 2.00 processors' "$WORK/told"
	grep -q 'memory.limit: 1024 MiB' "$WORK/told"
	runtime delete --force "$ID"
	hypervisor=$(grep -n '^enable_cpu_memory_hotplug' "$USED_CONFIG" | head -n 1 | cut -d : -f 1)
	sed -i "${hypervisor}d; s/^enable_cpu_memory_hotplug = .*/enable_cpu_memory_hotplug = true/" "$USED_CONFIG"
	start_limited 2 0
	vcpus 2
}

@test "resize: a cpuset names vCPUs that come for the limits, and none beyond them" {
	local dir

	dir=$(bundle)
	set_args "$dir" sleep 1000
	limits "$dir" 2 0
	edit_bundle "$dir" '.linux.resources.cpu.cpus = "1"'
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	[ "$(runtime exec "$ID" awk '/^Cpus_allowed_list/ {print $2}' /proc/self/status </dev/null)" = 1 ]
	fails runtime update --cpuset-cpus 2 "$ID"
	says "linux.resources.cpu.cpus: '2' names processor 2" 'has 2, numbered from 0'
	vcpus 2
	edit_bundle "$dir" '.linux.resources.cpu.cpus = "0-2"'
	fails runtime create --bundle "$dir" other
	says "'0-2' names processor 2"
}

@test "resize: more memory than the host has is an error with the numbers, and changes nothing" {
	local dir

	dir=$(bundle)
	limits "$dir" 0 500000
	fails runtime run --bundle "$dir" "$ID"
	says 'memory.limit' 'need a virtual machine of 500000 MiB' 'the host has'
	start_limited 1 512
	fails runtime update --memory 600g "$ID"
	says 'add up to 614400 MiB' 'at most 524288 MiB'
	mib 512
	runtime update --memory 1g "$ID"
	mib 1024
}

@test "resize: slots that run out are an error with the key, and what is there stays" {
	set_config memory_slots 1
	start_limited 0 0
	runtime update --memory 768m "$ID"
	fails runtime update --memory 1g "$ID"
	says 'does not become one of 1 vCPUs and 1024 MiB' 'memory_slots'
	mib 768
	runtime update --memory 700m "$ID"
}

@test "resize: killed at any step of update, the next update has what it asks for" {
	local steps step

	start_limited 0 0
	steps=$(KATA_FAULT=update:list runtime update --cpu-quota 200000 --memory 640m "$ID" 2>&1 | grep -c '^fault-point')
	[ "$steps" -ge 5 ]
	for ((step = 1; step <= steps; step++)); do
		KATA_FAULT=update:$step:kill runtime update --cpu-quota $((200000 + step % 2 * 100000)) \
			--memory $((640 + step * 128))m "$ID" 2>/dev/null || true
	done
	runtime update --cpu-quota 400000 --memory 2g "$ID"
	vcpus 4
	mib 2048
	runtime update --cpu-quota 100000 "$ID"
	vcpus 1
}

@test "resize: with cgroups of version 1 in the guest a vCPU that comes later is usable" {
	set_config kernel_params "\"$(sed -n 's/^kernel_params = "\(.*\)"/\1/p' "$USED_CONFIG") agent.unified_cgroup_hierarchy=false\""
	start_limited 0 0
	runtime update --cpu-quota 300000 "$ID"
	[ "$(runtime exec "$ID" awk '/^Cpus_allowed_list/ {print $2}' /proc/self/status </dev/null)" = 0-2 ]
}
