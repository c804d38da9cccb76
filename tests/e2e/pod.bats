#!/usr/bin/env bats
# Several containers in one virtual machine.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# as_pod DIR - lets a bundle be a pod's sandbox, in CRI's words.
as_pod()
{
	edit_bundle "$1" '.annotations = {
		"io.kubernetes.cri.container-type": "sandbox",
		"io.kubernetes.cri.sandbox-id": "pod" }'
}

start_pod()
{
	local dir
	dir=$(bundle bundle-pod)

	set_args "$dir" sleep 1000
	edit_bundle "$dir" '.hostname = "the-pod"'
	as_pod "$dir"
	runtime run --detach --bundle "$dir" pod </dev/null >/dev/null
}

@test "a pod: both containers in one machine, each with its own root and processes" {
	start_pod
	start_member member pod
	is_status pod running
	is_status member running
	[ "$(ls "$KATA_RUN_DIR/vc/vm")" = pod ]
	runtime exec member sh -c 'echo mine >/file'
	[ "$(cat "$WORK/bundle-member/rootfs/file")" = mine ]
	[ ! -e "$WORK/bundle-pod/rootfs/file" ]
	fails runtime exec pod cat /file
	boot() { runtime exec "$1" cat /proc/sys/kernel/random/boot_id; }
	[ "$(boot pod)" = "$(boot member)" ]
	[ "$(boot pod)" != "$(cat /proc/sys/kernel/random/boot_id)" ]
	# Each is process 1 of its own.
	[ "$(runtime exec pod sh -c 'ps | grep -c "sleep 1000$"')" = 1 ]
	[ "$(runtime exec member cat /proc/1/comm)" = sleep ]
}

@test "a pod: the member joins hostname, network and IPC of its sandbox" {
	start_pod
	dir=$(bundle bundle-member)
	set_args "$dir" sleep 1000
	# As containerd's CRI plugin writes it.
	edit_bundle "$dir" 'del(.hostname) | .annotations = {
		"io.kubernetes.cri.container-type": "container",
		"io.kubernetes.cri.sandbox-id": "pod" } |
		(.linux.namespaces[] | select(.type == "ipc" or .type == "uts" or .type == "network"))
			|= (.path = "/proc/1/ns/" + .type)'
	runtime run --detach --bundle "$dir" member </dev/null >/dev/null
	[ "$(runtime exec member hostname)" = the-pod ]
	[ "$(runtime exec pod hostname)" = the-pod ]
	for name in net uts ipc; do
		[ "$(runtime exec member readlink /proc/self/ns/$name)" = \
			"$(runtime exec pod readlink /proc/self/ns/$name)" ]
	done
	for name in pid mnt; do
		[ "$(runtime exec member readlink /proc/self/ns/$name)" != \
			"$(runtime exec pod readlink /proc/self/ns/$name)" ]
	done
}

@test "a pod: /dev/shm that both bind is the same memory, in the guest and not the host's" {
	shm='(.mounts[] | select(.destination == "/dev/shm")) |= {
		"destination": "/dev/shm", "type": "bind", "source": "/dev/shm", "options": ["rbind"] }'
	dir=$(bundle bundle-pod)
	set_args "$dir" sleep 1000
	as_pod "$dir"
	edit_bundle "$dir" "$shm"
	runtime run --detach --bundle "$dir" pod </dev/null >/dev/null
	dir=$(bundle bundle-member)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" '.annotations = {
		"io.kubernetes.cri.container-type": "container",
		"io.kubernetes.cri.sandbox-id": "pod" }'
	edit_bundle "$dir" "$shm"
	runtime run --detach --bundle "$dir" member </dev/null >/dev/null
	runtime exec pod sh -c 'echo shared >/dev/shm/kata-test-word'
	[ "$(runtime exec member cat /dev/shm/kata-test-word)" = shared ]
	[ ! -e /dev/shm/kata-test-word ]
}

@test "a pod's /dev/shm is as large as the one that the engine made for it" {
	mkdir "$WORK/shm"
	mount -t tmpfs -o size=3m none "$WORK/shm"
	dir=$(bundle)
	set_args "$dir" sh -c "df -k /dev/shm | tail -n 1"
	edit_bundle "$dir" "(.mounts[] | select(.destination == \"/dev/shm\")) |= {
		\"destination\": \"/dev/shm\", \"type\": \"bind\", \"source\": \"$WORK/shm\", \"options\": [\"rbind\"] }"
	output=$(runtime run --bundle "$dir" "$ID" </dev/null) || true
	umount "$WORK/shm"
	[ "$(awk '{ print $2 }' <<<"$output")" = 3072 ]
}

@test "a pod: exec into both, output and exit codes stay apart" {
	start_pod
	start_member member pod
	for id in pod member; do
		[ "$(runtime exec -e "NAME=$id" "$id" sh -c 'echo "in $NAME"')" = "in $id" ]
	done
	code=0
	runtime exec member sh -c 'exit 3' || code=$?
	[ "$code" -eq 3 ]
	code=0
	runtime exec pod sh -c 'exit 4' || code=$?
	[ "$code" -eq 4 ]
}

@test "a pod: deleting a member leaves the other members and nothing of its own" {
	start_pod
	start_member one pod
	start_member two pod
	fails runtime delete one
	says one running
	runtime kill one KILL
	wait_until is_status one stopped
	runtime delete one
	grep -F "$KATA_RUN_DIR" /proc/self/mountinfo | { grep -F /one/ || true; } | nothing
	[ ! -e "$KATA_RUN_DIR/vc/sbs/pod/one" ]
	[ "$(runtime list -q)" = $'pod\ntwo' ]
	[ "$(runtime exec two echo alive)" = alive ]
	[ "$(runtime exec pod echo alive)" = alive ]
	# Its name is free again.
	start_member one pod
	[ "$(runtime exec one echo again)" = again ]
	runtime delete --force one
	is_status two running
}

@test "a pod: a member whose id begins like another's is deleted alone" {
	start_pod
	start_member member pod
	start_member member-1 pod
	runtime delete --force member
	[ "$(runtime exec member-1 echo alive)" = alive ]
	[ "$(runtime list -q)" = $'member-1\npod' ]
}

@test "a pod: deleting the sandbox removes its members" {
	start_pod
	start_member one pod
	start_member two pod
	runtime delete --force pod
	[ -z "$(runtime list -q)" ]
	assert_nothing_left
}

@test "a pod: the end of the machine stops every member, and each can be deleted" {
	start_pod
	start_member member pod
	kill -KILL "$(pid_of_helper qemu pod)"
	wait_until is_status pod stopped
	wait_until is_status member stopped
	runtime delete member
	[ "$(runtime list -q)" = pod ]
	runtime delete pod
}

@test "a pod: a member's end does not end the pod, nor does its failure to start" {
	start_pod
	start_member member pod sh -c 'exit 3'
	wait_until is_status member stopped
	is_status pod running
	dir=$(bundle bundle-bad)
	set_args "$dir" nonsense
	edit_bundle "$dir" '.annotations = {
		"io.kubernetes.cri.container-type": "container",
		"io.kubernetes.cri.sandbox-id": "pod" }'
	fails runtime run --detach --bundle "$dir" bad
	says nonsense 'executable file not found'
	[ "$(runtime list -q)" = $'member\npod' ]
	[ "$(runtime exec pod echo alive)" = alive ]
}

# pod_in_words TYPE-KEY SANDBOX-VALUE SANDBOX-KEY - a pod of two as another engine names it.
pod_in_words()
{
	dir=$(bundle bundle-pod)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" ".annotations = { \"$1\": \"$2\" }"
	runtime run --detach --bundle "$dir" pod </dev/null >/dev/null
	dir=$(bundle bundle-member)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" ".annotations = { \"$1\": \"container\", \"$3\": \"pod\" }"
	runtime run --detach --bundle "$dir" member </dev/null >/dev/null
	[ "$(ls "$KATA_RUN_DIR/vc/vm")" = pod ]
	[ "$(runtime exec member echo hello)" = hello ]
	runtime delete --force pod
	assert_nothing_left
}

@test "a pod in the words of dockershim" {
	pod_in_words io.kubernetes.docker.type podsandbox io.kubernetes.sandbox.id
}

@test "a pod in the words of CRI-O" {
	pod_in_words io.kubernetes.cri-o.ContainerType sandbox io.kubernetes.cri-o.SandboxID
}

@test "two pods at once do not see each other" {
	start_sleeper one
	start_sleeper two
	runtime exec one sh -c 'echo one >/file'
	[ ! -e "$WORK/bundle-two/rootfs/file" ]
	runtime delete --force one
	is_status two running
	[ "$(runtime exec two echo alive)" = alive ]
}
