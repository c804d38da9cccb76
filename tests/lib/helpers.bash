# helpers.bash - what every bats file loads
#
# Each test gets a folder of its own ($WORK) with its own run directory, and
# teardown fails the test if anything of it is left behind.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STAGE=${KATA_TEST_STAGE:-$TOP/build/stage-test}
CONFIG=$STAGE/usr/share/defaults/kata-containers/configuration.toml
RUNTIME=$STAGE/usr/bin/kata-runtime

# Skips the test for a person; fails it where TEST_STRICT is set, as in CI.
require()
{
	"$@" >/dev/null 2>&1 && return
	[[ -z ${TEST_STRICT-} ]] || { echo "strict: needs: $*"; return 1; }
	skip "needs: $*"
}

common_setup()
{
	WORK=$(mktemp -d /tmp/kata-test.XXXXXX)
	export KATA_RUN_DIR=$WORK/run
	mkdir -p "$KATA_RUN_DIR"
	ID=c$BATS_TEST_NUMBER
	USED_CONFIG=$WORK/configuration.toml
	# Emulation is what we test with; saying so keeps the warning about KVM away.
	sed 's|^machine_accelerators = .*|machine_accelerators = "accel=tcg"|' "$CONFIG" >"$USED_CONFIG"
	[[ -z ${KATA_TEST_CLONES-} ]] || { use_clones; runtime factory init >/dev/null; }
	[[ -z ${KATA_TEST_CACHE-} ]] || use_cache 1
}

# use_clones - this test's machines are clones of a template. With KATA_TEST_CLONES=1 that is so for all
# tests: docs/factory.md says which cannot pass then. A test that changes the machine's configuration gets
# a template, and a line about it, with its first container.
use_clones()
{
	set_config shared_fs '"virtio-9p"'
	set_config enable_template true
	set_config template_path "\"$WORK/template\""
}

# use_cache N - this test's machines come from a cache of N started ones. With KATA_TEST_CACHE=1 that is so for
# all tests, and whatever changes the configuration gets another server with its next container.
use_cache()
{
	set_config vm_cache_number "$1"
	set_config vm_cache_endpoint "\"$WORK/cache.sock\""
}

# launch_cache - the server of the configuration as it is now. Its pid: $WORK/cache.pid
launch_cache()
{
	cp "$USED_CONFIG" "$WORK/cache.toml"
	"$RUNTIME" --kata-config "$WORK/cache.toml" --log "$WORK/cache.log" factory init \
		</dev/null >"$WORK/cache.out" 2>&1 3>&- &
	echo $! >"$WORK/cache.pid"
}

# start_cache - the same, with all of its machines ready.
start_cache()
{
	launch_cache
	PATIENCE=30 wait_until cache_has "$(sed -n 's/^vm_cache_number = //p' "$WORK/cache.toml")" || { cat "$WORK/cache.out"; return 1; }
}

# cache_has N - whether so many machines are ready.
cache_has()
{
	[[ $("$RUNTIME" --kata-config "$WORK/cache.toml" factory status | grep -c '^VM pid = ') -eq $1 ]]
}

stop_cache()
{
	[[ ! -e $WORK/cache.pid ]] || gone "$(cat "$WORK/cache.pid")" ||
		"$RUNTIME" --kata-config "$WORK/cache.toml" factory destroy >/dev/null
	rm -f "$WORK/cache.pid" "$WORK/cache.toml"
}

# Before a container: the cache is one of this configuration, and has a machine.
renew_cache()
{
	[[ " $* " == *' run '* || " $* " == *' create '* ]] || return 0
	grep -q '^vm_cache_number = 0' "$USED_CONFIG" && return
	if ! cmp -s "$USED_CONFIG" "$WORK/cache.toml"; then
		stop_cache
		start_cache >&2
	else
		PATIENCE=30 wait_until cache_has 1 >&2
	fi
}

common_teardown()
{
	local id

	# A test that failed half-way may have left a sandbox that is not registered.
	for id in "$KATA_RUN_DIR"/kata-containers/containers-mapping/* "$KATA_RUN_DIR"/vc/sbs/*; do
		[[ ! -e $id ]] || "$RUNTIME" delete --force "$(basename "$id")" || true
	done
	stop_cache
	[[ ! -e $WORK/template ]] || runtime factory destroy >/dev/null
	assert_nothing_left
	rm -rf -- "$WORK"
}

runtime()
{
	[[ -z ${KATA_TEST_CACHE-} ]] || renew_cache "$@"
	"$RUNTIME" --kata-config "$USED_CONFIG" "$@"
}

# set_config KEY VALUE - changes a key of this test's configuration; VALUE as it stands in the file.
set_config()
{
	grep -q "^$1 = " "$USED_CONFIG" || { echo "no key $1 in $USED_CONFIG"; return 1; }
	sed -i "s|^$1 = .*|$1 = $2|" "$USED_CONFIG"
}

# bundle [NAME] - makes a busybox bundle and prints its path; set_args and edit_bundle change it.
bundle()
{
	local dir=$WORK/${1:-bundle} template=${BATS_RUN_TMPDIR:-$WORK}/template name

	mkdir -p "$dir"
	# Some hundred links: made once, then copied.
	if [[ ! -d $template ]]; then
		mkdir -p "$template.$$/bin" "$template.$$/tmp"
		cp /bin/busybox "$template.$$/bin/"
		for name in $(/bin/busybox --list); do
			[[ $name == busybox ]] || ln -sf busybox "$template.$$/bin/$name"
		done
		mv -T "$template.$$" "$template" 2>/dev/null || rm -rf "$template.$$"
	fi
	# Only once: a container that runs from it falls over a program that is written anew.
	if [[ ! -d $dir/rootfs ]]; then
		mkdir "$dir/rootfs"
		cp -a "$template/." "$dir/rootfs/"
	fi
	cp "$TOP/tests/lib/busybox.json" "$dir/config.json"
	# Other tests may have a container of the same name.
	edit_bundle "$dir" ".linux.cgroupsPath = \"/${WORK##*/}/${dir##*/}\""
	echo "$dir"
}

# edit_bundle DIR FILTER - changes config.json by a jq filter.
edit_bundle()
{
	jq "$2" "$1/config.json" >"$1/config.new"
	mv "$1/config.new" "$1/config.json"
}

# set_args DIR WORD… - what the container runs.
set_args()
{
	local dir=$1 words
	shift
	words=$(jq -nc '$ARGS.positional' --args -- "$@")
	edit_bundle "$dir" ".process.args = $words"
}

# pty PROGRAM WORD… - runs it on a terminal: see on_pty.py.
pty() { python3 "$TOP/tests/lib/on_pty.py" "$@"; }

# start_sleeper [ID] - a container that runs until it is stopped.
start_sleeper()
{
	local id=${1:-$ID} dir

	dir=$(bundle "bundle-$id")
	set_args "$dir" sleep 1000
	runtime run --detach --bundle "$dir" "$id" </dev/null >/dev/null 2>&1
}

# start_member ID SANDBOX [WORD…] - a further container of a pod, as CRI names it; sleeps by default.
start_member()
{
	local id=$1 sandbox=$2 dir
	shift 2

	dir=$(bundle "bundle-$id")
	(($#)) || set -- sleep 1000
	set_args "$dir" "$@"
	edit_bundle "$dir" ".annotations = {
		\"io.kubernetes.cri.container-type\": \"container\",
		\"io.kubernetes.cri.sandbox-id\": \"$sandbox\" }"
	runtime run --detach --bundle "$dir" "$id" </dev/null >/dev/null
}

# wait_until COMMAND… - up to $PATIENCE seconds (5) for it to succeed.
wait_until()
{
	local i

	for ((i = 0; i < ${PATIENCE:-5} * 20; i++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.05
	done
	echo "never became true: $*"
	return 1
}

is_status()
{
	[[ $(status_of "$1") == "$2" ]]
}

# gone PID - whether the process has ended; a zombie, which nobody has waited for, has.
gone()
{
	local state

	# Without the file awk fails, which would end a test: then it is gone, too.
	state=$(awk '/^State:/ {print $2}' "/proc/$1/status" 2>/dev/null) || true
	[[ -z $state || $state == Z ]]
}

# not COMMAND… - for bats, which lets "! command" pass, whatever it does.
not()
{
	"$@" || return 0
	echo "should fail: $*"
	return 1
}

# nothing - standard input must be empty; what is there is shown.
nothing()
{
	not grep .
}

# fails COMMAND… - exit code 1, and one line on standard error, which is left in $message.
fails()
{
	local code=0

	"$@" </dev/null >"$WORK/fails.out" 2>"$WORK/fails.err" || code=$?
	message=$(cat "$WORK/fails.err")
	if ((code != 1)) || [[ $(wc -l <"$WORK/fails.err") -ne 1 || -s $WORK/fails.out ]]; then
		echo "$*: not one line and exit code 1 but $code, and:"
		cat "$WORK/fails.err" "$WORK/fails.out"
		return 1
	fi
}

# says WORD… - each is part of $message.
says()
{
	local word

	for word; do
		[[ $message == *"$word"* ]] && continue
		echo "'$word' is not in: $message"
		return 1
	done
}

# pid_of_helper NAME [SANDBOX] - qemu, proxy or virtiofsd.
pid_of_helper()
{
	cut -d ' ' -f 1 "$KATA_RUN_DIR/vc/vm/${2:-$ID}/$1.record"
}

# Of the sandbox $ID; read before it is made stale, for then it has no pid: 0, which is ourselves.
all_pids()
{
	runtime state "$ID" | jq .pid
	cat "$KATA_RUN_DIR/vc/vm/$ID"/*.record | cut -d ' ' -f 1
}

# Lets a sandbox look like one from before the host was started anew.
make_stale()
{
	local file=$KATA_RUN_DIR/vc/sbs/$1/persist.json

	jq '.bootId = "01234567-89ab-cdef-0123-456789abcdef"' "$file" >"$file.new"
	mv "$file.new" "$file"
}

# another_boot - what the next command finds: another boot id than all that there is.
another_boot()
{
	local dir

	for dir in "$KATA_RUN_DIR"/vc/sbs/*/; do make_stale "$(basename "$dir")"; done
	echo 01234567-89ab-cdef-0123-456789abcdef >"$KATA_RUN_DIR/vc/swept"
}

status_of()
{
	runtime state "$1" | jq -r .status
}

# is_ours PROC COMMAND - a program of kata-c or one that names the test's folder; not bats and its children.
is_ours()
{
	[[ $2 != *bats* ]] || return 1
	[[ $2 == *"$WORK"* || $(readlink "$1/exe") == "$STAGE"/* ]]
}

# Processes, mounts, cgroups and files that belong to this test's run directory.
assert_nothing_left()
{
	local left=0 file command

	[[ -z ${KATA_TEST_CACHE-} ]] || stop_cache
	# A shim shows the arguments of its process: it is known by its environment.
	# The word comes from a file, so that grep does not find itself.
	printf '%s\n' "$WORK" >"$WORK/word"
	for file in $(cd "$WORK" && grep -lsaF --file=word /proc/[0-9]*/{cmdline,environ}); do
		file=${file%/*}/cmdline
		command=$(tr '\0' ' ' 2>/dev/null <"$file") 2>/dev/null || continue
		is_ours "${file%/*}" "$command" || continue
		gone "$(basename "$(dirname "$file")")" && continue
		echo "left behind: process $file: $command"
		left=1
	done
	if grep -F "$KATA_RUN_DIR" /proc/self/mountinfo; then
		echo 'left behind: the mounts above'
		left=1
	fi
	# The folder that all of the test's cgroups are in stays: runtimes leave parents alone.
	if find /sys/fs/cgroup -ignore_readdir_race -mindepth 2 -type d -path "*/${WORK##*/}/*" 2>/dev/null | grep .; then
		echo 'left behind: the cgroups above'
		left=1
	fi
	# find ends with 1 when somebody else's cgroups go while it looks.
	find /sys/fs/cgroup -ignore_readdir_race -depth -type d -path "*/${WORK##*/}*" -exec rmdir {} + 2>/dev/null || true
	if find /sys/fs/cgroup -ignore_readdir_race -type d -path "*/${WORK##*/}*" 2>/dev/null | grep .; then
		echo 'left behind: the cgroups above'
		left=1
	fi
	# Not what lies below a mount that was left behind.
	if find "$KATA_RUN_DIR" -mindepth 3 -maxdepth 6 ! -path '*/shared/sandboxes' | grep .; then
		echo 'left behind: the files above'
		left=1
	fi
	return $left
}
