# helpers.bash - what every bats file of tests/clients loads
#
# The file runs on a machine of its own (see machine), once for each runtime:
# CLIENT_RUNTIME is runc, crun or kata, and RUNTIME the program's path.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$here/../.." && pwd)
STAGE=${KATA_TEST_STAGE:-$TOP/build/stage}
CONFIG=/etc/kata-containers/configuration.toml
IMAGE=docker.io/library/busybox:test

# clients_setup_file - for setup_file: the runtime's configuration and the image of busybox.
clients_setup_file()
{
	[[ ${KATA_CLIENTS_MACHINE-} == 1 ]] || { echo 'start this with tests/clients/run'; return 1; }
	case ${CLIENT_RUNTIME:?} in
	kata)
		RUNTIME=$STAGE/usr/bin/kata-runtime
		mkdir -p /etc/kata-containers
		# Emulation is what we test with; saying so keeps the warning about KVM away.
		sed 's|^machine_accelerators = .*|machine_accelerators = "accel=tcg"|' \
			"$STAGE/usr/share/defaults/kata-containers/configuration.toml" >"$CONFIG"
		;;
	*) RUNTIME=$(command -v "$CLIENT_RUNTIME") ;;
	esac
	export RUNTIME
	make_busybox_image "$BATS_FILE_TMPDIR/busybox.tar"
}

make_busybox_image()
{
	local root=$BATS_FILE_TMPDIR/busybox name

	mkdir -p "$root"/{bin,etc,tmp,root,home/user,proc,sys,dev,var}
	chmod 1777 "$root/tmp"
	cp /bin/busybox "$root/bin/"
	for name in $(/bin/busybox --list); do
		[[ $name == busybox ]] || ln -s busybox "$root/bin/$name"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' >"$root/etc/group"
	chown 1000:1000 "$root/home/user"
	printf 'no program\n' >"$root/bin/not-executable"
	"$here/make-image" "$root" "$IMAGE" "$1"
}

# configure_docker, configure_podman - the runtime is what they use when nobody says otherwise.
configure_docker()
{
	mkdir -p /etc/docker
	jq --null-input --arg path "$RUNTIME" \
		'{ "default-runtime": "tested", runtimes: { tested: { path: $path } } }' \
		>/etc/docker/daemon.json
}

configure_podman()
{
	mkdir -p /etc/containers
	cat >/etc/containers/containers.conf <<-CONF
		[engine]
		runtime = "$CLIENT_RUNTIME"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		[engine.runtimes]
		$CLIENT_RUNTIME = ["$RUNTIME"]
		[network]
		network_backend = "netavark"
	CONF
}

# start_daemon NAME READY COMMAND… - in the background, until the function READY succeeds.
start_daemon()
{
	local name=$1 ready=$2
	shift 2

	# Descriptor 3 is how bats waits for the test: a daemon must not hold it.
	"$@" >"$BATS_FILE_TMPDIR/$name.log" 2>&1 3>&- </dev/null &
	echo $! >"$BATS_FILE_TMPDIR/$name.pid"
	wait_until "$ready" || { tail -n 20 "$BATS_FILE_TMPDIR/$name.log"; return 1; }
}

# stop_daemon NAME - asks it to end and waits.
stop_daemon()
{
	local pid

	pid=$(cat "$BATS_FILE_TMPDIR/$1.pid")
	kill "$pid"
	wait_until gone "$pid"
}

# clients_setup - for setup: a folder and a name, and what there is before the test.
clients_setup()
{
	WORK=$(mktemp -d)
	NAME=t$BATS_TEST_NUMBER
	traces >"$WORK/before"
}

# clients_teardown - for teardown, after the client has removed its containers: nothing may be left.
clients_teardown()
{
	local status=0

	# Some things end a moment after the client has answered.
	if ! PATIENCE=5 wait_until no_new_traces; then
		show_new_traces
		remove_machines
		status=1
	fi
	[[ ! -e $WORK/configuration.toml ]] || cp "$WORK/configuration.toml" "$CONFIG"
	rm -rf -- "$WORK"
	return $status
}

# Processes first; of the other things, of which a machine leaves dozens, only some.
show_new_traces()
{
	traces | comm -13 "$WORK/before" - >"$WORK/left"
	grep '^process' "$WORK/left" | cut -c 1-140 | sed 's/^/left behind: /'
	grep -v '^process' "$WORK/left" | sed 's/^/left behind: /' | head -n 12
	echo "left behind: $(wc -l <"$WORK/left") things"
}

# The engine has forgotten them: they would take memory and time from the tests that follow.
remove_machines()
{
	local id

	for id in /run/kata-containers/containers-mapping/*/; do
		[[ ! -d $id ]] || "$RUNTIME" delete --force "$(basename "$id")" || true
	done
}

no_new_traces()
{
	[[ -z $(traces | comm -13 "$WORK/before" -) ]]
}

# traces - one line for each thing that a container can leave behind: sorted.
traces()
{
	{
		process_traces
		# Podman makes its folder a mount of its own now and then.
		awk '$5 != "/var/lib/containers/storage/overlay" { print "mount", $5 }' /proc/self/mountinfo
		# Podman leaves a pod's cgroup in the two hierarchies that have no controllers.
		find /sys/fs/cgroup -mindepth 2 -type d ! -path '/sys/fs/cgroup/systemd/libpod_parent/*' \
			! -path '/sys/fs/cgroup/unified/libpod_parent/*' -printf 'cgroup %p\n'
		find /sys/class/net -mindepth 1 -printf 'network device %f\n'
		# Docker unmounts a network namespace at once and removes its file within a minute, and
		# has a socket for each of its own starts; Podman keeps some exit codes and what its name
		# server needs; a containerd-shim that was killed leaves its socket, and ctr the pipes of
		# what it was doing then.
		find /run -mindepth 2 -maxdepth 7 ! -path '/run/docker/netns/*' \
			! -path '/run/docker/libnetwork/*.sock' ! -path '/run/libpod/exits/*' ! -path '/run/containerd/s/*' \
			! -path '/run/containerd/fifo/*' ! -path '/run/containers/networks/aardvark*' -printf 'file %p\n' 2>/dev/null
	} | sort -u
}

# By program and not by pid: a daemon's helper threads come and go.
process_traces()
{
	local pid name

	for pid in /proc/[0-9]*; do
		name=$(readlink "$pid/exe") || continue
		case ${name##*/} in
		kata-* | qemu-system-* | virtiofsd | runc | crun | conmon | containerd-shim* | busybox)
			echo "process ${pid##*/} $(tr '\0' ' ' <"$pid/cmdline" | cut -c 1-120)" ;;
		esac
	done 2>/dev/null
}

# wait_until COMMAND… - up to $PATIENCE seconds for it to succeed.
wait_until()
{
	local i

	for ((i = 0; i < ${PATIENCE:-15} * 10; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	echo "never became true: $*"
	return 1
}

# gone PID - whether the process has ended.
gone()
{
	local state

	# Without the file awk fails, which would end a test: then it is gone, too.
	state=$(awk '/^State:/ { print $2 }' "/proc/$1/status" 2>/dev/null) || true
	[[ -z $state || $state == Z ]]
}

# not COMMAND… - for bats, which lets "! command" pass, whatever it does.
not()
{
	"$@" || return 0
	echo "should fail: $*"
	return 1
}

# exits CODE COMMAND… - with that exit code; standard output is left in $output, errors in $errors.
exits()
{
	local expected=$1 code=0
	shift

	"$@" >"$WORK/out" 2>"$WORK/err" || code=$?
	output=$(cat "$WORK/out")
	errors=$(cat "$WORK/err")
	((code == expected)) && return 0
	printf '%s: exit code %d, not %d\noutput: %s\nerrors: %s\n' "$*" "$code" "$expected" "$output" "$errors"
	return 1
}

# is EXPECTED ACTUAL
is()
{
	[[ $1 == "$2" ]] && return 0
	printf 'expected: %s\n  actual: %s\n' "$1" "$2"
	return 1
}

# has TEXT PART… - each part is in the text.
has()
{
	local text=$1 part
	shift

	for part; do
		[[ $text == *"$part"* ]] && continue
		printf "'%s' is not in: %s\n" "$part" "$text"
		return 1
	done
}

# on_terminal PROGRAM WORD… - runs it on a terminal of its own; $output is what it wrote, without
# carriage returns, $code its exit code. The terminal grows from 33×111 to 44×132 after a moment.
on_terminal()
{
	local program
	program=$(type -P "$1")
	shift

	code=0
	# Before its first output a virtual machine boots.
	PTY_WAIT=${PTY_WAIT:-12} python3 "$TOP/tests/lib/on_pty.py" "$program" "$@" </dev/null >"$WORK/terminal" || code=$?
	output=$(tr -d '\r' <"$WORK/terminal")
}

# needs_every_capability - runc gives a privileged container only what the host's root has; a VM has all.
needs_every_capability()
{
	[[ $CLIENT_RUNTIME == kata ]] && return 0
	[[ $(awk '/^CapEff:/ { print $2 }' /proc/self/status) == 000001ffffffffff ]] ||
		skip "root of this host lacks capabilities, and $CLIENT_RUNTIME cannot give them"
}

# only_with_kata - for what runc gives and a virtual machine refuses, and for what has no machine with runc.
only_with_kata()
{
	[[ $CLIENT_RUNTIME == kata ]] || skip "not a matter of $CLIENT_RUNTIME"
}

# configure KEY VALUE - changes kata's configuration until the end of the test; VALUE as it stands in the file.
configure()
{
	[[ $CLIENT_RUNTIME == kata ]] || return 0
	[[ -e $WORK/configuration.toml ]] || cp "$CONFIG" "$WORK/"
	grep -q "^$1 = " "$CONFIG" || { echo "no key $1 in $CONFIG"; return 1; }
	sed -i "s|^$1 = .*|$1 = $2|" "$CONFIG"
}

# kill_machine ID - what happens when QEMU crashes.
kill_machine() { kill -KILL "$(cat "/run/vc/vm/$1/pid")"; }

# A device that exists here by its number only: no driver of the guest has it, and none of a host without sound.
make_device() { mknod "$WORK/device" c 116 1; }

# in_cgroups PID ID - the process is in a cgroup of that container, wherever the host has each controller.
in_cgroups()
{
	local name

	for name in cpu cpuacct memory pids blkio freezer devices; do
		# Version 2 has no name in its line.
		grep -qE "[:,]$name[:,]" "/proc/$1/cgroup" || name=
		grep -E "[:,]$name[:,]" "/proc/$1/cgroup" | grep -qF "$2" && continue
		echo "process $1 is not in container $2's cgroup of $name:"
		cat "/proc/$1/cgroup"
		return 1
	done
}
