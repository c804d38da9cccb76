#!/usr/bin/env bats
# containerd, with the runtime as BinaryName of io.containerd.runc.v2.

load helpers

ready() { ctr version; }

# A command that hangs fails its test with 124.
ctr() { timeout --foreground 60 /usr/bin/ctr "$@"; }

# ctr run with the runtime; options of it go first.
run_with() { ctr run --runtime io.containerd.runc.v2 --runc-binary "$RUNTIME" "$@"; }

setup_file()
{
	clients_setup_file
	start_daemon containerd ready containerd
	ctr image import "$BATS_FILE_TMPDIR/busybox.tar"
	# What the first container makes and every later one uses is no trace of a test.
	ctr run --rm --runc-binary "$(command -v runc)" "$IMAGE" warm-up true
	run_with --rm "$IMAGE" warm-up-too true || true
}

teardown_file() { stop_daemon containerd; }

setup() { clients_setup; }

teardown()
{
	local id

	for id in $(ctr task list --quiet); do
		ctr task delete --force "$id"
	done
	ctr container list --quiet | xargs --no-run-if-empty /usr/bin/ctr container delete
	clients_teardown
}

# status - of the container $NAME
status() { ctr task list | awk -v id="$NAME" '$1 == id { print $3 }'; }
status_is() { [[ $(status) == "$1" ]]; }

# sleeper [OPTION…] - a container named $NAME that runs until it is stopped.
sleeper() { run_with --detach "$@" "$IMAGE" "$NAME" sleep 1000; }

# logger WORD… - the same, running WORD…, with its output in $WORK/log
logger() { run_with --detach --log-uri "file://$WORK/log" "$IMAGE" "$NAME" "$@"; }

in_container() { ctr task exec --exec-id "e$RANDOM" "$@"; }

# deletes_with CODE [OPTION…] - ctr tells the task's exit code in a warning.
deletes_with()
{
	local expected=$1
	shift

	exits 0 ctr task delete "$@" "$NAME"
	has "$errors" "task $NAME exit with non-zero exit code $expected"
}

@test "ctr run: output, and exit code 0" {
	exits 0 run_with --rm "$IMAGE" "$NAME" echo hello
	is hello "$output"
	is '' "$errors"
}

@test "ctr run: exit code 7" {
	exits 7 run_with --rm "$IMAGE" "$NAME" sh -c 'exit 7'
}

@test "ctr run: standard error is apart from standard output" {
	exits 0 run_with --rm "$IMAGE" "$NAME" sh -c 'echo out; echo err >&2'
	is out "$output"
	is err "$errors"
}

@test "ctr run: a sentence for a program that is not in PATH" {
	exits 1 run_with --rm "$IMAGE" "$NAME" no-such-program
	has "$errors" no-such-program 'executable file not found in $PATH'
}

@test "ctr run: a sentence for a path that does not exist" {
	exits 1 run_with --rm "$IMAGE" "$NAME" /no/such/program
	has "$errors" /no/such/program 'no such file or directory'
}

@test "ctr run: a sentence for a file that is not executable" {
	exits 1 run_with --rm "$IMAGE" "$NAME" /bin/not-executable
	has "$errors" /bin/not-executable 'permission denied'
}

@test "ctr run: 137 when it is killed" {
	(
		wait_until status_is RUNNING
		ctr task kill --signal KILL "$NAME"
	) 3>&- &
	exits 137 run_with --rm "$IMAGE" "$NAME" sleep 1000
	wait
}

@test "ctr run: standard input arrives whole, and its end" {
	head -c 1000000 /dev/urandom >"$WORK/data"
	exits 0 run_with --rm "$IMAGE" "$NAME" sha256sum <"$WORK/data"
	is "$(sha256sum <"$WORK/data")" "$output"
}

@test "ctr run -t: a terminal, and its size before and after it changes" {
	on_terminal ctr run --rm --tty --runc-binary "$RUNTIME" "$IMAGE" "$NAME" \
		sh -c 'test -t 0 && test -t 1 && test -t 2 && echo terminal; for i in $(seq 40); do stty size 2>&1; sleep 0.1; done; exit 7'
	is 7 "$code"
	has "$output" terminal '33 111' '44 132'
}

@test "ctr run -d: state, pid of a host process, pid file, log" {
	run_with --detach --pid-file "$WORK/pid" --log-uri "file://$WORK/log" "$IMAGE" "$NAME" \
		sh -c 'echo out; sleep 1000'
	is RUNNING "$(status)"
	is "$(ctr task list | awk -v id="$NAME" '$1 == id { print $2 }')" "$(cat "$WORK/pid")"
	[ -d "/proc/$(cat "$WORK/pid")" ]
	wait_until grep out "$WORK/log"
}

@test "ctr run -d: a container that ends by itself: state, exit code" {
	logger sh -c 'echo bye; exit 7'
	wait_until status_is STOPPED
	is bye "$(cat "$WORK/log")"
	deletes_with 7
}

@test "ctr run: 100,000 lines of output, each once and in order" {
	exits 0 run_with --rm "$IMAGE" "$NAME" seq 100000
	is "$(seq 100000 | sha256sum)" "$(sha256sum <"$WORK/out")"
}

@test "ctr run: 255 when the virtual machine dies; the task can be started again" {
	only_with_kata
	sleeper
	kill_machine "$NAME"
	wait_until status_is STOPPED
	deletes_with 255
	exits 0 ctr task start --detach "$NAME"
	exits 0 in_container "$NAME" true
}

@test "ctr run --rm: nothing is left" {
	exits 0 run_with --rm "$IMAGE" "$NAME" true
	is '' "$(ctr task list --quiet)$(ctr container list --quiet)"
}

@test "ctr task exec: output, exit codes 0 and 7, sentences for 126 and 127" {
	sleeper
	exits 0 in_container "$NAME" echo hello
	is hello "$output"
	exits 7 in_container "$NAME" sh -c 'exit 7'
	exits 1 in_container "$NAME" no-such-program
	has "$errors" no-such-program 'executable file not found in $PATH'
	exits 1 in_container "$NAME" /bin/not-executable
	has "$errors" /bin/not-executable 'permission denied'
	exits 0 in_container "$NAME" echo still here
}

@test "ctr task exec: standard input arrives whole, and its end" {
	sleeper
	head -c 1000000 /dev/urandom >"$WORK/data"
	exits 0 in_container "$NAME" sha256sum <"$WORK/data"
	is "$(sha256sum <"$WORK/data")" "$output"
}

@test "ctr task exec -t: a terminal" {
	sleeper
	on_terminal ctr task exec --tty --exec-id one "$NAME" \
		sh -c 'tty; for i in $(seq 40); do stty size 2>&1; sleep 0.1; done; exit 7'
	is 7 "$code"
	has "$output" /dev/pts/ '33 111' '44 132'
}

@test "ctr task exec --cwd --user" {
	sleeper
	exits 0 in_container --cwd /home/user --user 1000:1000 "$NAME" sh -c 'pwd; id -u; id -g'
	is $'/home/user\n1000\n1000' "$output"
}

@test "ctr task exec -d: goes on in the background" {
	sleeper
	exits 0 in_container --detach "$NAME" sh -c 'sleep 0.5; echo done >/tmp/mark'
	wait_until in_container "$NAME" grep done /tmp/mark
}

@test "ctr task kill: SIGTERM's handler decides the exit code" {
	logger sh -c 'trap "sleep 3; echo saved; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	wait_until grep ready "$WORK/log"
	exits 0 ctr task kill "$NAME"
	wait_until status_is STOPPED
	has "$(cat "$WORK/log")" saved
	deletes_with 3
}

@test "ctr task kill -s: the signal arrives, and the container lives on" {
	logger sh -c 'trap "echo got USR1" USR1; echo ready; while :; do sleep 0.1; done'
	wait_until grep ready "$WORK/log"
	exits 0 ctr task kill --signal USR1 "$NAME"
	wait_until grep 'got USR1' "$WORK/log"
	is RUNNING "$(status)"
}

@test "ctr task kill --all -s KILL: 137" {
	sleeper
	exits 0 ctr task kill --all --signal KILL "$NAME"
	wait_until status_is STOPPED
	deletes_with 137
}

@test "ctr task delete: refused while it runs; -f takes it" {
	sleeper
	exits 1 ctr task delete "$NAME"
	is RUNNING "$(status)"
	deletes_with 137 --force
	is '' "$(ctr task list --quiet)"
}

@test "ctr task start: a container that was stopped runs again" {
	logger sh -c 'echo line >>/tmp/file; cat /tmp/file'
	wait_until status_is STOPPED
	exits 0 ctr task delete "$NAME"
	exits 0 ctr task start "$NAME"
	is $'line\nline' "$output"
}

@test "ctr task pause: nothing runs until resume" {
	logger sh -c 'while :; do echo tick; sleep 0.1; done'
	exits 0 ctr task pause "$NAME"
	is PAUSED "$(status)"
	sleep 0.5
	before=$(wc -l <"$WORK/log")
	sleep 1
	is "$before" "$(wc -l <"$WORK/log")"
	exits 0 ctr task resume "$NAME"
	is RUNNING "$(status)"
	sleep 1
	[ "$(wc -l <"$WORK/log")" -gt "$before" ]
}

@test "ctr task attach: input and output from then on, and the exit code" {
	run_with --detach --fifo-dir "$WORK/fifos" "$IMAGE" "$NAME" sh -c 'read word; sleep 1; echo "got $word"; exit 7'
	exits 7 ctr task attach "$NAME" < <(echo hello; sleep 4)
	is 'got hello' "$output"
}

@test "ctr task checkpoint: refused with a sentence" {
	only_with_kata
	sleeper
	exits 1 ctr task checkpoint "$NAME"
	has "$errors" 'checkpoint: not supported' 'virtual machine'
	is RUNNING "$(status)"
}

@test "ctr events: create, start, exit with the code, delete" {
	/usr/bin/ctr events >"$WORK/events" 3>&- &
	listener=$!
	exits 7 run_with --rm "$IMAGE" "$NAME" sh -c 'exit 7'
	wait_until grep -q "/tasks/delete.*\"$NAME\"" "$WORK/events"
	kill "$listener"
	for topic in create start exit delete; do
		grep -q "/tasks/$topic .*\"$NAME\"" "$WORK/events"
	done
	grep "/tasks/exit" "$WORK/events" | grep -q '"exit_status":7'
}

@test "ctr task ps: pids of host processes" {
	sleeper
	exits 0 ctr task ps "$NAME"
	has "$output" PID
	[ -d "/proc/$(awk 'NR == 2 { print $1 }' "$WORK/out")" ]
}

@test "ctr task metrics: memory and processes are not zero" {
	sleeper
	exits 0 ctr task metrics "$NAME"
	has "$output" memory.usage_in_bytes pids.current
	not grep -E '^(memory.usage_in_bytes|pids.current) +0$' <<<"$output"
	in_cgroups "$(ctr task list | awk -v id="$NAME" '$1 == id { print $2 }')" "$NAME"
}

@test "ctr run --env --cwd --mount --read-only" {
	mkdir "$WORK/folder"
	exits 1 run_with --rm --env NUMBER=7 --cwd /home/user --read-only \
		--mount "type=bind,src=$WORK/folder,dst=/tmp,options=rbind:rw" "$IMAGE" "$NAME" \
		sh -c 'echo $NUMBER; pwd; echo 1 >/tmp/a; touch /x'
	is $'7\n/home/user' "$output"
	has "$errors" 'Read-only file system'
	is 1 "$(cat "$WORK/folder/a")"
}

@test "ctr run --env-file, --annotation, --no-pivot, --cap-add, --cap-drop" {
	echo FROM_FILE=9 >"$WORK/env"
	exits 0 run_with --rm --env-file "$WORK/env" --annotation key=value --no-pivot "$IMAGE" "$NAME" \
		sh -c 'echo $FROM_FILE'
	is 9 "$output"
	exits 0 run_with --rm --cap-drop CAP_CHOWN --cap-add CAP_SYS_TIME "$IMAGE" "$NAME-2" grep CapEff /proc/self/status
	is $'CapEff:\t00000000aa0425fa' "$output"
}

@test "ctr run --net-host and the host's namespaces are refused with a sentence that says what to do" {
	only_with_kata
	exits 1 run_with --rm --net-host "$IMAGE" "$NAME" true
	has "$errors" 'network' 'a virtual machine cannot' 'bridge network'
	exits 1 run_with --rm --with-ns pid:/proc/1/ns/pid "$IMAGE" "$NAME-2" true
	has "$errors" 'pid'
}

@test "ctr run --device: what the guest cannot have is refused by name" {
	only_with_kata
	make_device
	exits 1 run_with --rm --device "$WORK/device" "$IMAGE" "$NAME" true
	has "$errors" '(character 116:1): the guest has no such device'
}

@test "ctr run --seccomp: containerd's own profile" {
	configure disable_guest_seccomp false
	exits 0 run_with --rm --seccomp "$IMAGE" "$NAME" grep '^Seccomp:' /proc/self/status
	is $'Seccomp:\t2' "$output"
}

@test "ctr run --uidmap --gidmap: root of the container is another user outside" {
	exits 0 run_with --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 "$IMAGE" "$NAME" \
		sh -c 'id -u; tr -s " " </proc/self/uid_map; touch /root/file && stat -c %u /root/file'
	is $'0\n 0 100000 65536\n0' "$output"
}

@test "ctr run --cpus, --cpu-shares, --memory-limit arrive" {
	only_with_kata
	sleeper --cpus 0.5 --cpu-shares 512 --memory-limit 67108864 \
		--mount type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro
	exits 0 in_container "$NAME" sh -c 'cd /sys/fs/cgroup && cat cpu.max cpu.weight memory.max'
	is $'50000 100000\n20\n67108864' "$output"
}

@test "ctr run --memory-limit: a program over it is killed, 137" {
	exits 137 run_with --rm --memory-limit 33554432 "$IMAGE" "$NAME" \
		sh -c 'exec dd if=/dev/zero of=/dev/null bs=100M count=1'
}

@test "ctr run --privileged" {
	needs_every_capability
	exits 0 run_with --rm --privileged "$IMAGE" "$NAME" sh -c 'mkdir /tmp/m && mount -t tmpfs none /tmp/m && echo mounted'
	is mounted "$output"
}

@test "containerd restarts with a container that runs" {
	logger sh -c 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done'
	stop_daemon containerd
	start_daemon containerd ready containerd
	is RUNNING "$(status)"
	exits 0 in_container "$NAME" true
	deletes_with 137 --force
}

@test "thirty containers one after another" {
	for i in $(seq 30); do
		exits 0 run_with --rm "$IMAGE" "$NAME" echo "$i"
		is "$i" "$output"
	done
}

@test "eight containers at once" {
	for i in $(seq 8); do
		run_with --rm "$IMAGE" "$NAME-$i" sh -c "sleep 1; echo $i" >"$WORK/out.$i" 3>&- &
	done
	wait
	is "$(seq 8)" "$(cat "$WORK"/out.?)"
}
