#!/usr/bin/env bats
# Commands and what they show, with a fake machine that behaves.

load common
bats_require_minimum_version 1.5.0

setup() { common_setup; }
teardown() { common_teardown; }

@test "run: output, standard error and exit code come back" {
	run --separate-stderr runtime run --bundle "$(shell_bundle 'echo out; echo err >&2; exit 7')" "$ID"
	[ "$status" -eq 7 ]
	[ "$output" = out ]
	[ "$stderr" = err ]
	assert_nothing_left
}

@test "run: a process that a signal ends gives 128 and the signal" {
	runtime run --bundle "$(shell_bundle 'sleep 1000')" "$ID" </dev/null 3>&- &
	for ((i = 0; i < 100; i++)); do
		[[ $(status_of "$ID" 2>/dev/null) != running ]] || break
		sleep 0.05
	done
	runtime kill "$ID" KILL
	wait %1 || code=$?
	[ "$code" -eq 137 ]
}

@test "run: standard input reaches the process, with its end" {
	dir=$(shell_bundle 'cat; echo end')
	run runtime run --bundle "$dir" "$ID" < <(echo one; sleep 0.2; echo two)
	[ "$status" -eq 0 ]
	[ "$output" = $'one\ntwo\nend' ]
}

@test "run: 32 MiB through the container arrive the same, in little memory" {
	dir=$(shell_bundle cat)
	head -c 32M /dev/urandom >"$WORK/data"
	mkfifo "$WORK/in"
	runtime run --bundle "$dir" "$ID" <"$WORK/in" >"$WORK/out" 3>&- &
	exec 4>"$WORK/in"
	head -c 1M "$WORK/data" >&4
	for ((i = 0; i < 100; i++)); do
		[[ $(stat -c %s "$WORK/out") -lt 1048576 ]] || break
		sleep 0.05
	done
	shim=$(pid_of shim)
	proxy=$(pid_of proxy)
	before=$(($(peak_kib "$shim") + $(peak_kib "$proxy")))
	tail -c +1048577 "$WORK/data" >&4
	for ((i = 0; i < 400; i++)); do
		[[ $(stat -c %s "$WORK/out") -lt 33554432 ]] || break
		sleep 0.05
	done
	after=$(($(peak_kib "$shim") + $(peak_kib "$proxy")))
	exec 4>&-
	wait %1
	cmp "$WORK/data" "$WORK/out"
	echo "peaks: $before KiB before, $after KiB after"
	((after < before + 1024))
}

@test "create, start, kill, delete: the state says where a container is" {
	dir=$(shell_bundle 'sleep 1000')
	runtime create --bundle "$dir" --pid-file "$WORK/pid" "$ID" </dev/null >/dev/null 2>&1
	[ "$(status_of "$ID")" = created ]
	[ "$(runtime state "$ID" | jq .pid)" = "$(cat "$WORK/pid")" ]
	runtime start "$ID"
	[ "$(status_of "$ID")" = running ]
	refused delete "$ID"
	[[ $output == *"$ID"*running*force* ]]
	runtime kill "$ID" KILL
	has_ended "$(cat "$WORK/pid")"
	[ "$(status_of "$ID")" = stopped ]
	runtime delete "$ID"
	assert_nothing_left
	refused state "$ID"
	[[ $output == *"$ID"*"not exist"* ]]
}

@test "start: twice is refused, and the container runs on" {
	sleeping
	refused start "$ID"
	[[ $output == *"$ID"*running* ]]
	[ "$(status_of "$ID")" = running ]
}

@test "kill: a signal that the process handles is seen by it" {
	dir=$(shell_bundle 'trap "echo got it; exit 3" TERM; echo ready; while :; do sleep 0.05; done')
	runtime run --bundle "$dir" "$ID" >"$WORK/out" 3>&- &
	for ((i = 0; i < 100; i++)); do
		grep -q ready "$WORK/out" && break
		sleep 0.05
	done
	runtime kill "$ID" TERM
	wait %1 || status=$?
	[ "$status" -eq 3 ]
	[ "$(cat "$WORK/out")" = $'ready\ngot it' ]
}

@test "kill: a container that has stopped is refused" {
	sleeping
	shim=$(pid_of shim)
	runtime kill "$ID" KILL
	has_ended "$shim"
	refused kill "$ID" TERM
	[[ $output == *"not running"* ]]
}

@test "exec: output and exit code come back, the environment is the option's" {
	sleeping
	run runtime exec --env WORD=seven "$ID" sh -c 'echo $WORD; exit 7'
	echo "$output"
	[ "$status" -eq 7 ]
	[ "$output" = seven ]
}

@test "exec: a program that is not there is named in one line" {
	sleeping
	refused exec "$ID" /bin/nosuch
	[[ $output == *'"/bin/nosuch": no such file or directory'* ]]
	[ "$(status_of "$ID")" = running ]
}

@test "exec: in a container that does not exist" {
	refused exec nobody true
	[[ $output == *nobody*"not exist"* ]]
}

@test "exec: with a terminal of its own" {
	sleeping
	run script -qec "$RUNTIME --kata-config $USED_CONFIG exec -t $ID sh -c 'test -t 1 && echo tty; exit 4'" /dev/null
	echo "$status $output"
	[ "$status" -eq 4 ]
	[[ $output == *tty* ]]
}

@test "run: a program that is not there is named, and nothing stays" {
	dir=$(shell_bundle true)
	set_args "$dir" nosuch
	refused run --bundle "$dir" "$ID"
	[[ $output == *'"nosuch": executable file not found'* ]]
	assert_nothing_left
}

@test "list: shows every container with its state" {
	sleeping one
	runtime create --bundle "$(shell_bundle 'sleep 1')" two </dev/null >/dev/null 2>&1
	run runtime list
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *one*running* ]]
	[[ $output == *two*created* ]]
	[ "$(runtime list --format json | jq -r '[.[].id] | sort | join(" ")')" = "one two" ]
	runtime delete --force one two
}

@test "a pod: the second container lives in the machine of the first" {
	sleeping pod
	qemu=$(pid_of qemu pod)
	dir=$(shell_bundle 'echo second; exit 5' second)
	edit_bundle "$dir" '.annotations = {"io.kubernetes.cri.container-type": "container",
		"io.kubernetes.cri.sandbox-id": "pod"}'
	run runtime run --bundle "$dir" member
	echo "$output"
	[ "$status" -eq 5 ]
	[ "$output" = second ]
	[ "$(status_of pod)" = running ]
	[ "$(pid_of qemu pod)" = "$qemu" ]
	runtime delete --force pod
	assert_nothing_left
}

@test "a delete that is killed, at each of its steps, is finished by the next create" {
	local code=137 n

	for ((n = 1; code == 137; n++)); do
		sleeping
		code=0
		KATA_FAULT=delete:$n:kill runtime delete --force "$ID" </dev/null >/dev/null 2>&1 || code=$?
		runtime run --bundle "$(shell_bundle true other)" other </dev/null
		assert_nothing_left || { echo "after step $n"; return 1; }
	done
	[ "$code" -eq 0 ]
	((n > 6))
}

@test "whatever QEMU connects to is listening before QEMU is started" {
	local n

	set_config shared_fs '"virtio-fs"'
	dir=$(shell_bundle true)
	KATA_FAULT=create:list runtime create --bundle "$dir" "$ID" </dev/null >"$WORK/points" 2>&1 || true
	runtime delete --force "$ID" || true
	n=$(grep '^fault-point ' "$WORK/points" | grep -n 'qemu$' | head -n 1 | cut -d : -f 1)
	KATA_FAULT=create:$n:kill runtime create --bundle "$dir" "$ID" </dev/null || true
	for name in vhost-fs console kata qmp events; do
		[ -S "$KATA_RUN_DIR/vc/vm/$ID/$name.sock" ] || { echo "$name.sock is not there"; return 1; }
	done
	runtime delete --force "$ID"
	assert_nothing_left
}

@test "an id in use is refused, and what has it runs on" {
	sleeping
	refused run --bundle "$(shell_bundle true)" "$ID"
	[[ $output == *"$ID"*"in use"* ]]
	[ "$(status_of "$ID")" = running ]
}

@test "the agent's errors are shown with their text" {
	dir=$(shell_bundle true)
	for method in CreateSandbox CreateContainer StartContainer; do
		fake "error=2:no such thing as $method@$method"
		refused run --bundle "$dir" "$ID"
		[[ $output == *"no such thing as $method"* ]]
		assert_nothing_left
	done
}

@test "exec: the agent's error is shown with its text" {
	fake 'error=28:the guest is full@ExecProcess'
	sleeping
	refused exec "$ID" true
	[[ $output == *"the guest is full"* ]]
}

@test "kill: the agent's error is shown with its text" {
	fake 'error=1:not to be signalled@SignalProcess'
	sleeping
	refused kill "$ID" TERM
	[[ $output == *"not to be signalled"* ]]
}

@test "delete: what the agent says about it does not hold it up" {
	fake 'error=16:busy@DestroySandbox'
	sleeping
	runtime delete --force "$ID"
	assert_nothing_left
}

@test "a machine that ends with its guest: stopped, 255, and the id is free again" {
	fake exit@SignalProcess
	runtime run --bundle "$(shell_bundle 'sleep 1000')" "$ID" 3>&- &
	for ((i = 0; i < 100; i++)); do
		[[ $(status_of "$ID" 2>/dev/null) != running ]] || break
		sleep 0.05
	done
	run runtime kill "$ID" TERM
	[ "$status" -eq 1 ]
	one_plain_line "$output"
	wait %1 || code=$?
	[ "$code" -eq 255 ]
	fake
	run runtime run --bundle "$(shell_bundle 'echo again')" "$ID"
	[ "$output" = again ]
}

@test "whoever is killed: the container is stopped, delete leaves nothing, the id works again" {
	for victim in qemu proxy shim; do
		sleeping
		shim=$(pid_of shim)
		pid=$(pid_of "$victim")
		kill -9 "$pid"
		has_ended "$pid"
		has_ended "$shim"
		[ "$(status_of "$ID")" = stopped ]
		runtime delete "$ID"
		assert_nothing_left
	done
	run runtime run --bundle "$(shell_bundle 'echo again')" "$ID"
	[ "$output" = again ]
}
