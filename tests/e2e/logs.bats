#!/usr/bin/env bats
# What the programs of a sandbox log, the guest's among them: docs/logging.md.

load ../lib/helpers

setup() { common_setup; }
teardown()
{
	common_teardown
	[[ -z ${HOLDER-} ]] || kill "$HOLDER"
}

# use_journal - a journald of this test's own, in a mount namespace of its own, which runtime() enters then.
use_journal()
{
	JOURNAL=$WORK/journal
	unshare --mount --propagation private sh -c '
		mount -t tmpfs tmpfs /run/systemd 2>/dev/null ||
			{ mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd; }
		mkdir /run/systemd/journal
		exec "$@"' sh "$TOP/tests/lib/journal.py" /run/systemd/journal/socket "$JOURNAL" \
		</dev/null >/dev/null 2>&1 3>&- &
	HOLDER=$!
	wait_until test -e "$JOURNAL"
}

runtime() { in_namespace "$RUNTIME" --kata-config "$USED_CONFIG" "$@"; }
in_namespace() { nsenter --mount --target "$HOLDER" --wd="$PWD" -- "$@"; }

# logged FILTER - whether the journal has an entry for which this jq filter is true.
logged() { jq -e -s "any($1)" "$JOURNAL"; }

@test "logs: the agent's lines arrive under the sandbox's id with the guest's time" {
	use_journal
	start_sleeper
	wait_until logged '.SYSLOG_IDENTIFIER == "kata-agent" and (.MESSAGE | test("is ready"))'
	entry=$(jq -s 'map(select(.MESSAGE | test("is ready")))[0]' "$JOURNAL")
	jq -e --arg id "$ID" '.KATA_SANDBOX == $id and .KATA_SOURCE == "agent" and .KATA_NAME == "kata-agent"
		and .PRIORITY == "6" and .KATA_SUBSYSTEM == "main" and .KATA_PID == "1"' <<<"$entry"
	# It was said before the clock was set: seconds apart, at most.
	said=$(date -d "$(jq -r .KATA_TIME <<<"$entry")" +%s)
	(($(date +%s) - said < 60 && said - $(date +%s) < 60))
	runtime delete --force "$ID"
}

@test "logs: a guest that panics leaves its console in the log, and the panic in the error" {
	use_journal
	mkdir -p "$WORK/initrd/bin" "$WORK/initrd/dev"
	mknod "$WORK/initrd/dev/console" c 5 1
	cp /bin/busybox "$WORK/initrd/bin/"
	printf '#!/bin/busybox sh\necho "something before"\nexit 3\n' >"$WORK/initrd/init"
	chmod 755 "$WORK/initrd/init"
	(cd "$WORK/initrd" && find . | cpio -o -H newc --quiet) >"$WORK/initrd.img"
	set_config initrd "\"$WORK/initrd.img\""
	fails runtime run --bundle "$(bundle)" "$ID"
	says 'Kernel panic'
	wait_until logged '.KATA_SUBSYSTEM == "console" and (.MESSAGE | test("Kernel panic"))'
	logged '.KATA_SUBSYSTEM == "console" and (.MESSAGE | test("something before")) and .KATA_SANDBOX == "'"$ID"'"'
}

@test "logs: a full disk or a FIFO that nobody reads holds up neither a command nor a container" {
	mkdir "$WORK/full"
	mount -t tmpfs -o size=4k tmpfs "$WORK/full"
	head -c 4096 /dev/zero >"$WORK/full/zeros" || true
	timeout 60 "$RUNTIME" --debug --log "$WORK/full/log" --kata-config "$USED_CONFIG" run --bundle "$(bundle)" \
		"$ID" </dev/null >"$WORK/out" 2>"$WORK/err"
	umount "$WORK/full"
	mkfifo "$WORK/fifo"
	timeout 60 "$RUNTIME" --debug --log "$WORK/fifo" --kata-config "$USED_CONFIG" run --bundle "$(bundle)" \
		"$ID" </dev/null
}

# debugged - the parts that the sandbox $ID was started with debugging of; $WORK/shim notes how shims are.
debugged()
{
	local qemu=/proc/$(pid_of_helper qemu)/cmdline

	! tr '\0' ' ' <"/proc/$(pid_of_helper proxy)/cmdline" | grep -q -- '-debug' || echo proxy.kata
	! tr '\0' ' ' <"/proc/$(pid_of_helper netmon)/cmdline" | grep -q -- ' -d ' || echo netmon
	! grep -q -- '-debug' "$WORK/shim.args" || echo shim.kata
	! tr '\0' '\n' <"$qemu" | grep -q ' agent.log=debug' || echo agent.kata
	! tr '\0' '\n' <"$qemu" | grep -q '^debug ' || echo hypervisor.qemu
	! grep -q 'level=debug.*source=runtime' "$WORK/log" || echo runtime
}

@test "logs: enable_debug of each part is that part's alone" {
	shim=$(sed -n '/^\[shim.kata\]/,/^path/s/^path = "\(.*\)"/\1/p' "$USED_CONFIG")
	printf '#!/bin/sh\necho "$@" >%s\nexec %s "$@"\n' "$WORK/shim.args" "$shim" >"$WORK/shim"
	chmod 755 "$WORK/shim"
	set_config enable_netmon true
	mkdir "$WORK/config.d"
	dir=$(bundle)
	set_args "$dir" sleep 1000
	for part in proxy.kata netmon shim.kata agent.kata hypervisor.qemu runtime; do
		{
			[[ $part == shim.kata ]] || printf '[%s]\nenable_debug = true\n' "$part"
			printf '[shim.kata]\npath = "%s"\n' "$WORK/shim"
			[[ $part != shim.kata ]] || echo 'enable_debug = true'
		} >"$WORK/config.d/debug.toml"
		"$RUNTIME" --log "$WORK/log" --kata-config "$USED_CONFIG" run --detach --bundle "$dir" "$ID" \
			</dev/null >/dev/null 2>&1
		[ "$(debugged)" = "$part" ]
		"$RUNTIME" --kata-config "$USED_CONFIG" delete --force "$ID"
	done
}
