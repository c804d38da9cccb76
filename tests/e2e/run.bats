#!/usr/bin/env bats
# A container from one command.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

@test "run: output and exit code 0 come back" {
	dir=$(bundle)
	set_args "$dir" echo hello
	run runtime run --bundle "$dir" "$ID"
	[ "$status" -eq 0 ]
	[ "$output" = hello ]
}

@test "run: exit code 7 comes back as 7" {
	dir=$(bundle)
	set_args "$dir" sh -c 'exit 7'
	run runtime run --bundle "$dir" "$ID"
	[ "$status" -eq 7 ]
}

@test "run: standard error is separate from standard output" {
	dir=$(bundle)
	set_args "$dir" sh -c 'echo out; echo err >&2'
	runtime run --bundle "$dir" "$ID" >"$WORK/out" 2>"$WORK/err"
	[ "$(cat "$WORK/out")" = out ]
	[ "$(cat "$WORK/err")" = err ]
}

@test "run: the container has a kernel of its own" {
	dir=$(bundle)
	set_args "$dir" uname -r
	run runtime run --bundle "$dir" "$ID"
	[ "$status" -eq 0 ]
	[[ $output == *-kata-c ]]
	[ "$output" != "$(uname -r)" ]
}

@test "run: over virtio-9p too" {
	set_config shared_fs '"virtio-9p"'
	dir=$(bundle)
	set_args "$dir" sh -c 'mount | grep " / "; echo 1 >/file; cat /file'
	run runtime run --bundle "$dir" "$ID"
	[ "$status" -eq 0 ]
	[[ $output == *"type 9p"* ]]
	[ "$(cat "$dir/rootfs/file")" = 1 ]
}

@test "run: on the machine type pc too" {
	set_config machine_type '"pc"'
	dir=$(bundle)
	set_args "$dir" echo hello
	run runtime run --bundle "$dir" "$ID"
	[ "$status" -eq 0 ]
	[ "$output" = hello ]
}
