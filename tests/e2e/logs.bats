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
