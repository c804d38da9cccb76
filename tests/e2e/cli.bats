#!/usr/bin/env bats
# The command line: options that engines pass, what is refused, completion and manual page.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

commands() { "$RUNTIME" help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'; }

@test "descriptors of the host cannot be passed: 0 is taken, more is refused" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	for command in create run; do
		fails runtime $command --preserve-fds 3 --bundle "$dir" "$ID"
		says '--preserve-fds: 3' 'volumes'
	done
	fails runtime create --preserve-fds many --bundle "$dir" "$ID"
	runtime run --detach --preserve-fds 0 --no-new-keyring --no-pivot --bundle "$dir" "$ID" </dev/null
	fails runtime exec --preserve-fds 1 "$ID" true
	says '--preserve-fds: 1'
	runtime exec --preserve-fds 0 "$ID" true
}

@test "exec: further groups; a cgroup of its own and a paused container are refused" {
	start_sleeper
	[ "$(runtime exec -u 5:6 -g 7 --additional-gids 8 "$ID" id -G)" = '6 7 8' ]
	fails runtime exec -g seven "$ID" id
	says '--additional-gids' seven
	fails runtime exec --cgroup /x "$ID" true
	fails runtime exec --ignore-paused "$ID" true
}

@test "run --keep: the container is still there when it has ended" {
	dir=$(bundle)
	set_args "$dir" true
	runtime run --keep --bundle "$dir" "$ID" </dev/null
	is_status "$ID" stopped
	runtime delete "$ID"
}

@test "checkpoint and restore say why not; an unknown command names the help" {
	fails runtime checkpoint "$ID"
	says checkpoint 'virtual machine'
	fails runtime restore "$ID"
	fails runtime bogus
	says 'Invalid command "bogus"' help
}

@test "the words that containerd and Podman look for" {
	dir=$(bundle)
	set_args "$dir" true
	fails runtime kill nobody
	says 'does not exist'
	fails runtime delete nobody
	says 'does not exist'
	runtime run --keep --bundle "$dir" "$ID" </dev/null
	fails runtime kill "$ID"
	says 'container not running'
}

@test "errors are in the JSON log too, also those of options and of the configuration" {
	runtime --log "$WORK/log" --log-format json create --no-such-option x 2>/dev/null && return 1
	[ "$(jq -r 'select(.level == "error") | .msg' "$WORK/log" | grep -c no-such-option)" -eq 1 ]
	runtime --log "$WORK/log" --log-format json create --bundle "$WORK/none" x 2>/dev/null && return 1
	jq -e 'select(.level == "error") | .msg and .time' "$WORK/log"
	[ "$(wc -l <"$WORK/log")" -eq 1 ]
	set_config shared_fs '"nfs"'
	runtime --log "$WORK/log" --log-format json create --bundle "$(bundle)" x 2>/dev/null && return 1
	jq -r .msg "$WORK/log" | grep -q shared_fs
}

@test "features: what this runtime can do" {
	runtime features >"$WORK/features"
	[ "$(jq -r '.hooks | length' "$WORK/features")" -eq 6 ]
	[ "$(jq -r '.linux.cgroup.v1, .linux.cgroup.v2, .linux.seccomp.enabled' "$WORK/features" | sort -u)" = true ]
}

@test "every command has a help that begins with its name" {
	for command in $(commands); do
		[[ $command == version || $command == help ]] && continue
		[[ $(runtime "$command" --help | head -n 1) == "Usage: kata-runtime $command"* ]]
	done
}

@test "the manual page names every command and option" {
	page=$STAGE/usr/share/man/man8/kata-runtime.8
	for command in $(commands); do
		title=".SS ${command//-/\\-}"
		grep -qxF "$title" "$page"
		[[ $command == version || $command == help ]] && continue
		for option in $(runtime "$command" --help | grep -o -- '--[a-z0-9-]*' | grep -v -- --help); do
			awk -v title="${title//\\/\\\\}" '/^\.S[SH] /{ on = $0 == title } on' "$page" | grep -qF -- "${option//-/\\-}"
		done
	done
}

@test "each program has a manual page with its options" {
	for program in "$STAGE"/usr/bin/kata-* "$STAGE"/usr/libexec/kata-containers/kata-*; do
		page=$STAGE/usr/share/man/man8/${program##*/}.8
		[ -s "$page" ]
		[ "$(grep -c '^@' "$page")" = 0 ]
		for option in $("$program" --help | grep -o -- '^ .*--[a-z0-9-]*' | grep -o -- '--[a-z0-9-]*' | grep -v -- --help); do
			grep -qF -- "${option//-/\\-}" "$page"
		done
	done
	"$STAGE/usr/libexec/kata-containers/kata-agent" --help | grep -o 'agent\.[a-z_]*' | while read -r option; do
		grep -qF "$option" "$STAGE/usr/share/man/man8/kata-agent.8"
	done
}

# complete WORD… - what bash would offer for the last word.
completed()
{
	bash -c '
		PATH=$1:$PATH; source "$2"; shift 2
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		function=$(complete -p "$1" | grep -o -- "-F [a-z_]*"); ${function#-F }
		printf "%s\n" "${COMPREPLY[@]}"' bash "$STAGE/usr/bin" \
		"$STAGE/usr/share/bash-completion/completions/kata-runtime" "$@"
}

@test "completion offers commands, options and containers" {
	start_sleeper
	diff <(commands | sort) <(completed kata-runtime '' | sort)
	[ "$(completed kata-runtime --kata-config x sta | sort | xargs)" = 'start state' ]
	[ "$(completed kata-runtime kill --a)" = --all ]
	[ "$(completed kata-runtime --log-format js)" = json ]
	[ "$(completed kata-runtime state "${ID:0:1}")" = "$ID" ]
	[ "$(completed kata-runtime kata-ipvs '' | sort | xargs)" = 'cleanup ipvsadm' ]
	[ "$(completed kata-runtime kata-ipvs ipvsadm --r)" = --restore ]
	[ "$(completed kata-runtime kata-ipvs cleanup "${ID:0:1}")" = "$ID" ]
	[ "$(completed kata-monitor --l)" = --listen-address ]
	[ "$(completed kata-collect-data --o)" = --output ]
}

# on_console COMMAND - runs a line of shell with a terminal's path in $CONSOLE; its output is what is shown there.
on_console() { python3 "$TOP/tests/lib/console.py" bash -ec "$1" | tr -d '\r'; }

@test "create and exec --console: an existing terminal is the process's" {
	dir=$(bundle)
	set_args "$dir" sh -c 'test -t 0 && test -t 1 && test -t 2 && echo terminal; sleep 1'
	edit_bundle "$dir" '.process.terminal = true'
	kata="$RUNTIME --kata-config $USED_CONFIG"
	[ "$(on_console "$kata create --console \$CONSOLE --bundle $dir $ID; $kata start $ID")" = terminal ]
	runtime delete --force "$ID"
	start_sleeper
	[ "$(on_console "$kata exec --tty --console \$CONSOLE $ID sh -c 'test -t 0 && echo terminal'")" = terminal ]
	fails runtime exec --tty --console "$WORK/none" "$ID" true
	says "$WORK/none"
}

@test "exec --console-socket: the engine gets the terminal's master" {
	start_sleeper
	python3 "$TOP/tests/lib/console_receiver.py" "$WORK/console.sock" 'a word' >"$WORK/out" &
	receiver=$!
	wait_until test -S "$WORK/console.sock"
	runtime exec --detach --tty --console-socket "$WORK/console.sock" "$ID" \
		sh -c 'tty; read line; echo "got $line"' </dev/null >/dev/null
	wait "$receiver"
	grep -q 'got a word' "$WORK/out"
}

@test "exec --no-new-privs, --cap, and what has no meaning in the guest" {
	start_sleeper
	[ "$(runtime exec --no-new-privs "$ID" grep NoNewPrivs /proc/self/status)" = $'NoNewPrivs:\t1' ]
	edit_bundle "$WORK/bundle-$ID" '.process.noNewPrivileges = false | .process.capabilities = {}'
	[ "$(runtime exec "$ID" grep NoNewPrivs /proc/self/status)" = $'NoNewPrivs:\t0' ]
	[ "$(runtime exec --cap CAP_NET_RAW --cap CAP_KILL "$ID" grep CapEff /proc/self/status)" = $'CapEff:\t0000000000002020' ]
	fails runtime exec --cap CAP_NONSENSE "$ID" true
	says CAP_NONSENSE
	runtime exec --process-label x:y:z --apparmor docker-default --no-subreaper "$ID" true
}

@test "spec: a config.json that runs; one that is there is not overwritten" {
	dir=$(bundle)
	rm "$dir/config.json"
	runtime spec --bundle "$dir"
	[ "$(stat -c %a "$dir/config.json")" = 640 ]
	grep -q $'^\t"process": {' "$dir/config.json"
	sum=$(sha256sum "$dir/config.json")
	fails runtime spec --bundle "$dir"
	says "$dir/config.json exists. Remove it first"
	[ "$(sha256sum "$dir/config.json")" = "$sum" ]
	# Another test's container may have this id, and the cgroup that follows from it.
	edit_bundle "$dir" ".linux.cgroupsPath = \"/${WORK##*/}/spec\""
	PTY_TYPE=$'exit 5\n' run pty "$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" "$ID"
	[ "$status" -eq 5 ]
	rm "$dir/config.json"
	(cd "$dir" && runtime spec)
	jq -e '.process.args == ["sh"] and .root.path == "rootfs"' "$dir/config.json"
	fails runtime spec --bundle "$WORK/none"
	says "$WORK/none"
}

@test "delete: several containers; what is not there does not keep the others" {
	for id in one two; do
		dir=$(bundle "bundle-$id")
		set_args "$dir" true
		runtime run --keep --bundle "$dir" "$id" </dev/null
	done
	runtime delete one two
	start_sleeper one
	runtime delete --force none one
	[ -z "$(runtime list -q)" ]
}

@test "update: every option arrives in the guest, and a bad value of each is refused by name" {
	start_sleeper
	runtime update --cpu-period 50000 --cpu-quota 25000 --cpu-share 512 --cpuset-cpus 0 --cpuset-mems 0 \
		--memory 64m --memory-reservation 32M --memory-swap 64m --kernel-memory 1g --pids-limit 44 "$ID"
	guest() { runtime exec --cap CAP_SYS_ADMIN "$ID" sh -c 'mount -t cgroup2 none /tmp && cat /tmp'"$path/$1; umount /tmp"; }
	path=$(runtime exec "$ID" cut -d : -f 3 /proc/self/cgroup)
	[ "$(guest cpu.max)" = '25000 50000' ]
	[ "$(guest cpu.weight)" = 20 ]
	[ "$(guest cpuset.cpus)" = 0 ]
	[ "$(guest cpuset.mems)" = 0 ]
	[ "$(guest memory.max)" = 67108864 ]
	[ "$(guest memory.low)" = 33554432 ]
	[ "$(guest memory.swap.max)" = 0 ]
	[ "$(guest pids.max)" = 44 ]
	for option in blkio-weight cpu-period cpu-quota cpu-share cpu-rt-period cpu-rt-runtime kernel-memory \
		kernel-memory-tcp memory memory-reservation memory-swap pids-limit; do
		fails runtime update "--$option" 1z "$ID"
		says "--$option" "'1z'"
	done
	for option in cpus mems; do
		fails runtime update "--cpuset-$option" 1z "$ID"
		says "linux.resources.cpu.$option" "'1z'"
	done
	[ "$(guest memory.max)" = 67108864 ]
}

@test "global options: versions, the default configuration's places, debug, and what is refused" {
	[ "$(runtime --version)" = "$(runtime version)" ]
	[ "$(runtime -v)" = "$(runtime version)" ]
	runtime --version | grep -qx 'kata-runtime  : [0-9.]*'
	runtime --version | grep -q '^   OCI specs: [0-9]'
	[ "$("$RUNTIME" --kata-show-default-config-paths | tail -n 1)" = /usr/share/defaults/kata-containers/configuration.toml ]
	[ "$("$RUNTIME" --kata-config "$WORK/none" --help)" = "$("$RUNTIME")" ]
	fails runtime --log-format xml list
	says "--log-format: 'xml'" text json
	fails runtime --rootless maybe list
	says "--rootless: 'maybe'"
	fails runtime --log "$WORK/none/log" list
	says "$WORK/none/log"
	runtime --criu /usr/sbin/criu --systemd-cgroup --root "$WORK/root" list
	[ ! -e "$WORK/root" ]
	dir=$(bundle)
	set_args "$dir" true
	edit_bundle "$dir" '.linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW" }'
	runtime --debug --log "$WORK/log" run --bundle "$dir" "$ID" </dev/null
	grep -q 'level=debug' "$WORK/log"
	[ "$(stat -c %a "$WORK/log")" = 640 ]
	runtime --log "$WORK/log" list
	[ ! -s "$WORK/log" ]
}

@test "every command that needs a container says so when none is named" {
	for command in create start run state kill delete exec ps pause resume update events; do
		fails runtime $command
		says 'container-id' "$command"
	done
}

@test "list --kata-all, run --timing" {
	start_sleeper
	runtime list --kata-all | head -n 1 | grep -q 'OWNER *HYPERVISOR *KERNEL *IMAGE *LATEST-KERNEL *LATEST-IMAGE *STALE'
	dir=$(bundle)
	set_args "$dir" true
	runtime run --timing --bundle "$dir" timed </dev/null 2>"$WORK/err"
	grep -q '^boot to agent .* ms$' "$WORK/err"
}
