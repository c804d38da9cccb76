#!/usr/bin/env bats
# What a host can run out of: room below /run, descriptors. Each command works, or fails with one
# plain line and leaves nothing.

load common
bats_require_minimum_version 1.5.0

setup() { common_setup; }

teardown()
{
	local status=0

	common_teardown || status=1
	umount "$WORK.small" 2>/dev/null || true
	rm -rf --one-file-system -- "$WORK" "$WORK.small"
	return $status
}

# works_or_says_why COMMAND… - counts in $works and $refuses
works_or_says_why()
{
	local code=0

	"$@" </dev/null >"$WORK/out" 2>"$WORK/err" || code=$?
	if ((code == 0)); then
		works=$((works + 1))
		return
	fi
	refuses=$((refuses + 1))
	[[ $code -eq 1 && $(wc -l <"$WORK/err") -eq 1 ]] && one_plain_line "$(cat "$WORK/err")" && return
	echo "$*: exit code $code, and:"
	cat "$WORK/err"
	return 1
}

# limited_run OPTION - a new run directory on a file system of that size.
limited_run()
{
	umount "$WORK.small" 2>/dev/null || true
	mkdir -p "$WORK.small"
	mount -t tmpfs -o "$1" small "$WORK.small"
	export KATA_RUN_DIR=$WORK.small/run
	mkdir "$KATA_RUN_DIR"
}

@test "a full /run: at each file that has no room, create fails in one line and leaves nothing" {
	dir=$(shell_bundle 'sleep 1000')
	works=0 refuses=0
	for inodes in $(seq 3 2 70); do
		limited_run "nr_inodes=$inodes"
		works_or_says_why runtime create --bundle "$dir" "$ID" || { echo "with $inodes inodes"; return 1; }
		runtime delete --force "$ID"
		assert_nothing_left || { echo "with $inodes inodes"; return 1; }
	done
	echo "$works worked, $refuses did not"
	((works > 3 && refuses > 10))
}

@test "a full /run: at each page that has no room, create fails in one line and leaves nothing" {
	dir=$(shell_bundle 'sleep 1000')
	works=0 refuses=0
	for ((pages = 1; pages <= 24; pages++)); do
		limited_run "size=$((pages * 4))k"
		works_or_says_why runtime create --bundle "$dir" "$ID" || { echo "with $pages pages"; return 1; }
		runtime delete --force "$ID"
		assert_nothing_left || { echo "with $pages pages"; return 1; }
	done
	echo "$works worked, $refuses did not"
	((works > 3 && refuses > 3))
}

@test "a /run that fills while a container runs: state is true, exec says why, delete works" {
	limited_run size=256k
	sleeping
	head -c 1M /dev/zero >"$KATA_RUN_DIR/full" 2>/dev/null || true
	[ "$(status_of "$ID")" = running ]
	works=0 refuses=0
	works_or_says_why runtime exec "$ID" true
	works_or_says_why runtime kill "$ID" TERM
	works_or_says_why runtime pause "$ID"
	rm "$KATA_RUN_DIR/full"
	head -c 1M /dev/zero >"$KATA_RUN_DIR/full" 2>/dev/null || true
	runtime delete --force "$ID"
	rm "$KATA_RUN_DIR/full"
	assert_nothing_left
}

@test "few descriptors: create, exec and delete fail in one line or work" {
	dir=$(shell_bundle 'sleep 1000')
	works=0 refuses=0
	limited() { (ulimit -Sn "$limit" && runtime "$@"); }
	for limit in $(seq 8 60); do
		works_or_says_why limited create --bundle "$dir" "$ID" || { echo "with $limit descriptors"; return 1; }
		runtime delete --force "$ID"
		assert_nothing_left || { echo "with $limit descriptors"; return 1; }
	done
	echo "create: $works worked, $refuses did not"
	((works > 3 && refuses > 3))
	sleeping
	works=0 refuses=0
	for limit in $(seq 8 60); do
		works_or_says_why limited exec "$ID" true || { echo "exec with $limit descriptors"; return 1; }
	done
	((works > 3 && refuses > 3))
	for limit in $(seq 8 60 ); do
		works_or_says_why limited delete --force "$ID" || { echo "delete with $limit descriptors"; return 1; }
	done
	runtime delete --force "$ID"
}
