#!/usr/bin/env bats
# append: cgroup_no_v1=all
# Docker on a host that has version 2 of cgroups alone: see machine. A start takes half a minute there,
# so this is one story and not many.

# What tier_nested of tools/test stages.
KATA_TEST_STAGE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build/stage-test
load ../clients/helpers
load ../clients/docker

setup_file()
{
	export PATIENCE=300 PATIENCE_DOCKER=300 CLIENT_RUNTIME=kata
	KATA_CLIENTS_MACHINE=1 clients_setup_file
	sed -i 's/^#*dial_timeout = .*/dial_timeout = 600/' "$CONFIG"
	configure_docker
	# The machine has no network but lo.
	start_daemon dockerd ready dockerd --bridge=none --iptables=false
	docker load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
}

teardown_file() { stop_daemon dockerd; }

setup() { WORK=$(mktemp -d); NAME=box; }

teardown()
{
	docker rm --force "$NAME" >/dev/null 2>&1 || true
	rm -rf -- "$WORK"
}

# of FILE - of the container's cgroup.
of() { cat "/sys/fs/cgroup/docker/$(field "$NAME" .Id)/$1"; }

@test "Docker with cgroups of version 2: limits, stats, exec, stop and rm" {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
	[ "$(docker info --format '{{.CgroupVersion}}')" = 2 ]
	docker run --detach --name "$NAME" --network none --memory 192m --pids-limit 64 "$IMAGE" \
		sh -c 'trap "echo stopping; exit 3" TERM; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; sleep 1000 & wait'
	wait_until logged "$NAME" 64
	logged "$NAME" $((192 << 20))

	# On the host the cgroup has the sandbox's processes, and no limit of the container's.
	grep -qx "$(field "$NAME" .State.Pid)" <(of cgroup.procs)
	(($(of cgroup.procs | wc -l) >= 4))
	[ "$(of memory.max)" = max ]
	(($(of memory.current) > 30000000))
	(($(docker stats --no-stream --format '{{.PIDs}}' "$NAME") > 0))
	[ "$(docker exec "$NAME" cat /proc/1/comm)" = sh ]

	docker stop --time 120 "$NAME" >/dev/null
	[ "$(field "$NAME" .State.ExitCode)" = 3 ]
	logged "$NAME" stopping
	path=/sys/fs/cgroup/docker/$(field "$NAME" .Id)
	docker rm "$NAME" >/dev/null
	[ ! -e "$path" ]
}
