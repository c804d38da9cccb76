# common.bash - what the integration tests share: a fake machine, and its bad habits

KATA_TEST_STAGE=${KATA_TEST_STAGE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/stage-int}
source "$(dirname "${BASH_SOURCE[0]}")/../lib/helpers.bash"

# fake FAULT… - what the fake machine does wrong; tests/lib/fake_agent.c and fake_qemu.c list it.
fake()
{
	local IFS=';'
	export FAKE_MODE="$*"
}

# shell_bundle TEXT [NAME] - a small bundle that runs a shell script; prints its path.
shell_bundle()
{
	local dir=$WORK/${2:-bundle} name

	mkdir -p "$dir/rootfs/bin"
	cp /bin/busybox "$dir/rootfs/bin/"
	for name in sh echo cat sleep true yes head kill wc dd; do
		ln -sf busybox "$dir/rootfs/bin/$name"
	done
	cp "$TOP/tests/lib/busybox.json" "$dir/config.json"
	set_args "$dir" sh -c "$1"
	echo "$dir"
}

# refused WORDS… - a command of kata-runtime that has to fail with one plain line, which is shown.
refused()
{
	run runtime "$@"
	echo "status $status: $output"
	[ "$status" -eq 1 ]
	one_plain_line "$output"
}

# What a terminal may be shown: one line of printable characters, and not a long one.
one_plain_line()
{
	[ -n "$1" ]
	[ "${#1}" -le 1100 ]
	[[ $1 != *[^[:print:]]* ]]
}

# pid_of PROGRAM [ID] - from the record of qemu, proxy or shim.
pid_of()
{
	local record
	record=$(find "$KATA_RUN_DIR" -path "*/${2:-$ID}/*" -name "$1.record" | head -n 1)
	cut -d ' ' -f 1 "$record"
}

# has_ended PID - within five seconds.
has_ended()
{
	local i
	for ((i = 0; i < 100; i++)); do
		[[ -d /proc/$1 && $(awk '/^State:/ {print $2}' "/proc/$1/status" 2>/dev/null) != Z ]] ||
			return 0
		sleep 0.05
	done
	echo "process $1 still runs"
	return 1
}

# peak_kib PID - the most memory that it has had.
peak_kib()
{
	awk '/^VmHWM:/ {print $2}' "/proc/$1/status"
}

# sleeping [ID] - a container that runs, as of a script bundle.
sleeping()
{
	local id=${1:-$ID}
	runtime run --detach --bundle "$(shell_bundle 'sleep 1000' "bundle-$id")" "$id" </dev/null >/dev/null 2>&1
}
