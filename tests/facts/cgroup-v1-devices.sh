#!/bin/bash
# Version 1's devices.deny does not take one device out of a wider devices.allow, and says nothing
# Used in src/cgroup/device_rules.c: such rules are found and refused, or become a BPF program.
source "$(dirname "$0")/lib.sh"
v1=$(awk '$(NF - 2) == "cgroup" && $NF ~ /(^|,)devices(,|$)/ { print $5; exit }' /proc/self/mountinfo)/fact-$$
needs test -n "${v1%/fact*}"
needs mkdir "$v1"
trap 'set +e; rmdir "$v1/below" "$v1" 2>/dev/null; clean_up' EXIT
echo a >"$v1/devices.deny"
echo 'c 1:* rwm' >"$v1/devices.allow"
echo 'c 1:3 rwm' >"$v1/devices.deny" || { echo "it is refused"; exit 1; }
[[ $(<"$v1/devices.list") == 'c 1:* rwm' ]] || { echo "it is in the list"; exit 1; }
sh -c "echo 0 >'$v1/cgroup.procs' && exec 3<>/dev/null" || { echo "/dev/null is denied"; exit 1; }

# And "a" is refused once there is a cgroup below: an update changes the list line by line.
mkdir "$v1/below"
if { echo a >"$v1/devices.deny"; } 2>/dev/null; then
	echo "'a' is accepted with a cgroup below"
	exit 1
fi
