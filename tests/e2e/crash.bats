#!/usr/bin/env bats
# Whatever is killed, delete --force leaves nothing, and the id is free at once.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# points COMMAND WORD… - how many fault points "kata-runtime COMMAND WORD…" passes.
points()
{
	local command=$1

	# Through a file: the shim inherits standard error and would hold a pipe open.
	KATA_FAULT=$command:list runtime "$@" </dev/null >/dev/null 2>"$WORK/points"
	grep -c '^fault-point ' "$WORK/points"
}

# stop_at N COMMAND WORD… - the command kills itself at its fault point N.
stop_at()
{
	local n=$1 code=0
	shift

	KATA_FAULT=$1:$n:kill runtime "$@" </dev/null >/dev/null 2>&1 || code=$?
	((code == 137)) || { echo "fault point $n of $1: exit code $code"; return 1; }
}

delete_in_time()
{
	timeout 5 "$RUNTIME" delete --force "$1" || { echo "delete --force $1: $?, at $2"; return 1; }
}

@test "create killed at each of its steps: delete --force leaves nothing and the id is free" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	total=$(points create --bundle "$dir" "$ID")
	delete_in_time "$ID" 'the end of create'
	((total >= 20))
	# Each round creates the same id again, right after the one before was deleted.
	for ((n = 1; n <= total; n++)); do
		stop_at "$n" create --bundle "$dir" "$ID"
		delete_in_time "$ID" "create:$n"
		assert_nothing_left
	done
	runtime create --bundle "$dir" "$ID" </dev/null
	is_status "$ID" created
}

@test "create killed while the vCPUs get a cgroup of their own: delete --force takes it away" {
	set_config sandbox_cgroup_with_emulator true
	dir=$(bundle)
	set_args "$dir" sleep 1000
	total=$(points create --bundle "$dir" "$ID")
	delete_in_time "$ID" 'the end of create'
	for step in 'host cgroup' 'vCPUs settled'; do
		n=$(grep '^fault-point ' "$WORK/points" | grep -n "$step" | cut -d : -f 1 | head -n 1)
		stop_at "$n" create --bundle "$dir" "$ID"
		[ -n "$(find /sys/fs/cgroup -type d -path "*/${WORK##*/}/bundle/vcpu")" ]
		delete_in_time "$ID" "create:$n"
		[ -z "$(find /sys/fs/cgroup -type d -path "*/${WORK##*/}/bundle*")" ]
		assert_nothing_left
	done
}

@test "create failing at each of its steps tells so in one line and leaves nothing" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	total=$(points create --bundle "$dir" "$ID")
	delete_in_time "$ID" 'the end of create'
	for ((n = 1; n <= total; n++)); do
		KATA_FAULT=create:$n:fail fails runtime create --bundle "$dir" "$ID"
		says "fault point $n"
		assert_nothing_left
	done
}

@test "create and run that are interrupted undo what they have begun" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	# From the first step to the wait for the guest.
	for delay in 0.02 0.1 0.3; do
		for how in 'INT create' 'TERM create' 'INT run' 'TERM run --detach'; do
			code=0
			timeout --preserve-status --signal="${how%% *}" "$delay" \
				"$RUNTIME" --kata-config "$USED_CONFIG" ${how#* } --bundle "$dir" "$ID" \
				</dev/null >/dev/null 2>&1 || code=$?
			((code != 0)) || { echo "$how, after $delay s: exit code 0"; return 1; }
			assert_nothing_left || { echo "$how, after $delay s: see above"; return 1; }
		done
	done
}

@test "start killed at each of its steps: delete --force leaves nothing" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	runtime create --bundle "$dir" "$ID" </dev/null
	total=$(points start "$ID")
	delete_in_time "$ID" 'the end of start'
	((total >= 3))
	for ((n = 1; n <= total; n++)); do
		runtime create --bundle "$dir" "$ID" </dev/null
		stop_at "$n" start "$ID"
		delete_in_time "$ID" "start:$n"
		assert_nothing_left
	done
}

@test "delete killed at each of its steps: the next delete --force finishes" {
	start_sleeper
	total=$(points delete --force "$ID")
	assert_nothing_left
	((total >= 6))
	for ((n = 1; n <= total; n++)); do
		start_sleeper
		stop_at "$n" delete --force "$ID"
		delete_in_time "$ID" "delete:$n"
		assert_nothing_left
	done
}

@test "a pod's member killed while it is created or deleted, at each step: the pod lives on" {
	start_sleeper pod
	dir=$(bundle)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" '.annotations = {
		"io.kubernetes.cri.container-type": "container",
		"io.kubernetes.cri.sandbox-id": "pod" }'
	total=$(points create --bundle "$dir" member)
	deleting=$(points delete --force member)
	((total >= 8 && deleting >= 4))
	for ((n = 1; n <= total; n++)); do
		stop_at "$n" create --bundle "$dir" member
		delete_in_time member "create:$n"
	done
	for ((n = 1; n <= deleting; n++)); do
		runtime create --bundle "$dir" member </dev/null
		stop_at "$n" delete --force member
		delete_in_time member "delete:$n"
	done
	[ "$(runtime list -q)" = pod ]
	grep -F "$KATA_RUN_DIR" /proc/self/mountinfo | { grep -F /member || true; } | nothing
	[ "$(runtime exec pod echo alive)" = alive ]
	runtime create --bundle "$dir" member </dev/null
	is_status member created
}

@test "a half-made container is deleted by its id, not another whose id begins like it" {
	start_sleeper abcd
	dir=$(bundle)
	set_args "$dir" sleep 1000
	stop_at 3 create --bundle "$dir" abc
	delete_in_time abc create:3
	[ ! -e "$KATA_RUN_DIR/vc/sbs/abc" ]
	is_status abcd running
}

@test "shim, proxy, virtiofsd or QEMU killed: the container is stopped, delete leaves nothing" {
	for name in shim proxy virtiofsd qemu; do
		start_sleeper
		case $name in
		shim) pid=$(runtime state "$ID" | jq .pid) ;;
		*) pid=$(pid_of_helper "$name") ;;
		esac
		kill -KILL "$pid"
		if [[ $name != virtiofsd ]]; then
			wait_until is_status "$ID" stopped || { echo "after the end of $name"; return 1; }
		fi
		delete_in_time "$ID" "the end of $name"
		assert_nothing_left
	done
	start_sleeper
	is_status "$ID" running
}

@test "all four helpers killed at once: delete --force leaves nothing" {
	start_sleeper
	kill -KILL "$(runtime state "$ID" | jq .pid)" "$(pid_of_helper proxy)" \
		"$(pid_of_helper virtiofsd)" "$(pid_of_helper qemu)"
	delete_in_time "$ID" 'the end of all'
}

@test "a stopped machine (SIGSTOP) does not hold up delete --force for over 5 s" {
	start_sleeper
	kill -STOP "$(pid_of_helper qemu)"
	delete_in_time "$ID" 'SIGSTOP of QEMU'
}

@test "a stopped proxy (SIGSTOP) does not hold up delete --force for over 5 s" {
	start_sleeper
	kill -STOP "$(pid_of_helper proxy)"
	delete_in_time "$ID" 'SIGSTOP of kata-proxy'
}

@test "a dead machine: the shim ends with 255, the container is stopped and deleted without force" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	# Its parent is gone, so the shim becomes ours, as under Docker, and we see how it ends.
	python3 - "$RUNTIME" "$USED_CONFIG" "$dir" "$ID" "$KATA_RUN_DIR/vc/vm/$ID/qemu.record" \
		<<-'END' >"$WORK/code"
		import ctypes, os, signal, subprocess, sys
		runtime, config, bundle, name, record = sys.argv[1:]
		ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
		pid_file = bundle + "/pid"
		subprocess.run([runtime, "--kata-config", config, "run", "-d", "--bundle", bundle,
		                "--pid-file", pid_file, name], check=True, stdin=subprocess.DEVNULL,
		               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		os.kill(int(open(record).read().split()[0]), signal.SIGKILL)
		signal.alarm(10)
		_, status = os.waitpid(int(open(pid_file).read()), 0)
		print(os.waitstatus_to_exitcode(status))
	END
	[ "$(cat "$WORK/code")" = 255 ]
	is_status "$ID" stopped
	runtime delete "$ID"
	assert_nothing_left
}

@test "a machine that dies under run: exit code 255, a line that says so, and nothing left" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	runtime run --bundle "$dir" "$ID" </dev/null >/dev/null 2>"$WORK/err" &
	pid=$!
	wait_until is_status "$ID" running
	kill -KILL "$(pid_of_helper qemu)"
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 255 ]
	[ "$(cat "$WORK/err")" = "container $ID: its virtual machine has ended [KATA-MACHINE-ENDED]" ]
}

@test "kata-runtime run killed: the container runs on and delete --force removes it" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	"$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" "$ID" </dev/null >/dev/null 2>&1 &
	pid=$!
	wait_until is_status "$ID" running
	kill -KILL "$pid"
	wait "$pid" || true
	delete_in_time "$ID" 'the end of run'
}

@test "delete --force of a container that run waits for: run ends as after SIGKILL" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	runtime run --bundle "$dir" "$ID" </dev/null >/dev/null 2>&1 &
	pid=$!
	wait_until is_status "$ID" running
	delete_in_time "$ID" run
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 137 ]
}

@test "state of another boot of the host: stopped, and the id can be created again" {
	start_sleeper
	pids=$(all_pids)
	make_stale "$ID"
	is_status "$ID" stopped
	# After a real boot these processes and mounts would not be there.
	kill -KILL $pids
	runtime delete "$ID"
	assert_nothing_left
	start_sleeper
	pids=$(all_pids)
	make_stale "$ID"
	kill -KILL $pids
	start_sleeper
	is_status "$ID" running
}

@test "what another boot left is swept away by the next create, whatever its id" {
	start_sleeper old
	kill -KILL "$(pid_of_helper qemu old)" "$(pid_of_helper proxy old)" "$(pid_of_helper virtiofsd old)"
	wait_until is_status old stopped
	another_boot
	dir=$(bundle)
	set_args "$dir" true
	runtime run --bundle "$dir" "$ID" </dev/null
	[ ! -e "$KATA_RUN_DIR/vc/sbs/old" ]
	[ ! -e "$KATA_RUN_DIR/kata-containers/containers-mapping/old" ]
	[ ! -e "$KATA_RUN_DIR/kata-containers/shared/sandboxes/old" ]
}

@test "where the boot id cannot be read nothing is swept, and create says why it fails" {
	start_sleeper
	kill -KILL $(all_pids)
	another_boot
	dir=$(bundle)
	cat >"$WORK/script" <<-END
		mount --bind "$WORK/nothing" /proc/sys/kernel/random/boot_id
		exec "$RUNTIME" --kata-config "$USED_CONFIG" "\$@"
	END
	mkdir -p "$WORK/nothing.d"
	: >"$WORK/nothing"
	fails unshare --mount bash "$WORK/script" create --bundle "$dir" second
	says /proc/sys/kernel/random/boot_id
	[ -e "$KATA_RUN_DIR/vc/sbs/$ID/persist.json" ]
}

@test "a directory of a killed command without a record does not keep its name" {
	mkdir -p "$KATA_RUN_DIR/vc/sbs/$ID/member" "$KATA_RUN_DIR/kata-containers/containers-mapping/lost/gone"
	dir=$(bundle)
	set_args "$dir" true
	runtime run --bundle "$dir" "$ID" </dev/null
	runtime run --bundle "$dir" lost </dev/null
	assert_nothing_left
}

@test "the end of virtiofsd ends the machine: 255, stopped, deleted as ever" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	runtime --log "$WORK/log" run --bundle "$dir" "$ID" </dev/null 2>"$WORK/err" &
	pid=$!
	wait_until is_status "$ID" running
	qemu=$(pid_of_helper qemu)
	kill -KILL "$(pid_of_helper virtiofsd)"
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 255 ]
	grep -q 'its virtual machine has ended' "$WORK/err"
	gone "$qemu"
}

@test "records of another boot never make delete --force kill a process that is somebody else's" {
	start_sleeper
	pids=$(all_pids)
	make_stale "$ID"
	kill -KILL $pids
	sleep 1000 &
	other=$!
	# The worst case: pid and start time are those of a stranger.
	start=$(awk '{print $22}' "/proc/$other/stat")
	for record in "$KATA_RUN_DIR/vc/vm/$ID"/*.record "$KATA_RUN_DIR/vc/sbs/$ID/$ID"/*.record; do
		echo "$other $start" >"$record"
	done
	cp -a "$KATA_RUN_DIR/vc" "$WORK/vc"
	delete_in_time "$ID" 'another boot'
	kill -0 "$other"
	# The same where a delete had begun, and a create goes on with it.
	cp -a "$WORK/vc/." "$KATA_RUN_DIR/vc"
	rm -rf "$WORK/vc"
	touch "$KATA_RUN_DIR/vc/sbs/$ID/deleting"
	dir=$(bundle)
	set_args "$dir" true
	runtime run --bundle "$dir" "$ID" </dev/null
	kill -0 "$other"
	kill "$other"
}

@test "a machine in which nothing runs any more ends by itself; its containers are there until delete" {
	set_config kernel_params "\"$(sed -n 's/^kernel_params = "\(.*\)"/\1/p' "$USED_CONFIG") agent.vacant_timeout=1s\""
	start_sleeper pod
	start_member member pod true
	wait_until is_status member stopped
	sleep 3
	[ "$(runtime exec pod echo alive)" = alive ]
	machine=$(pid_of_helper qemu pod)
	runtime kill pod KILL
	wait_until is_status pod stopped
	wait_until gone "$machine" || wait_until gone "$machine"
	[ "$(runtime list -q)" = $'member\npod' ]
	[ "$(runtime state pod | jq -r '.status, .pid' | xargs)" = 'stopped 0' ]
	fails runtime exec pod true
	says 'not running'
	runtime delete member
	runtime delete pod
}

@test "output that is still to be read keeps a machine in which nothing runs" {
	set_config kernel_params "\"$(sed -n 's/^kernel_params = "\(.*\)"/\1/p' "$USED_CONFIG") agent.vacant_timeout=1s\""
	dir=$(bundle)
	set_args "$dir" seq 55000
	runtime run --bundle "$dir" "$ID" </dev/null | { sleep 5; cat; } >"$WORK/out"
	[ "$(sha256sum <"$WORK/out")" = "$(seq 55000 | sha256sum)" ]
}
