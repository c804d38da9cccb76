#!/usr/bin/env bats
# What a container sees of the host's files, and what the host lets it do there.

load ../lib/helpers

setup() { common_setup; }

teardown()
{
	# Mounts that a test made itself, below its own folder.
	local point
	for id in $(ls "$KATA_RUN_DIR/vc/sbs" 2>/dev/null); do
		"$RUNTIME" delete --force "$id" || true
	done
	awk -v work="$WORK/" 'index($5, work) == 1 {print $5}' /proc/self/mountinfo | sort -r |
		while read -r point; do
			[[ $point == "$KATA_RUN_DIR"* ]] || umount "$point"
		done
	common_teardown
}

# add_mount DIR DESTINATION TYPE SOURCE OPTION…
add_mount()
{
	local dir=$1 destination=$2 type=$3 source=$4 options
	shift 4

	options=$(jq -nc '$ARGS.positional' --args -- "$@")
	edit_bundle "$dir" ".mounts += [{ \"destination\": \"$destination\", \"type\": \"$type\",
		\"source\": \"$source\", \"options\": $options }]"
}

# sleeper DIR - starts it so that exec can look around.
sleeper()
{
	set_args "$1" sleep 1000
	runtime run --detach --bundle "$1" "$ID" </dev/null >/dev/null
}

# flags_on_host ID PATTERN - the options of what is mounted for it, below the share, by its name.
flags_on_host()
{
	awk -v share="$KATA_RUN_DIR/kata-containers/shared/sandboxes/$ID/" -v name="$1" \
		'index($5, share) == 1 && $5 ~ name {print $6}' /proc/self/mountinfo
}

@test "a directory, read and write: changes show on both sides" {
	dir=$(bundle)
	mkdir "$WORK/data"
	echo host >"$WORK/data/from-host"
	add_mount "$dir" /data bind "$WORK/data" rbind rw
	sleeper "$dir"
	[ "$(runtime exec "$ID" cat /data/from-host)" = host ]
	runtime exec "$ID" sh -c 'echo guest >/data/from-guest; chmod 640 /data/from-guest'
	[ "$(cat "$WORK/data/from-guest")" = guest ]
	[ "$(stat -c %a "$WORK/data/from-guest")" = 640 ]
	echo later >"$WORK/data/later"
	wait_until eval "[ \"\$(runtime exec $ID cat /data/later)\" = later ]"
}

@test "a directory, read only: the host enforces it, whatever the guest does" {
	dir=$(bundle)
	mkdir "$WORK/data"
	echo word >"$WORK/data/file"
	add_mount "$dir" /data bind "$WORK/data" rbind ro
	edit_bundle "$dir" '.process.capabilities |= map_values(["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"])'
	sleeper "$dir"
	[ "$(runtime exec "$ID" cat /data/file)" = word ]
	run runtime exec "$ID" sh -c 'echo changed >/data/file'
	[ "$status" -ne 0 ]
	[[ $output == *'Read-only file system'* ]]
	# A guest that mounts it again, writable, still cannot write.
	run runtime exec "$ID" sh -c 'mount -o remount,rw /data; mount -o remount,bind,rw /data
		echo changed >/data/file'
	[ "$(cat "$WORK/data/file")" = word ]
	[ "$(flags_on_host -data | wc -l)" -ge 2 ]
	flags_on_host -data | { grep -v '^ro,' || true; } | nothing
}

@test "a single file, read and write and read only" {
	dir=$(bundle)
	echo one >"$WORK/one"
	echo two >"$WORK/two"
	add_mount "$dir" /etc/one bind "$WORK/one" bind rw
	add_mount "$dir" /etc/two bind "$WORK/two" bind ro
	sleeper "$dir"
	[ "$(runtime exec "$ID" cat /etc/one /etc/two)" = $'one\ntwo' ]
	runtime exec "$ID" sh -c 'echo changed >/etc/one'
	[ "$(cat "$WORK/one")" = changed ]
	run runtime exec "$ID" sh -c 'echo changed >/etc/two'
	[ "$status" -ne 0 ]
	[ "$(cat "$WORK/two")" = two ]
	# The guest sees this file, not the folder around it.
	[ ! -e "$KATA_RUN_DIR/kata-containers/shared/sandboxes/$ID/shared/configuration.toml" ]
}

@test "a read-only root: nothing can be written, and missing mount points do not matter" {
	dir=$(bundle)
	edit_bundle "$dir" '.root.readonly = true'
	mkdir "$WORK/data"
	add_mount "$dir" /not/there/yet bind "$WORK/data" rbind rw
	add_mount "$dir" /scratch tmpfs tmpfs nosuid size=1m
	echo word >"$WORK/file"
	add_mount "$dir" /etc/conf/file bind "$WORK/file" bind ro
	sleeper "$dir"
	run runtime exec "$ID" sh -c 'echo x >/file'
	[ "$status" -ne 0 ]
	[[ $output == *'Read-only file system'* ]]
	[ ! -e "$dir/rootfs/file" ]
	runtime exec "$ID" sh -c 'echo x >/not/there/yet/file && echo y >/scratch/file'
	[ "$(cat "$WORK/data/file")" = x ]
	[ "$(runtime exec "$ID" cat /etc/conf/file)" = word ]
	# Only what nothing else covers is made on the host.
	[ -d "$dir/rootfs/proc" ]
	[ ! -e "$dir/rootfs/dev/pts" ]
	[ "$(flags_on_host "/$ID/rootfs\$" | wc -l)" -ge 2 ]
	flags_on_host "/$ID/rootfs\$" | { grep -v '^ro,' || true; } | nothing
}

@test "rbind: what is mounted below the source is there too; bind: it is not" {
	dir=$(bundle)
	mkdir -p "$WORK/tree/inner"
	mount -t tmpfs inner "$WORK/tree/inner"
	echo deep >"$WORK/tree/inner/file"
	add_mount "$dir" /all bind "$WORK/tree" rbind rw
	add_mount "$dir" /top bind "$WORK/tree" bind rw
	sleeper "$dir"
	[ "$(runtime exec "$ID" cat /all/inner/file)" = deep ]
	[ -z "$(runtime exec "$ID" ls /top/inner)" ]
	runtime exec "$ID" sh -c 'echo new >/all/inner/new'
	[ "$(cat "$WORK/tree/inner/new")" = new ]
	runtime delete --force "$ID"
	# Ours is untouched.
	[ "$(cat "$WORK/tree/inner/file")" = deep ]
}

@test "rbind, read only: also what is mounted below" {
	dir=$(bundle)
	mkdir -p "$WORK/tree/inner"
	mount -t tmpfs inner "$WORK/tree/inner"
	add_mount "$dir" /all bind "$WORK/tree" rbind ro
	sleeper "$dir"
	run runtime exec "$ID" sh -c 'echo x >/all/inner/file'
	[ "$status" -ne 0 ]
	[ ! -e "$WORK/tree/inner/file" ]
}

@test "the host's side of the share is nosuid and nodev, every mount of it" {
	dir=$(bundle)
	mkdir -p "$WORK/tree/inner"
	mount -t tmpfs inner "$WORK/tree/inner"
	add_mount "$dir" /all bind "$WORK/tree" rbind rw
	sleeper "$dir"
	awk -v shared="$KATA_RUN_DIR/kata-containers/shared/sandboxes/$ID/shared" \
		'index($5, shared) == 1 {print $5, $6}' /proc/self/mountinfo >"$WORK/shared"
	[ "$(wc -l <"$WORK/shared")" -ge 4 ]
	not grep -vE ' r[wo],nosuid,nodev' "$WORK/shared"
	# The folder itself cannot be written through the share: the guest adds no names beside ours.
	grep -qE '/shared ro,' "$WORK/shared"
	# The mounts of virtiofsd's own namespace are copies with the same flags.
	awk '$6 !~ /nosuid,nodev/' "/proc/$(pid_of_helper virtiofsd)/mountinfo" |
		{ grep -F "$WORK/tree" || true; } | nothing
}

@test "tmpfs with its options" {
	dir=$(bundle)
	add_mount "$dir" /scratch tmpfs tmpfs nosuid nodev noexec mode=1770 size=2m
	sleeper "$dir"
	runtime exec "$ID" grep ' /scratch ' /proc/mounts >"$WORK/line"
	for option in tmpfs nosuid nodev noexec mode=1770 size=2048k; do
		grep -qw -- "$option" "$WORK/line"
	done
	run runtime exec "$ID" dd if=/dev/zero of=/scratch/file bs=1M count=3
	[ "$status" -ne 0 ]
	[[ $output == *'No space left'* ]]
	run runtime exec "$ID" sh -c 'rm /scratch/file; echo echo hello >/scratch/program
		chmod 755 /scratch/program; /scratch/program'
	[[ $output == *'ermission denied'* ]]
}

@test "nosuid, nodev and noexec of a bind mount are there in the guest" {
	dir=$(bundle)
	mkdir "$WORK/data"
	cp /bin/busybox "$WORK/data/echo"
	add_mount "$dir" /data bind "$WORK/data" rbind noexec nosuid nodev
	sleeper "$dir"
	run runtime exec "$ID" /data/echo hello
	[ "$status" -eq 1 ]
	[[ $output == *'permission denied'* ]]
}

@test "names with spaces, commas, quotes and percent signs" {
	dir=$(bundle)
	mkdir "$WORK/a, b%s'c"
	echo word >"$WORK/a, b%s'c/file"
	add_mount "$dir" '/to here' bind "$WORK/a, b%s'c" rbind rw
	sleeper "$dir"
	[ "$(runtime exec "$ID" cat '/to here/file')" = word ]
}

@test "a destination that is a link in the image stays inside the root" {
	dir=$(bundle)
	mkdir "$WORK/data"
	ln -s /../../../../tmp/escaped "$dir/rootfs/link"
	ln -s /etc "$dir/rootfs/inside"
	mkdir "$dir/rootfs/etc" "$dir/rootfs/tmp/escaped"
	add_mount "$dir" /link bind "$WORK/data" rbind rw
	add_mount "$dir" /inside/data bind "$WORK/data" rbind rw
	set_args "$dir" sh -c 'echo x >/tmp/escaped/file; ls /etc/data'
	[ "$(runtime run --bundle "$dir" "$ID" </dev/null)" = file ]
	[ "$(cat "$WORK/data/file")" = x ]
}

@test "a destination that is a dangling link in the image is made inside the root" {
	dir=$(bundle)
	mkdir "$WORK/data"
	ln -s /../../../../tmp/escaped "$dir/rootfs/link"
	add_mount "$dir" /link bind "$WORK/data" rbind rw
	echo word >"$WORK/file"
	ln -s ../run/no/such/file "$dir/rootfs/resolv.conf"
	add_mount "$dir" /resolv.conf bind "$WORK/file" rbind ro
	set_args "$dir" sh -c 'echo x >/tmp/escaped/file; cat /run/no/such/file'
	[ "$(runtime run --bundle "$dir" "$ID" </dev/null)" = word ]
	[ "$(cat "$WORK/data/file")" = x ]
}

@test "the host's own /proc and /sys do not reach the guest" {
	dir=$(bundle)
	add_mount "$dir" /host-proc bind /proc rbind ro
	set_args "$dir" sh -c 'ls /host-proc 2>/dev/null | wc -l'
	[ "$(runtime run --bundle "$dir" "$ID" </dev/null)" = 0 ]
}

@test "the same directory for two containers of a pod" {
	mkdir "$WORK/data"
	dir=$(bundle)
	add_mount "$dir" /data bind "$WORK/data" rbind rw
	sleeper "$dir"
	member=$(bundle member)
	set_args "$member" sh -c 'cat /data/file'
	add_mount "$member" /data bind "$WORK/data" rbind ro
	edit_bundle "$member" ".annotations = {
		\"io.kubernetes.cri.container-type\": \"container\",
		\"io.kubernetes.cri.sandbox-id\": \"$ID\" }"
	runtime exec "$ID" sh -c 'echo shared >/data/file'
	[ "$(runtime run --bundle "$member" member </dev/null)" = shared ]
}

@test "several directories are masked" {
	# By copies of one mount: the guest's kernel, other than newer ones, copies attached ones only.
	dir=$(bundle)
	set_args "$dir" sh -c 'cd /proc; for i in bus fs driver; do ls -A $i; done; cat version; echo end'
	edit_bundle "$dir" \
		'.linux.maskedPaths = ["/proc/bus", "/proc/fs", "/proc/driver", "/proc/version"]'
	[ "$(runtime run --bundle "$dir" "$ID" 2>/dev/null)" = end ]
}
