#!/usr/bin/env bats
# A machine that the guest has taken over: the host stays alive, small and clean.

load common
bats_require_minimum_version 1.5.0

setup() { common_setup; }
teardown() { common_teardown; }

# Each of @2… at the call @1: the command that made the call fails at once, and leaves nothing.
run_fails_at()
{
	local method=$1 fault dir
	shift
	dir=$(shell_bundle true)
	for fault in "$@"; do
		echo "== $fault@$method"
		fake "$fault@$method"
		SECONDS=0
		refused run --bundle "$dir" "$ID"
		((SECONDS < 8))
		assert_nothing_left
	done
}

# The shim makes the call @1, of a container that runs: 255, and the proxy stays small or ends.
shim_ends_at()
{
	local method=$1 fault dir
	shift
	dir=$(shell_bundle 'echo hello; sleep 1000')
	for fault in "$@"; do
		echo "== $fault@$method"
		fake "$fault@$method"
		run timeout -k 1 20 "$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" "$ID" </dev/null
		echo "status $status: $output"
		[ "$status" -eq 255 ]
		assert_nothing_left
	done
}

@test "the agent's answer is broken while the sandbox is made" {
	run_fails_at CreateSandbox half eof not-a-message bad-frame huge-frame long-error exit
}

@test "the agent's answer is broken while a container is made" {
	run_fails_at CreateContainer half eof not-a-message bad-frame huge-frame long-error exit
}

@test "the agent's answer is broken at the start" {
	run_fails_at StartContainer half eof not-a-message bad-frame huge-frame long-error exit
}

@test "the agent's very first answer is broken" {
	run_fails_at Check half eof not-a-message bad-frame huge-frame long-error exit
}

@test "what comes from the port is not yamux, or breaks its rules" {
	run_fails_at Check serial-garbage serial-version serial-window serial-half
	run_fails_at StartContainer serial-garbage serial-version serial-window serial-half
}

@test "a guest that floods the port with control frames and reads nothing is cut off" {
	run_fails_at StartContainer serial-pings serial-streams
}

@test "an error text with terminal codes is shown as plain text" {
	fake 'error=22:\e[2J\e]0owned\nsecond line@CreateContainer'
	refused run --bundle "$(shell_bundle true)" "$ID"
	[[ $output == *'?[2J'*'second line'* ]]
}

@test "an answer that comes twice counts once" {
	fake twice@Check twice@CreateSandbox twice@CreateContainer twice@StartContainer \
		twice@ReadStdout twice@ReadStderr twice@WaitProcess twice@Clock
	run runtime run --bundle "$(shell_bundle 'echo hello; exit 3')" "$ID"
	echo "$status $output"
	[ "$status" -eq 3 ]
	[ "$output" = hello ]
}

@test "a guest that breaks the connection of a shim: 255, and nothing stays" {
	shim_ends_at WaitProcess half eof not-a-message bad-frame huge-frame long-error exit \
		serial-garbage serial-version serial-window serial-half
}

@test "a guest that breaks off a container's output: 255, and nothing stays" {
	shim_ends_at ReadStdout eof bad-frame huge-frame long-error exit serial-garbage
}

@test "output that is no message ends the container with 255, an error of it only the output" {
	shim_ends_at ReadStdout not-a-message
	fake error=5:broken@ReadStdout
	run runtime run --bundle "$(shell_bundle 'echo hello; exit 3')" "$ID"
	echo "$status $output"
	[ "$status" -eq 3 ]
	[ "$output" = "" ]
}

@test "an answer with more output than was asked for ends nothing and grows nothing" {
	fake too-much@ReadStdout
	runtime run --detach --bundle "$(shell_bundle 'sleep 1000')" "$ID" </dev/null >/dev/null 2>&1
	shim=$(pid_of shim)
	proxy=$(pid_of proxy)
	sleep 1
	echo "shim $(peak_kib "$shim") KiB, proxy $(peak_kib "$proxy") KiB"
	(($(peak_kib "$shim") < 8192 && $(peak_kib "$proxy") < 8192))
	runtime delete --force "$ID"
	assert_nothing_left
}

@test "answers without end: proxy and shim stay small, delete --force is done in 5 s" {
	for fault in answers@WaitProcess serial-unknown@WaitProcess empty@ReadStdout \
		answers@ReadStdout flood@console; do
		echo "== $fault"
		fake "$fault"
		sleeping
		shim=$(pid_of shim)
		proxy=$(pid_of proxy)
		sleep 1
		echo "shim $(peak_kib "$shim") KiB, proxy $(peak_kib "$proxy") KiB"
		(($(peak_kib "$shim") < 8192 && $(peak_kib "$proxy") < 8192))
		SECONDS=0
		runtime delete --force "$ID"
		((SECONDS <= 5))
		has_ended "$shim"
		assert_nothing_left
	done
}

@test "answers without end to delete --force itself: done in 5 s all the same" {
	for fault in answers silent serial-deaf wrong-stream serial-pings half; do
		echo "== $fault"
		fake "$fault@DestroySandbox"
		sleeping
		SECONDS=0
		timeout -k 1 20 "$RUNTIME" delete --force "$ID"
		((SECONDS <= 5))
		assert_nothing_left
	done
}

@test "kill KILL that nobody answers ends the machine" {
	for fault in answers silent; do
		echo "== $fault"
		fake "$fault@SignalProcess"
		sleeping
		SECONDS=0
		timeout -k 1 20 "$RUNTIME" kill "$ID" KILL
		((SECONDS <= 7))
		[ "$(status_of "$ID")" = stopped ]
		runtime delete "$ID"
	done
}

@test "a proxy that is cut off from the guest ends, and the container counts as stopped" {
	fake serial-version@SignalProcess
	sleeping
	shim=$(pid_of shim)
	proxy=$(pid_of proxy)
	refused kill "$ID" TERM
	has_ended "$proxy"
	has_ended "$shim"
	[ "$(status_of "$ID")" = stopped ]
	refused exec "$ID" true
	[[ $output == *"$ID"*stopped* ]]
	runtime delete "$ID"
	assert_nothing_left
}

@test "a monitor that talks nonsense: one plain line" {
	dir=$(shell_bundle true)
	for fault in garbage line refuse closed; do
		echo "== $fault"
		fake "$fault@qmp"
		SECONDS=0
		refused run --bundle "$dir" "$ID"
		((SECONDS < 5))
		assert_nothing_left
	done
}

@test "what QEMU said last is shown, plainly" {
	dir=$(shell_bundle true)
	fake 'die=qemu: no such machine@start'
	refused run --bundle "$dir" "$ID"
	[[ $output == *"no such machine"* ]]
	fake $'die=\e[31mbad\e[0m\a@start'
	refused run --bundle "$dir" "$ID"
	[[ $output == *"?[31mbad"* ]]
	fake 'say=Kernel panic - not syncing: no working init@console' exit@Check
	refused run --bundle "$dir" "$ID"
	[[ $output == *"Kernel panic - not syncing: no working init"* ]]
	fake $'say=\e[2Jlast words\e]0owned\a@console' exit@Check
	refused run --bundle "$dir" "$ID"
	[[ $output == *"?[2Jlast words"* ]]
}

@test "a console without end does not hold up the container, and is not kept" {
	fake flood@console
	run timeout -k 1 20 "$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$(shell_bundle 'echo hello; exit 3')" "$ID"
	echo "$status $output"
	[ "$status" -eq 3 ]
	[ "$output" = hello ]
}

@test "a flood of one container's output, whose reader has stopped, holds up no other" {
	mkfifo "$WORK/stuck"
	runtime run --bundle "$(shell_bundle 'yes')" flood >"$WORK/stuck" 2>/dev/null 3>&- &
	exec 4<"$WORK/stuck"
	head -c 1000 <&4 >/dev/null
	for ((i = 0; i < 100; i++)); do
		[[ $(status_of flood 2>/dev/null) != running ]] || break
		sleep 0.05
	done
	proxy=$(pid_of proxy flood)
	sleep 1
	dir=$(shell_bundle 'echo second; exit 5' second)
	edit_bundle "$dir" '.annotations = {"io.kubernetes.cri.container-type": "container",
		"io.kubernetes.cri.sandbox-id": "flood"}'
	SECONDS=0
	run timeout -k 1 20 "$RUNTIME" --kata-config "$USED_CONFIG" exec flood echo third
	echo "$status $output"
	[ "$output" = third ]
	runtime create --bundle "$dir" member </dev/null >"$WORK/out" 2>&1
	runtime start member
	for ((i = 0; i < 100; i++)); do
		[[ $(cat "$WORK/out") != second ]] || break
		sleep 0.05
	done
	[ "$(cat "$WORK/out")" = second ]
	((SECONDS < 5))
	echo "proxy $(peak_kib "$proxy") KiB"
	(($(peak_kib "$proxy") < 8192))
	runtime delete --force flood
	exec 4<&-
	wait %1 || true
	assert_nothing_left
}

@test "the proxy's own stream, its clock, is broken: containers do not notice" {
	dir=$(shell_bundle 'sleep 0.3; echo hello; exit 3')
	for fault in half eof not-a-message bad-frame huge-frame long-error empty twice wrong-stream \
		answers silent error=5:broken; do
		echo "== $fault"
		fake "$fault@Clock"
		run timeout -k 1 20 "$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" "$ID" </dev/null
		echo "status $status: $output"
		[ "$status" -eq 3 ]
		[ "$output" = hello ]
		assert_nothing_left
	done
}

@test "exec gets a broken answer: one plain line, and the container runs on" {
	for fault in half eof not-a-message bad-frame huge-frame long-error; do
		echo "== $fault"
		fake "$fault@ExecProcess"
		sleeping
		refused exec "$ID" true
		[ "$(status_of "$ID")" = running ]
		runtime delete --force "$ID"
		assert_nothing_left
	done
}

@test "kill gets a broken answer: one plain line" {
	for fault in half eof not-a-message bad-frame huge-frame long-error; do
		echo "== $fault"
		fake "$fault@SignalProcess"
		sleeping
		refused kill "$ID" TERM
		runtime delete --force "$ID"
	done
}

@test "standard input gets a broken answer: the container ends by itself, or with 255" {
	dir=$(shell_bundle 'sleep 0.3; exit 3')
	for fault in error=32:closed empty twice not-a-message bad-frame huge-frame long-error half eof \
		serial-garbage; do
		echo "== $fault"
		fake "$fault@WriteStdin"
		run timeout -k 1 20 "$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" "$ID" \
			< <(head -c 200000 /dev/zero)
		echo "status $status: $output"
		[[ $status -eq 3 || $status -eq 255 ]]
		assert_nothing_left
	done
}

@test "a guest that does not take standard input: shim and proxy stay small, delete --force works" {
	for fault in silent serial-deaf; do
		echo "== $fault"
		fake "$fault@WriteStdin"
		(runtime run --bundle "$(shell_bundle 'sleep 1000')" "$ID" </dev/zero >"$WORK/out" 2>&1 || true) 3>&- &
		wait_until is_status "$ID" running
		shim=$(pid_of shim)
		proxy=$(pid_of proxy)
		sleep 0.5
		for ((i = 0; i < 200; i++)); do
			kill -USR1 "$shim"
		done
		sleep 0.5
		echo "shim $(peak_kib "$shim") KiB, proxy $(peak_kib "$proxy") KiB"
		(($(peak_kib "$shim") < 8192 && $(peak_kib "$proxy") < 8192))
		timeout 5 "$RUNTIME" delete --force "$ID"
		wait
		assert_nothing_left
	done
}
