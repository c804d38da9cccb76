#!/usr/bin/env bats
# The host is started anew while containers run: another boot id, no processes, no mounts, and what
# the runtime had under /run is still there, as where /run is not a tmpfs.

load helpers

ready_containerd() { ctr version; }
ready_dockerd() { docker version; }

docker() { timeout --foreground 60 /usr/bin/docker "$@"; }
podman() { timeout --foreground 60 /usr/bin/podman "$@"; }
ctr() { timeout --foreground 60 /usr/bin/ctr "$@"; }

start_engines()
{
	start_daemon containerd ready_containerd containerd
	start_daemon dockerd ready_dockerd dockerd --containerd /run/containerd/containerd.sock
}

setup_file()
{
	clients_setup_file
	configure_docker
	configure_podman
	start_engines
	docker load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
	podman load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
	ctr image import "$BATS_FILE_TMPDIR/busybox.tar"
}

teardown_file()
{
	stop_daemon dockerd
	stop_daemon containerd
	while umount /proc/sys/kernel/random/boot_id 2>/dev/null; do :; done
}

setup() { WORK=$(mktemp -d) NAME=t$BATS_TEST_NUMBER; }

teardown()
{
	docker ps --all --quiet | xargs --no-run-if-empty docker rm --force
	podman rm --all --force --time 0
	ctr task list --quiet | xargs --no-run-if-empty -n 1 ctr task delete --force
	ctr container list --quiet | xargs --no-run-if-empty /usr/bin/ctr container delete
	rm -rf -- "$WORK"
}

in_ctr() { ctr run --detach --runc-binary "$RUNTIME" "$IMAGE" "$@"; }

# By name, in a namespace of processes that has nothing else: see machine.
end_all_processes()
{
	local pid

	for pid in $(pgrep -x 'dockerd|containerd|containerd-shim|conmon|kata-shim|kata-proxy|virtiofsd|qemu-system-x86|sleep'); do
		kill -KILL "$pid" 2>/dev/null || true
	done
	not_even() { ! pgrep -x 'dockerd|containerd|containerd-shim|conmon|kata-shim|kata-proxy|virtiofsd|qemu-system-x86'; }
	wait_until not_even
}

# What a kernel forgets: mounts and devices; and what is on a tmpfs anywhere: the engines' own state.
forget()
{
	local path name

	while read -r path; do
		umount --lazy "$path" 2>/dev/null || true
	done < <(awk '$5 ~ "^/(run|var/lib/(docker|containers|containerd))/" { print $5 }' /proc/self/mountinfo | tac)
	for name in $(ls /sys/class/net); do
		[[ $name == lo || $name == docker0 ]] || ip link delete "$name" 2>/dev/null || true
	done
	find /sys/fs/cgroup -mindepth 2 -depth -type d \( -path '*/docker/*' -o -path '*/libpod_parent/*' -o -path '*/default/*' \) \
		-exec rmdir {} + 2>/dev/null || true
	for path in /run/*; do
		case ${path##*/} in
		vc | kata-containers) ;;
		*) rm -rf --one-file-system -- "$path" ;;
		esac
	done
	rm -rf /dev/shm/*
	mkdir -p /run/lock
}

# reboot NUMBER - another boot id each time.
reboot()
{
	end_all_processes
	forget
	printf '00000000-0000-4000-8000-%012d\n' "$1" >"$BATS_FILE_TMPDIR/boot-id.$1"
	mount --bind "$BATS_FILE_TMPDIR/boot-id.$1" /proc/sys/kernel/random/boot_id
	start_engines
}

# Of the three, where the runtime keeps what it knows.
runtime_knows()
{
	find /run/vc/sbs /run/vc/vm /run/kata-containers/shared/sandboxes /run/kata-containers/containers-mapping \
		-mindepth 1 -maxdepth 1 2>/dev/null
}

@test "after a boot of the host containers are stopped, start again, and old state is gone" {
	docker run --detach --name "$NAME" "$IMAGE" sleep 1000
	podman run --detach --name "$NAME" "$IMAGE" sleep 1000
	in_ctr "$NAME" sleep 1000
	[[ $CLIENT_RUNTIME != kata ]] || [ "$("$RUNTIME" list -q | wc -l)" -eq 3 ]
	reboot 1
	is exited "$(docker inspect --format '{{.State.Status}}' "$NAME")"
	# Podman begins anew with what it had: "created", with runc too.
	is created "$(podman inspect --type container --format '{{.State.Status}}' "$NAME")"
	is '' "$(ctr task list --quiet)"
	if [[ $CLIENT_RUNTIME == kata ]]; then
		is $'stopped\nstopped\nstopped' "$("$RUNTIME" list --format json | jq -r '.[].status')"
	fi
	# The same names, which are the runtime's own ids.
	docker start "$NAME"
	podman start "$NAME"
	ctr task start --detach "$NAME"
	is alive "$(docker exec "$NAME" echo alive)"
	is alive "$(podman exec "$NAME" echo alive)"
	is alive "$(ctr task exec --exec-id e1 "$NAME" echo alive)"
	[[ $CLIENT_RUNTIME != kata ]] || [ "$("$RUNTIME" list -q | wc -l)" -eq 3 ]
	docker rm --force "$NAME"
	podman rm --force --time 0 "$NAME"
	ctr task delete --force "$NAME"
	ctr container delete "$NAME"
	is '' "$(runtime_knows)"
}

@test "containers that nobody starts again after a boot are removed, and swept" {
	docker run --detach --name "$NAME" "$IMAGE" sleep 1000
	podman run --detach --name "$NAME" "$IMAGE" sleep 1000
	in_ctr "$NAME" sleep 1000
	reboot 2
	docker rm --force "$NAME"
	podman rm --force --time 0 "$NAME"
	ctr container delete "$NAME"
	# Engines need not ask the runtime about what ended with the boot: its next command sees to it.
	is next "$(docker run --rm --name "$NAME" "$IMAGE" echo next)"
	is '' "$(runtime_knows)"
}
