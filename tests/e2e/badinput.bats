#!/usr/bin/env bats
# Bad input: one line on standard error that names the object, exit code 1, nothing left.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# refused WORD… - run of the bundle $dir fails as it should, with these words, and leaves nothing.
refused()
{
	fails runtime run --bundle "$dir" "$ID"
	says "$@"
	assert_nothing_left
}

@test "the bundle: missing, a file, without config.json" {
	dir=$WORK/none
	refused "$WORK/none" 'o such file'
	touch "$WORK/file"
	dir=$WORK/file
	refused "$WORK/file" directory
	mkdir "$WORK/empty"
	dir=$WORK/empty
	refused "$WORK/empty/config.json" 'o such file'
	mkdir "$WORK/empty/config.json"
	refused "$WORK/empty/config.json"
}

@test "config.json: empty, not JSON, cut off, too deep, over 4 MiB" {
	dir=$(bundle)
	: >"$dir/config.json"
	refused "$dir/config.json"
	echo 'hello' >"$dir/config.json"
	refused "$dir/config.json"
	head -c 200 "$TOP/tests/lib/busybox.json" >"$dir/config.json"
	refused "$dir/config.json"
	{
		printf '{"ociVersion":"1.0.2","x":'
		printf '[%.0s' {1..64}
		printf ']%.0s' {1..64}
		printf '}'
	} >"$dir/config.json"
	refused "$dir/config.json" 64
	{
		printf '{"ociVersion":"1.0.2","x":"'
		head -c 4194304 /dev/zero | tr '\0' x
		printf '"}'
	} >"$dir/config.json"
	refused "$dir/config.json" 4194304
}

@test "config.json: nested 64 deep is not too deep" {
	dir=$(bundle)
	set_args "$dir" echo hello
	# The object, its member, and 62 arrays.
	deep=$(printf '[%.0s' {1..62})$(printf ']%.0s' {1..62})
	edit_bundle "$dir" ".x = [$deep]"
	[ "$(runtime run --bundle "$dir" "$ID" </dev/null)" = hello ]
}

@test "config.json: a wrong type is named by its path" {
	local filter path

	dir=$(bundle)
	while IFS='|' read -r filter path; do
		cp "$TOP/tests/lib/busybox.json" "$dir/config.json"
		edit_bundle "$dir" "$filter"
		refused "$dir/config.json" "$path"
	done <<-'END'
		.ociVersion = 1|ociVersion
		del(.ociVersion)|ociVersion
		.process = []|process
		del(.process)|process
		.process.terminal = "yes"|process.terminal
		.process.args = "sh"|process.args
		.process.args[1] = 7|process.args[1]
		.process.args = []|process.args
		del(.process.args)|process.args
		.process.cwd = "tmp"|process.cwd
		.process.env = {}|process.env
		.process.user.uid = "root"|process.user.uid
		.process.user.uid = -1|process.user.uid
		.process.user.uid = 4294967296|process.user.uid
		.process.user.uid = 1.5|process.user.uid
		.root = "rootfs"|root
		del(.root)|root
		.root.path = 1|root.path
		.root.path = ""|root.path
		.root.readonly = 1|root.readonly
		.hostname = {}|hostname
		.mounts = {}|mounts
		.mounts[1] = "x"|mounts[1]
		.mounts[1].options = "ro"|mounts[1].options
		del(.mounts[0].destination)|mounts[0].destination
		.annotations = []|annotations
		.annotations = {"a": 1}|annotations
		.linux.namespaces[0] = 1|linux.namespaces[0]
		.linux.namespaces[0].type = 1|linux.namespaces[0].type
		.linux.resources = {"memory": {"limit": "1G"}}|linux.resources.memory.limit
	END
}

@test "config.json: a root that is missing or a file" {
	dir=$(bundle)
	edit_bundle "$dir" '.root.path = "nothing"'
	refused root.path "$dir/nothing" 'o such file'
	edit_bundle "$dir" '.root.path = "config.json"'
	refused root.path "$dir/config.json" directory
}

@test "config.json: a mount whose source is missing" {
	dir=$(bundle)
	edit_bundle "$dir" \
		'.mounts += [{"destination": "/data", "type": "bind", "source": "/no/such", "options": ["bind"]}]'
	refused /data /no/such
}

@test "config.json: namespaces that a virtual machine cannot join" {
	dir=$(bundle)
	edit_bundle "$dir" '.linux.namespaces += [{"type": "user"}]'
	refused 'user namespace'
	cp "$TOP/tests/lib/busybox.json" "$dir/config.json"
	edit_bundle "$dir" '(.linux.namespaces[] | select(.type == "pid")).path = "/proc/1/ns/pid"'
	refused 'pid namespace' /proc/1/ns/pid
}

@test "command lines: unknown command, unknown option, missing argument" {
	fails runtime nonsense
	says nonsense help
	fails runtime --nonsense list
	says nonsense
	fails runtime list --nonsense
	says nonsense
	fails runtime create --bundle
	says bundle
	for command in create run state kill delete exec start; do
		fails runtime $command
		says container-id
	done
	fails runtime state one two
	says two
	fails runtime --log-format xml list
	says xml text json
	fails runtime --log "$WORK/no/such/log" list
	says "$WORK/no/such/log"
}

@test "ids: empty, too long, with a slash or dots" {
	dir=$(bundle)
	for id in '' "$(printf 'x%.0s' {1..1025})" "$(printf 'x%.0s' {1..1024})" a/b ../x .. . /x \
		'a b' $'a\nb' 'ä' .hidden; do
		for command in "create --bundle $dir" "run --bundle $dir" state kill delete 'delete --force'; do
			fails runtime $command -- "$id"
			says 'container id' allowed
		done
	done
	assert_nothing_left
}

@test "an id that is in use" {
	start_sleeper
	dir=$WORK/bundle-$ID
	fails runtime run --bundle "$dir" "$ID"
	says "$ID" 'in use'
	fails runtime create --bundle "$dir" "$ID"
	says "$ID" 'in use'
	is_status "$ID" running
	start_member member "$ID"
	fails start_member member "$ID"
	says member 'in use'
	fails runtime create --bundle "$dir" member
	says member 'in use'
	is_status member running
}

@test "two commands that create the same id at once: one wins, and its container lives" {
	start_sleeper pod
	dir=$(bundle)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" '.annotations = {
		"io.kubernetes.cri.container-type": "container",
		"io.kubernetes.cri.sandbox-id": "pod" }'
	for id in member alone; do
		pids=()
		for _ in 1 2; do
			"$RUNTIME" --kata-config "$USED_CONFIG" create --bundle "$dir" "$id" \
				</dev/null >/dev/null 2>&1 &
			pids+=($!)
		done
		won=0
		for pid in "${pids[@]}"; do
			wait "$pid" && won=$((won + 1))
		done
		[ "$won" -eq 1 ]
		is_status "$id" created
		edit_bundle "$dir" 'del(.annotations) | .linux.cgroupsPath += "-alone"'
	done
}

@test "a member of a pod: without a sandbox's id, of a sandbox that is not there" {
	dir=$(bundle)
	edit_bundle "$dir" '.annotations = { "io.kubernetes.cri.container-type": "container" }'
	refused annotations io.kubernetes.cri.sandbox-id
	edit_bundle "$dir" '.annotations["io.kubernetes.cri.sandbox-id"] = "nothing"'
	refused nothing 'not exist'
	edit_bundle "$dir" '.annotations["io.kubernetes.cri.sandbox-id"] = "../x"'
	refused ../x allowed
}

@test "kernel, initrd, QEMU and the other programs: missing, a directory, empty" {
	dir=$(bundle)
	: >"$WORK/empty"
	chmod 755 "$WORK/empty"
	cp "$USED_CONFIG" "$WORK/good.toml"
	for key in path kernel initrd firmware virtio_fs_daemon; do
		for file in "$WORK/none" "$WORK" "$WORK/empty"; do
			cp "$WORK/good.toml" "$USED_CONFIG"
			# Of [hypervisor.qemu] only: proxy and shim have a path as well.
			sed -i "0,/^$key = .*/s||$key = \"$file\"|" "$USED_CONFIG"
			refused "$file"
		done
	done
	for section in proxy shim; do
		cp "$WORK/good.toml" "$USED_CONFIG"
		sed -i "s|^path = .*/kata-$section\"|path = \"$WORK/none\"|" "$USED_CONFIG"
		refused "$section.kata" "$WORK/none"
	done
}

@test "kernel, initrd and QEMU that are something else: the error names the file or says why" {
	dir=$(bundle)
	cp "$USED_CONFIG" "$WORK/good.toml"
	printf 'just some text\n%.0s' {1..1000} >"$WORK/text"
	chmod 755 "$WORK/text"
	set_config kernel "\"$WORK/text\""
	refused "$WORK/text"
	cp "$WORK/good.toml" "$USED_CONFIG"
	sed -i "0,/^path = .*/s||path = \"$WORK/text\"|" "$USED_CONFIG"
	refused "$WORK/text"
	cp "$WORK/good.toml" "$USED_CONFIG"
	sed -i "0,/^path = .*/s||path = \"/bin/true\"|" "$USED_CONFIG"
	refused 'virtual machine'
	cp "$WORK/good.toml" "$USED_CONFIG"
	set_config initrd "\"$WORK/text\""
	refused panic
}

# initrd INIT - an initrd with a static program as /init, or without any.
initrd()
{
	mkdir -p "$WORK/initrd/bin"
	cp /bin/busybox "$WORK/initrd/bin/"
	if (($#)); then
		printf '#!/bin/busybox sh\n%s\n' "$1" >"$WORK/initrd/init"
		chmod 755 "$WORK/initrd/init"
	fi
	(cd "$WORK/initrd" && find . | cpio -o -H newc --quiet | gzip) >"$WORK/initrd.img"
	set_config initrd "\"$WORK/initrd.img\""
}

@test "an initrd without /init: the kernel's panic is in the error" {
	dir=$(bundle)
	initrd
	refused 'Kernel panic'
}

@test "an initrd whose /init ends: the kernel's panic is in the error" {
	dir=$(bundle)
	initrd 'exit 3'
	refused 'Kernel panic'
}

@test "an initrd without an agent: the time-out says that nobody answers" {
	dir=$(bundle)
	initrd 'echo "I am not an agent"; while :; do /bin/busybox sleep 1; done'
	SECONDS=0
	refused 'agent does not answer' 'I am not an agent'
	((SECONDS < 45))
}

@test "memory: less than allowed, and less than the initrd" {
	dir=$(bundle)
	set_config default_memory 100
	refused default_memory 300
	set_config default_memory 300
	truncate -s 400M "$WORK/large"
	set_config initrd "\"$WORK/large\""
	refused default_memory "$WORK/large"
}

@test "configuration: missing, a directory, over 1 MiB" {
	dir=$(bundle)
	cp "$USED_CONFIG" "$WORK/good.toml"
	rm "$USED_CONFIG"
	refused "$USED_CONFIG" 'o such file'
	mkdir "$USED_CONFIG"
	refused "$USED_CONFIG"
	rmdir "$USED_CONFIG"
	{
		cat "$WORK/good.toml"
		head -c 1048576 /dev/zero | tr '\0' '#'
	} >"$USED_CONFIG"
	refused "$USED_CONFIG" 1048576
}

@test "configuration: wrong TOML with line and column, wrong types with their key" {
	local text words

	dir=$(bundle)
	while IFS='|' read -r text words; do
		printf '[hypervisor.qemu]\n%b\n' "$text" >"$USED_CONFIG"
		refused "$USED_CONFIG:" $words
	done <<-'END'
		path = |:2:8
		path = "unfinished|:2:
		= "x"|:2:1
		path "x"|:2:6
		[unfinished|:2:
		path = "a"\npath = "b"|:3: path
		default_vcpus = "two"|:2: default_vcpus number
		path = 7|:2: path string
		enable_debug = "yes"|:2: enable_debug true
		default_vcpus = 0|:2: default_vcpus 240
		default_memory = 99999999|:2: default_memory 524288
		shared_fs = "nfs"|:2: shared_fs virtio-9p virtio-fs
		machine_type = "toaster"|:2: machine_type q35
		virtio_fs_extra_args = "x"|:2: virtio_fs_extra_args array
	END
}

@test "configuration: an unknown key is a warning with its line, and no more" {
	dir=$(bundle)
	set_args "$dir" echo hello
	sed -i '/^\[hypervisor.qemu\]/a not_a_key = 1' "$USED_CONFIG"
	line=$(grep -n '^not_a_key' "$USED_CONFIG" | cut -d : -f 1)
	[ "$(runtime run --bundle "$dir" "$ID" </dev/null 2>"$WORK/err")" = hello ]
	[ "$(wc -l <"$WORK/err")" -eq 1 ]
	grep -F "$USED_CONFIG:$line" "$WORK/err"
	grep -F not_a_key "$WORK/err"
}

@test "KVM that cannot be used is told once per boot of the host" {
	if [[ -w /dev/kvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
		skip 'KVM works here'
	fi
	dir=$(bundle)
	set_args "$dir" echo hello
	cp "$CONFIG" "$USED_CONFIG"
	[ "$(runtime run --bundle "$dir" "$ID" </dev/null 2>"$WORK/err")" = hello ]
	[ "$(wc -l <"$WORK/err")" -eq 1 ]
	grep -F KVM "$WORK/err"
	grep -F 'accel=tcg' "$WORK/err"
	[ "$(runtime run --bundle "$dir" "$ID" </dev/null 2>"$WORK/err")" = hello ]
	[ ! -s "$WORK/err" ]
}

@test "config.json from /dev/zero or a FIFO does not hang or eat memory" {
	dir=$(bundle)
	rm "$dir/config.json"
	ln -s /dev/zero "$dir/config.json"
	fails timeout 5 "$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" "$ID"
	says config.json
	rm "$dir/config.json"
	mkfifo "$dir/config.json"
	fails timeout 5 "$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" "$ID"
	says config.json
}
