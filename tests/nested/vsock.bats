#!/usr/bin/env bats
# On a host that has /dev/vhost-vsock: see machine. A start takes half a minute there, so this is one
# story and not many.

load ../lib/helpers

setup()
{
	common_setup
	set_config use_vsock true
	set_config dial_timeout 600
	PATIENCE=120
}

teardown() { common_teardown; }

# in_guest CODE FILE WORD… - runs it with FILE as its input until it ends with CODE; its output is in
# $WORK/exec. kata-runtime gives a guest 10 s for an answer, which a machine in a machine may not keep
# while the host does other things: that is no answer to what is asked here.
in_guest()
{
	local expected=$1 input=$2 try code
	shift 2

	for try in 1 2 3 4 5 6 7 8 9 10; do
		code=0
		runtime exec "$ID" "$@" <"$input" >"$WORK/exec" 2>"$WORK/exec.err" || code=$?
		((code != expected)) || return 0
		echo "try $try: exit code $code"
		cat "$WORK/exec" "$WORK/exec.err"
		grep -q 'does not answer' "$WORK/exec.err" || return 1
	done
	return 1
}

@test "use_vsock: a container is reached by vsock: output, exit code, exec, signals, delete" {
	[ -c /dev/vhost-vsock ]
	dir=$(bundle)
	# It waits without doing anything: a program that starts takes most of a second there.
	set_args "$dir" sh -c 'trap "echo stopping; exit 3" TERM; cat /proc/cmdline; sleep 10000 & wait'
	runtime run --detach --bundle "$dir" "$ID" >"$WORK/out" 2>"$WORK/err" </dev/null ||
		{ cat "$WORK/err"; return 1; }
	wait_until grep -q agent.use_vsock=true "$WORK/out"
	not grep -q use_vsock "$WORK/err"
	# No port, no relay: kata-proxy keeps what is left for it to do.
	[ ! -e "$KATA_RUN_DIR/vc/vm/$ID/kata.sock" ]
	[ ! -e "$KATA_RUN_DIR/vc/sbs/$ID/proxy.sock" ]
	cid=$(cat "$KATA_RUN_DIR/vc/vm/$ID/vsock-cid")
	grep -qa -- "-agent.vsock://$cid:1024" \
		"/proc/$(pid_of_helper proxy)/cmdline"
	tr '\0' ' ' <"/proc/$(pid_of_helper qemu)/cmdline" | grep -q vhost-vsock-pci

	head -c 1000000 /dev/urandom >"$WORK/data"
	in_guest 0 "$WORK/data" sha256sum
	[ "$(cat "$WORK/exec")" = "$(sha256sum <"$WORK/data")" ]
	in_guest 7 /dev/null sh -c 'exit 7'

	# Only the host is answered: not what runs in the guest, which may know its own CID too.
	gcc -O2 -static -o "$dir/rootfs/bin/vsock_client" "$TOP/tests/nested/vsock_client.c"
	in_guest 0 /dev/null sh -c "vsock_client 1; vsock_client $cid"
	[ "$(grep -c 'not connected\|not served' "$WORK/exec")" -eq 2 ]

	runtime kill "$ID" TERM
	wait_until is_status "$ID" stopped
	wait_until grep -q stopping "$WORK/out"
	runtime delete "$ID"
}
