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
}

common_teardown()
{
	local id

	for id in $(ls "$KATA_RUN_DIR/kata-containers/containers-mapping" 2>/dev/null); do
		"$RUNTIME" delete --force "$id" || true
	done
	assert_nothing_left
	rm -rf -- "$WORK"
}

runtime()
{
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
	local dir=$WORK/${1:-bundle} name

	mkdir -p "$dir/rootfs/bin" "$dir/rootfs/tmp"
	cp /bin/busybox "$dir/rootfs/bin/"
	for name in $(/bin/busybox --list); do
		[[ $name == busybox ]] || ln -sf busybox "$dir/rootfs/bin/$name"
	done
	cp "$TOP/tests/lib/busybox.json" "$dir/config.json"
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

# start_sleeper [ID] - a container that runs until it is stopped.
start_sleeper()
{
	local id=${1:-$ID} dir

	dir=$(bundle "bundle-$id")
	set_args "$dir" sleep 1000
	runtime run --detach --bundle "$dir" "$id" </dev/null >/dev/null 2>&1
}

status_of()
{
	runtime state "$1" | jq -r .status
}

# Processes, mounts and files that belong to this test's run directory.
assert_nothing_left()
{
	local left=0 pid command

	for pid in /proc/[0-9]*; do
		command=$(tr '\0' ' ' 2>/dev/null <"$pid/cmdline") 2>/dev/null || continue
		[[ $command == *"$KATA_RUN_DIR"* && $command != *bats* ]] || continue
		[[ $(awk '/^State:/ {print $2}' "$pid/status" 2>/dev/null) == Z ]] && continue
		echo "left behind: process ${pid#/proc/}: $command"
		left=1
	done
	if grep -F "$KATA_RUN_DIR" /proc/self/mountinfo; then
		echo 'left behind: the mounts above'
		left=1
	fi
	if [[ -n $(find "$KATA_RUN_DIR" -mindepth 3 ! -path '*/shared/sandboxes' 2>/dev/null) ]]; then
		find "$KATA_RUN_DIR" -mindepth 3 ! -path '*/shared/sandboxes'
		echo 'left behind: the files above'
		left=1
	fi
	return $left
}
