#!/usr/bin/env bats
# The OCI commands, as engines and people use them.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

@test "create, start, state, kill, delete: in OCI's order, with its states" {
	dir=$(bundle)
	set_args "$dir" sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
	edit_bundle "$dir" '.annotations = { "org.example.key": "value" }'
	runtime create --bundle "$dir" --pid-file "$WORK/pid" "$ID" </dev/null
	runtime state "$ID" >"$WORK/state"
	[ "$(jq -r .id "$WORK/state")" = "$ID" ]
	[ "$(jq -r .status "$WORK/state")" = created ]
	[ "$(jq -r .bundle "$WORK/state")" = "$dir" ]
	[ "$(jq -r '.annotations["org.example.key"]' "$WORK/state")" = value ]
	[ "$(jq -r .pid "$WORK/state")" = "$(cat "$WORK/pid")" ]
	runtime start "$ID"
	is_status "$ID" running
	fails runtime start "$ID"
	says "$ID" running
	sleep 0.5
	runtime kill "$ID" TERM
	wait_until is_status "$ID" stopped
	[ "$(runtime state "$ID" | jq .pid)" = 0 ]
	runtime delete "$ID"
	fails runtime state "$ID"
	says "$ID" 'does not exist'
}

@test "the pid file holds the shim's pid, without a line's end; the shim's death means stopped" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	runtime run --detach --bundle "$dir" --pid-file "$WORK/pid" "$ID" </dev/null >/dev/null
	[[ $(cat "$WORK/pid") =~ ^[0-9]+$ ]]
	[ "$(wc -l <"$WORK/pid")" -eq 0 ]
	[ "$(stat -c %a "$WORK/pid")" = 644 ]
	pid=$(cat "$WORK/pid")
	[ "$(basename "$(readlink "/proc/$pid/exe")")" = kata-shim ]
	runtime kill "$ID" KILL
	wait_until is_status "$ID" stopped
	gone "$pid"
}

@test "exec: output, exit codes and standard error come back" {
	start_sleeper
	[ "$(runtime exec "$ID" echo hello there)" = 'hello there' ]
	for code in 0 1 7 255; do
		got=0
		runtime exec "$ID" sh -c "exit $code" || got=$?
		[ "$got" -eq "$code" ]
	done
	# 128 + SIGKILL, as a shell says it
	got=0
	runtime exec "$ID" sh -c 'kill -KILL $$' || got=$?
	[ "$got" -eq 137 ]
	runtime exec "$ID" sh -c 'echo out; echo err >&2' >"$WORK/out" 2>"$WORK/err"
	[ "$(cat "$WORK/out")" = out ]
	[ "$(cat "$WORK/err")" = err ]
}

@test "exec: --env, --cwd and --user change the process" {
	start_sleeper
	[ "$(runtime exec --env ONE=1 -e 'TWO=two words' "$ID" sh -c 'echo $ONE,$TWO')" = '1,two words' ]
	[ "$(runtime exec --cwd /tmp "$ID" pwd)" = /tmp ]
	[ "$(runtime exec --user 1000:1001 "$ID" sh -c 'echo $(id -u):$(id -g)')" = 1000:1001 ]
	[ "$(runtime exec --user 7 "$ID" id -u)" = 7 ]
	fails runtime exec --user root "$ID" true
	says root UID
}

@test "exec: options after the command are the command's" {
	start_sleeper
	[ "$(runtime exec "$ID" echo -e -t --user)" = '-t --user' ]
	[ "$(runtime exec -- "$ID" sh -c 'echo $0' -x)" = -x ]
}

@test "exec: standard input reaches the process, and its end too" {
	start_sleeper
	[ "$(printf 'one\ntwo\n' | runtime exec "$ID" wc -l)" = 2 ]
	[ "$(runtime exec "$ID" cat </dev/null)" = '' ]
}

@test "exec: with a process.json" {
	start_sleeper
	jq '.process | .args = ["sh", "-c", "echo $HELLO; exit 4"] | .env += ["HELLO=from a file"]' \
		"$WORK/bundle-$ID/config.json" >"$WORK/process.json"
	got=0
	runtime exec --process "$WORK/process.json" "$ID" >"$WORK/out" || got=$?
	[ "$got" -eq 4 ]
	[ "$(cat "$WORK/out")" = 'from a file' ]
}

@test "exec --detach returns at once and leaves the process running" {
	start_sleeper
	runtime exec --detach --pid-file "$WORK/pid" "$ID" sleep 999 </dev/null >/dev/null
	[ "$(basename "$(readlink "/proc/$(cat "$WORK/pid")/exe")")" = kata-shim ]
	runtime exec "$ID" ps | grep -q 'sleep 999'
}

@test "exec: what has ended leaves no record behind" {
	start_sleeper
	for i in 1 2 3 4; do
		runtime exec "$ID" true
	done
	[ "$(find "$KATA_RUN_DIR/vc/sbs/$ID/$ID" -name 'exec-*' | wc -l)" -le 1 ]
}

@test "exec of a program that cannot run: runc's words and exit code 1" {
	start_sleeper
	fails runtime exec "$ID" nonsense
	says nonsense 'executable file not found'
	fails runtime exec "$ID" /no/such/program
	says /no/such/program 'no such file or directory'
	fails runtime exec "$ID" /tmp
	says /tmp 'permission denied'
	touch "$WORK/bundle-$ID/rootfs/plain"
	fails runtime exec "$ID" /plain
	says /plain 'permission denied'
	fails runtime exec "$ID"
	says command
}

@test "run of a program that cannot run: runc's words, exit code 1, nothing left" {
	dir=$(bundle)
	set_args "$dir" nonsense
	fails runtime run --bundle "$dir" "$ID"
	says nonsense 'executable file not found'
	assert_nothing_left
}

@test "exec --tty: a terminal with the caller's size, which follows" {
	start_sleeper
	run pty "$RUNTIME" --kata-config "$USED_CONFIG" exec -t "$ID" sh -c \
		'tty; stty size; sleep 2; stty size; test -t 0 && test -t 1 && test -t 2 && echo all three'
	[ "$status" -eq 0 ]
	[[ $output == *'/dev/pts/'* ]]
	[[ $output == *'33 111'*'44 132'* ]]
	[[ $output == *'all three'* ]]
}

@test "exec --tty: the exit code comes back, and ^C reaches the process" {
	start_sleeper
	run pty "$RUNTIME" --kata-config "$USED_CONFIG" exec -t "$ID" sh -c 'exit 9'
	[ "$status" -eq 9 ]
	PTY_TYPE=$'\x03' run pty "$RUNTIME" --kata-config "$USED_CONFIG" exec -t "$ID" \
		sh -c 'trap "echo interrupted; exit 5" INT; sleep 10 & wait'
	[ "$status" -eq 5 ]
	[[ $output == *interrupted* ]]
}

@test "run with process.terminal: the container has a terminal" {
	dir=$(bundle)
	set_args "$dir" sh -c 'tty; test -t 0 && stty size; exit 6'
	edit_bundle "$dir" '.process.terminal = true'
	run pty "$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" "$ID"
	[ "$status" -eq 6 ]
	[[ $output == *'/dev/'*'33 111'* ]]
}

@test "--console-socket: the engine gets the terminal's master" {
	dir=$(bundle)
	set_args "$dir" sh -c 'tty; read line; echo "got $line"'
	edit_bundle "$dir" '.process.terminal = true'
	python3 "$TOP/tests/lib/console_receiver.py" "$WORK/console.sock" 'a word' >"$WORK/out" &
	receiver=$!
	wait_until test -S "$WORK/console.sock"
	runtime create --bundle "$dir" --console-socket "$WORK/console.sock" "$ID" </dev/null \
		>/dev/null
	runtime start "$ID"
	wait "$receiver"
	grep -q '/dev/' "$WORK/out"
	grep -q 'got a word' "$WORK/out"
	wait_until is_status "$ID" stopped
}

@test "kill: by name, with SIG, in lower case, and by number" {
	dir=$(bundle)
	set_args "$dir" sh -c \
		'for s in HUP USR1 USR2 WINCH; do trap "echo $s >>/got" $s; done
		 echo ready >/ready; while :; do sleep 0.1; done'
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	wait_until test -e "$dir/rootfs/ready"
	# One after the other: two at once may be taken in any order.
	for pair in HUP:1 SIGUSR1:2 usr2:3 28:4; do
		runtime kill "$ID" "${pair%:*}"
		wait_until eval "[ \$(wc -l <$dir/rootfs/got) -eq ${pair#*:} ]"
	done
	[ "$(tr '\n' ' ' <"$dir/rootfs/got")" = 'HUP USR1 USR2 WINCH ' ]
	fails runtime kill "$ID" NONSENSE
	says NONSENSE TERM
	fails runtime kill "$ID" 99
	says 99
}

@test "kill: TERM without a handler does not end a container's first process, as under runc" {
	start_sleeper
	runtime kill "$ID"
	sleep 0.3
	is_status "$ID" running
}

@test "kill --all reaches every process of the container" {
	start_sleeper
	runtime exec --detach --pid-file "$WORK/pid" "$ID" sleep 999 </dev/null >/dev/null
	runtime kill --all "$ID" KILL
	wait_until is_status "$ID" stopped
	wait_until gone "$(cat "$WORK/pid")"
}

@test "kill and exec of a stopped container are refused" {
	start_sleeper
	runtime kill "$ID" KILL
	wait_until is_status "$ID" stopped
	fails runtime kill "$ID"
	says "$ID" 'not running'
	fails runtime exec "$ID" true
	says "$ID" 'not running'
}

@test "delete of a running container is refused, and changes nothing" {
	start_sleeper
	fails runtime delete "$ID"
	says "$ID" running
	is_status "$ID" running
	runtime list -q | grep -qx "$ID"
	runtime delete --force "$ID"
}

@test "delete: an unknown container is an error, with --force it is not" {
	fails runtime delete unknown
	says unknown 'does not exist'
	runtime delete --force unknown
}

@test "list: a table, JSON, and ids only" {
	[ "$(runtime list --format json)" = null ]
	start_sleeper one
	start_sleeper two
	runtime kill two KILL
	wait_until is_status two stopped
	runtime list >"$WORK/table"
	[[ $(head -n 1 "$WORK/table") =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER$ ]]
	grep -qE "^one +[1-9][0-9]* +running +$WORK/bundle-one +[0-9T:.-]+Z +#0$" "$WORK/table"
	grep -qE "^two +0 +stopped +$WORK/bundle-two " "$WORK/table"
	[ "$(runtime list --quiet)" = $'one\ntwo' ]
	runtime list -f json >"$WORK/json"
	[ "$(jq -r '.[0].id' "$WORK/json")" = one ]
	[ "$(jq -r '.[0].rootfs' "$WORK/json")" = "$WORK/bundle-one/rootfs" ]
	[ "$(jq -r '.[1].status' "$WORK/json")" = stopped ]
	fails runtime list --format xml
	says xml table json
}

@test "ids: a unique beginning is enough, also when another id is all of it" {
	start_sleeper abc1
	start_sleeper abc2
	is_status abc1 running
	fails runtime state abc
	says abc 'multiple containers found' abc1 abc2
	runtime delete --force abc2
	[ "$(runtime state ab | jq -r .id)" = abc1 ]
	[ "$(runtime exec a echo hello)" = hello ]
	fails runtime state abcd
	says abcd 'does not exist'
	# Creation takes the id as it is: it is neither found nor ambiguous.
	start_sleeper abc
	[ "$(runtime state abc | jq -r .id)" = abc ]
	[ "$(runtime state abc1 | jq -r .id)" = abc1 ]
	runtime delete --force abc
	is_status abc1 running
}

@test "--root as Docker gives it: every command without it finds the container" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	mkdir "$WORK/docker"
	runtime --root "$WORK/docker/runtime-runc/moby" create --bundle "$dir" "$ID" </dev/null
	is_status "$ID" created
	runtime start "$ID"
	[ "$(runtime exec "$ID" echo hello)" = hello ]
	[ "$(runtime list -q)" = "$ID" ]
	runtime --root "$WORK/elsewhere" kill "$ID" KILL
	wait_until is_status "$ID" stopped
	runtime delete "$ID"
	[ -z "$(ls "$WORK/docker")" ]
	[ ! -e "$WORK/elsewhere" ]
}

@test "run with closed standard descriptors works" {
	dir=$(bundle)
	set_args "$dir" sh -c 'echo hello; exit 8'
	got=0
	runtime run --bundle "$dir" "$ID" <&- >"$WORK/out" || got=$?
	[ "$got" -eq 8 ]
	[ "$(cat "$WORK/out")" = hello ]
	got=0
	runtime run --bundle "$dir" "$ID" <&- >&- 2>&- || got=$?
	[ "$got" -eq 8 ]
}

@test "SIGTERM to kata-runtime run reaches the container, whose exit code comes back" {
	dir=$(bundle)
	set_args "$dir" sh -c 'trap "exit 3" TERM; echo ready >/ready; while :; do sleep 0.1; done'
	"$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" "$ID" </dev/null >/dev/null 2>&1 &
	pid=$!
	wait_until test -e "$dir/rootfs/ready"
	kill -TERM "$pid"
	got=0
	wait "$pid" || got=$?
	[ "$got" -eq 3 ]
	assert_nothing_left
}

@test "Ctrl-C on a terminal ends the container that kata-runtime run waits for" {
	dir=$(bundle)
	set_args "$dir" sh -c 'trap "exit 4" INT; while :; do sleep 0.1; done'
	PTY_TYPE=$'\x03' run pty "$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" "$ID"
	[ "$status" -eq 4 ]
	assert_nothing_left
}

@test "start: several containers, one after the other" {
	for id in one two; do
		dir=$(bundle "bundle-$id")
		set_args "$dir" sleep 1000
		runtime create --bundle "$dir" "$id" </dev/null
	done
	runtime start one two
	is_status one running
	is_status two running
}

@test "the bundle may be the current directory" {
	dir=$(bundle)
	set_args "$dir" echo hello
	cd "$dir"
	[ "$(runtime run "$ID" </dev/null)" = hello ]
	cd /
}

@test "create: a program that is not there is told at once, and nothing is left" {
	dir=$(bundle)
	set_args "$dir" no-such-program
	fails runtime create --bundle "$dir" "$ID"
	says 'exec: "no-such-program": executable file not found in $PATH'
	fails runtime state "$ID"
}

@test "start: a program that cannot run any more ends its container, and the shim with it" {
	dir=$(bundle)
	cp "$dir/rootfs/bin/busybox" "$dir/rootfs/bin/program"
	set_args "$dir" program
	runtime create --bundle "$dir" "$ID" </dev/null >/dev/null
	shim=$(runtime state "$ID" | jq .pid)
	runtime exec "$ID" rm /bin/program </dev/null # the guest may remember what the host removes
	fails runtime start "$ID"
	says 'exec: "program": executable file not found in $PATH'
	wait_until is_status "$ID" stopped
	wait_until gone "$shim"
	runtime delete "$ID"
}

@test "exec: that a program cannot run is never taken for its exit code" {
	start_sleeper
	for i in {1..20}; do
		fails runtime exec "$ID" no-such-program
		says 'exec: "no-such-program": executable file not found in $PATH'
	done
}
