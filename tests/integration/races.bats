#!/usr/bin/env bats
# Several commands at once, and helpers that have stopped: the fake machine makes many rounds cheap.

load common
bats_require_minimum_version 1.5.0

setup() { common_setup; }
teardown() { common_teardown; }

@test "five runs with one id at once: one has it, the others are told so" {
	dir=$(shell_bundle 'sleep 0.5; exit 3')
	for ((i = 0; i < 5; i++)); do
		(
			code=0
			runtime run --bundle "$dir" "$ID" </dev/null >"$WORK/out$i" 2>&1 || code=$?
			echo "$code" >"$WORK/code$i"
		) 3>&- &
	done
	wait
	[ "$(cat "$WORK"/code? | sort | tr '\n' ' ')" = '1 1 1 1 3 ' ]
	for ((i = 0; i < 5; i++)); do
		[[ $(cat "$WORK/code$i") == 3 || $(cat "$WORK/out$i") == *"$ID"*"in use"* ]]
	done
	assert_nothing_left
}

@test "three delete --force at once: all succeed, and nothing is left" {
	sleeping
	for ((i = 0; i < 3; i++)); do
		(
			code=0
			runtime delete --force "$ID" </dev/null >"$WORK/out$i" 2>&1 || code=$?
			echo "$code" >"$WORK/code$i"
		) 3>&- &
	done
	wait
	cat "$WORK"/out?
	[ "$(cat "$WORK"/code? | sort -u)" = 0 ]
	assert_nothing_left
}

@test "members of a pod made and deleted at once do not disturb each other" {
	sleeping pod
	for ((i = 0; i < 4; i++)); do
		dir=$(shell_bundle "echo member $i; exit $((i + 1))" "member$i")
		edit_bundle "$dir" '.annotations = {"io.kubernetes.cri.container-type": "container",
			"io.kubernetes.cri.sandbox-id": "pod"}'
	done
	for ((i = 0; i < 4; i++)); do
		(
			code=0
			runtime run --bundle "$WORK/member$i" "member$i" </dev/null >"$WORK/out$i" 2>&1 || code=$?
			echo "$code" >"$WORK/code$i"
		) 3>&- &
	done
	wait
	cat "$WORK"/out?
	for ((i = 0; i < 4; i++)); do
		[ "$(cat "$WORK/out$i")" = "member $i" ]
		[ "$(cat "$WORK/code$i")" -eq $((i + 1)) ]
	done
	[ "$(status_of pod)" = running ]
	runtime delete --force pod
	assert_nothing_left
}

@test "twenty processes in one container at once" {
	sleeping
	for ((i = 0; i < 20; i++)); do
		(
			code=0
			runtime exec "$ID" sh -c "echo $i; exit $i" </dev/null >"$WORK/out$i" 2>&1 || code=$?
			[[ $code == "$i" && $(cat "$WORK/out$i") == "$i" ]] || echo "$code" >"$WORK/bad$i"
		) 3>&- &
	done
	wait
	run ls "$WORK"/bad*
	[ "$status" -ne 0 ]
}

@test "state and list answer while a create waits for its machine" {
	fake silent@CreateSandbox
	(runtime run --bundle "$(shell_bundle true)" "$ID" </dev/null >"$WORK/out" 2>&1 || true) 3>&- &
	wait_until runtime state "$ID"
	SECONDS=0
	[ "$(status_of "$ID")" = creating ]
	runtime list | grep -q creating
	((SECONDS < 2))
	wait
	assert_nothing_left
}

@test "delete --force of a container that is being made ends it" {
	fake silent@CreateSandbox
	(runtime run --bundle "$(shell_bundle true)" "$ID" </dev/null >"$WORK/out" 2>&1 || echo $? >"$WORK/code") 3>&- &
	wait_until runtime state "$ID"
	runtime delete --force "$ID"
	wait
	[ "$(cat "$WORK/code")" -eq 1 ]
	one_plain_line "$(cat "$WORK/out")"
	assert_nothing_left
}

@test "whoever is stopped (SIGSTOP): delete --force is done in 5 s" {
	for victim in qemu proxy shim; do
		sleeping
		kill -STOP "$(pid_of "$victim")"
		SECONDS=0
		runtime delete --force "$ID"
		((SECONDS <= 5))
		assert_nothing_left
	done
}

@test "delete --force does not wait for a create that waits for its guest" {
	for fault in silent@Check silent@CreateSandbox silent@CreateContainer; do
		fake "$fault"
		code=0
		(runtime create --bundle "$(shell_bundle true)" "$ID" </dev/null >"$WORK/out" 2>&1 || echo $? >"$WORK/code") 3>&- &
		wait_until [ -s "$KATA_RUN_DIR/vc/vm/$ID/proxy.record" ]
		SECONDS=0
		timeout 20 "$RUNTIME" delete --force "$ID" || code=$?
		wait
		((code == 0 && SECONDS <= 5)) || { echo "$fault: exit code $code after $SECONDS s"; return 1; }
		[ "$(cat "$WORK/code")" -eq 1 ]
		one_plain_line "$(cat "$WORK/out")"
		assert_nothing_left
	done
}

# one_of CODE… - runs what follows --; its exit code must be one of them, and a refusal one plain line.
one_of()
{
	local code=0 allowed=" " out=$WORK/o.$BASHPID # $(…) below has another BASHPID

	while [[ $1 != -- ]]; do allowed+="$1 "; shift; done
	shift
	timeout 30 "$RUNTIME" --kata-config "$USED_CONFIG" "$@" </dev/null >"$out" 2>&1 || code=$?
	[[ $allowed == *" $code "* ]] && { ((code != 1)) || one_plain_line "$(cat "$out")"; } && return
	echo "$*: exit code $code: $(cat "$out")" >>"$WORK/bad"
}

@test "delete, exec, kill, pause and state of one container at once: each works or says why" {
	: >"$WORK/bad"
	for ((round = 0; round < 10; round++)); do
		sleeping
		pids=()
		one_of 0 1 137 255 -- exec "$ID" sleep 0.05 3>&- & pids+=($!)
		one_of 0 1 137 255 -- exec "$ID" true 3>&- & pids+=($!)
		one_of 0 1 -- kill "$ID" KILL 3>&- & pids+=($!)
		one_of 0 1 -- pause "$ID" 3>&- & pids+=($!)
		one_of 0 1 -- state "$ID" 3>&- & pids+=($!)
		one_of 0 1 -- list 3>&- & pids+=($!)
		one_of 0 -- delete --force "$ID" 3>&- & pids+=($!)
		one_of 0 1 137 255 -- exec "$ID" true 3>&- & pids+=($!)
		one_of 0 1 -- resume "$ID" 3>&- & pids+=($!)
		wait "${pids[@]}" || true
		cat "$WORK/bad"
		[ ! -s "$WORK/bad" ]
		assert_nothing_left
	done
}

@test "a guest that hangs (SIGSTOP of QEMU): every command ends with a sentence, and delete --force works" {
	sleeping
	kill -STOP "$(pid_of qemu)"
	: >"$WORK/bad"
	pids=()
	for command in "exec $ID true" "kill $ID TERM" "pause $ID" "ps $ID" "events --stats $ID"; do
		one_of 1 -- $command 3>&- & pids+=($!)
	done
	wait "${pids[@]}" || true
	cat "$WORK/bad"
	[ ! -s "$WORK/bad" ]
	[ "$(status_of "$ID")" = running ]
	runtime delete --force "$ID"
}

@test "thirty containers at once: all run, and nothing is left" {
	for ((i = 0; i < 30; i++)); do
		dir=$(shell_bundle "echo $i; exit $((i + 1))" "b$i")
		(
			code=0
			runtime run --bundle "$dir" "many$i" </dev/null >"$WORK/out$i" 2>&1 || code=$?
			echo "$code $(cat "$WORK/out$i")" >"$WORK/code$i"
		) 3>&- &
	done
	wait
	for ((i = 0; i < 30; i++)); do
		[ "$(cat "$WORK/code$i")" = "$((i + 1)) $i" ] || { cat "$WORK/code$i"; return 1; }
	done
}

@test "what another boot left is swept by ten commands at once, and all of them work" {
	local i pids=()

	for i in 1 2 3 4 5; do
		sleeping "old$i"
		kill -KILL $(ID=old$i all_pids)
	done
	another_boot
	: >"$WORK/bad"
	# Some want the names of those that go.
	for i in {1..10}; do
		one_of 0 -- run --bundle "$(shell_bundle true "b$i")" "old$i" 3>&- & pids+=($!)
	done
	wait "${pids[@]}" || true
	cat "$WORK/bad"
	[ ! -s "$WORK/bad" ]
	assert_nothing_left
}
