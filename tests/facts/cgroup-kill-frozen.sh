#!/bin/bash
# cgroup.kill does not end a process that version 1's freezer holds, until it is thawed
# Used in src/cgroup/freeze.c: killing thaws the whole tree of version 1, whoever has frozen it.
source "$(dirname "$0")/lib.sh"
v2=$(awk '$(NF - 2) == "cgroup2" { print $5; exit }' /proc/self/mountinfo)/fact-$$
v1=$(awk '$(NF - 2) == "cgroup" && $NF ~ /(^|,)freezer(,|$)/ { print $5; exit }' /proc/self/mountinfo)/fact-$$
needs test -n "${v1%/fact*}" -a -n "${v2%/fact*}"
needs mkdir "$v1" "$v2"
needs test -w "$v2/cgroup.kill"
sleep 60 &
pid=$!
disown
trap 'set +e; echo THAWED >"$v1/freezer.state"; kill -9 "$pid" 2>/dev/null; sleep 0.1
	rmdir "$v1" "$v2"; clean_up' EXIT
echo "$pid" >"$v1/cgroup.procs"
echo "$pid" >"$v2/cgroup.procs"
echo FROZEN >"$v1/freezer.state"
until grep -q FROZEN "$v1/freezer.state"; do sleep 0.01; done
echo 1 >"$v2/cgroup.kill"
sleep 0.3
grep -q 'populated 1' "$v2/cgroup.events" || { echo "it died frozen"; exit 1; }
echo THAWED >"$v1/freezer.state"
for _ in {1..100}; do
	grep -q 'populated 0' "$v2/cgroup.events" && exit 0
	sleep 0.02
done
echo "it lives on after thawing"
exit 1
