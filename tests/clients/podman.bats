#!/usr/bin/env bats
# Podman, with the runtime as its default.

load helpers

# A command that hangs fails its test with 124.
podman() { timeout --foreground 60 /usr/bin/podman "$@"; }

setup_file()
{
	clients_setup_file
	configure_podman
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

@test "podman logs -f: ends with the container, each line once" {
	podman run --detach --name "$NAME" "$IMAGE" sh -c 'for i in 1 2 3 4 5; do echo $i; sleep 0.2; done'
	exits 0 podman logs --follow "$NAME"
	is "$(seq 5)" "$output"
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

@test "podman kill: 137; wait tells it" {
	sleeper
	exits 0 podman kill "$NAME"
	exits 0 podman wait "$NAME"
	is 137 "$output"
}

@test "podman attach: input and output from then on" {
	podman run --detach --interactive --name "$NAME" "$IMAGE" sh -c 'read word; sleep 1; echo "got $word"; exit 7'
	# Not 7: so is Podman 4.3 when its input ends before the container.
	exits 0 podman attach "$NAME" < <(echo hello; sleep 4)
	is 'got hello' "$output"
	is 7 "$(podman wait "$NAME")"
}

@test "podman run --restart on-failure: as often as it says" {
	podman run --detach --restart on-failure:2 --name "$NAME" "$IMAGE" sh -c 'echo try; exit 1'
	wait_until logged_times "$NAME" 3
	wait_until field_is "$NAME" .State.Status exited
	sleep 1
	is $'try\ntry\ntry' "$(podman logs "$NAME")"
}

logged_times() { (($(podman logs "$1" | wc -l) >= $2)); }

@test "podman run: 255 when the virtual machine dies; it can be started again" {
	only_with_kata
	sleeper
	kill_machine "$(field "$NAME" .Id)"
	exits 0 podman wait "$NAME"
	is 255 "$output"
	exits 0 podman start "$NAME"
	exits 0 podman exec "$NAME" true
}

@test "podman run: SIGTERM for the client reaches the container, whose exit code comes back" {
	/usr/bin/podman run --rm --name "$NAME" "$IMAGE" \
		sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done' >"$WORK/out" 3>&- &
	client=$!
	wait_until grep ready "$WORK/out"
	kill -TERM "$client"
	code=0
	wait "$client" || code=$?
	is 5 "$code"
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

@test "podman events: start, died with the exit code, remove" {
	since=$(date --rfc-3339=ns | tr ' ' T)
	podman run --rm --name "$NAME" "$IMAGE" sh -c 'exit 7' || true
	exits 0 podman events --stream=false --since "$since" --filter "container=$NAME" \
		--format '{{.Status}} {{.ContainerExitCode}}'
	has "$output" create start 'died 7' remove
}

@test "podman run --health-cmd, podman healthcheck run" {
	sleeper --health-cmd 'test -e /tmp/well'
	exits 1 podman healthcheck run "$NAME"
	podman exec "$NAME" touch /tmp/well
	exits 0 podman healthcheck run "$NAME"
	is healthy "$(field "$NAME" .State.Health.Status)"
}

@test "podman run -e -w -u --hostname --env-file --group-add" {
	echo FROM_FILE=9 >"$WORK/env"
	exits 0 podman run --rm --env NUMBER=7 --env-file "$WORK/env" --workdir /home/user --user user \
		--group-add 3000 --hostname guest "$IMAGE" \
		sh -c 'echo $NUMBER $FROM_FILE; pwd; id -u; hostname; id -G'
	is $'7 9\n/home/user\n1000\nguest' "$(head -n 4 "$WORK/out")"
	has "$(tail -n 1 "$WORK/out")" 3000
}

@test "podman run --cap-drop, --cap-add, --ulimit, --security-opt" {
	exits 0 podman run --rm --cap-drop all --cap-add NET_RAW \
		--security-opt no-new-privileges --security-opt seccomp=unconfined "$IMAGE" \
		grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status
	is $'CapEff:\t0000000000002000\nNoNewPrivs:\t1\nSeccomp:\t0' "$output"
	exits 0 podman run --rm --ulimit nofile=321:654 --ulimit nproc=1000:1000 "$IMAGE" sh -c 'ulimit -Sn; ulimit -Hn'
	is $'321\n654' "$output"
}

@test "podman run --sysctl, --shm-size, --tmpfs, --read-only" {
	exits 0 podman run --rm --sysctl kernel.msgmax=12345 --shm-size 32m \
		--tmpfs /scratch:size=8m,mode=1777 --read-only --read-only-tmpfs=false "$IMAGE" \
		sh -c 'cat /proc/sys/kernel/msgmax; df -k /dev/shm /scratch | awk "NR > 1 { print \$2, \$6 }"; touch /scratch/x && ! touch /x'
	is $'12345\n32768 /dev/shm\n8192 /scratch' "$output"
	has "$errors" 'Read-only file system'
}

@test "podman run --net, --pid, --ipc and --uts=host are refused with a sentence that says what to do" {
	only_with_kata
	for words in net:'bridge network' pid:'leave the option out' ipc:'volume' uts:'--hostname'; do
		exits 126 podman run --rm "--${words%%:*}=host" "$IMAGE" true
		has "$errors" "--${words%%:*}=host" 'a virtual machine cannot' "${words#*:}"
	done
}

@test "podman run --device: what the guest cannot have is refused by name" {
	only_with_kata
	make_device
	exits 126 podman run --rm --device "$WORK/device:/dev/snd/seq" "$IMAGE" true
	has "$errors" '/dev/snd/seq (character 116:1): the guest has no such device'
}

@test "podman run --privileged" {
	needs_every_capability
	exits 0 podman run --rm --privileged "$IMAGE" sh -c 'mkdir /tmp/m && mount -t tmpfs none /tmp/m && echo mounted'
	is mounted "$output"
}

@test "podman run -v of a Unix socket: it is there" {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$WORK/sock"
	exits 0 podman run --rm -v "$WORK/sock:/sock" "$IMAGE" test -S /sock
}

@test "podman run: resolv.conf, hosts and hostname are Podman's" {
	exits 0 podman run --rm --hostname guest --add-host other:192.0.2.7 --dns 192.0.2.53 "$IMAGE" \
		cat /etc/hostname /etc/hosts /etc/resolv.conf
	has "$output" guest 192.0.2.7 other 192.0.2.53
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
	podman kill "$NAME"
	podman wait "$NAME"
	rm "$WORK/out"
	exits 0 podman cp "$NAME:/tmp/out" "$WORK/out"
	is out "$(cat "$WORK/out")"
}

@test "podman commit, diff and export: what the container wrote" {
	podman run --name "$NAME" "$IMAGE" sh -c 'echo kept >/root/file'
	has "$(podman diff "$NAME")" 'A /root/file'
	podman commit --quiet "$NAME" "$NAME:commit"
	exits 0 podman run --rm "$NAME:commit" cat /root/file
	is kept "$output"
	podman export "$NAME" | tar -xO root/file >"$WORK/file"
	is kept "$(cat "$WORK/file")"
	podman rmi "$NAME:commit" >/dev/null
}

@test "podman build: RUN runs with the runtime, and its changes are in the image" {
	mkdir "$WORK/build"
	echo copied >"$WORK/build/file"
	printf 'FROM %s\nCOPY file /file\nRUN cat /file >/made\nCMD cat /made\n' "$IMAGE" >"$WORK/build/Containerfile"
	exits 0 podman build --quiet --tag built:test "$WORK/build"
	exits 0 podman run --rm built:test
	is copied "$output"
	podman rmi built:test >/dev/null
}

@test "podman run --cpus, --cpu-shares, --pids-limit arrive, and podman update changes them" {
	only_with_kata
	sleeper --cpus 0.5 --cpu-shares 512 --memory 64m --memory-swap 64m --pids-limit 33
	is $'50000 100000\n20\n67108864\n33' "$(guest_limits)"
	exits 0 podman update --cpus 1 --cpu-shares 1024 --memory 96m --memory-swap 96m "$NAME"
	is $'100000 100000\n39\n100663296\n33' "$(guest_limits)"
}

# guest_limits - what the guest's cgroup of the container has, one line each.
guest_limits()
{
	podman exec "$NAME" sh -c 'cd /sys/fs/cgroup; cat cpu.max cpu.weight memory.max pids.max'
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

@test "podman pod: stop, start, restart; a shared pid namespace" {
	podman pod create --name "$NAME" --share net,ipc,uts,pid
	podman run --detach --stop-timeout 1 --pod "$NAME" --name "$NAME-1" "$IMAGE" sleep 1111
	podman run --detach --stop-timeout 1 --pod "$NAME" --name "$NAME-2" "$IMAGE" sleep 2222
	has "$(podman exec "$NAME-1" ps -o args)" 'sleep 1111' 'sleep 2222'
	exits 0 podman pod stop --time 1 "$NAME"
	is exited "$(field "$NAME-1" .State.Status)"
	exits 0 podman pod start "$NAME"
	exits 0 podman exec "$NAME-2" true
	exits 0 podman pod restart "$NAME"
	has "$(podman exec "$NAME-2" ps -o args)" 'sleep 1111' 'sleep 2222'
	exits 0 podman pod pause "$NAME"
	is paused "$(field "$NAME-2" .State.Status)"
	exits 0 podman pod unpause "$NAME"
	exits 0 podman pod kill "$NAME"
	exits 0 podman pod rm --force --time 0 "$NAME"
}

@test "podman play kube: a pod out of Kubernetes' words, and down again" {
	cat >"$WORK/pod.yaml" <<-END
		apiVersion: v1
		kind: Pod
		metadata: { name: $NAME }
		spec:
		  hostname: the-pod
		  containers:
		  - { name: one, image: "$IMAGE", command: [sleep, "1111"], env: [{ name: WORD, value: hello }] }
		  - name: two
		    image: "$IMAGE"
		    command: [sh, -c, "echo \$(hostname) >/data/name; sleep 2222"]
		    volumeMounts: [{ name: data, mountPath: /data }]
		    resources: { limits: { memory: 64Mi } }
		  volumes: [{ name: data, hostPath: { path: $WORK/data, type: DirectoryOrCreate } }]
	END
	exits 0 podman play kube "$WORK/pod.yaml"
	wait_until grep the-pod "$WORK/data/name"
	is hello "$(podman exec "$NAME-one" sh -c 'echo $WORD')"
	exits 0 podman play kube --down "$WORK/pod.yaml"
	not podman pod exists "$NAME"
}

@test "thirty containers one after another" {
	for i in $(seq 30); do
		exits 0 podman run --rm "$IMAGE" echo "$i"
		is "$i" "$output"
	done
}

@test "eight containers at once" {
	for i in $(seq 8); do
		podman run --rm "$IMAGE" sh -c "sleep 1; echo $i" >"$WORK/out.$i" 3>&- &
	done
	wait
	is "$(seq 8)" "$(cat "$WORK"/out.?)"
}
