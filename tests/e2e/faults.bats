#!/usr/bin/env bats
# The faults of tests/faults.tsv that only a virtual machine proves: each gives its code.

load ../lib/helpers
source "$TOP/tests/lib/faults.bash"

new_bundle()
{
	local dir
	dir=$(bundle)
	cp "$TOP/tests/lib/busybox.json" "$dir/config.json"
	set_args "$dir" true
	echo "$dir"
}

# A container that runs.
sleeping() { start_sleeper; }

# kernel_parameter WORD - one more for the guest's kernel.
kernel_parameter()
{
	sed -i "s|^kernel_params = \"|&$1 |" "$USED_CONFIG"
}

# initrd [TEXT] - an initrd with busybox and a script as /init, or without any.
initrd()
{
	mkdir -p "$WORK/initrd/bin"
	cp /bin/busybox "$WORK/initrd/bin/"
	if (($#)); then
		printf '#!/bin/busybox sh\n%s\n' "$1" >"$WORK/initrd/init"
		chmod 755 "$WORK/initrd/init"
	fi
	(cd "$WORK/initrd" && find . | cpio -o -H newc --quiet | gzip) >"$WORK/initrd.img"
	set_config initrd "\"$WORK/initrd.img\""
}

# member - a container in the sandbox pod, of $BUNDLE.
member()
{
	local status=0

	edit '.annotations = {
		"io.kubernetes.cri.container-type": "container",
		"io.kubernetes.cri.sandbox-id": "pod" }'
	kata run --bundle "$BUNDLE" member || status=$?
	kata delete --force member || true
	return $status
}

# limited_exec - a process in a container that may have as many as it has.
limited_exec()
{
	local status=0

	start_member limited pod >"$WORK/how" 2>&1
	kata update --pids-limit 1 limited
	kata exec limited true || status=$?
	kata delete --force limited
	return $status
}

# A guest's clock that is set by 25 years, while a command comes and goes.
clock_jump()
{
	edit '.process.args = ["date", "-s", "2001-02-03 04:05:06"]
		| .process.capabilities |= map_values(. + ["CAP_SYS_TIME"])'
	member
}

# Of the sandbox that is shared: also when a fault has another code.
teardown()
{
	[[ -z ${POD-} ]] || common_teardown
}

@test "in a guest that runs: each fault has its code" {
	common_setup
	POD=$WORK/bundle-pod
	start_sleeper pod
	inject_all guest inject_in_pod
}

@test "virtual machines that do not come up, or go down: each fault has its code" {
	inject_all vm
}
