#!/usr/bin/env bats
# The faults of tests/faults.tsv for which a fake machine is enough: each gives its code.

load common
source "$TOP/tests/lib/faults.bash"
bats_require_minimum_version 1.5.0

# Those that wait for a deadline do so at the same time, from the beginning on.
setup_file()
{
	local line n=0

	while IFS= read -r line; do
		n=$((n + 1))
		BATS_TEST_NUMBER=s$n
		(
			status=0
			inject "$line" >"$BATS_FILE_TMPDIR/$n.out" 2>&1 || status=1
			echo "$status" >"$BATS_FILE_TMPDIR/$n.new"
			mv "$BATS_FILE_TMPDIR/$n.new" "$BATS_FILE_TMPDIR/$n.end"
		) 3>&- &
	done < <(faults_of slow)
	echo "$n" >"$BATS_FILE_TMPDIR/slow"
}

new_bundle() { shell_bundle true; }

# stopped - a container whose process has ended.
stopped()
{
	kata_quiet run --keep --bundle "$BUNDLE" "$ID"
	is_status "$ID" stopped
}

nic_input()
{
	echo '{"device":"tap1","name":"eth1","mtu":1300,"hwAddr":"02:42:20:6f:a2:80","IPAddresses":[{"address":"172.17.1.10","mask":"24"}]}' >"$WORK/in"
}

# pids_cgroup - the directory of a cgroup with the controller of processes, which is made.
pids_cgroup()
{
	local root=/sys/fs/cgroup

	[[ ! -d $root/pids ]] || root=$root/pids
	[[ ! -e $root/cgroup.subtree_control ]] || echo +pids >"$root/cgroup.subtree_control"
	mkdir -p "$root/faults-${WORK##*/}"
	echo "$root/faults-${WORK##*/}"
}

# in_pids_cgroup N - with so many processes: the runtime and timeout are two.
in_pids_cgroup()
{
	local dir
	dir=$(pids_cgroup)
	echo "$1" >"$dir/pids.max"
	bash -c "echo \$\$ >$dir/cgroup.procs; exec $RUNTIME --kata-config $USED_CONFIG run --bundle $BUNDLE $ID"
}

without_cgroups()
{
	unshare -m bash -c "umount -l -R /sys/fs/cgroup 2>/dev/null; mount -t tmpfs none /sys/fs/cgroup
		umount -l -a -t cgroup,cgroup2 2>/dev/null
		exec $RUNTIME --kata-config $USED_CONFIG run --bundle $BUNDLE $ID"
}

cgroups_read_only()
{
	unshare -m bash -c "grep -o ' /sys/fs/cgroup[^ ]* ' /proc/self/mountinfo | xargs -n 1 mount -o remount,bind,ro
		exec $RUNTIME --kata-config $USED_CONFIG run --bundle $BUNDLE $ID"
}

# A process of somebody else is where the container's is to be.
occupy_cgroup()
{
	local path dir

	path=/${WORK##*/}/occupied
	edit ".linux.cgroupsPath = \"$path\""
	dir=/sys/fs/cgroup/memory
	[[ -d $dir ]] || dir=/sys/fs/cgroup
	mkdir -p "$dir$path"
	sleep 1000 3>&- &
	echo $! >"$WORK/occupier"
	echo $! >"$dir$path/cgroup.procs"
}

without_lock()
{
	setpriv --bounding-set=-ipc_lock prlimit --memlock=65536 "$RUNTIME" --kata-config "$USED_CONFIG" \
		run --bundle "$BUNDLE" "$ID"
}

without_vsock()
{
	unshare -m bash -c "[[ ! -e /dev/vhost-vsock ]] || mount --bind /dev/full /dev/vhost-vsock
		exec $RUNTIME --kata-config $USED_CONFIG run --bundle $BUNDLE $ID"
}

# The sandbox's network has what is no Ethernet card.
netns_with_tun()
{
	: >"$WORK/netns"
	unshare --net="$WORK/netns" true
	nsenter --net="$WORK/netns" ip tuntap add t0 mode tun
	nsenter --net="$WORK/netns" ip addr add 10.1.2.3/24 dev t0
	nsenter --net="$WORK/netns" ip link set t0 up
	edit "(.linux.namespaces[] | select(.type == \"network\")).path = \"$WORK/netns\""
}

after_fault()
{
	[[ ! -e $WORK/occupier ]] || { kill "$(cat "$WORK/occupier")"; wait; }
	find /sys/fs/cgroup -ignore_readdir_race -depth -type d -path "*/${WORK##*/}*" -exec rmdir {} + 2>/dev/null || true
	find /sys/fs/cgroup -ignore_readdir_race -maxdepth 3 -type d -name "faults-${WORK##*/}" -exec rmdir {} + 2>/dev/null || true
}

@test "explain: one code, all codes, JSON, and a code that is none" {
	common_setup
	[ "$(runtime explain KATA-NO-SPACE | head -n 1)" = KATA-NO-SPACE ]
	[ "$(runtime explain no-space | wc -l)" -eq 3 ]
	[ "$(runtime explain --json no-space | jq -r .code)" = KATA-NO-SPACE ]
	runtime explain --json >"$WORK/codes"
	[ "$(jq -r '.[].code' "$WORK/codes" | sort -u | wc -l)" -eq "$(runtime explain | wc -l)" ]
	[ "$(jq '[.[] | select(.meaning == "" or .remedy == "")] | length' "$WORK/codes")" -eq 0 ]
	fails runtime explain nonsense
	says nonsense '[KATA-USAGE]'
	common_teardown
}

@test "on a terminal an error says what to do, in the log and in a pipe it is one line" {
	common_setup
	run python3 "$TOP/tests/lib/on_pty.py" "$RUNTIME" --log "$WORK/log" --log-format json state nothing
	[[ $output == *'does not exist [KATA-CONTAINER-UNKNOWN]'*'kata-runtime explain KATA-CONTAINER-UNKNOWN: '* ]]
	[ "$(wc -l <"$WORK/log")" -eq 1 ]
	[ "$(jq -r .code "$WORK/log")" = KATA-CONTAINER-UNKNOWN ]
	[ "$(jq -r .remedy "$WORK/log")" = "$(runtime explain container-unknown | tail -n 1)" ]
	common_teardown
}

@test "programs and files of the host: each fault has its code" {
	inject_all files
}

@test "the bundle: each fault has its code" {
	inject_all bundle
}

@test "what is typed: each fault has its code" {
	inject_all command
}

@test "what a host is short of: each fault has its code" {
	inject_all host
}

@test "the machine and its agent: each fault has its code" {
	inject_all machine
}

@test "waits that end: each fault has its code, and none is a bare time-out" {
	n=$(cat "$BATS_FILE_TMPDIR/slow")
	bad=0
	for ((i = 1; i <= n; i++)); do
		PATIENCE=60 wait_until test -e "$BATS_FILE_TMPDIR/$i.end"
		[[ $(cat "$BATS_FILE_TMPDIR/$i.end") == 0 ]] && continue
		cat "$BATS_FILE_TMPDIR/$i.out"
		bad=1
	done
	((n > 3 && bad == 0))
}
