# kata-runtime.bash - completion of commands, options and containers, for kata-monitor and
# kata-collect-data too
#
# Commands and options come from the program's own help, so they are those that it has.

_kata_runtime_options()
{
	"$@" --help 2>/dev/null | grep -o -- '^ *\(-[a-z], \)\?--[a-z0-9-]*\|\[--[a-z0-9-]*' | grep -o -- '--[a-z0-9-]*'
}

_kata_runtime()
{
	local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command='' subcommand='' i words

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--kata-config | --log | --log-format | --root | --rootless) i=$((i + 1)) ;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			# Those of our own have commands of theirs.
			[[ $command == kata-network || $command == kata-ipvs || $command == factory ]] && ((i + 1 < COMP_CWORD)) && subcommand=${COMP_WORDS[i + 1]}
			break
			;;
		esac
	done
	case $previous in
	--kata-config | --log | --pid-file | --process | --output | -o | --resources | --console | --console-socket | --bundle | -b | -p)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--log-format) words='text json' ;;
	--format)
		words='table json'
		[[ $command != timeline ]] || words+=' svg'
		;;
	*)
		if [[ $word == -* ]]; then
			words=$(_kata_runtime_options "$program" ${command:+"$command"} ${subcommand:+"$subcommand"})
		elif [[ -z $command ]]; then
			words=$("$program" help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')
		elif [[ $command == explain ]]; then
			words=$("$program" explain 2>/dev/null | cut -d ' ' -f 1)
		elif [[ ($command == kata-network || $command == kata-ipvs || $command == factory) && -z $subcommand ]]; then
			words=$("$program" "$command" --help 2>/dev/null |
				sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')
		else
			words=$("$program" list --quiet 2>/dev/null)
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

# The programs without commands: options, and containers where they may be named.
_kata_options()
{
	local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]}

	COMPREPLY=()
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--kata-config | --output)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_kata_runtime_options "$program")" -- "$word")
	elif [[ $program == *kata-collect-data ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(kata-runtime list --quiet 2>/dev/null)" -- "$word")
	fi
}

complete -o default -F _kata_runtime kata-runtime
complete -o default -F _kata_options kata-monitor kata-collect-data
