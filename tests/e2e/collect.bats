#!/usr/bin/env bats
# kata-collect-data: what it puts into the archive, and what it must not.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

collect() { "$STAGE/usr/bin/kata-collect-data" --kata-config "$USED_CONFIG" "$@"; }

@test "kata-collect-data: host, configuration and sandboxes are there, and no secret" {
	dir=$(bundle)
	set_args "$dir" sh -c 'sleep 1000; echo SECRET-argument'
	echo SECRET-file >"$dir/rootfs/SECRET-name"
	edit_bundle "$dir" '.process.env += ["TOKEN=SECRET-env"] | .annotations = { "label": "SECRET-label" }
		| .hostname = "h"'
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null 2>&1
	[ "$(collect --output "$WORK/a.tar.gz")" = "$WORK/a.tar.gz" ]
	[ "$(stat -c %a "$WORK/a.tar.gz")" = 600 ]
	mkdir "$WORK/unpacked"
	tar -C "$WORK/unpacked" -xzf "$WORK/a.tar.gz"
	top=$(echo "$WORK"/unpacked/kata-collect-data-*)
	! grep -r SECRET "$top"
	grep -q "^$ID .*running" "$top/containers.txt"
	jq -e '.type == "stats"' "$top/containers/$ID/stats.json"
	grep -q '^default_memory = ' "$top/config.toml"
	grep -q 'MachineType' "$top/kata-env.toml"
	jq -e --arg id "$ID" '.. | strings | select(. == $id)' "$top/sandboxes/$ID.json"
	grep -q virtiofsd "$top/sandboxes/processes.txt"
}

@test "kata-collect-data: what is not there is told in its place, and a wrong option is refused" {
	collect --output "$WORK/a.tar.gz" nobody/../x
	tar -xzOf "$WORK/a.tar.gz" --wildcards '*/containers/nobody_.._x/stats.json' | grep -q 'ended with 1'
	run collect --wrong
	[ "$status" -eq 1 ]
	[ "$output" = "kata-collect-data: unknown option '--wrong'; see --help" ]
	run collect --output /no/such/folder/x
	[ "$status" -eq 1 ]
	collect --help | grep -q 'environment'
}
