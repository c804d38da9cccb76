# faults.bash - injects the faults of tests/faults.tsv and looks at the code behind the error
#
# Each fault has a folder ($WORK), a run directory and a bundle ($BUNDLE) of its own. What stands in the
# columns "how" and "command" are functions of this file, of helpers.bash and of the bats file.

FAULTS=$TOP/tests/faults.tsv

# faults_of GROUP - their lines.
faults_of()
{
	awk -F '\t' -v group="$1" '!/^#/ && $2 == group' "$FAULTS"
}

kata() { timeout -k 1 100 "$RUNTIME" --kata-config "$USED_CONFIG" "$@"; }
kata_quiet() { kata "$@" </dev/null >/dev/null 2>&1; }
run_it() { kata run --bundle "$BUNDLE" "$ID"; }
edit() { edit_bundle "$BUNDLE" "$1"; }

# set_path SECTION PATH - the key path of that section.
set_path()
{
	sed -i "/^\[$1\]/,/^path = /s|^path = .*|path = \"$2\"|" "$USED_CONFIG"
}

# use_image FILE - instead of the initrd.
use_image()
{
	set_config initrd '""'
	set_config image "\"$1\""
}

# small_run OPTION - the run directory is on a file system of that size.
small_run()
{
	mkdir -p "$WORK/small"
	mount -t tmpfs -o "$1" small "$WORK/small"
	export KATA_RUN_DIR=$WORK/small/run
	mkdir "$KATA_RUN_DIR"
}

# limited N - with so many descriptors.
limited() { (ulimit -Sn "$1" && run_it); }

# kill_later PROGRAM - as soon as the container runs.
kill_later()
{
	(
		wait_until is_status "$ID" running
		kill -KILL "$(pid_of "$1")"
	) >/dev/null 2>&1 3>&- &
}

hold_lock()
{
	flock "$KATA_RUN_DIR/vc/sbs/$ID" sleep 60 3>&- &
	HOLDER=$!
	wait_until not flock -n "$KATA_RUN_DIR/vc/sbs/$ID" true
}

# Nothing of what the fault needed stays.
clean_up()
{
	local id

	[[ -z ${HOLDER-} ]] || kill "$(pgrep -P "$HOLDER")" "$HOLDER" 2>/dev/null || true
	[[ ! -e $WORK/small ]] || mount -o remount,rw "$WORK/small" 2>/dev/null || true
	[[ ! -e $WORK/pids ]] || grep -vx 0 "$WORK/pids" | xargs kill -KILL 2>/dev/null || true
	cp "$CONFIG" "$USED_CONFIG"
	for id in "$KATA_RUN_DIR"/kata-containers/containers-mapping/* "$KATA_RUN_DIR"/vc/sbs/*; do
		[[ ! -e $id ]] || "$RUNTIME" delete --force "$(basename "$id")" || true
	done
	after_fault
	if [[ -e $WORK/netns ]]; then umount "$WORK/netns"; fi
	assert_nothing_left || return 1
	if [[ -e $WORK/small ]]; then umount "$WORK/small"; fi
	rm -rf --one-file-system -- "$WORK"
}

# has_code STATUS CODE - what stands in $WORK/err. A warning says its code too, and ends no command.
has_code()
{
	local line

	if [[ $2 == - ]]; then
		[[ $1 -eq 0 && ! -s $WORK/err ]]
		return
	fi
	line=$(grep -F "[$2]" "$WORK/err" | tail -n 1)
	[[ $line == *" [$2]" && ${#line} -le 1150 && $line != *[^[:print:]]* ]] || return 1
	[[ $line != 'kata-runtime: warning: '* ]] || return 0
	[[ $(wc -l <"$WORK/err") -eq 1 ]] || return 1
	[[ $1 -eq 1 || $line == *'its virtual machine has ended ['* ]]
}

# inject LINE - of the table: prints one line if all is well, else all that is known.
inject()
{
	local name how command code status=0 bad=0

	IFS=$'\t' read -r name _ how command code _ <<<"$1"
	[[ $command != run ]] || command=run_it
	common_setup
	BUNDLE=$(new_bundle)
	if ! { eval "$how"; } >"$WORK/how" 2>&1; then
		echo "$name: not injected: $how"
		cat "$WORK/how"
		bad=1
	fi
	eval "$command" </dev/null >"$WORK/out" 2>"$WORK/err" || status=$?
	if ! has_code "$status" "$code"; then
		echo "$name: exit code $status, wanted is $code, and it says:"
		cat "$WORK/err"
		bad=1
	fi
	echo "$name: $(cat "$WORK/err")" >>"${FAULTS_LOG:-/dev/null}"
	unset FAKE_MODE
	clean_up >"$WORK.clean" 2>&1 || { echo "$name: left behind:"; cat "$WORK.clean"; bad=1; }
	rm -f "$WORK.clean"
	return $bad
}

# inject_all GROUP [FUNCTION] - each by itself; a wrong one does not hide the others.
inject_all()
{
	local line bad=0 n=0

	while IFS= read -r line; do
		("${2:-inject}" "$line") || bad=$((bad + 1))
		n=$((n + 1))
	done < <(faults_of "$1")
	echo "$1: $n faults, $bad wrong"
	((n > 0 && bad == 0))
}

# inject_in_pod LINE - the same, but in a sandbox that is shared: container pod, bundle $POD.
inject_in_pod()
{
	local name how command code status=0

	IFS=$'\t' read -r name _ how command code _ <<<"$1"
	BUNDLE=$(new_bundle)
	eval "$how" >"$WORK/how" 2>&1 || { echo "$name: not injected: $how"; cat "$WORK/how"; return 1; }
	eval "$command" </dev/null >"$WORK/out" 2>"$WORK/err" || status=$?
	echo "$name: $(cat "$WORK/err")" >>"${FAULTS_LOG:-/dev/null}"
	has_code "$status" "$code" && is_status pod running && return
	echo "$name: exit code $status, wanted is $code, and it says:"
	cat "$WORK/err"
	return 1
}

# What a bats file adds to clean_up.
after_fault() { :; }
