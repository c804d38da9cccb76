#!/usr/bin/env bats
# The same file-system calls on the host, over virtio-fs and over virtio-9p.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

EXPECTED=$TOP/tests/e2e/fs_calls.expected

# A bundle with fs_calls in it, that may do what the calls need, and a volume that is a directory
# of its own on the host.
prepare()
{
	local caps='["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
		"CAP_MKNOD", "CAP_SETFCAP", "CAP_SYS_ADMIN"]'

	# What tmpfs cannot do itself would look like a difference.
	require test "$(stat --file-system --format %T "$WORK")" != tmpfs
	gcc -std=gnu11 -D_GNU_SOURCE -O1 -static -o "$WORK/fs_calls" "$TOP/tests/e2e/fs_calls.c"
	dir=$(bundle)
	cp "$WORK/fs_calls" "$dir/rootfs/bin/"
	mkdir "$WORK/volume"
	edit_bundle "$dir" ".process.capabilities |= map_values($caps) | .mounts += [{
		\"destination\": \"/volume\", \"type\": \"bind\", \"source\": \"$WORK/volume\",
		\"options\": [\"rbind\", \"rw\"] }]"
}

# compare FILE COLUMN - with that column of the table.
compare()
{
	awk -v column="$2" '!/^#/ {print $1, $column}' "$EXPECTED" >"$WORK/expected"
	diff "$WORK/expected" "$1"
}

@test "file-system calls: at least 40, and all of them succeed on a plain host directory" {
	prepare
	"$WORK/fs_calls" "$WORK/volume/x" >"$WORK/out"
	[ "$(wc -l <"$WORK/out")" -ge 40 ]
	compare "$WORK/out" 2
	not grep -v ' ok$' "$WORK/out"
}

@test "file-system calls: over virtio-fs, in the root and in a volume" {
	prepare
	for place in /volume/x /x; do
		set_args "$dir" timeout 60 fs_calls "$place"
		runtime run --bundle "$dir" "$ID" </dev/null >"$WORK/out"
		compare "$WORK/out" 3
	done
	# They are real ones on the host as well.
	[ -S "$WORK/volume/x/socket" ]
	[ -p "$WORK/volume/x/fifo" ]
	[ -c "$WORK/volume/x/char" ]
	[ "$(stat -c %u:%g "$WORK/volume/x/owned")" = 1234:5678 ]
}

@test "file-system calls: over virtio-9p, in the root and in a volume" {
	prepare
	set_config shared_fs '"virtio-9p"'
	for place in /volume/x /x; do
		set_args "$dir" timeout 60 fs_calls "$place"
		runtime run --bundle "$dir" "$ID" </dev/null >"$WORK/out"
		compare "$WORK/out" 4
	done
}

@test "the table of differences in docs/file-sharing.md names each call that differs, and no other" {
	awk '!/^#/ && ($3 != "ok" || $4 != "ok") {print $1, $3, $4}' "$EXPECTED" | sort \
		>"$WORK/expected"
	sed -nE 's/^\| `([a-z-]+)` \| `?([A-Za-z]+)`? \| `?([A-Za-z]+)`? \|.*/\1 \2 \3/p' \
		"$TOP/docs/file-sharing.md" | sort >"$WORK/documented"
	diff "$WORK/expected" "$WORK/documented"
}

@test "more files than virtiofsd may have open, one after the other" {
	dir=$(bundle)
	# Twice 900, with the time that the agent takes to see that the first are too many. They are
	# counted by their names: ls would look at all of them again, at once.
	set_args "$dir" sh -c 'make() { for i in $(seq 900); do echo "$i" >/tmp/$1-$i || exit 1; done; }
		make a && sleep 6 && make b && set -- /tmp/* && echo $#'
	limits=$(ulimit -n)
	[ "$(ulimit -Sn 1500; ulimit -Hn 1500; runtime run --bundle "$dir" "$ID" </dev/null)" = 1800 ]
	[ "$(ulimit -n)" = "$limits" ]
}
