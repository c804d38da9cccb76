#!/usr/bin/env bats
# On a host that has /dev/vhost-vsock: see machine. A start takes half a minute there, so this is one
# story and not many.

load ../lib/helpers

setup()
{
	common_setup
	set_config use_vsock true
	set_config dial_timeout 180
	PATIENCE=120
}

teardown() { common_teardown; }

@test "use_vsock: a container is reached by vsock: output, exit code, exec, signals, delete" {
	[ -c /dev/vhost-vsock ]
	dir=$(bundle)
	set_args "$dir" sh -c 'trap "echo stopping; exit 3" TERM; cat /proc/cmdline; while :; do sleep 0.1; done'
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
	runtime exec "$ID" sha256sum <"$WORK/data" >"$WORK/sum"
	[ "$(cat "$WORK/sum")" = "$(sha256sum <"$WORK/data")" ]
	code=0
	runtime exec "$ID" sh -c 'exit 7' </dev/null || code=$?
	[ "$code" -eq 7 ]

	# Only the host is answered: not what runs in the guest, which may know its own CID too.
	gcc -O2 -static -o "$dir/rootfs/bin/vsock_client" "$TOP/tests/nested/vsock_client.c"
	runtime exec "$ID" sh -c "vsock_client 1; vsock_client $cid" >"$WORK/clients" </dev/null
	cat "$WORK/clients"
	[ "$(grep -c 'not connected\|not served' "$WORK/clients")" -eq 2 ]

	runtime kill "$ID" TERM
	wait_until is_status "$ID" stopped
	grep -q stopping "$WORK/out"
	runtime delete "$ID"
}
