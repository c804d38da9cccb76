#!/usr/bin/env bats
# Annotations of a sandbox over the configuration: seen in the guest, and refused where they are not allowed.
load ../lib/helpers

PREFIX=io.katacontainers.config

setup()
{
	common_setup
	export KATA_FAULT_CPUS=4
}

teardown()
{
	[[ -z ${LOOP-} ]] || losetup -d "$LOOP"
	common_teardown
}

# annotated NAME VALUE… - a bundle with these annotations, which sleeps.
annotated()
{
	local dir

	dir=$(bundle)
	set_args "$dir" sleep 1000
	edit_bundle "$dir" "$(jq -nr --args '[$ARGS.positional | _nwise(2) | {(.[0]): .[1]}] | add |
		".annotations = \(.)"' -- "$@")"
	echo "$dir"
}

start()
{
	runtime run --detach --bundle "$1" "$ID" </dev/null >/dev/null
}

in_guest()
{
	runtime exec "$ID" "$@" </dev/null
}

@test "annotations: vCPUs, memory and kernel parameters of one sandbox; another container's do not count" {
	local dir mib

	set_config enable_annotations '["default_.*", "kernel_params", "container_pipe_size"]'
	set_config default_memory 400
	set_config kernel_params '"mark=file"'
	dir=$(annotated $PREFIX.hypervisor.default_vcpus 2 $PREFIX.hypervisor.default_memory 600 \
		$PREFIX.agent.container_pipe_size 131072 $PREFIX.hypervisor.kernel_params 'mark=here agent.log=info')
	start "$dir"
	[ "$(in_guest grep -c ^processor /proc/cpuinfo)" -eq 2 ]
	mib=$(in_guest awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
	((mib > 500 && mib <= 600))
	in_guest cat /proc/cmdline >"$WORK/cmdline"
	# Behind all others, those of the file too.
	grep -q ' agent.container_pipe_size=131072 .*mark=file mark=here agent.log=info$' "$WORK/cmdline"

	runtime config --set "$ID" | grep -x "default_memory = 600 # annotation $PREFIX.hypervisor.default_memory"

	# Engines give them to all containers of a pod.
	dir=$(bundle member)
	edit_bundle "$dir" ".annotations = {
		\"io.kubernetes.cri.container-type\": \"container\",
		\"io.kubernetes.cri.sandbox-id\": \"$ID\",
		\"$PREFIX.hypervisor.default_memory\": \"wrong\" }"
	set_args "$dir" true
	runtime run --bundle "$dir" member </dev/null
}

@test "annotations: openEuler's sandbox_cpu, sandbox_mem and sandbox_dns, for all containers of the pod" {
	local dir mib

	set_config enable_annotations '["sandbox_.*"]'
	dir=$(annotated io.katacontainers.sandbox_cpu 1.5 io.katacontainers.sandbox_mem 0.5G \
		io.katacontainers.sandbox_dns '{"Servers":["192.0.2.53"],"Domain":"","Searches":["example.org"]}')
	# What an engine has mounted there is replaced.
	echo 'nameserver 127.0.0.11' >"$WORK/resolv.conf"
	edit_bundle "$dir" ".mounts += [{ destination: \"/etc/resolv.conf\", type: \"bind\",
		source: \"$WORK/resolv.conf\", options: [\"rbind\", \"rprivate\"] }]"
	start "$dir"
	[ "$(in_guest grep -c ^processor /proc/cpuinfo)" -eq 2 ]
	mib=$(in_guest awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
	((mib > 420 && mib <= 512))
	printf 'nameserver 192.0.2.53\nsearch example.org\n' >"$WORK/wanted"
	in_guest cat /etc/resolv.conf | diff - "$WORK/wanted"
	not in_guest sh -c 'echo x >>/etc/resolv.conf' 2>/dev/null
	start_member member "$ID"
	runtime exec member cat /etc/resolv.conf </dev/null | diff - "$WORK/wanted"
}

@test "annotations: a kernel that has the SHA-512 that it has to have, and one that has not" {
	local dir kernel hash

	set_config enable_annotations '["kernel_hash", "initrd_hash"]'
	kernel=$(sed -n 's/^kernel = "\(.*\)"/\1/p' "$USED_CONFIG")
	hash=$(sha512sum "$kernel" | cut -d ' ' -f 1)
	dir=$(annotated io.katacontainers.asset_hash_type sha512 $PREFIX.hypervisor.initrd_hash "$hash")
	fails runtime create --bundle "$dir" "$ID"
	says '[hypervisor.qemu] initrd: ' ", not $hash"
	not runtime state "$ID"
	dir=$(annotated $PREFIX.hypervisor.kernel_hash "${hash^^}")
	start "$dir"
	in_guest true
}

@test "annotations: programs, memory and random numbers from paths that the valid_ patterns allow" {
	local daemon dir

	daemon=$(sed -n 's/^virtio_fs_daemon = "\(.*\)"/\1/p' "$USED_CONFIG")
	mkdir "$WORK/allowed" "$WORK/memory"
	cp "$daemon" "$WORK/allowed/virtiofsd"
	set_config enable_annotations '["virtio_fs_daemon", "file_mem_backend", "entropy_source", "vhost_user_store_path"]'
	set_config valid_virtio_fs_daemon_paths "[\"$WORK/allowed/*\"]"
	set_config valid_file_mem_backends "[\"$WORK/mem*\"]"
	set_config valid_entropy_sources '["/dev/random"]'
	set_config valid_vhost_user_store_paths "[\"$WORK/*/store\"]"
	dir=$(annotated $PREFIX.hypervisor.virtio_fs_daemon "$WORK/allowed/virtiofsd" \
		$PREFIX.hypervisor.file_mem_backend "$WORK/memory" $PREFIX.hypervisor.entropy_source /dev/random \
		$PREFIX.hypervisor.vhost_user_store_path "$WORK/allowed/store")
	start "$dir"
	[ "$(readlink "/proc/$(pid_of_helper virtiofsd)/exe")" = "$WORK/allowed/virtiofsd" ]
	tr '\0' '\n' <"/proc/$(pid_of_helper qemu)/cmdline" >"$WORK/cmdline"
	grep -q "^memory-backend-file,.*mem-path=$WORK/memory" "$WORK/cmdline"
	grep -q '^rng-random,.*filename=/dev/random' "$WORK/cmdline"
	runtime config "$ID" | grep -q "vhost_user_store_path = \"$WORK/allowed/store\" # annotation"
	runtime delete --force "$ID"

	for annotation in "virtio_fs_daemon $daemon" "file_mem_backend $WORK" 'entropy_source /dev/urandom' \
		"vhost_user_store_path $WORK/store"; do
		dir=$(annotated "$PREFIX.hypervisor.${annotation% *}" "${annotation#* }")
		fails runtime create --bundle "$dir" "$ID"
		says "annotation $PREFIX.hypervisor.${annotation% *}: ${annotation#* } is not allowed"
	done
}

@test "annotations: kernel modules, and a disk image that has not the SHA-512 that it has to have" {
	local dir image

	set_config enable_annotations '["kernel_modules", "image_hash"]'
	dir=$(annotated $PREFIX.agent.kernel_modules 'overlay;vfio_pci ids=1234:5678')
	fails runtime create --bundle "$dir" "$ID"
	says 'kernel_modules: vfio_pci: this guest kernel has no modules'
	not runtime state "$ID"
	image=$STAGE/var/lib/kata/kata-containers.img
	set_config initrd '""'
	set_config image "\"$image\""
	dir=$(annotated $PREFIX.hypervisor.image_hash "$(sha512sum </dev/null | cut -d ' ' -f 1)")
	fails runtime create --bundle "$dir" "$ID"
	says "[hypervisor.qemu] image: $image" "not $(sha512sum </dev/null | cut -d ' ' -f 1)"
	not runtime state "$ID"
}

@test "annotations: blkio_cgroup sets limits of a disk for all of the sandbox's processes" {
	local dir limit file

	require losetup --version
	set_config enable_annotations '["blkio_cgroup"]'
	truncate -s 1M "$WORK/disk"
	LOOP=$(losetup --find --show "$WORK/disk")
	limit='{"blkiocgroup":[{"path":"'$LOOP'","limits":[{"type":"throttle_read_bps","value":1048576}]}]}'
	dir=$(annotated com.github.containers.virtcontainers.blkio_cgroup "$limit")
	start "$dir"
	file=$(find /sys/fs/cgroup -path "*/${WORK##*/}/bundle/*" \
		\( -name blkio.throttle.read_bps_device -o -name io.max \))
	grep -E "^$(lsblk -ndo MAJ:MIN "$LOOP" | tr -d ' ') (rbps=)?1048576" $file
	grep -x "$(pid_of_helper qemu)" "$(dirname "$file")/cgroup.procs"
	runtime delete --force "$ID"

	# Where the vCPUs have a cgroup of their own, too: the disks' are still those of the whole sandbox.
	set_config sandbox_cgroup_with_emulator true
	start "$dir"
	file=$(find /sys/fs/cgroup -path "*/${WORK##*/}/bundle/*" \
		\( -name blkio.throttle.read_bps_device -o -name io.max \) -exec grep -l 1048576 {} +)
	grep -x "$(pid_of_helper qemu)" "$(dirname "$file")/cgroup.procs"
}

@test "annotations: one that is not allowed or wrong is one line, and nothing is started" {
	local dir

	dir=$(annotated $PREFIX.hypervisor.kernel /etc/passwd)
	fails runtime create --bundle "$dir" "$ID"
	says "annotation $PREFIX.hypervisor.kernel: not allowed" \
		'[hypervisor.qemu] enable_annotations would have to list "kernel"'
	set_config enable_annotations '[".*"]'
	fails runtime create --bundle "$dir" "$ID"
	says "annotation $PREFIX.hypervisor.kernel: /etc/passwd is not allowed" \
		'a pattern of [hypervisor.qemu] valid_asset_paths'
	dir=$(annotated $PREFIX.hypervisor.default_vcpus 5)
	fails runtime create --bundle "$dir" "$ID"
	says "annotation $PREFIX.hypervisor.default_vcpus: 5 is more than the 4 processors of this host"
	dir=$(annotated $PREFIX.hypervisor.enable_iothreads yes)
	fails runtime create --bundle "$dir" "$ID"
	says "annotation $PREFIX.hypervisor.enable_iothreads: 'yes' is neither true nor false"
	dir=$(annotated io.katacontainers.sandbox_dns '{"Servers":["here"]}')
	fails runtime create --bundle "$dir" "$ID"
	says "annotation io.katacontainers.sandbox_dns: Servers: 'here', allowed is an IPv4 or IPv6 address"
	not runtime state "$ID"
}

@test "annotations: a program and a share of its own, by paths that the administrator has listed" {
	local dir qemu kernel

	qemu=$(sed -n '/^\[hypervisor/,/^kernel/s/^path = "\(.*\)"/\1/p' "$USED_CONFIG")
	kernel=$(sed -n 's/^kernel = "\(.*\)"/\1/p' "$USED_CONFIG")
	mkdir "$WORK/opt"
	ln -s "$qemu" "$WORK/opt/qemu"
	ln -s "$kernel" "$WORK/opt/kernel"
	set_config enable_annotations '["path", "kernel", "shared_fs"]'
	set_config valid_hypervisor_paths "[\"$WORK/opt/q*\"]"
	set_config valid_asset_paths "[\"$WORK/opt/*\"]"
	dir=$(annotated $PREFIX.hypervisor.path "$WORK/opt/qemu" $PREFIX.hypervisor.kernel "$WORK/opt/kernel" \
		$PREFIX.hypervisor.shared_fs virtio-9p)
	start "$dir"
	tr '\0' ' ' <"/proc/$(pid_of_helper qemu)/cmdline" | grep -q "^$WORK/opt/qemu .* -kernel $WORK/opt/kernel "
	in_guest cat /proc/mounts | grep -q '^[^ ]* / 9p '
}
