#!/usr/bin/env bats
# What a virtual machine's memory is made of, as QEMU's process on the host and the guest show it.
load ../lib/helpers

setup()
{
	common_setup
	set_config default_memory 300
	pages=0
}

teardown()
{
	common_teardown
	give_pages_back
}

NR=/proc/sys/vm/nr_hugepages

# reserve_pages N - huge pages of the host, until the end of the test; others may have some as well.
reserve_pages()
{
	pages=$1
	echo $(($(cat $NR) + pages)) >$NR || return 1
	require has_free_pages "$pages"
}

has_free_pages()
{
	(($(meminfo HugePages_Free) >= $1))
}

give_pages_back()
{
	local left

	((pages > 0)) || return 0
	left=$(($(cat $NR) - pages))
	echo $((left > 0 ? left : 0)) >$NR
}

meminfo() { awk -v "key=$1:" '$1 == key {print $2}' /proc/meminfo; }

# of_qemu KEY - a number of /proc/PID/status.
of_qemu() { awk -v "key=$1:" '$1 == key {print $2}' "/proc/$(pid_of_helper qemu)/status"; }

# huge_mib - of QEMU's memory, what is mapped from huge pages.
huge_mib()
{
	awk '/^[0-9a-f]+-/ {huge = 0} /\/memfd:memory-backend-memfd/ {huge = 1}
		/^Size:/ {size = $2} /^KernelPageSize:/ && huge && $2 == 2048 {sum += size}
		END {print int(sum / 1024)}' "/proc/$(pid_of_helper qemu)/smaps"
}

guest_has_mib()
{
	local is

	is=$(runtime exec "$ID" awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo </dev/null)
	((is <= $1 && is > $1 * 85 / 100)) || { echo "$is MiB, not $1"; return 1; }
}

@test "memory: huge pages, shared by virtio-fs and not, plugged in too, and given back" {
	local share

	require test -w $NR
	reserve_pages 280
	for share in virtio-fs virtio-9p; do
		set_config shared_fs "\"$share\""
		set_config enable_hugepages true
		start_sleeper
		[ "$(huge_mib)" -eq 300 ]
		guest_has_mib 300
		if [[ $share == virtio-fs ]]; then
			runtime update --memory 428m "$ID"
			[ "$(huge_mib)" -eq 428 ]
			guest_has_mib 428
			fails runtime update --memory 20g "$ID"
			says 'enable_hugepages' '10048 pages of 2048 kB are needed' 'vm.nr_hugepages='
			guest_has_mib 428
		fi
		runtime delete --force "$ID"
		wait_until has_free_pages 280
	done
}

@test "memory: too few huge pages are an error with how many, and nothing is started" {
	set_config enable_hugepages true
	set_config default_memory 20000
	fails runtime run --bundle "$(bundle)" "$ID"
	says '[hypervisor.qemu] enable_hugepages: 10000 pages of 2048 kB are needed' 'free of' \
		'sysctl vm.nr_hugepages='
}

@test "memory: taken at the start it is in memory and locked there, with enable_swap not locked" {
	start_sleeper
	[ "$(of_qemu RssShmem)" -lt 300000 ]
	[ "$(of_qemu VmLck)" -eq 0 ]
	runtime delete --force "$ID"
	set_config enable_mem_prealloc true
	set_config enable_swap true
	start_sleeper
	[ "$(of_qemu RssShmem)" -ge 307200 ]
	[ "$(of_qemu VmLck)" -eq 0 ]
	runtime delete --force "$ID"
	set_config enable_swap false
	require setpriv --inh-caps=-all true
	fails setpriv --bounding-set=-ipc_lock --inh-caps=-all bash -c \
		"ulimit -l 64; '$RUNTIME' --kata-config '$USED_CONFIG' run --bundle '$(bundle)' $ID"
	says 'enable_mem_prealloc' '300 MiB are locked in memory' '64 kB' 'CAP_IPC_LOCK' 'enable_swap = true'
	require can_lock
	start_sleeper
	[ "$(of_qemu RssShmem)" -ge 307200 ]
	[ "$(of_qemu VmLck)" -ge 307200 ]
}

# Whoever may lock more than the limit says.
can_lock()
{
	(($(ulimit -l) == -1)) 2>/dev/null || (($((0x$(awk '/^CapEff/ {print $2}' /proc/self/status))) >> 14 & 1))
}

@test "memory: in a file of a directory, plugged in too; the directory is checked" {
	mkdir "$WORK/mem"
	set_config file_mem_backend "\"$WORK/mem\""
	set_config shared_fs '"virtio-9p"'
	start_sleeper
	runtime update --memory 428m "$ID"
	guest_has_mib 428
	[ "$(grep -c "rw-s .* $WORK/mem/" "/proc/$(pid_of_helper qemu)/maps")" -ge 2 ]
	runtime delete --force "$ID"
	[ -z "$(ls "$WORK/mem")" ]
	set_config file_mem_backend "\"$WORK/none\""
	fails runtime run --bundle "$(bundle)" "$ID"
	says '[hypervisor.qemu] file_mem_backend' "$WORK/none" 'No such file or directory'
	set_config file_mem_backend "\"$WORK/mem\""
	set_config enable_hugepages true
	fails runtime run --bundle "$(bundle)" "$ID"
	says 'file_mem_backend: with enable_hugepages'
}

@test "memory: virtio-mem follows the limits, down as well as up, and takes no slots" {
	set_config enable_virtio_mem true
	set_config memory_slots 1
	start_sleeper
	guest_has_mib 300
	"$TOP/tests/lib/qmp.py" "$KATA_RUN_DIR/vc/vm/$ID/qmp.sock" info memory-devices | grep -A9 virtio-mem | grep -q "size: 0"
	for mib in 428 812 684 940 300 556; do
		runtime update --memory "${mib}m" "$ID"
		PATIENCE=20 wait_until guest_has_mib "$mib"
		[ "$(jq .size.memoryMiB "$KATA_RUN_DIR/vc/sbs/$ID/persist.json")" -eq "$mib" ]
	done
	fails runtime update --memory 600g "$ID"
	guest_has_mib 556
	runtime delete --force "$ID"
	# What a container is made with can go, too: the machine itself is no larger than configured.
	dir=$(bundle bundle-b)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" ".linux.resources.memory.limit = $((556 << 20))"
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	guest_has_mib 556
	runtime update --memory 300m "$ID"
	PATIENCE=20 wait_until guest_has_mib 300
}


