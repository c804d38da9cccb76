# lib.sh - for the trials: each shows one fact that the design rests on
#
# Sourced. A trial starts with one line that says the fact and one that says
# what rests on it, and ends with exit code 0 (so it is), 77 (its program is not
# here; a failure under TEST_STRICT) or 1 (it is not so).
set -euo pipefail
work=$(mktemp -d /tmp/kata-fact.XXXXXX)
trap clean_up EXIT

clean_up()
{
	set +e # the trial's own exit code is the one that counts
	jobs -p | xargs -r kill -9 2>/dev/null
	umount -R -l "$work"/* 2>/dev/null
	rm -rf "$work"
}

# needs COMMAND… - something that has to succeed for the trial to make sense
needs()
{
	"$@" >/dev/null 2>&1 && return
	echo "needs: $*"
	[[ -z ${TEST_STRICT-} ]] || exit 1
	exit 77
}

# compiled NAME [OPTION…] - the C program on standard input, as $work/NAME
compiled()
{
	local name=$1
	shift
	needs command -v gcc
	gcc -D_GNU_SOURCE -x c -o "$work/$name" - "$@"
}

# with_own_mounts "$@" - starts the trial again in a mount namespace of its own
with_own_mounts()
{
	[[ ${1-} != inside ]] || return 0
	needs unshare -m true
	rm -rf "$work"
	exec unshare -m "$0" inside
}
