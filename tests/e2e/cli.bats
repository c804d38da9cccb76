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
		grep -qx "\.SS $command" "$page"
		[[ $command == version || $command == help ]] && continue
		for option in $(runtime "$command" --help | grep -o -- '--[a-z0-9-]*' | grep -v -- --help); do
			sed -n "/^\.SS $command\$/,/^\.S[SH] /p" "$page" | grep -qF -- "${option//-/\\-}"
		done
	done
}

# complete WORD… - what bash would offer for the last word.
completed()
{
	bash -c '
		PATH=$1:$PATH; source "$2"; shift 2
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		_kata_runtime
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
}
