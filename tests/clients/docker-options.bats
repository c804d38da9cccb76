#!/usr/bin/env bats
# Docker's options for what a container is made of: security, devices, namespaces, limits, files.

load helpers
load docker

setup_file()
{
	docker_setup_file
	# Docker keeps the host's network namespace from the first use on.
	docker run --rm --runtime runc --net host "$IMAGE" true
}

teardown_file() { stop_daemon dockerd; }
setup() { clients_setup; }
teardown() { docker_teardown; }

@test "--net, --pid, --ipc and --uts=host are refused with a sentence that says what to do" {
	only_with_kata
	for words in net:'bridge network' pid:'leave the option out' ipc:'volume' uts:'--hostname'; do
		exits 125 docker run --rm "--${words%%:*}=host" "$IMAGE" true
		has "$errors" "--${words%%:*}=host" 'a virtual machine cannot' "${words#*:}"
	done
}

@test "--device: what the guest cannot have is refused by name" {
	only_with_kata
	make_device
	exits 125 docker run --rm --device "$WORK/device:/dev/snd/seq" "$IMAGE" true
	has "$errors" '/dev/snd/seq (character 116:1): the guest has no such device'
}

@test "--device: what every kernel has works" {
	exits 0 docker run --rm --device /dev/zero:/dev/mine:r "$IMAGE" sh -c 'head -c 3 /dev/mine | wc -c'
	is 3 "$output"
}

@test "--security-opt no-new-privileges, seccomp=unconfined, apparmor=unconfined" {
	exits 0 docker run --rm --security-opt no-new-privileges --security-opt seccomp=unconfined \
		--security-opt apparmor=unconfined "$IMAGE" grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
	is $'NoNewPrivs:\t1\nSeccomp:\t0' "$output"
}

@test "--security-opt seccomp=FILE, and Docker's own profile" {
	configure disable_guest_seccomp false
	printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}' \
		>"$WORK/profile.json"
	exits 1 docker run --rm --security-opt "seccomp=$WORK/profile.json" "$IMAGE" mkdir /made
	has "$errors" 'Operation not permitted'
	exits 0 docker run --rm "$IMAGE" grep '^Seccomp:' /proc/self/status
	is $'Seccomp:\t2' "$output"
}

@test "--cpus, --cpu-shares, --memory, --pids-limit arrive, and docker update changes them" {
	only_with_kata
	sleeper --cpus 0.5 --cpu-shares 512 --memory 64m --memory-swap 64m --pids-limit 33
	is $'50000 100000\n20\n67108864\n33' "$(guest_limits)"
	exits 0 docker update --cpus 1 --cpu-shares 1024 --memory 96m --memory-swap 96m --pids-limit 44 "$NAME"
	is $'100000 100000\n39\n100663296\n44' "$(guest_limits)"
}

# guest_limits - what the guest's cgroup of the container has, one line each.
guest_limits()
{
	docker exec "$NAME" sh -c 'cd /sys/fs/cgroup; cat cpu.max cpu.weight memory.max pids.max'
}

@test "--memory above the machine's: the container runs" {
	exits 0 docker run --rm --memory 20g "$IMAGE" echo runs
	is runs "$output"
}

@test "--net container:NAME shares the network, and --pid and --ipc container:NAME with it" {
	sleeper --ipc shareable
	docker exec --detach "$NAME" nc -l -p 7 -e echo shared
	wait_until docker exec "$NAME" sh -c 'netstat -ltn | grep -q :7'
	exits 0 docker run --rm --net "container:$NAME" --pid "container:$NAME" --ipc "container:$NAME" "$IMAGE" \
		sh -c 'nc 127.0.0.1 7; ps -o args | grep -x "sleep 1000"'
	is $'shared\nsleep 1000' "$output"
}

@test "-v of a Unix socket: it is there" {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$WORK/sock"
	exits 0 docker run --rm -v "$WORK/sock:/sock" "$IMAGE" test -S /sock
}

@test "--volumes-from, --mount type=tmpfs and type=bind" {
	docker run --name "$NAME" -v /data "$IMAGE" sh -c 'echo kept >/data/file'
	mkdir "$WORK/folder"
	echo bound >"$WORK/folder/file"
	exits 0 docker run --rm --volumes-from "$NAME" --mount type=tmpfs,destination=/scratch,tmpfs-size=4m \
		--mount "type=bind,source=$WORK/folder,destination=/folder,readonly" "$IMAGE" \
		sh -c 'cat /data/file /folder/file; df -k /scratch | awk "NR > 1 { print \$2 }"; touch /folder/x 2>/dev/null || echo read-only'
	is $'kept\nbound\n4096\nread-only' "$output"
}

@test "--stop-signal, --label, --oom-score-adj, --cgroup-parent, --entrypoint, --domainname" {
	docker run --detach --name "$NAME" --stop-signal USR1 --label key=value --oom-score-adj 300 \
		--cgroup-parent /kata-test --domainname example.test --entrypoint sh "$IMAGE" \
		-c 'trap "exit 9" USR1; cat /proc/self/oom_score_adj /proc/sys/kernel/domainname; echo ready; while :; do sleep 0.1; done'
	wait_until logged "$NAME" ready
	is $'300\nexample.test\nready' "$(docker logs "$NAME")"
	grep -q "/kata-test/$(field "$NAME" .Id)" "/proc/$(field "$NAME" .State.Pid)/cgroup"
	exits 0 docker stop --time 20 "$NAME"
	is 9 "$(field "$NAME" .State.ExitCode)"
	docker rm "$NAME"
	find /sys/fs/cgroup -depth -type d -name kata-test -exec rmdir {} +
}

@test "--user by number, by name and with a group; one that is not there is refused" {
	for words in 1000:'1000 1000' user:'1000 1000' user:2000:'1000 2000' 5:6:'5 6'; do
		exits 0 docker run --rm --user "${words%:*}" "$IMAGE" sh -c 'echo $(id -u) $(id -g)'
		is "${words##*:}" "$output"
	done
	exits 125 docker run --rm --user nobody-here "$IMAGE" true
	has "$errors" nobody-here
}
