#!/usr/bin/env bats
# Podman, with the runtime as its default.

load helpers

# A command that hangs fails its test with 124.
podman() { timeout --foreground 60 /usr/bin/podman "$@"; }

setup_file()
{
	clients_setup_file
	mkdir -p /etc/containers
	cat >/etc/containers/containers.conf <<-CONF
		[engine]
		runtime = "$CLIENT_RUNTIME"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		[engine.runtimes]
		$CLIENT_RUNTIME = ["$RUNTIME"]
		[network]
		network_backend = "netavark"
	CONF
	podman load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
	# What the first container makes and every later one uses is no trace of a test.
	podman --runtime runc run --rm "$IMAGE" true
	podman run --rm "$IMAGE" true || true
}

setup() { clients_setup; }

teardown()
{
	podman pod rm --all --force --time 0 >/dev/null
	podman rm --all --force --volumes --time 0 >/dev/null
	clients_teardown
}

field() { podman inspect --type container --format "{{$2}}" "$1"; }

# field_is NAME FIELD VALUE
field_is() { [[ $(field "$1" "$2") == "$3" ]]; }

# logged NAME TEXT
logged() { podman logs "$1" 2>&1 | grep -qF "$2"; }

# sleeper [OPTION…] - a container named $NAME that runs until it is stopped.
sleeper() { podman run --detach --name "$NAME" "$@" "$IMAGE" sleep 1000; }

@test "podman run: output, and exit code 0" {
	exits 0 podman run --rm "$IMAGE" echo hello
	is hello "$output"
	is '' "$errors"
}

@test "podman run: exit code 7" {
	exits 7 podman run --rm "$IMAGE" sh -c 'exit 7'
}

@test "podman run: standard error is apart from standard output" {
	exits 0 podman run --rm "$IMAGE" sh -c 'echo out; echo err >&2'
	is out "$output"
	is err "$errors"
}

@test "podman run: 127 for a program that is not there" {
	exits 127 podman run --rm "$IMAGE" no-such-program
	has "$errors" no-such-program
	exits 127 podman run --rm "$IMAGE" /no/such/program
	has "$errors" /no/such/program
}

@test "podman run: 126 for a file that is not executable" {
	exits 126 podman run --rm "$IMAGE" /bin/not-executable
	has "$errors" /bin/not-executable
}

@test "podman run: 137 when it is killed" {
	(
		wait_until field_is "$NAME" .State.Status running
		podman kill "$NAME"
	) 3>&- &
	exits 137 podman run --rm --name "$NAME" "$IMAGE" sleep 1000
	wait
}

@test "podman run -i: standard input arrives whole, and its end" {
	head -c 1000000 /dev/urandom >"$WORK/data"
	exits 0 podman run --rm --interactive "$IMAGE" sha256sum <"$WORK/data"
	is "$(sha256sum <"$WORK/data")" "$output"
}

@test "podman run without -i: standard input is empty" {
	exits 0 podman run --rm "$IMAGE" cat <<<'not for you'
	is '' "$output"
}

@test "podman run -it: a terminal, and its size before and after it changes" {
	on_terminal podman run --rm --interactive --tty "$IMAGE" \
		sh -c 'test -t 0 && test -t 1 && test -t 2 && echo terminal; for i in $(seq 40); do stty size 2>&1; sleep 0.1; done; exit 7'
	is 7 "$code"
	has "$output" terminal '33 111' '44 132'
}

@test "podman run -d: id, state, pid of a host process, logs" {
	exits 0 podman run --detach --name "$NAME" "$IMAGE" sh -c 'echo out; echo err >&2; sleep 1000'
	is "$(field "$NAME" .Id)" "$output"
	is running "$(field "$NAME" .State.Status)"
	[ -d "/proc/$(field "$NAME" .State.Pid)" ]
	wait_until logged "$NAME" out
	wait_until logged "$NAME" err
}

@test "podman run -d: a container that ends by itself: state, exit code, logs" {
	podman run --detach --name "$NAME" "$IMAGE" sh -c 'echo bye; exit 7'
	exits 0 podman wait "$NAME"
	is 7 "$output"
	is exited "$(field "$NAME" .State.Status)"
	is 7 "$(field "$NAME" .State.ExitCode)"
	is bye "$(podman logs "$NAME")"
}

@test "podman logs: 100,000 lines, each once and in order" {
	podman run --detach --name "$NAME" "$IMAGE" seq 100000
	podman wait "$NAME"
	exits 0 podman logs "$NAME"
	is "$(seq 100000 | sha256sum)" "$(sha256sum <"$WORK/out")"
}

@test "podman run --rm: nothing is left" {
	exits 0 podman run --rm --name "$NAME" "$IMAGE" true
	not podman container exists "$NAME"
}

@test "podman exec: output, exit codes 0, 7, 126, 127, standard error" {
	sleeper
	exits 0 podman exec "$NAME" echo hello
	is hello "$output"
	exits 7 podman exec "$NAME" sh -c 'exit 7'
	exits 126 podman exec "$NAME" /bin/not-executable
	exits 127 podman exec "$NAME" no-such-program
	exits 0 podman exec "$NAME" sh -c 'echo err >&2'
	is err "$errors"
}

@test "podman exec -i: standard input arrives whole, and its end" {
	sleeper
	head -c 1000000 /dev/urandom >"$WORK/data"
	exits 0 podman exec --interactive "$NAME" sha256sum <"$WORK/data"
	is "$(sha256sum <"$WORK/data")" "$output"
}

@test "podman exec -it: a terminal, and its size before and after it changes" {
	sleeper
	on_terminal podman exec --interactive --tty "$NAME" \
		sh -c 'tty; for i in $(seq 40); do stty size 2>&1; sleep 0.1; done; exit 7'
	is 7 "$code"
	has "$output" /dev/pts/ '33 111' '44 132'
}

@test "podman exec -e -w -u" {
	sleeper
	exits 0 podman exec --env NUMBER=7 --workdir /home/user --user user "$NAME" \
		sh -c 'echo $NUMBER; pwd; id -u; id -g'
	is $'7\n/home/user\n1000\n1000' "$output"
}

@test "podman exec -d: goes on in the background" {
	sleeper
	exits 0 podman exec --detach "$NAME" sh -c 'sleep 0.5; echo done >/tmp/mark'
	wait_until podman exec "$NAME" grep done /tmp/mark
}

@test "podman stop: SIGTERM first, and its handler decides the exit code" {
	podman run --detach --name "$NAME" "$IMAGE" \
		sh -c 'trap "sleep 3; echo saved; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	wait_until logged "$NAME" ready
	exits 0 podman stop --time 20 "$NAME"
	is 3 "$(field "$NAME" .State.ExitCode)"
	logged "$NAME" saved
}

@test "podman stop: SIGKILL after the time-out, exit code 137" {
	sleeper
	start=$SECONDS
	exits 0 podman stop --time 2 "$NAME"
	((SECONDS - start >= 2 && SECONDS - start < 9))
	is exited "$(field "$NAME" .State.Status)"
	is 137 "$(field "$NAME" .State.ExitCode)"
}

@test "podman kill -s: the signal arrives, and the container lives on" {
	podman run --detach --name "$NAME" "$IMAGE" \
		sh -c 'trap "echo got USR1" USR1; echo ready; while :; do sleep 0.1; done'
	wait_until logged "$NAME" ready
	exits 0 podman kill --signal USR1 "$NAME"
	wait_until logged "$NAME" 'got USR1'
	is running "$(field "$NAME" .State.Status)"
}

@test "podman rm: refused while it runs; rm -f takes it" {
	sleeper
	exits 2 podman rm "$NAME"
	is running "$(field "$NAME" .State.Status)"
	exits 0 podman rm --force --time 0 "$NAME"
	not podman container exists "$NAME"
}

@test "podman create, start -a: output and exit code; again: the files are as they were left" {
	podman create --name "$NAME" "$IMAGE" sh -c 'echo line >>/tmp/file; cat /tmp/file; exit 7'
	exits 7 podman start --attach "$NAME"
	is line "$output"
	exits 7 podman start --attach "$NAME"
	is $'line\nline' "$output"
}

@test "podman init: a container that was made and not started goes away" {
	podman create --name "$NAME" "$IMAGE" sleep 1000
	exits 0 podman init "$NAME"
	is initialized "$(field "$NAME" .State.Status)"
	exits 0 podman rm --force --time 0 "$NAME"
}

@test "podman restart: a new process, the same container" {
	sleeper
	before=$(field "$NAME" .State.Pid)
	exits 0 podman restart --time 1 "$NAME"
	is running "$(field "$NAME" .State.Status)"
	[ "$before" != "$(field "$NAME" .State.Pid)" ]
	exits 0 podman exec "$NAME" true
}

@test "podman pause: nothing runs until unpause" {
	podman run --detach --name "$NAME" "$IMAGE" sh -c 'while :; do echo tick; sleep 0.1; done'
	exits 0 podman pause "$NAME"
	is paused "$(field "$NAME" .State.Status)"
	sleep 0.5
	before=$(podman logs "$NAME" | wc -l)
	sleep 1
	is "$before" "$(podman logs "$NAME" | wc -l)"
	exits 0 podman unpause "$NAME"
	sleep 1
	[ "$(podman logs "$NAME" | wc -l)" -gt "$before" ]
}

@test "podman top: the programs of the container, and no others" {
	sleeper
	exits 0 podman top "$NAME" args
	is $'COMMAND\nsleep 1000' "$(sed 's/ *$//' "$WORK/out")"
}

@test "podman stats: memory and processes are not zero" {
	sleeper
	exits 0 podman stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' "$NAME"
	has "$output" "$NAME"
	not grep -E ' 0B / | 0$|--' <<<"$output"
	in_cgroups "$(field "$NAME" .State.Pid)" "$(field "$NAME" .Id)"
}

@test "podman run -e -w -u --hostname" {
	exits 0 podman run --rm --env NUMBER=7 --workdir /home/user --user user --hostname guest "$IMAGE" \
		sh -c 'echo $NUMBER; pwd; id -u; hostname'
	is $'7\n/home/user\n1000\nguest' "$output"
}

@test "podman run --init: reaps, and passes signals on" {
	podman run --detach --init --name "$NAME" "$IMAGE" sleep 1000
	exits 0 podman stop --time 10 "$NAME"
	is 143 "$(field "$NAME" .State.ExitCode)"
}

@test "podman run -v: a folder, a read-only folder, a single file, a volume" {
	mkdir "$WORK/rw" "$WORK/ro"
	echo content >"$WORK/file"
	exits 0 podman run --rm -v "$WORK/rw:/rw" -v "$WORK/ro:/ro:ro" -v "$WORK/file:/etc/file" -v vol:/vol "$IMAGE" \
		sh -c 'echo 1 >/rw/a; touch /ro/a; cat /etc/file; echo kept >/vol/a'
	is content "$output"
	has "$errors" 'Read-only file system'
	is 1 "$(cat "$WORK/rw/a")"
	exits 0 podman run --rm -v vol:/vol "$IMAGE" cat /vol/a
	is kept "$output"
	podman volume rm vol
}

@test "podman cp: into and out of a running container" {
	sleeper
	echo in >"$WORK/in"
	exits 0 podman cp "$WORK/in" "$NAME:/tmp/in"
	exits 0 podman exec "$NAME" cat /tmp/in
	is in "$output"
	podman exec "$NAME" sh -c 'echo out >/tmp/out'
	exits 0 podman cp "$NAME:/tmp/out" "$WORK/out"
	is out "$(cat "$WORK/out")"
}

@test "podman run --memory: a program over it is killed, 137" {
	exits 137 podman run --rm --memory 32m --memory-swap 32m "$IMAGE" \
		sh -c 'exec dd if=/dev/zero of=/dev/null bs=100M count=1'
}

@test "podman run: the bridge network: an address, the gateway answers, a published port" {
	podman run --detach --cap-add NET_RAW --name "$NAME" --publish 127.0.0.1:8081:80 "$IMAGE" \
		sh -c 'mkdir /www; echo page >/www/index.html; httpd -f -p 80 -h /www'
	has "$(podman exec "$NAME" ip address show dev eth0)" "$(field "$NAME" .NetworkSettings.IPAddress)/16"
	exits 0 podman exec "$NAME" ping -c 1 -W 5 "$(field "$NAME" .NetworkSettings.Gateway)"
	is page "$(busybox wget -q -O - "http://$(field "$NAME" .NetworkSettings.IPAddress)/")"
	wait_until busybox wget -q -O "$WORK/page" http://127.0.0.1:8081/
	is page "$(cat "$WORK/page")"
}

@test "podman run --net=none: only lo" {
	exits 0 podman run --rm --net none "$IMAGE" ls /sys/class/net
	is lo "$output"
}

@test "podman pod: two containers share the network, and one rm takes all" {
	podman pod create --name "$NAME"
	podman run --detach --pod "$NAME" "$IMAGE" sh -c 'mkdir /www; echo page >/www/index.html; httpd -f -p 80 -h /www'
	exits 0 podman run --rm --pod "$NAME" "$IMAGE" \
		sh -c 'for i in $(seq 50); do wget -q -O - http://127.0.0.1/ && exit 0; sleep 0.1; done; exit 1'
	is page "$output"
	exits 0 podman pod rm --force --time 0 "$NAME"
	not podman pod exists "$NAME"
}

@test "ten containers one after another" {
	for i in $(seq 10); do
		exits 0 podman run --rm "$IMAGE" echo "$i"
		is "$i" "$output"
	done
}
