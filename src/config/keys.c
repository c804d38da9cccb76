/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of configuration.toml: one row per key. Defaults are those of the
 * original's code (the seed); the shipped file sets what is best.
 * Source: reference 01, sections 3 to 5.
 */
#include <limits.h>

#include "config/config.h"

#define BOOL(section, name, field, help)                                                         \
	{                                                                                        \
		section, name, CONFIG_BOOL, offsetof(struct config, field), "false", 0, 0, NULL, \
			help                                                                     \
	}
#define INTEGER(section, name, field, value, min, max, help)                                    \
	{                                                                                       \
		section, name, CONFIG_INTEGER, offsetof(struct config, field), value, min, max, \
			NULL, help                                                              \
	}
#define STRING(section, name, field, value, allowed, help)                                 \
	{                                                                                  \
		section, name, CONFIG_STRING, offsetof(struct config, field), value, 0, 0, \
			allowed, help                                                      \
	}
#define STRINGS(section, name, field, help)                                                    \
	{                                                                                      \
		section, name, CONFIG_STRINGS, offsetof(struct config, field), "", 0, 0, NULL, \
			help                                                                   \
	}

#define QEMU "hypervisor.qemu"

#ifdef __x86_64__
#define DEFAULT_MACHINE "pc"
static const char *const machine_types[] = { "pc", "q35", NULL };
#else
#define DEFAULT_MACHINE "virt"
static const char *const machine_types[] = { "virt", NULL };
#endif

static const char *const shared_fs[] = { "virtio-9p", "virtio-fs", NULL };
static const char *const block_drivers[] = { "virtio-scsi", "virtio-blk", "nvdimm", NULL };
static const char *const network_models[] = { "default", "tcfilter", "macvtap",
					      "bridged", "none",     NULL };
static const char *const cache_modes[] = { "none", "auto", "always", NULL };

const struct config_key config_keys[] = {
	STRING(QEMU, "path", hypervisor.path, "/usr/bin/qemu-system-x86_64", NULL,
	       "the QEMU program"),
	STRING(QEMU, "kernel", hypervisor.kernel, "/var/lib/kata/kernel", NULL,
	       "the guest kernel, an uncompressed vmlinux with a PVH entry boots fastest"),
	STRING(QEMU, "initrd", hypervisor.initrd, "/var/lib/kata/kata-containers-initrd.img", NULL,
	       "the initrd with kata-agent as /init"),
	STRING(QEMU, "machine_type", hypervisor.machine_type, DEFAULT_MACHINE, machine_types,
	       "QEMU's machine type"),
	STRING(QEMU, "machine_accelerators", hypervisor.machine_accelerators, "", NULL,
	       "options of -machine, comma separated; accel=kvm or accel=tcg forces either"),
	STRING(QEMU, "firmware", hypervisor.firmware, "", NULL,
	       "the firmware, \"\" for QEMU's own"),
	STRING(QEMU, "kernel_params", hypervisor.kernel_params, "", NULL,
	       "words for the end of the guest kernel's command line"),
	STRING(QEMU, "hypervisor_params", hypervisor.hypervisor_params, "", NULL,
	       "driver.property=value words, each for a -global option"),
	INTEGER(QEMU, "default_vcpus", hypervisor.default_vcpus, "1", 1, 240,
		"vCPUs of a virtual machine"),
	INTEGER(QEMU, "default_maxvcpus", hypervisor.default_maxvcpus, "0", 0, UINT32_MAX,
		"the most vCPUs that it may get, 0 for as many as the host has"),
	INTEGER(QEMU, "default_memory", hypervisor.default_memory, "1024", 300, 524288,
		"memory of a virtual machine in MiB"),
	INTEGER(QEMU, "memory_slots", hypervisor.memory_slots, "10", 0, 255,
		"how many times memory can be added, 0 for 10"),
	INTEGER(QEMU, "memory_offset", hypervisor.memory_offset, "0", 0, UINT32_MAX,
		"MiB to add to the most memory that can be plugged, for nvdimm devices"),
	BOOL(QEMU, "enable_cpu_memory_hotplug", hypervisor.enable_cpu_memory_hotplug,
	     "vCPUs and memory follow the limits of the containers"),
	BOOL(QEMU, "enable_reuse_cpu_memory", hypervisor.enable_reuse_cpu_memory,
	     "the limits share default_vcpus and default_memory instead of adding to them"),
	INTEGER(QEMU, "default_root_ports", hypervisor.root_ports, "0", 0, 25,
		"PCIe root ports of a q35 machine: how many devices can be plugged in"),
	STRING(QEMU, "block_device_driver", hypervisor.block_device_driver, "virtio-scsi",
	       block_drivers, "how block devices of the host come into the guest"),
	BOOL(QEMU, "disable_block_device_use", hypervisor.disable_block_device_use,
	     "share a root file system that is a block device instead of plugging the device in"),
	BOOL(QEMU, "block_device_cache_set", hypervisor.block_device_cache_set,
	     "let the next two keys say how QEMU caches block devices"),
	BOOL(QEMU, "block_device_cache_direct", hypervisor.block_device_cache_direct,
	     "pass the host's page cache by (O_DIRECT)"),
	BOOL(QEMU, "block_device_cache_noflush", hypervisor.block_device_cache_noflush,
	     "ignore the guest's wishes to have data on the disk"),
	BOOL(QEMU, "enable_iothreads", hypervisor.enable_iothreads,
	     "a thread of its own for the disks of virtio-scsi"),
	STRING(QEMU, "shared_fs", hypervisor.shared_fs, "virtio-9p", shared_fs,
	       "how files are shared with the guest"),
	STRING(QEMU, "virtio_fs_daemon", hypervisor.virtio_fs_daemon, "", NULL,
	       "the virtiofsd program, for virtio-fs"),
	STRING(QEMU, "virtio_fs_cache", hypervisor.virtio_fs_cache, "none", cache_modes,
	       "virtiofsd's cache mode"),
	STRINGS(QEMU, "virtio_fs_extra_args", hypervisor.virtio_fs_extra_args,
		"more arguments for virtiofsd"),
	INTEGER(QEMU, "msize_9p", hypervisor.msize_9p, "8192", 4096, 1048576,
		"bytes of one 9p packet"),
	STRING(QEMU, "entropy_source", hypervisor.entropy_source, "/dev/urandom", NULL,
	       "the host's source for the guest's random numbers"),
	STRING(QEMU, "guest_hook_path", hypervisor.guest_hook_path, "", NULL,
	       "a folder of the guest with programs to run around every container, in prestart/, "
	       "poststart/ and poststop/; \"\" for none"),
	BOOL(QEMU, "use_vsock", hypervisor.use_vsock,
	     "reach the agent by vsock (/dev/vhost-vsock) instead of a serial port and kata-proxy"),
	BOOL(QEMU, "disable_vhost_net", hypervisor.disable_vhost_net,
	     "do not use /dev/vhost-net, by which the host's kernel carries packets itself"),
	BOOL(QEMU, "enable_debug", hypervisor.enable_debug,
	     "let the guest kernel print everything to its console"),
	STRING("proxy.kata", "path", proxy.path, "/usr/bin/kata-proxy", NULL,
	       "the kata-proxy program"),
	BOOL("proxy.kata", "enable_debug", proxy.enable_debug, "log level debug"),
	STRING("shim.kata", "path", shim.path, "/usr/bin/kata-shim", NULL, "the kata-shim program"),
	BOOL("shim.kata", "enable_debug", shim.enable_debug, "log level debug"),
	INTEGER("agent.kata", "dial_timeout", agent.dial_timeout, "30", 1, 600,
		"seconds that a virtual machine may take from its start until its agent answers"),
	BOOL("agent.kata", "enable_debug", agent.enable_debug, "log level debug in the guest"),
	BOOL("agent.kata", "enable_blk_mount", agent.enable_blk_mount,
	     "mount a volume that is a block device with a file system in the guest"),
	BOOL("netmon", "enable_netmon", netmon.enable_netmon,
	     "follow the sandbox's network namespace while it runs"),
	STRING("netmon", "path", netmon.path, "/usr/bin/kata-netmon", NULL,
	       "the kata-netmon program"),
	BOOL("netmon", "enable_debug", netmon.enable_debug, "log level debug"),
	BOOL("runtime", "enable_debug", runtime.enable_debug, "log level debug"),
	BOOL("runtime", "enable_cpu_memory_hotplug", runtime.enable_cpu_memory_hotplug,
	     "the same as in [hypervisor.qemu]"),
	STRING("runtime", "internetworking_model", runtime.internetworking_model, "tcfilter",
	       network_models,
	       "how an interface of the network namespace is connected with the virtual machine"),
	BOOL("runtime", "disable_new_netns", runtime.disable_new_netns,
	     "stay in the host's network namespace; with internetworking_model = \"none\" only"),
	BOOL("runtime", "disable_guest_seccomp", runtime.disable_guest_seccomp,
	     "do not apply the containers' system call filters in the guest"),
	BOOL("runtime", "enable_compat_old_cni", runtime.enable_compat_old_cni,
	     "kata-network prints less, as old CNI plugins expect it, and add-iface needs a "
	     "device"),
	{ 0 },
};
