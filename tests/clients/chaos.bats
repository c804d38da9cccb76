#!/usr/bin/env bats
# Whatever is killed, at whatever moment: what the client shows becomes true, its own clean-up
# leaves nothing, and the next container runs.
#
# A round starts a container that writes, does something with it by the client, and meanwhile kills
# one process of those that make it up: kata-runtime at work, kata-shim, kata-proxy, virtiofsd, QEMU,
# or containerd-shim. Which, when and during what is random.
#
# CHAOS_ROUNDS   for each client; 7 by default
# CHAOS_SEED     the seed of the first round; it is printed. A round of its own is repeated by
#                CHAOS_ROUNDS=1 and the seed that its failure names
# CHAOS_ACT, CHAOS_VICTIM    always this act, this name of the lists below

load helpers

ready_containerd() { ctr version; }
ready_dockerd() { docker version; }

docker() { timeout --foreground 90 /usr/bin/docker "$@"; }
podman() { timeout --foreground 90 /usr/bin/podman "$@"; }
ctr() { timeout --foreground 90 /usr/bin/ctr "$@"; }

setup_file()
{
	clients_setup_file
	export CHAOS_SEED=${CHAOS_SEED:-$RANDOM} CHAOS_ROUNDS=${CHAOS_ROUNDS:-7}
	configure_docker
	configure_podman
	start_daemon containerd ready_containerd containerd
	start_daemon dockerd ready_dockerd dockerd --containerd /run/containerd/containerd.sock
	docker load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
	podman load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
	ctr image import "$BATS_FILE_TMPDIR/busybox.tar"
	# What the first container makes and every later one uses is no trace of a round.
	docker run --rm --runtime runc "$IMAGE" true
	podman --runtime runc run --rm "$IMAGE" true
	ctr run --rm --runc-binary "$(command -v runc)" "$IMAGE" warm-up true
	for client in docker podman ctr; do
		"do_$client" next warm-up
	done
}

teardown_file()
{
	stop_daemon dockerd
	stop_daemon containerd
}

setup() { clients_setup; }

teardown()
{
	docker ps --all --quiet | xargs --no-run-if-empty docker rm --force >/dev/null
	podman rm --all --force --time 0 >/dev/null
	ctr container list --quiet | while read -r name; do do_ctr clean "$name"; done
	clients_teardown
}

# It writes all the time, so that something is on the way whenever a process dies.
writer='while :; do echo line; sleep 0.02; done'

# do_CLIENT ACT NAME - as an administrator types it.
do_docker()
{
	case $1 in
	run) docker run --detach --name "$2" "$IMAGE" sh -c "$writer" ;;
	exec) docker exec "$2" echo alive ;;
	stop) docker stop --time 1 "$2" ;;
	clean) docker rm --force "$2" ;;
	next) docker run --rm --name "$2" "$IMAGE" echo next ;;
	state) docker inspect --format '{{.State.Status}}' "$2" ;;
	exists) docker inspect "$2" ;;
	esac
}

do_podman()
{
	case $1 in
	run) podman run --detach --name "$2" "$IMAGE" sh -c "$writer" ;;
	exec) podman exec "$2" echo alive ;;
	stop) podman stop --time 1 "$2" ;;
	clean) podman rm --force --time 0 "$2" ;;
	next) podman run --rm --name "$2" "$IMAGE" echo next ;;
	state) podman inspect --type container --format '{{.State.Status}}' "$2" ;;
	exists) podman container exists "$2" ;;
	esac
}

do_ctr()
{
	case $1 in
	run) ctr run --detach --runc-binary "$RUNTIME" "$IMAGE" "$2" sh -c "$writer" ;;
	exec) ctr task exec --exec-id "e$RANDOM" "$2" echo alive ;;
	stop) ctr task kill --signal KILL "$2" ;;
	clean)
		! ctr task list --quiet | grep -qx "$2" || ctr task delete --force "$2"
		! ctr container list --quiet | grep -qx "$2" || ctr container delete "$2"
		;;
	next) ctr run --rm --runc-binary "$RUNTIME" "$IMAGE" "$2" echo next ;;
	state) ctr task list | awk -v id="$2" '$1 == id { print tolower($3) }' ;;
	exists) ctr container list --quiet | grep -x "$2" ;;
	esac
}

# The names by which the kernel knows them, 15 letters.
if [[ $CLIENT_RUNTIME == kata ]]; then
	victims=(kata-runtime kata-runtime kata-shim kata-proxy virtiofsd qemu-system-x86 monitor)
else
	victims=("$CLIENT_RUNTIME" "$CLIENT_RUNTIME" sh monitor)
fi
acts=(run run exec stop clean idle)

# pick WORD… - one of them, in $picked: a subshell would not move the seed on.
pick() { picked=${@:RANDOM % $# + 1:1}; }

# kill_one NAME MS - waits for a process of that name, then so long, and kills one of them.
kill_one()
{
	local i pids

	killed=nobody
	for ((i = 0; i < 300; i++)); do
		pids=$(pgrep -x "$1") && break
		sleep 0.01
	done
	sleep "$(printf '0.%03d' "$2")"
	pids=$(pgrep -x "$1") || return 0
	pick $pids
	kill -KILL "$picked" 2>/dev/null && killed=$1
}

# Running, and so it is; or not running.
state_is_true()
{
	[[ $("do_$client" state "$NAME") != running ]] || [[ $("do_$client" exec "$NAME") == alive ]]
}

# nothing_but_next - the container has gone, and everything of it.
is_clean()
{
	! "do_$client" exists "$NAME" && no_new_traces
}

# forgets_by_itself ACT VICTIM - where a client forgets a container without asking the runtime, any
# runtime, to delete it: Podman whose conmon dies while it stops it; Docker and Podman when the
# runtime dies in its delete, which they ask for once.
forgets_by_itself()
{
	case $client/$1/$2 in
	podman/stop/conmon | podman/clean/conmon) ;;
	docker/stop/kata-runtime | docker/clean/kata-runtime | docker/stop/runc | docker/clean/runc) ;;
	podman/stop/kata-runtime | podman/clean/kata-runtime | podman/stop/runc | podman/clean/runc) ;;
	*) false ;;
	esac
}

# delete_forgotten - what an administrator does then; kata-runtime finishes its own delete by itself.
delete_forgotten()
{
	local id

	"do_$client" next forgotten

	for id in $(ctr --namespace moby task list --quiet); do
		ctr --namespace moby task delete --force "$id"
		ctr --namespace moby container delete "$id"
	done
	[[ $client != podman ]] ||
		for id in $("$RUNTIME" list --quiet); do "$RUNTIME" delete --force "$id"; done
}

# round SEED - with $client; prints what went wrong.
round()
{
	local act name delay ms pid status=0 i

	# Seeds that are near each other begin alike.
	RANDOM=$(($1 * 7919 + ${#client}))
	for ((i = RANDOM % 7 + 3; i > 0; i--)); do : "$RANDOM"; done
	pick "${acts[@]}"
	act=${CHAOS_ACT:-$picked}
	pick "${victims[@]}"
	name=${CHAOS_VICTIM:-$picked}
	# Without its conmon Podman forgets a container and never has it deleted, with runc neither.
	[[ $name != monitor ]] || name=$([[ $client == podman ]] && echo kata-runtime || echo containerd-shim)
	delay=$(printf '0.%03d' $((RANDOM % 1000)))
	ms=$((RANDOM % 400))
	what="seed $1: $client, $name killed during $act, after $delay s and $ms ms"
	if [[ $act != run ]]; then
		"do_$client" run "$NAME" >"$WORK/run" 2>&1 || { echo "$what: before it, run:"; cat "$WORK/run"; return 1; }
	fi
	if [[ $act == idle ]]; then
		pid=
	else
		"do_$client" "$act" "$NAME" >"$WORK/act" 2>&1 3>&- &
		pid=$!
	fi
	sleep "$delay"
	kill_one "$name" "$ms"
	[[ -z $pid ]] || wait "$pid" || true
	PATIENCE=20 wait_until state_is_true || { echo "$what: says $("do_$client" state "$NAME")"; status=1; }
	"do_$client" clean "$NAME" >"$WORK/clean" 2>&1 ||
		{ echo "$what: clean-up exits with $?:"; cat "$WORK/clean"; status=1; }
	forgets_by_itself "$act" "$name" && delete_forgotten
	if ! PATIENCE=10 wait_until is_clean; then
		echo "$what:"
		show_new_traces
		remove_machines
		traces >"$WORK/before" # not to be told again by each later round
		status=1
	fi
	[[ $("do_$client" next "$NAME" 2>"$WORK/next") == next ]] ||
		{ echo "$what: the next run:"; cat "$WORK/next"; status=1; }
	return $status
}

# All rounds of a client; those that failed, at the end.
rounds()
{
	local client=$1 i failed=0
	declare -A count=()

	for ((i = 0; i < CHAOS_ROUNDS; i++)); do
		killed=nobody
		round $((CHAOS_SEED + i)) >"$WORK/failure" 2>&1 || {
			failed=$((failed + 1))
			sed 's/^/# /' "$WORK/failure" >&3
		}
		count[$killed]=$((${count[$killed]-0} + 1))
	done
	for killed in "${!count[@]}"; do
		echo "# $client, seed $CHAOS_SEED: ${count[$killed]} times $killed" >&3
	done
	# A third of the rounds come too late for their victim; all of them would show nothing.
	((CHAOS_ROUNDS < 5 || ${count[nobody]-0} < CHAOS_ROUNDS))
	((failed == 0))
}

@test "docker: random processes killed at random moments" { rounds docker; }

@test "podman: random processes killed at random moments" { rounds podman; }

@test "ctr: random processes killed at random moments" { rounds ctr; }
