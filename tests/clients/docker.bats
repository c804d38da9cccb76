#!/usr/bin/env bats
# Docker, with the runtime as its default.

load helpers
load docker

setup_file() { docker_setup_file; }
teardown_file() { stop_daemon dockerd; }
setup() { clients_setup; }
teardown() { docker_teardown; }

@test "docker run: output, and exit code 0" {
	exits 0 docker run --rm "$IMAGE" echo hello
	is hello "$output"
	is '' "$errors"
}

@test "docker run: exit code 7" {
	exits 7 docker run --rm "$IMAGE" sh -c 'exit 7'
}

@test "docker run: standard error is apart from standard output" {
	exits 0 docker run --rm "$IMAGE" sh -c 'echo out; echo err >&2'
	is out "$output"
	is err "$errors"
}

@test "docker run: 127 and a sentence for a program that is not in PATH" {
	exits 127 docker run --rm "$IMAGE" no-such-program
	has "$errors" 'no-such-program' 'executable file not found in $PATH'
}

@test "docker run: 127 for a path that does not exist" {
	exits 127 docker run --rm "$IMAGE" /no/such/program
	has "$errors" '/no/such/program' 'no such file or directory'
}

@test "docker run: 126 for a file that is not executable" {
	exits 126 docker run --rm "$IMAGE" /bin/not-executable
	has "$errors" '/bin/not-executable' 'permission denied'
}

@test "docker run: 126 for a folder" {
	exits 126 docker run --rm "$IMAGE" /tmp
	has "$errors" 'permission denied'
}

@test "docker run: 137 when it is killed" {
	(
		wait_until field_is "$NAME" .State.Status running
		docker kill "$NAME"
	) 3>&- &
	exits 137 docker run --rm --name "$NAME" "$IMAGE" sleep 1000
	wait
}

@test "docker run -i: standard input arrives whole, and its end" {
	head -c 1000000 /dev/urandom >"$WORK/data"
	exits 0 docker run --rm --interactive "$IMAGE" sha256sum <"$WORK/data"
	is "$(sha256sum <"$WORK/data")" "$output"
}

@test "docker run without -i: standard input is empty" {
	exits 0 docker run --rm "$IMAGE" cat <<<'not for you'
	is '' "$output"
}

@test "docker run -it: a terminal, and its size before and after it changes" {
	on_terminal /usr/bin/docker run --rm --interactive --tty "$IMAGE" \
		sh -c 'test -t 0 && test -t 1 && test -t 2 && echo terminal; for i in $(seq 40); do stty size 2>&1; sleep 0.1; done; exit 7'
	is 7 "$code"
	has "$output" terminal '33 111' '44 132'
}

@test "docker run -t: what is typed arrives" {
	PTY_TYPE=$'hello\n' on_terminal /usr/bin/docker run --rm --interactive --tty "$IMAGE" \
		sh -c 'echo ready; read word; echo "got $word"'
	is 0 "$code"
	has "$output" 'got hello'
}

@test "docker run -d: id, state, pid of a host process, logs" {
	exits 0 docker run --detach --name "$NAME" "$IMAGE" sh -c 'echo out; echo err >&2; sleep 1000'
	is "$(field "$NAME" .Id)" "$output"
	is running "$(field "$NAME" .State.Status)"
	[ -d "/proc/$(field "$NAME" .State.Pid)" ]
	wait_until logged "$NAME" out
	exits 0 docker logs "$NAME"
	is out "$output"
	is err "$errors"
}

@test "docker run -d: a container that ends by itself: state, exit code, logs" {
	docker run --detach --name "$NAME" "$IMAGE" sh -c 'echo bye; exit 7'
	exits 0 docker wait "$NAME"
	is 7 "$output"
	is exited "$(field "$NAME" .State.Status)"
	is 7 "$(field "$NAME" .State.ExitCode)"
	is 0 "$(field "$NAME" .State.Pid)"
	is bye "$(docker logs "$NAME")"
}

@test "docker logs -f: 100,000 lines, each once and in order" {
	docker run --detach --name "$NAME" "$IMAGE" seq 100000
	exits 0 docker logs --follow "$NAME"
	is "$(seq 100000 | sha256sum)" "$(sha256sum <"$WORK/out")"
}

@test "docker run --rm: nothing is left" {
	exits 0 docker run --rm --name "$NAME" "$IMAGE" true
	wait_until not docker inspect "$NAME"
	is '' "$(docker ps --all --quiet)"
}

@test "docker exec: output, exit codes 0, 7, 126, standard error" {
	sleeper
	exits 0 docker exec "$NAME" echo hello
	is hello "$output"
	exits 7 docker exec "$NAME" sh -c 'exit 7'
	exits 126 docker exec "$NAME" /bin/not-executable
	# Not 127 as run, and not on standard error: so is Docker 20.10 with runc.
	exits 126 docker exec "$NAME" no-such-program
	has "$output" no-such-program 'executable file not found in $PATH'
	exits 0 docker exec "$NAME" sh -c 'echo err >&2'
	is err "$errors"
}

@test "docker exec -i: standard input arrives whole, and its end" {
	sleeper
	head -c 1000000 /dev/urandom >"$WORK/data"
	exits 0 docker exec --interactive "$NAME" sha256sum <"$WORK/data"
	is "$(sha256sum <"$WORK/data")" "$output"
}

@test "docker exec -it: a terminal, and its size before and after it changes" {
	sleeper
	on_terminal /usr/bin/docker exec --interactive --tty "$NAME" \
		sh -c 'tty; for i in $(seq 40); do stty size 2>&1; sleep 0.1; done; exit 7'
	is 7 "$code"
	has "$output" /dev/pts/ '33 111' '44 132'
}

@test "docker exec -e -w -u" {
	sleeper
	exits 0 docker exec --env NUMBER=7 --workdir /home/user --user user "$NAME" \
		sh -c 'echo $NUMBER; pwd; id -u; id -g; id -G'
	is $'7\n/home/user\n1000\n1000\n1000 2000' "$output"
}

@test "docker exec -d: goes on in the background" {
	sleeper
	exits 0 docker exec --detach "$NAME" sh -c 'sleep 0.5; echo done >/tmp/mark'
	wait_until docker exec "$NAME" grep done /tmp/mark
}

@test "docker stop: SIGTERM first, and its handler decides the exit code" {
	docker run --detach --name "$NAME" "$IMAGE" \
		sh -c 'trap "echo stopping; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	wait_until logged "$NAME" ready
	exits 0 docker stop --time 20 "$NAME"
	is 3 "$(field "$NAME" .State.ExitCode)"
	has "$(docker logs "$NAME")" stopping
}

@test "docker stop: a program that needs 20 seconds to end gets them" {
	docker run --detach --name "$NAME" "$IMAGE" \
		sh -c 'trap "sleep 20; echo saved; exit 0" TERM; echo ready; while :; do sleep 0.1; done'
	wait_until logged "$NAME" ready
	exits 0 docker stop --time 60 "$NAME"
	is 0 "$(field "$NAME" .State.ExitCode)"
	has "$(docker logs "$NAME")" saved
}

@test "docker stop: SIGKILL after the time-out, exit code 137" {
	sleeper
	start=$SECONDS
	exits 0 docker stop --time 2 "$NAME"
	((SECONDS - start >= 2 && SECONDS - start < 9))
	is exited "$(field "$NAME" .State.Status)"
	is 137 "$(field "$NAME" .State.ExitCode)"
}

@test "docker kill: 137" {
	sleeper
	exits 0 docker kill "$NAME"
	wait_until field_is "$NAME" .State.Status exited
	is 137 "$(field "$NAME" .State.ExitCode)"
}

@test "docker kill -s: the signal arrives, and the container lives on" {
	docker run --detach --name "$NAME" "$IMAGE" \
		sh -c 'trap "echo got USR1" USR1; echo ready; while :; do sleep 0.1; done'
	wait_until logged "$NAME" ready
	exits 0 docker kill --signal USR1 "$NAME"
	wait_until logged "$NAME" 'got USR1'
	is running "$(field "$NAME" .State.Status)"
}

@test "docker rm: refused while it runs; rm -f takes it" {
	sleeper
	exits 1 docker rm "$NAME"
	has "$errors" 'running container'
	is running "$(field "$NAME" .State.Status)"
	exits 0 docker rm --force "$NAME"
	exits 1 docker inspect "$NAME"
}

@test "docker create, start -a: output and exit code" {
	docker create --name "$NAME" "$IMAGE" sh -c 'echo hello; exit 7'
	is created "$(field "$NAME" .State.Status)"
	exits 7 docker start --attach "$NAME"
	is hello "$output"
}

@test "docker start again: the file system is as it was left" {
	docker run --name "$NAME" "$IMAGE" sh -c 'echo line >>/tmp/file; cat /tmp/file'
	exits 0 docker start --attach "$NAME"
	is $'line\nline' "$output"
}

@test "docker restart: a new process, the same container" {
	sleeper
	before=$(field "$NAME" .State.Pid)
	exits 0 docker restart --time 1 "$NAME"
	is running "$(field "$NAME" .State.Status)"
	[ "$before" != "$(field "$NAME" .State.Pid)" ]
	exits 0 docker exec "$NAME" true
}

@test "docker run --restart on-failure: as often as it says" {
	docker run --detach --restart on-failure:2 --name "$NAME" "$IMAGE" sh -c 'echo try; exit 1'
	wait_until field_is "$NAME" .RestartCount 2
	wait_until field_is "$NAME" .State.Status exited
	is $'try\ntry\ntry' "$(docker logs "$NAME")"
}

@test "docker run --restart always: what ends comes back, until it is stopped" {
	docker run --detach --restart always --name "$NAME" "$IMAGE" sh -c 'echo try; sleep 0.5'
	PATIENCE=60 wait_until restarted "$NAME" 2
	exits 0 docker stop --time 20 "$NAME"
	is exited "$(field "$NAME" .State.Status)"
	before=$(field "$NAME" .RestartCount)
	sleep 2
	is "$before" "$(field "$NAME" .RestartCount)"
}

# restarted NAME TIMES - at least as often.
restarted() { (($(field "$1" .RestartCount) >= $2)); }

@test "docker run: 255 when the virtual machine dies; a restart policy brings it back" {
	only_with_kata
	sleeper --restart on-failure:1
	kill_machine "$(field "$NAME" .Id)"
	wait_until field_is "$NAME" .RestartCount 1
	wait_until field_is "$NAME" .State.Running true
	exits 0 docker exec "$NAME" true
	kill_machine "$(field "$NAME" .Id)"
	wait_until field_is "$NAME" .State.Status exited
	is 255 "$(field "$NAME" .State.ExitCode)"
	exits 0 docker start "$NAME"
	exits 0 docker exec "$NAME" true
}

@test "docker run: SIGTERM for the client reaches the container, whose exit code comes back" {
	/usr/bin/docker run --rm --name "$NAME" "$IMAGE" \
		sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done' >"$WORK/out" 3>&- &
	client=$!
	wait_until grep ready "$WORK/out"
	kill -TERM "$client"
	code=0
	wait "$client" || code=$?
	is 5 "$code"
}

@test "docker run -it, the keys that detach, and attach again" {
	# Control-P, Control-Q.
	PTY_TYPE=$'\x10\x11' on_terminal /usr/bin/docker run --interactive --tty --name "$NAME" "$IMAGE" \
		sh -c 'echo ready; read word; echo "got $word"; exit 7'
	is running "$(field "$NAME" .State.Status)"
	PTY_TYPE=$'hello\n' PTY_WAIT=3 on_terminal /usr/bin/docker attach "$NAME"
	is 7 "$code"
	has "$output" 'got hello'
}

@test "docker attach: output from then on, and the exit code" {
	docker run --detach --interactive --name "$NAME" "$IMAGE" sh -c 'read word; sleep 1; echo "got $word"; exit 7'
	# When its standard input ends, Docker ends the attachment's output too.
	exits 7 docker attach "$NAME" < <(echo hello; sleep 4)
	is 'got hello' "$output"
}

@test "docker pause: nothing runs until unpause" {
	docker run --detach --name "$NAME" "$IMAGE" sh -c 'while :; do echo tick; sleep 0.1; done'
	exits 0 docker pause "$NAME"
	is paused "$(field "$NAME" .State.Status)"
	sleep 0.5
	before=$(docker logs "$NAME" | wc -l)
	sleep 1
	is "$before" "$(docker logs "$NAME" | wc -l)"
	exits 0 docker unpause "$NAME"
	is running "$(field "$NAME" .State.Status)"
	sleep 1
	[ "$(docker logs "$NAME" | wc -l)" -gt "$before" ]
}

@test "docker top: the programs of the container" {
	sleeper
	exits 0 docker top "$NAME"
	has "$output" PID 'sleep 1000'
}

@test "docker stats: memory and processes are not zero" {
	sleeper
	exits 0 docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' "$NAME"
	has "$output" "$NAME"
	not grep -E ' 0B / | 0$|--' <<<"$output"
	in_cgroups "$(field "$NAME" .State.Pid)" "$(field "$NAME" .Id)"
}

@test "docker events: create, start, die, destroy, with the exit code" {
	since=$(date +%s.%N)
	docker run --rm --name "$NAME" "$IMAGE" sh -c 'exit 7' || true
	wait_until not docker inspect "$NAME"
	exits 0 docker events --since "$since" --until "$(date +%s.%N)" --filter "container=$NAME" \
		--filter type=container --format '{{.Action}} {{.Actor.Attributes.exitCode}}'
	has "$output" create start 'die 7' destroy
}

@test "docker run -e -w -u --hostname --env-file --group-add" {
	echo FROM_FILE=9 >"$WORK/env"
	exits 0 docker run --rm --env NUMBER=7 --env-file "$WORK/env" --workdir /home/user --user user \
		--group-add 3000 --hostname guest "$IMAGE" \
		sh -c 'echo $NUMBER $FROM_FILE; pwd; id -u; id -G; hostname'
	is $'7 9\n/home/user\n1000\n1000 2000 3000' "$(head -n 4 "$WORK/out" | sed 's/1000 3000 2000/1000 2000 3000/')"
	is guest "$(tail -n 1 "$WORK/out")"
}

@test "docker run --cap-drop, --cap-add, --ulimit" {
	exits 0 docker run --rm --cap-drop ALL --cap-add NET_RAW --ulimit nofile=321:654 "$IMAGE" \
		sh -c 'grep CapEff /proc/self/status; ulimit -Sn; ulimit -Hn'
	is $'CapEff:\t0000000000002000\n321\n654' "$output"
}

@test "docker run --init: reaps, and passes signals on" {
	docker run --detach --init --name "$NAME" "$IMAGE" sleep 1000
	has "$(docker exec "$NAME" cat /proc/1/cmdline | tr '\0' ' ')" docker-init
	exits 0 docker exec "$NAME" sh -c 'sh -c "sleep 0.2 &"; sleep 1; ps -o stat,args'
	not grep -E '^Z' <<<"$output"
	exits 0 docker stop --time 10 "$NAME"
	is 143 "$(field "$NAME" .State.ExitCode)"
}

@test "docker run --sysctl, --shm-size, --tmpfs, --read-only" {
	exits 0 docker run --rm --sysctl kernel.msgmax=12345 --shm-size 32m \
		--tmpfs /scratch:size=8m,mode=1777 --read-only "$IMAGE" \
		sh -c 'cat /proc/sys/kernel/msgmax; df -k /dev/shm /scratch | awk "NR > 1 { print \$2, \$6 }"; touch /scratch/x && ! touch /x'
	is $'12345\n32768 /dev/shm\n8192 /scratch' "$output"
	has "$errors" 'Read-only file system'
}

@test "docker run -v: a folder, a read-only folder, a single file, a volume" {
	mkdir "$WORK/rw" "$WORK/ro"
	echo content >"$WORK/file"
	exits 0 docker run --rm -v "$WORK/rw:/rw" -v "$WORK/ro:/ro:ro" -v "$WORK/file:/etc/file" -v vol:/vol "$IMAGE" \
		sh -c 'echo 1 >/rw/a; touch /ro/a; cat /etc/file; echo kept >/vol/a'
	is content "$output"
	has "$errors" 'Read-only file system'
	is 1 "$(cat "$WORK/rw/a")"
	exits 0 docker run --rm -v vol:/vol "$IMAGE" cat /vol/a
	is kept "$output"
	docker volume rm vol
}

@test "docker run: resolv.conf, hosts and hostname are Docker's" {
	exits 0 docker run --rm --hostname guest --add-host other:192.0.2.7 --dns 192.0.2.53 "$IMAGE" \
		cat /etc/hostname /etc/hosts /etc/resolv.conf
	has "$output" guest 192.0.2.7 other 192.0.2.53
}

@test "docker cp: into and out of a running and a stopped container" {
	sleeper
	echo in >"$WORK/in"
	exits 0 docker cp "$WORK/in" "$NAME:/tmp/in"
	exits 0 docker exec "$NAME" cat /tmp/in
	is in "$output"
	docker exec "$NAME" sh -c 'echo out >/tmp/out'
	exits 0 docker cp "$NAME:/tmp/out" "$WORK/out1"
	is out "$(cat "$WORK/out1")"
	docker kill "$NAME"
	exits 0 docker cp "$NAME:/tmp/out" "$WORK/out2"
	is out "$(cat "$WORK/out2")"
}

@test "docker commit, diff and export: what the container wrote" {
	docker run --name "$NAME" "$IMAGE" sh -c 'echo kept >/root/file'
	has "$(docker diff "$NAME")" 'A /root/file'
	docker commit "$NAME" "$NAME:commit"
	exits 0 docker run --rm "$NAME:commit" cat /root/file
	is kept "$output"
	docker export "$NAME" | tar -xO root/file >"$WORK/file"
	is kept "$(cat "$WORK/file")"
	docker rmi "$NAME:commit" >/dev/null
}

@test "docker run --memory: a program over it is killed, 137 and OOMKilled" {
	exits 137 docker run --name "$NAME" --memory 32m --memory-swap 32m "$IMAGE" \
		sh -c 'exec dd if=/dev/zero of=/dev/null bs=100M count=1'
	# containerd's shim looks at the cgroup of the host, which has no limit: docs/clients.md.
	is "$([[ $CLIENT_RUNTIME == kata ]] && echo false || echo true)" "$(field "$NAME" .State.OOMKilled)"
}

@test "docker run --pids-limit, docker update" {
	sleeper --pids-limit 8 --memory 64m
	exits 2 docker exec "$NAME" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 3 & done; wait'
	has "$errors" "can't fork"
	exits 0 docker update --cpus 0.5 --memory 96m --memory-swap 96m --pids-limit 50 "$NAME"
	exits 0 docker exec "$NAME" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1 & done; wait; echo all'
	is all "$output"
}

@test "docker run: the bridge network: an address, the gateway answers, a published port" {
	docker run --detach --name "$NAME" --publish 127.0.0.1:8080:80 "$IMAGE" \
		sh -c 'mkdir /www; echo page >/www/index.html; httpd -f -p 80 -h /www'
	has "$(docker exec "$NAME" ip address show dev eth0)" "$(field "$NAME" .NetworkSettings.IPAddress)/16" \
		"$(field "$NAME" .NetworkSettings.MacAddress)"
	exits 0 docker exec "$NAME" ping -c 1 -W 5 "$(field "$NAME" .NetworkSettings.Gateway)"
	wait_until busybox wget -q -O "$WORK/page" http://127.0.0.1:8080/
	is page "$(cat "$WORK/page")"
	is page "$(busybox wget -q -O - "http://$(field "$NAME" .NetworkSettings.IPAddress)/")"
}

@test "docker network create: containers find each other by name" {
	docker network create "$NAME-net"
	docker run --detach --network "$NAME-net" --name "$NAME-server" "$IMAGE" \
		sh -c 'mkdir /www; echo page >/www/index.html; httpd -f -p 80 -h /www'
	docker run --detach --network "$NAME-net" --name "$NAME" "$IMAGE" sleep 1000
	has "$(docker exec "$NAME" cat /etc/resolv.conf)" 'nameserver 127.0.0.11'
	wait_until docker exec "$NAME" wget -q -O /tmp/page "http://$NAME-server/"
	is page "$(docker exec "$NAME" cat /tmp/page)"
	exits 0 docker exec "$NAME" nslookup "$NAME-server"
	has "$output" "$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$NAME-server")"
	docker rm --force "$NAME" "$NAME-server"
	docker network rm "$NAME-net"
}

@test "docker run --net=none: only lo" {
	exits 0 docker run --rm --net none "$IMAGE" ls /sys/class/net
	is lo "$output"
}

@test "docker run --health-cmd: becomes healthy" {
	sleeper --health-cmd 'test -e /tmp' --health-interval 1s
	wait_until field_is "$NAME" .State.Health.Status healthy
}

@test "docker run --health-cmd: becomes unhealthy" {
	sleeper --health-cmd 'echo broken; false' --health-interval 1s --health-retries 2
	wait_until field_is "$NAME" .State.Health.Status unhealthy
	has "$(docker inspect --format '{{json .State.Health.Log}}' "$NAME")" broken
}

@test "docker build: RUN runs with the runtime, and its changes are in the image" {
	mkdir "$WORK/build"
	echo copied >"$WORK/build/file"
	cat >"$WORK/build/Dockerfile" <<-END
		FROM $IMAGE
		COPY file /file
		RUN cat /file >/made && uname -r >/kernel
		USER user
		CMD cat /made; id -un
	END
	exits 0 docker build --quiet --tag built:test "$WORK/build"
	exits 0 docker run --rm built:test
	is $'copied\nuser' "$output"
	exits 0 docker run --rm built:test cat /kernel
	[[ $CLIENT_RUNTIME != kata || $output != "$(uname -r)" ]]
	docker rmi built:test >/dev/null
}

@test "docker run --privileged" {
	needs_every_capability
	exits 0 docker run --rm --privileged "$IMAGE" sh -c 'mkdir /tmp/m && mount -t tmpfs none /tmp/m && echo mounted'
	is mounted "$output"
}

@test "thirty containers one after another" {
	for i in $(seq 30); do
		exits 0 docker run --rm "$IMAGE" echo "$i"
		is "$i" "$output"
	done
}

@test "eight containers at once" {
	for i in $(seq 8); do
		docker run --rm "$IMAGE" sh -c "sleep 1; echo $i" >"$WORK/out.$i" 3>&- &
	done
	wait
	is "$(seq 8)" "$(cat "$WORK"/out.?)"
}

@test "dockerd restarts with a container that runs (live-restore)" {
	restart_docker '. + { "live-restore": true }'
	docker run --detach --name "$NAME" "$IMAGE" sh -c 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done'
	stop_daemon dockerd
	start_docker
	is running "$(field "$NAME" .State.Status)"
	exits 0 docker exec "$NAME" true
	before=$(docker logs "$NAME" | wc -l)
	sleep 1
	[ "$(docker logs "$NAME" | wc -l)" -gt "$before" ]
	exits 0 docker rm --force "$NAME"
}

@test "dockerd restarts: what has a restart policy runs again, the rest has ended" {
	restart_docker
	sleeper --restart unless-stopped
	docker run --detach --name "$NAME-2" "$IMAGE" sleep 1000
	stop_daemon dockerd
	start_docker
	wait_until field_is "$NAME" .State.Status running
	exits 0 docker exec "$NAME" true
	is exited "$(field "$NAME-2" .State.Status)"
	exits 0 docker start "$NAME-2"
	exits 0 docker exec "$NAME-2" true
}

@test "dockerd with systemd's cgroup driver, Debian's default with version 2: the path that systemd would make" {
	only_with_kata
	# All that Docker looks at.
	mkdir -p /run/systemd/system
	restart_docker '. + { "exec-opts": ["native.cgroupdriver=systemd"] }'
	is systemd "$(docker info --format '{{.CgroupDriver}}')"
	sleeper --memory 64m
	in_cgroups "$(field "$NAME" .State.Pid)" "/system.slice/docker-$(field "$NAME" .Id).scope"
	exits 0 docker stats --no-stream --format '{{.MemUsage}}' "$NAME"
	not grep ' 0B / ' <<<"$output"
	exits 0 docker update --memory 96m --memory-swap 96m "$NAME"
	exits 0 docker rm --force "$NAME"
	rmdir /run/systemd/system
	find /sys/fs/cgroup -depth -type d -name system.slice -exec rmdir {} +
}
