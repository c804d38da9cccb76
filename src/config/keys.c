/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of configuration.toml. Defaults are those of the original's code (the
 * seed); the shipped file sets what is best.
 * Source: reference 01, sections 3 to 6.
 */
#include "config/keys.h"

#include <limits.h>

#include "base/str.h"
#include "config/config.h"

/* What follows the field is .help and, by name, what else a row has. */
#define BOOL(in, key, field, ...)                                                              \
	{                                                                                      \
		.section = (in), .name = (key), .kind = CONFIG_BOOL, .default_value = "false", \
		.offset = offsetof(struct config, field), .help = __VA_ARGS__                  \
	}
#define INTEGER(in, key, field, value, least, most, ...)                                          \
	{                                                                                         \
		.section = (in), .name = (key), .kind = CONFIG_INTEGER, .default_value = (value), \
		.min = (least), .max = (most), .offset = offsetof(struct config, field),          \
		.help = __VA_ARGS__                                                               \
	}
#define STRING(in, key, field, value, list, ...)                                                 \
	{                                                                                        \
		.section = (in), .name = (key), .kind = CONFIG_STRING, .default_value = (value), \
		.allowed = (list), .offset = offsetof(struct config, field), .help = __VA_ARGS__ \
	}
#define STRINGS(in, key, field, ...)                                                         \
	{                                                                                    \
		.section = (in), .name = (key), .kind = CONFIG_STRINGS, .default_value = "", \
		.offset = offsetof(struct config, field), .help = __VA_ARGS__                \
	}
/* A second name of a key. */
#define SAME(in, key, first)                                       \
	{                                                          \
		.section = (in), .name = (key), .same_as = (first) \
	}

#define QEMU    "hypervisor.qemu"
#define TRACING "By OTLP/HTTP, to OTEL_EXPORTER_OTLP_ENDPOINT."

#ifdef __x86_64__
#define DEFAULT_MACHINE "pc"
static const char *const machine_types[] = { "pc", "q35", "microvm", NULL };
#else
#define DEFAULT_MACHINE "virt"
static const char *const machine_types[] = { "virt", NULL };
#endif

static const char *const shared_fs[] = { "virtio-9p", "virtio-fs", NULL };
static const char *const block_drivers[] = { "virtio-scsi", "virtio-blk", "nvdimm", NULL };
static const char *const network_models[] = { "default", "tcfilter", "macvtap",
					      "bridged", "none",     NULL };
static const char *const trace_modes[] = { "dynamic", "static", NULL };
static const char *const trace_types[] = { "isolated", "collated", NULL };
static const char *const cache_modes[] = { "none", "auto", "always", NULL };

const struct config_key config_keys[] = {
	STRING(QEMU, "path", hypervisor.path, "/usr/bin/qemu-system-x86_64", NULL,
	       "the QEMU program", .shipped = "@QEMU@", .annotation = "hypervisor.path",
	       .hash = "hypervisor.hypervisor_hash", .paths = "valid_hypervisor_paths"),
	STRING(QEMU, "kernel", hypervisor.kernel, "/var/lib/kata/kernel", NULL, "the guest kernel",
	       .note = "An uncompressed vmlinux with a PVH entry boots fastest.",
	       .shipped = "@DATADIR@/kernel", .annotation = "hypervisor.kernel",
	       .hash = "hypervisor.kernel_hash", .paths = "valid_asset_paths"),
	STRING(QEMU, "initrd", hypervisor.initrd, "/var/lib/kata/kata-containers-initrd.img", NULL,
	       "the initrd with kata-agent as /init",
	       .shipped = "@DATADIR@/kata-containers-initrd.img", .annotation = "hypervisor.initrd",
	       .hash = "hypervisor.initrd_hash", .paths = "valid_asset_paths"),
	STRING(QEMU, "image", hypervisor.image, "", NULL,
	       "a disk image with kata-agent as /sbin/init, instead of the initrd",
	       .note = "An ext4, erofs or squashfs that nobody writes to, or one in the first "
		       "partition. Set initrd to \"\" then.",
	       .annotation = "hypervisor.image", .hash = "hypervisor.image_hash",
	       .paths = "valid_asset_paths"),
	BOOL(QEMU, "disable_image_nvdimm", hypervisor.disable_image_nvdimm,
	     "the image is a virtio disk (/dev/vda) instead of memory (/dev/pmem0)",
	     .annotation = "hypervisor.disable_image_nvdimm"),
	STRING(QEMU, "machine_type", hypervisor.machine_type, DEFAULT_MACHINE, machine_types,
	       "QEMU's machine type",
	       .note = "A microvm starts fastest and takes nothing more once it runs: no vCPUs, "
		       "memory or network cards, and disks by virtio-scsi only.",
	       .shipped = "@MACHINE@", .annotation = "hypervisor.machine_type"),
	STRING(QEMU, "machine_accelerators", hypervisor.machine_accelerators, "", NULL,
	       "options of -machine, comma separated",
	       .note = "accel=kvm or accel=tcg forces one of the two; else KVM is used where it "
		       "works.",
	       .annotation = "hypervisor.machine_accelerators"),
	STRING(QEMU, "firmware", hypervisor.firmware, "", NULL, "the firmware, \"\" for QEMU's own",
	       .note = "qboot boots faster than SeaBIOS.", .shipped = "@FIRMWARE@",
	       .annotation = "hypervisor.firmware", .hash = "hypervisor.firmware_hash",
	       .paths = "valid_asset_paths"),
	STRING(QEMU, "kernel_params", hypervisor.kernel_params, "", NULL,
	       "words for the end of the guest kernel's command line", .shipped = "@KERNEL_PARAMS@",
	       .annotation = "hypervisor.kernel_params", .appends = true),
	STRING(QEMU, "hypervisor_params", hypervisor.hypervisor_params, "", NULL,
	       "words of the form driver.property=value, each for a -global option of QEMU"),
	INTEGER(QEMU, "default_vcpus", hypervisor.default_vcpus, "1", 1, 240,
		"virtual processors (vCPUs) of a virtual machine at its start",
		.annotation = "hypervisor.default_vcpus", .processors = true),
	INTEGER(QEMU, "default_maxvcpus", hypervisor.default_maxvcpus, "0", 0, UINT32_MAX,
		"the most vCPUs that it may get, 0 for as many as the host has",
		.annotation = "hypervisor.default_max_vcpus", .processors = true),
	INTEGER(QEMU, "default_memory", hypervisor.default_memory, "1024", 300, 524288,
		"memory of a virtual machine at its start in MiB",
		.annotation = "hypervisor.default_memory"),
	INTEGER(QEMU, "memory_slots", hypervisor.memory_slots, "10", 0, 255,
		"how many times memory can be added, 0 for 10",
		.annotation = "hypervisor.memory_slots"),
	INTEGER(QEMU, "memory_offset", hypervisor.memory_offset, "0", 0, UINT32_MAX,
		"MiB to add to the most memory that can be plugged, for nvdimm devices",
		.annotation = "hypervisor.memory_offset"),
	BOOL(QEMU, "enable_mem_prealloc", hypervisor.enable_mem_prealloc,
	     "take all of the memory from the host at the start, instead of page by page",
	     .note = "Without enable_swap it is locked there as well.",
	     .annotation = "hypervisor.enable_mem_prealloc"),
	BOOL(QEMU, "enable_hugepages", hypervisor.enable_hugepages,
	     "make the memory of the host's huge pages",
	     .note = "There must be enough of them: vm.nr_hugepages.",
	     .annotation = "hypervisor.enable_hugepages"),
	STRING(QEMU, "file_mem_backend", hypervisor.file_mem_backend, "", NULL,
	       "a directory for a file that the memory is in and that other programs can map, "
	       "\"\" for none",
	       .annotation = "hypervisor.file_mem_backend", .paths = "valid_file_mem_backends"),
	BOOL(QEMU, "enable_swap", hypervisor.enable_swap,
	     "the host may swap the memory out: QEMU's -overcommit mem-lock=off",
	     .note = "false: there is no such option, which is the same to QEMU, but with "
		     "enable_mem_prealloc the memory is locked: mem-lock=on.",
	     .annotation = "hypervisor.enable_swap"),
	BOOL(QEMU, "enable_virtio_mem", hypervisor.enable_virtio_mem,
	     "memory that follows the limits comes by a virtio-mem device",
	     .note = "It comes in any number of steps, without memory_slots, and goes again when "
		     "the limits do, as far as the guest does not use it. For "
		     "enable_cpu_memory_hotplug.",
	     .annotation = "hypervisor.enable_virtio_mem"),
	BOOL(QEMU, "enable_cpu_memory_hotplug", hypervisor.enable_cpu_memory_hotplug,
	     "vCPUs and memory follow the limits of the containers",
	     .note = "A container that may use two processors and 2 GiB has them, and one without "
		     "limits costs nothing more. Another vCPU takes 0.2 s to come under emulation; "
		     "one that is not needed any more is turned off, memory stays.",
	     .shipped = "true"),
	BOOL(QEMU, "enable_reuse_cpu_memory", hypervisor.enable_reuse_cpu_memory,
	     "the limits share default_vcpus and default_memory instead of adding to them",
	     .shipped = "true"),
	INTEGER(QEMU, "default_root_ports", hypervisor.root_ports, "0", 0, 25,
		"PCIe root ports of a q35 machine: how many devices can be plugged in",
		.note = "Each costs boot time.", .shipped = "8",
		.annotation = "hypervisor.pcie_root_port"),
	SAME(QEMU, "pcie_root_port", "default_root_ports"),
	BOOL(QEMU, "hotplug_vfio_on_root_bus", hypervisor.hotplug_vfio_on_root_bus,
	     "put devices of the host (VFIO) on the root bus instead of behind a root port",
	     .note = "A running q35 machine takes none on its root bus: what is plugged in later "
		     "goes into a root port even so. Machine type pc has nothing but its root bus.",
	     .annotation = "hypervisor.hotplug_vfio_on_root_bus"),
	INTEGER(QEMU, "default_bridges", hypervisor.bridges, "0", 0, UINT32_MAX,
		"PCI bridges of a pc or q35 machine, each for 25 devices to be plugged in",
		.note = "They are used when root ports and slots of the root bus are taken. 0 is 1 "
			"on a q35 without default_root_ports, else none; there are 5 at most. They "
			"need SeaBIOS: qboot gives them no room."),
	BOOL(QEMU, "disable_nesting_checks", hypervisor.disable_nesting_checks,
	     "make the same machine on a host that is a virtual machine itself",
	     .note = "false: with KVM on such a host the guest has no PMU, and virtio devices that "
		     "are there from the start are legacy ones."),
	STRING(QEMU, "block_device_driver", hypervisor.block_device_driver, "virtio-scsi",
	       block_drivers, "how block devices of the host come into the guest",
	       .note = "These are --device, volumes and root file systems that are one. "
		       "virtio-scsi "
		       "has a controller from the start, which costs boot time; virtio-blk takes a "
		       "root port for each; nvdimm makes them memory of the guest, which stays "
		       "until the machine ends.",
	       .shipped = "virtio-blk", .annotation = "hypervisor.block_device_driver"),
	BOOL(QEMU, "disable_block_device_use", hypervisor.disable_block_device_use,
	     "share a root file system that is a block device instead of plugging the device in",
	     .annotation = "hypervisor.disable_block_device_use"),
	BOOL(QEMU, "block_device_cache_set", hypervisor.block_device_cache_set,
	     "let the next two keys say how QEMU caches block devices",
	     .annotation = "hypervisor.block_device_cache_set"),
	BOOL(QEMU, "block_device_cache_direct", hypervisor.block_device_cache_direct,
	     "pass the host's page cache by (O_DIRECT)",
	     .annotation = "hypervisor.block_device_cache_direct"),
	BOOL(QEMU, "block_device_cache_noflush", hypervisor.block_device_cache_noflush,
	     "ignore the guest's wishes to have data on the disk",
	     .annotation = "hypervisor.block_device_cache_noflush"),
	BOOL(QEMU, "enable_iothreads", hypervisor.enable_iothreads,
	     "a thread of its own for the disks of virtio-scsi",
	     .annotation = "hypervisor.enable_iothreads"),
	BOOL(QEMU, "enable_vhost_user_store", hypervisor.enable_vhost_user_store,
	     "take block devices with the majors 241 and 242 for disks that programs serve over "
	     "sockets (vhost-user)",
	     .note = "Needs memory that is shared: shared_fs = \"virtio-fs\".",
	     .annotation = "hypervisor.enable_vhost_user_store"),
	STRING(QEMU, "vhost_user_store_path", hypervisor.vhost_user_store_path,
	       "/var/run/kata-containers/vhost-user", NULL,
	       "the folder with block/devices/NAME, a device file, and block/sockets/NAME, the "
	       "socket of its program",
	       .annotation = "hypervisor.vhost_user_store_path",
	       .paths = "valid_vhost_user_store_paths"),
	STRING(QEMU, "shared_fs", hypervisor.shared_fs, "virtio-9p", shared_fs,
	       "how files are shared with the guest",
	       .note = "virtio-fs also takes sockets, FIFOs and device nodes, and files that are "
		       "used after they were removed.",
	       .shipped = "virtio-fs", .annotation = "hypervisor.shared_fs"),
	STRING(QEMU, "virtio_fs_daemon", hypervisor.virtio_fs_daemon, "", NULL,
	       "the virtiofsd program, for virtio-fs", .shipped = "@VIRTIOFSD@",
	       .annotation = "hypervisor.virtio_fs_daemon",
	       .paths = "valid_virtio_fs_daemon_paths"),
	STRING(QEMU, "virtio_fs_cache", hypervisor.virtio_fs_cache, "none", cache_modes,
	       "virtiofsd's cache mode", .shipped = "auto",
	       .annotation = "hypervisor.virtio_fs_cache"),
	INTEGER(QEMU, "virtio_fs_cache_size", hypervisor.virtio_fs_cache_size, "0", 0, UINT32_MAX,
		"MiB of a window by which the guest reads the host's page cache (DAX)",
		.note = "With shared_fs = \"virtio-fs\" only 0 is taken: QEMU has no such window.",
		.annotation = "hypervisor.virtio_fs_cache_size"),
	STRINGS(QEMU, "virtio_fs_extra_args", hypervisor.virtio_fs_extra_args,
		"more arguments for virtiofsd"),
	INTEGER(QEMU, "msize_9p", hypervisor.msize_9p, "8192", 4096, 1048576,
		"bytes of one packet of virtio-9p",
		.note = "The default is 25 times slower for large files, or more.",
		.shipped = "512000", .annotation = "hypervisor.msize_9p"),
	STRING(QEMU, "entropy_source", hypervisor.entropy_source, "/dev/urandom", NULL,
	       "the host's source for the guest's random numbers",
	       .annotation = "hypervisor.entropy_source", .paths = "valid_entropy_sources"),
	STRING(QEMU, "guest_hook_path", hypervisor.guest_hook_path, "", NULL,
	       "a folder of the guest with programs to run around every container, \"\" for none",
	       .note = "It lies in the initrd or image; those in prestart/ run before a "
		       "container's "
		       "process starts, those in poststart/ and poststop/ after.",
	       .annotation = "hypervisor.guest_hook_path"),
	BOOL(QEMU, "use_vsock", hypervisor.use_vsock,
	     "reach the agent by vsock (/dev/vhost-vsock) instead of a serial port and kata-proxy",
	     .annotation = "hypervisor.use_vsock"),
	BOOL(QEMU, "disable_vhost_net", hypervisor.disable_vhost_net,
	     "do not use /dev/vhost-net, by which the host's kernel carries packets itself",
	     .annotation = "hypervisor.disable_vhost_net"),
	BOOL(QEMU, "enable_debug", hypervisor.enable_debug,
	     "let the guest kernel print everything to its console"),
	STRINGS(QEMU, "enable_annotations", hypervisor.enable_annotations,
		"the annotations that a sandbox may have",
		.note = "Regular expressions (POSIX, extended) that have to match the whole of an "
			"annotation's name, or of what stands behind its last dot: \"default_.*\" "
			"is default_vcpus and default_memory. An annotation that is not allowed is "
			"an error. Who may set annotations decides with them what runs as root in "
			"the guest, and with some of them on the host."),
	STRINGS(QEMU, "valid_hypervisor_paths", hypervisor.valid_hypervisor_paths,
		"the paths that the annotation hypervisor.path may have",
		.note = "Shell patterns (*, ?, [a-z]); none of them matches a slash, or a dot "
			"after one."),
	STRINGS(QEMU, "valid_virtio_fs_daemon_paths", hypervisor.valid_virtio_fs_daemon_paths,
		"the same for hypervisor.virtio_fs_daemon"),
	STRINGS(QEMU, "valid_asset_paths", hypervisor.valid_asset_paths,
		"the same for hypervisor.kernel, .initrd, .image and .firmware"),
	STRINGS(QEMU, "valid_file_mem_backends", hypervisor.valid_file_mem_backends,
		"the same for hypervisor.file_mem_backend"),
	STRINGS(QEMU, "valid_entropy_sources", hypervisor.valid_entropy_sources,
		"the same for hypervisor.entropy_source"),
	STRINGS(QEMU, "valid_vhost_user_store_paths", hypervisor.valid_vhost_user_store_paths,
		"the same for hypervisor.vhost_user_store_path"),

	STRING("proxy.kata", "path", proxy.path, "/usr/bin/kata-proxy", NULL,
	       "the kata-proxy program", .shipped = "@BINDIR@/kata-proxy"),
	BOOL("proxy.kata", "enable_debug", proxy.enable_debug, "log level debug"),

	STRING("shim.kata", "path", shim.path, "/usr/bin/kata-shim", NULL, "the kata-shim program",
	       .shipped = "@BINDIR@/kata-shim"),
	BOOL("shim.kata", "enable_debug", shim.enable_debug, "log level debug"),
	BOOL("shim.kata", "enable_tracing", shim.enable_tracing, "send spans of kata-shim",
	     .note = TRACING),

	INTEGER("agent.kata", "dial_timeout", agent.dial_timeout, "30", 1, 600,
		"seconds that a virtual machine may take from its start until its agent answers",
		.note = "More is for hosts that are slow, as those that are emulated themselves."),
	BOOL("agent.kata", "enable_debug", agent.enable_debug, "log level debug in the guest"),
	BOOL("agent.kata", "debug_console_enabled", agent.debug_console_enabled,
	     "let kata-runtime exec --guest run programs in the guest itself, as its root",
	     .note = "For a shell the initrd has to have one: guest/initrd/build --debug makes it.",
	     .annotation = "agent.debug_console_enabled"),
	BOOL("agent.kata", "enable_tracing", agent.enable_tracing, "send spans of kata-agent",
	     .note = TRACING, .annotation = "agent.enable_tracing"),
	STRING("agent.kata", "trace_mode", agent.trace_mode, "dynamic", trace_modes,
	       "when the agent begins to send spans",
	       .note = "dynamic: when the sandbox has been created; static: from its own start. Of "
		       "use with enable_tracing only.",
	       .annotation = "agent.trace_mode"),
	STRING("agent.kata", "trace_type", agent.trace_type, "isolated", trace_types,
	       "whether the agent's spans are a trace of their own",
	       .note = "isolated: they are, one for each sandbox; collated: they are part of the "
		       "commands' traces. Of use with enable_tracing only.",
	       .annotation = "agent.trace_type"),
	STRINGS("agent.kata", "kernel_modules", agent.kernel_modules,
		"modules that the guest's kernel loads before any container is made",
		.note = "Each is \"name p1=v1 p2=v2\"; they are found in /lib/modules of the "
			"initrd "
			"or image. One that cannot be loaded is an error. The kernel that comes "
			"with "
			"kata-c has none: everything is built in.",
		.annotation = "agent.kernel_modules", .separators = ";"),
	BOOL("agent.kata", "enable_blk_mount", agent.enable_blk_mount,
	     "mount a volume that is a block device with a file system in the guest",
	     .note = "Else it becomes a device file in the container.", .shipped = "true"),

	BOOL("factory", "enable_template", factory.enable_template,
	     "clone virtual machines from a template that has booted (\"kata-runtime factory\")",
	     .note = "That is several times as fast and takes less memory. Only with shared_fs = "
		     "\"virtio-9p\"."),
	STRING("factory", "template_path", factory.template_path, "/run/vc/vm/template", NULL,
	       "the directory of the template, where a tmpfs is mounted"),
	INTEGER("factory", "vm_cache_number", factory.vm_cache_number, "0", 0, 1000,
		"how many started virtual machines \"kata-runtime factory init\" keeps ready",
		.note = "Sandboxes then get one of them at once, and its place is filled again."),
	STRING("factory", "vm_cache_endpoint", factory.vm_cache_endpoint,
	       "/var/run/kata-containers/cache.sock", NULL,
	       "the Unix socket of the cache of started machines",
	       .note = "Of use with vm_cache_number only."),

	BOOL("netmon", "enable_netmon", netmon.enable_netmon,
	     "follow the sandbox's network namespace while it runs",
	     .note = "What appears in it, changes in it or leaves it does the same in the guest. "
		     "What is there when a container is started is found without it."),
	STRING("netmon", "path", netmon.path, "/usr/bin/kata-netmon", NULL,
	       "the kata-netmon program", .shipped = "@BINDIR@/kata-netmon"),
	BOOL("netmon", "enable_debug", netmon.enable_debug, "log level debug"),

	BOOL("runtime", "enable_debug", runtime.enable_debug, "log level debug"),
	BOOL("runtime", "enable_tracing", runtime.enable_tracing, "send spans of kata-runtime",
	     .note = TRACING),
	BOOL("runtime", "enable_cpu_memory_hotplug", runtime.enable_cpu_memory_hotplug,
	     "the same as in [hypervisor.qemu], for files that have it here",
	     .note = "True in either place counts."),
	STRING("runtime", "internetworking_model", runtime.internetworking_model, "tcfilter",
	       network_models,
	       "how an interface of the network namespace is connected with the virtual machine",
	       .note = "tcfilter: a tap, and all that comes in at one goes out at the other; "
		       "macvtap; bridged: a bridge with both; none: not at all (kata-network can "
		       "plug in what is wanted). default is tcfilter.",
	       .annotation = "runtime.internetworking_model"),
	BOOL("runtime", "disable_new_netns", runtime.disable_new_netns,
	     "stay in the host's network namespace; with internetworking_model = \"none\" only",
	     .annotation = "runtime.disable_new_netns"),
	BOOL("runtime", "disable_guest_seccomp", runtime.disable_guest_seccomp,
	     "do not apply the containers' system call filters (seccomp) in the guest",
	     .note = "There a container has a kernel of its own.", .shipped = "true",
	     .annotation = "runtime.disable_guest_seccomp"),
	BOOL("runtime", "enable_compat_old_cni", runtime.enable_compat_old_cni,
	     "print in kata-network what old CNI plugins expect, and let add-iface need a device",
	     .note = "list-ifaces then shows only what add-iface has plugged in, and list-routes "
		     "only IPv4.",
	     .shipped = "true"),
	BOOL("runtime", "sandbox_cgroup_only", runtime.sandbox_cgroup_only,
	     "all processes of a sandbox in one cgroup of the host",
	     .note = "For a pod of Kubernetes it lies in the pod's cgroup and is named "
		     "kata_SANDBOX, so that the pod's limits and overhead count for all of the "
		     "sandbox; for others it is that of the sandbox's own container.",
	     .annotation = "runtime.sandbox_cgroup_only"),
	BOOL("runtime", "sandbox_cgroup_with_emulator", runtime.sandbox_cgroup_with_emulator,
	     "a cgroup of the host that limits a sandbox's vCPUs, and one for QEMU's other threads",
	     .note = "In the cgroup of the sandbox's own container: vcpu may use as many "
		     "processors "
		     "as the machine has vCPUs (or as annotation sandbox_cpu says), emulator has "
		     "no "
		     "limit. Counts more than sandbox_cgroup_only. Off here: on a host of "
		     "version 1 the shims and virtiofsd share the quota of the vCPUs.",
	     .annotation = "runtime.sandbox_cgroup_with_emulator"),
	STRINGS("runtime", "experimental", runtime.experimental, "experimental features to turn on",
		.refused = "there are no experimental features",
		.annotation = "runtime.experimental"),
	{ 0 },
};

static const struct config_key *find_row(const char *section, const char *name)
{
	for (const struct config_key *key = config_keys; key->section; key++)
		if (str_eq(key->section, section) && str_eq(key->name, name))
			return key;
	return NULL;
}

const struct config_key *config_find_key(const char *section, const char *name)
{
	const struct config_key *key = find_row(section, name);

	return key && key->same_as ? find_row(section, key->same_as) : key;
}

const char *config_spelling(const char *section, const char *name)
{
	const struct config_key *key = find_row(section, name);

	return key ? key->name : NULL;
}

const char *config_kind_text(enum config_kind kind)
{
	static const char *const texts[] = {
		[CONFIG_BOOL] = "true or false",
		[CONFIG_INTEGER] = "a whole number, without quotes",
		[CONFIG_STRING] = "a string in quotes",
		[CONFIG_STRINGS] = "an array of strings",
	};

	return texts[kind];
}
