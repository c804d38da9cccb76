#!/usr/bin/env bats
# exec --guest: programs in the guest itself, where the configuration and the initrd let them.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# use_debug_initrd - one with a shell; guest/initrd/build makes it of the agent that is tested.
use_debug_initrd()
{
	"$TOP/guest/initrd/build" --debug "$STAGE/usr/libexec/kata-containers/kata-agent" "$WORK/initrd.img"
	set_config initrd "\"$WORK/initrd.img\""
}

in_guest() { runtime exec --guest "$ID" "$@" </dev/null; }

@test "exec --guest: off, the error names the key; without a shell in the initrd, how to make one" {
	start_sleeper
	fails runtime exec --guest "$ID" </dev/null
	says '[agent.kata] debug_console_enabled = true'
	runtime delete --force "$ID"
	set_config debug_console_enabled true
	start_sleeper
	fails runtime exec --guest "$ID" </dev/null
	says '/bin/sh' 'guest/initrd/build --debug'
	fails runtime exec --guest --user 7 "$ID" true
	says --guest --user
	[ "$(runtime exec "$ID" echo lives </dev/null)" = lives ]
}

@test "exec --guest: the guest's root, with its files, processes and exit codes; the containers go on" {
	set_config debug_console_enabled true
	use_debug_initrd
	start_sleeper
	[ "$(in_guest /bin/cat /proc/1/comm)" = init ]
	[ "$(in_guest sh -c 'id -u; mkdir /run/m && mount -t tmpfs tmpfs /run/m && umount /run/m && echo mounted')" = $'0\nmounted' ]
	[ "$(in_guest sh -c 'grep -c . /proc/[0-9]*/comm | grep -c comm')" -gt 2 ]
	code=0
	in_guest sh -c 'exit 7' || code=$?
	((code == 7))
	[ "$(echo 'echo $((6 * 7))' | runtime exec --guest "$ID")" = 42 ]
	code=0
	in_guest sh -c 'kill -TERM $$' || code=$?
	((code == 143))
	[ "$(runtime exec "$ID" echo lives </dev/null)" = lives ]
	runtime kill "$ID" KILL
	wait_until is_status "$ID" stopped
	runtime delete "$ID"
}

@test "exec --guest --tty: a terminal" {
	set_config debug_console_enabled true
	use_debug_initrd
	start_sleeper
	python3 "$TOP/tests/lib/console.py" bash -ec "$RUNTIME --kata-config $USED_CONFIG exec --guest --tty \
		--console \$CONSOLE $ID /bin/sh -c 'test -t 0 && test -t 1 && echo terminal'" | tr -d '\r' >"$WORK/out"
	[ "$(cat "$WORK/out")" = terminal ]
}

@test "exec --guest: an annotation opens it only where the administrator has listed it" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" '.annotations = { "io.katacontainers.config.agent.debug_console_enabled": "true" }'
	fails runtime create --bundle "$dir" "$ID"
	says 'enable_annotations would have to list "debug_console_enabled"'
	set_config enable_annotations '["debug_console_enabled"]'
	use_debug_initrd
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
	[ "$(in_guest echo open)" = open ]
}
