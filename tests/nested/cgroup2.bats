#!/usr/bin/env bats
# append: cgroup_no_v1=all
# On a host that has version 2 of cgroups alone, all controllers in it: see machine.

load ../lib/helpers

setup()
{
	common_setup
	set_config dial_timeout 600
	PATIENCE=120
}

teardown() { common_teardown; }

# of PATH FILE - a file of a cgroup.
of() { cat "/sys/fs/cgroup$1/$2"; }

@test "cgroup v2: processes and memory in the sandbox's cgroup, vCPUs limited in one for threads, delete" {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
	grep -qw cpu /sys/fs/cgroup/cgroup.controllers
	set_config sandbox_cgroup_with_emulator true
	dir=$(bundle)
	path=/${WORK##*/}/sandbox
	set_args "$dir" sleep 10000
	edit_bundle "$dir" ".linux.cgroupsPath = \"$path\" |
		.linux.resources = { \"memory\": { \"limit\": 134217728 }, \"pids\": { \"limit\": 50 } }"
	runtime --log "$WORK/log" run --detach --bundle "$dir" "$ID" >"$WORK/out" 2>&1 </dev/null ||
		{ cat "$WORK/out" "$WORK/log"; return 1; }
	not grep sandbox_cgroup "$WORK/log"

	for pid in "$(runtime state "$ID" | jq .pid)" "$(pid_of_helper qemu)" "$(pid_of_helper proxy)" \
		"$(pid_of_helper virtiofsd)"; do
		grep -qx "$pid" "/sys/fs/cgroup$path/cgroup.procs"
	done
	[ "$(of "$path" cgroup.type)" = 'domain threaded' ]
	[ "$(of "$path/vcpu" cgroup.type)" = threaded ]
	[ "$(of "$path/vcpu" cpu.max)" = '1000000 1000000' ]
	[ "$(of "$path/emulator" cpu.max | cut -d ' ' -f 1)" = max ]
	# The limits of containers are the guest's.
	[ "$(of "$path" memory.max)" = max ]
	[ "$(of "$path" pids.max)" = max ]
	(($(of "$path" memory.current) > 30000000))

	"$TOP/tests/lib/qmp.py" "$KATA_RUN_DIR/vc/vm/$ID/qmp.sock" info cpus |
		sed -nE 's/.*thread_id=([0-9]+).*/\1/p' | sort >"$WORK/vcpus"
	[ "$(wc -l <"$WORK/vcpus")" -eq 1 ]
	of "$path/vcpu" cgroup.threads | sort | diff "$WORK/vcpus" -
	ls "/proc/$(pid_of_helper qemu)/task" | sort | comm -13 "$WORK/vcpus" - >"$WORK/others"
	[ -s "$WORK/others" ]
	of "$path/emulator" cgroup.threads | sort | diff "$WORK/others" -

	runtime delete --force "$ID"
	[ ! -e "/sys/fs/cgroup$path" ]
}
