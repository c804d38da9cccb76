#!/usr/bin/env bats
# Much data, slow readers and no reader.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

rss_of()
{
	awk '/^VmRSS:/ {print $2}' "/proc/$1/status"
}

# peak_of PID - the most memory that it ever used, in KiB.
peak_of()
{
	awk '/^VmHWM:/ {print $2}' "/proc/$1/status"
}

# numbers MIB - that much data, the same each time, that no part of repeats.
numbers()
{
	python3 -c 'import random, sys
random.seed(1)
for _ in range(int(sys.argv[1])):
	sys.stdout.buffer.write(random.randbytes(1 << 20))' "$1"
}

# The agent is not visible in a container; what it used up would be missing here.
guest_free()
{
	runtime exec "$ID" awk '/^MemAvailable:/ {print $2}' /proc/meminfo
}

@test "256 MiB through standard input and out again are the same, with flat memory" {
	dir=$(bundle)
	set_args "$dir" cat
	wanted=$(numbers 256 | sha256sum)
	mkfifo "$WORK/done"
	# The container's input stays open until memory has been looked at.
	(numbers 256; cat "$WORK/done") |
		runtime run --bundle "$dir" --pid-file "$WORK/pid" "$ID" 2>"$WORK/err" |
		head -c 268435456 | sha256sum >"$WORK/got" &
	job=$!
	wait_until is_status "$ID" running
	before=$(guest_free)
	for ((i = 0; i < 600; i++)); do
		[[ ! -s $WORK/got ]] || break
		sleep 0.1
	done
	[ "$(cat "$WORK/got")" = "$wanted" ]
	for pid in "$(cat "$WORK/pid")" "$(pid_of_helper proxy)"; do
		peak=$(peak_of "$pid")
		echo "$(cat "/proc/$pid/comm"): $peak KiB at most"
		((peak < 8192))
	done
	after=$(guest_free)
	echo "available in the guest: $before KiB, then $after KiB"
	((before - after < 16384))
	: >"$WORK/done"
	wait "$job"
	[ ! -s "$WORK/err" ]
}

@test "16 MiB of standard output and standard error at once, each complete" {
	dir=$(bundle)
	set_args "$dir" sh -c 'yes out | head -c 16777216 & yes err | head -c 16777216 >&2; wait'
	runtime run --bundle "$dir" "$ID" </dev/null 2> >(sha256sum >"$WORK/err") |
		sha256sum >"$WORK/out"
	wait_until test -s "$WORK/err"
	[ "$(cat "$WORK/out")" = "$(yes out | head -c 16777216 | sha256sum)" ]
	[ "$(cat "$WORK/err")" = "$(yes err | head -c 16777216 | sha256sum)" ]
}

@test "a reader that stops holds back its own container only" {
	start_sleeper
	mkfifo "$WORK/fifo"
	exec 7<>"$WORK/fifo"
	dir=$(bundle talker)
	set_args "$dir" sh -c 'yes | head -c 33554432; echo finished >/finished'
	edit_bundle "$dir" ".annotations = {
		\"io.kubernetes.cri.container-type\": \"container\",
		\"io.kubernetes.cri.sandbox-id\": \"$ID\" }"
	runtime run --detach --bundle "$dir" --pid-file "$WORK/pid" talker \
		</dev/null >"$WORK/fifo" 2>/dev/null 7<&-
	sleep 1.5
	[ ! -e "$dir/rootfs/finished" ]
	# Everybody else is answered at once, also with much to say.
	SECONDS=0
	[ "$(timeout 5 "$RUNTIME" --kata-config "$USED_CONFIG" exec "$ID" echo hello)" = hello ]
	[ "$(timeout 5 "$RUNTIME" --kata-config "$USED_CONFIG" exec "$ID" \
		sh -c 'yes | head -c 4194304' | wc -c)" = 4194304 ]
	[ "$(timeout 5 "$RUNTIME" --kata-config "$USED_CONFIG" exec talker echo hello)" = hello ]
	((SECONDS < 8))
	for pid in "$(cat "$WORK/pid")" "$(pid_of_helper proxy)"; do
		(($(rss_of "$pid") < 8192))
	done
	# Once it reads on, all of it is there.
	[ "$(head -c 33554432 <"$WORK/fifo" | wc -c)" = 33554432 ]
	exec 7<&-
	wait_until is_status talker stopped
	[ -e "$dir/rootfs/finished" ]
}

@test "a container that does not read its input holds back only what is sent to it" {
	dir=$(bundle)
	set_args "$dir" sh -c 'sleep 2; head -c 1048576 | wc -c'
	[ "$(numbers 1 | runtime run --bundle "$dir" "$ID")" = 1048576 ]
}

@test "a container that ends without reading its input does not wait for it" {
	dir=$(bundle)
	set_args "$dir" sh -c 'echo done; exit 3'
	code=0
	timeout 20 "$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" "$ID" \
		< <(sleep 15) >"$WORK/out" || code=$?
	[ "$code" -eq 3 ]
	[ "$(cat "$WORK/out")" = 'done' ]
}

@test "a reader that goes away does not end the container, which may finish its work" {
	dir=$(bundle)
	set_args "$dir" sh -c 'yes | head -c 1048576; echo finished >/finished; exit 5'
	runtime run --bundle "$dir" "$ID" </dev/null 2>/dev/null | head -c 10 >"$WORK/out"
	[ -e "$dir/rootfs/finished" ]
	assert_nothing_left
}

@test "output to a file, and input from a file" {
	dir=$(bundle)
	set_args "$dir" cat
	numbers 3 >"$WORK/in"
	runtime run --bundle "$dir" "$ID" <"$WORK/in" >"$WORK/out"
	cmp "$WORK/in" "$WORK/out"
}

@test "the last words of a process that ends at once are not lost, ten times" {
	start_sleeper
	for i in {1..10}; do
		[ "$(runtime exec "$ID" sh -c 'echo last words; exec kill -KILL $$' || true)" = 'last words' ]
	done
}

@test "many processes at once in one container" {
	start_sleeper
	for i in {1..8}; do
		"$RUNTIME" --kata-config "$USED_CONFIG" exec "$ID" sh -c "sleep 0.2; echo $i" \
			</dev/null >"$WORK/out.$i" &
	done
	wait
	[ "$(cat "$WORK"/out.? | sort | tr -d '\n')" = 12345678 ]
}
