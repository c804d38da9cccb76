#!/usr/bin/env bats
# The cache of started machines: kata-runtime factory with vm_cache_number.

load ../lib/helpers

setup()
{
	common_setup
	use_cache 1
	set_config default_memory 512
}

teardown()
{
	status=0
	stop_cache || status=1
	[[ ! -e $WORK/cache.sock && ! -e $KATA_RUN_DIR/vc/cache ]] || status=1
	[[ ! -e /run/netns/${WORK##*/} ]] || ip netns delete "${WORK##*/}"
	common_teardown
	return $status
}

# cached_pid - QEMU's of the first machine that is ready.
cached_pid() { runtime factory status | sed -n 's/^VM pid = \([0-9]*\) .*/\1/p' | head -n 1; }

server_pid() { cat "$WORK/cache.pid"; }

# is_cached [ID] - whether its machine comes from the cache: then it has a name of that.
is_cached() { tr '\0' ' ' <"/proc/$(pid_of_helper qemu "${1:-$ID}")/cmdline" | grep -qE -- '-name sandbox-m[0-9a-f]{12} '; }

# cache_is_empty - no machine, and no server's traces.
cache_is_empty() { [[ ! -e $KATA_RUN_DIR/vc/cache && ! -e $WORK/cache.sock ]]; }

# no_machines - what a killed server may leave at most is its empty directory, for the next command.
no_machines() { [[ -z $(compgen -G "$KATA_RUN_DIR/vc/cache/m*") && ! -e $WORK/cache.sock ]]; }

# runs_cold REASON - a container runs all the same, and the log says why it is not from the cache.
runs_cold()
{
	local dir

	dir=$(bundle)
	set_args "$dir" true
	rm -f "$WORK/log"
	runtime --log "$WORK/log" run --bundle "$dir" "$ID" </dev/null 2>"$WORK/err"
	grep -qF "$1" "$WORK/log" || { cat "$WORK/log"; return 1; }
}

@test "a sandbox gets a started machine, and all that it has is its own; the cache is filled again" {
	start_cache
	pid=$(cached_pid)
	[ "$(runtime factory status)" = "VM cache server pid = $(server_pid)
VM pid = $pid Cpu = 1 Memory = 512MiB" ]
	[ "$(stat -c %a "$WORK/cache.sock")" = 600 ]
	dir=$(bundle "bundle-$ID")
	echo 'from the host' >"$dir/rootfs/file"
	start_sleeper
	[ "$(pid_of_helper qemu)" -eq "$pid" ]
	# Records, cgroup and namespaces are as for any sandbox.
	for helper in qemu virtiofsd; do
		grep -q "/${WORK##*/}/bundle-$ID" "/proc/$(pid_of_helper $helper)/cgroup"
	done
	grep -q "/${WORK##*/}/bundle-$ID" "/proc/$(pgrep -P "$(pid_of_helper virtiofsd)")/cgroup"
	shim=$(runtime state "$ID" | jq .pid)
	[ "$(readlink "/proc/$(pid_of_helper proxy)/ns/net")" = "$(readlink "/proc/$shim/ns/net")" ]
	[ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]
	[ "$(runtime exec "$ID" cat /file)" = 'from the host' ]
	runtime exec "$ID" sh -c 'echo back >/answer; exit 7' || code=$?
	[ "$code" -eq 7 ]
	[ "$(cat "$dir/rootfs/answer")" = back ]
	off=$(($(runtime exec "$ID" date +%s) - $(date +%s)))
	((off >= -3 && off <= 3))
	PATIENCE=30 wait_until cache_has 1
	[ "$(cached_pid)" -ne "$pid" ]
	# The cache ends, the sandbox does not.
	[ "$(runtime factory destroy)" = 'vm factory destroyed' ]
	cache_is_empty
	gone "$(server_pid)"
	[ "$(runtime exec "$ID" echo alive)" = alive ]
	kill -9 "$pid"
	wait_until is_status "$ID" stopped
	runtime delete "$ID"
}

@test "a machine of the cache gets interfaces, limits and a pod; one that is to be smaller boots" {
	ip netns add "${WORK##*/}"
	ip -n "${WORK##*/}" link add eth0 type veth peer name peer
	ip -n "${WORK##*/}" address add 10.9.1.2/24 dev eth0
	ip -n "${WORK##*/}" link set eth0 up
	ip -n "${WORK##*/}" link set peer up
	ip -n "${WORK##*/}" address add 10.9.1.1/24 dev peer
	dir=$(bundle)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/${WORK##*/}\" |
		.linux.resources.memory.limit = 640 * 1048576"
	start_cache
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null 2>&1
	is_cached
	runtime exec "$ID" ip address show dev eth0 | grep -q 'inet 10.9.1.2/24'
	[ "$(readlink "/proc/$(pid_of_helper proxy)/ns/net" | tr -dc 0-9)" = "$(stat -Lc %i "/run/netns/${WORK##*/}")" ]
	[ "$(runtime exec "$ID" awk '/^MemTotal/ {print ($2 > 550000)}' /proc/meminfo)" = 1 ]
	start_member member "$ID"
	[ "$(runtime exec member echo alive)" = alive ]
	runtime delete --force "$ID"
	set_config default_memory 400
	start_sleeper
	not is_cached
}

@test "with a template the machines of the cache are clones" {
	set_config shared_fs '"virtio-9p"'
	set_config enable_template true
	set_config template_path "\"$WORK/template\""
	start_cache
	runtime factory status >"$WORK/status"
	grep -q '^vm factory is on' "$WORK/status"
	start_sleeper
	is_cached
	tr '\0' ' ' <"/proc/$(pid_of_helper qemu)/cmdline" | grep -qF -- '-incoming defer'
	[ "$(runtime exec "$ID" echo alive)" = alive ]
	runtime factory destroy
	[ ! -e "$WORK/template" ]
	cache_is_empty
}

@test "without a server status and destroy say so, and a sandbox boots; what is no socket is left alone" {
	[ "$(runtime factory status)" = "failed to connect \"$WORK/cache.sock\": connect to $WORK/cache.sock: No such file or directory" ]
	fails runtime factory destroy
	says "failed to connect \"$WORK/cache.sock\""
	runs_cold 'does not come from the cache: failed to connect'
	touch "$WORK/cache.sock"
	fails runtime factory init
	says "$WORK/cache.sock is there and is no socket"
	rm "$WORK/cache.sock"
	[ ! -e "$KATA_RUN_DIR/vc/cache" ]
	# A socket that a killed server has left is replaced.
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$WORK/cache.sock"
	start_cache
	# Of two servers one says so.
	fails runtime factory init
	says "a VM cache server runs already, pid $(server_pid)" "'kata-runtime factory destroy' ends it"
	kill -TERM "$(server_pid)"
	wait_until gone "$(server_pid)"
	cache_is_empty
}

@test "a machine of another configuration is never used: a warning, and the machine boots" {
	cp "$(sed -n 's/^kernel = "\(.*\)"/\1/p' "$USED_CONFIG")" "$WORK/vmlinux"
	set_config kernel "\"$WORK/vmlinux\""
	start_cache
	set_config kernel_params '"agent.log=debug"'
	runs_cold 'makes another machine of it'
	runtime factory status | grep -q 'makes another machine of it'
	set_config kernel_params '""'
	touch "$WORK/vmlinux"
	runs_cold "kernel $WORK/vmlinux: it was changed since"
	# The server starts no more of them either.
	kill -9 "$(cached_pid)"
	wait_until grep -qF "starts no machine any more: kernel $WORK/vmlinux" "$WORK/cache.log"
	cache_has 0
}

@test "a machine that ends in the cache is replaced; a killed server leaves nothing but its sandboxes" {
	start_cache
	pid=$(cached_pid)
	start_sleeper
	PATIENCE=30 wait_until cache_has 1
	for program in qemu virtiofsd; do
		now=$(cached_pid)
		kill -9 "$(cut -d ' ' -f 1 "$KATA_RUN_DIR"/vc/cache/m*/vm/$program.record)"
		PATIENCE=30 wait_until gone "$now"
		PATIENCE=30 wait_until cache_has 1
		[ "$(cached_pid)" -ne "$now" ]
	done
	now=$(cached_pid)
	kill -9 "$(server_pid)"
	PATIENCE=10 wait_until cache_is_empty
	gone "$now"
	[ "$(pid_of_helper qemu)" -eq "$pid" ]
	[ "$(runtime exec "$ID" echo alive)" = alive ]
	# The guard too: the next command does its work.
	start_cache
	now=$(cached_pid)
	guard=$(pgrep -P "$(server_pid)" kata-cache)
	kill -9 "$guard" "$(server_pid)"
	not gone "$now"
	start_sleeper other
	gone "$now"
	[ ! -e "$KATA_RUN_DIR/vc/cache" ]
	rm -f "$WORK/cache.sock"
	[ "$(runtime exec "$ID" echo alive)" = alive ]
}

@test "server and workers killed at each step leave nothing, and the next server works" {
	start_cache
	stop_cache
	# Until it waits for clients; what comes then is the workers'.
	total=$(KATA_FAULT=factory-init:list timeout --signal=TERM 3 "$RUNTIME" --kata-config "$USED_CONFIG" factory init 2>&1 </dev/null | grep -c '^fault-point ')
	((total >= 3))
	for ((n = 1; n <= total; n++)); do
		code=0
		KATA_FAULT=factory-init:$n:kill timeout 20 "$RUNTIME" --kata-config "$USED_CONFIG" factory init </dev/null >"$WORK/out" 2>&1 || code=$?
		((code == 137)) || { echo "step $n: exit code $code"; return 1; }
		wait_until no_machines || { echo "step $n"; return 1; }
	done
	runtime factory destroy 2>/dev/null || cache_is_empty
	KATA_FAULT=cache-start:list start_cache
	stop_cache
	total=$(grep -c '^fault-point ' "$WORK/cache.out")
	((total >= 10))
	for ((n = 1; n <= total; n += 2)); do
		KATA_FAULT=cache-start:$n:kill launch_cache
		wait_until test -S "$WORK/cache.sock"
		sleep 0.5
		stop_cache
		cache_is_empty || { echo "step $n"; return 1; }
		assert_nothing_left
	done
	start_cache
}

@test "create killed at each step of the hand-over: the machine is one's, and nothing is left" {
	start_cache
	dir=$(bundle)
	set_args "$dir" sleep 1000
	KATA_FAULT=create:list runtime create --bundle "$dir" "$ID" </dev/null >/dev/null 2>"$WORK/points"
	runtime delete --force "$ID"
	first=$(sed -n 's/^fault-point \([0-9]*\) machine promised/\1/p' "$WORK/points")
	last=$(sed -n 's/^fault-point \([0-9]*\) agent answered/\1/p' "$WORK/points")
	((last - first >= 8))
	for ((n = first; n <= last; n++)); do
		PATIENCE=30 wait_until cache_has 1
		pid=$(cached_pid)
		code=0
		KATA_FAULT=create:$n:kill runtime create --bundle "$dir" "$ID" </dev/null >/dev/null 2>&1 || code=$?
		((code == 137)) || { echo "step $n: exit code $code"; return 1; }
		runtime delete --force "$ID"
		[[ ! -e $KATA_RUN_DIR/vc/sbs/$ID && ! -e $KATA_RUN_DIR/vc/vm/$ID ]]
		[[ ! -e $KATA_RUN_DIR/kata-containers/shared/sandboxes/$ID ]]
		# The first has taken nothing: it is there for another. All later ones are gone.
		if ((n == first)); then
			[ "$(cached_pid)" -eq "$pid" ]
		else
			wait_until gone "$pid" || { echo "step $n"; return 1; }
		fi
	done
	start_sleeper
	is_cached
}

@test "only root may ask; clients that say nothing, or nonsense, hold up nobody" {
	start_cache
	chmod 711 "$WORK"
	chmod 666 "$WORK/cache.sock"
	PROGRAM=$RUNTIME CONFIGURATION=$USED_CONFIG python3 - "$WORK/cache.sock" <<-'END'
		import os, socket, subprocess, sys

		def connect():
		    s = socket.socket(socket.AF_UNIX)
		    s.settimeout(5)
		    s.connect(sys.argv[1])
		    return s

		if os.fork() == 0:
		    os.setuid(65534)
		    os._exit(connect().recv(1) != b"")
		assert os.wait()[1] == 0
		silent = [connect() for _ in range(50)]
		for junk in (b"\xff" * 4096, b"\x00\x10\x00\x00\x00\x00\x00\x01\x01\x00" + b"x" * 100000, b"GET / HTTP/1.0\r\n\r\n"):
		    s = connect()
		    try:
		        s.sendall(junk)
		        s.recv(1)
		    except OSError:
		        pass
		subprocess.run([os.environ["PROGRAM"], "--kata-config", os.environ["CONFIGURATION"], "factory", "status"], check=True, timeout=5)
	END
	grep -q 'of user 65534 may not use it' "$WORK/cache.log"
	start_sleeper
	is_cached
}
