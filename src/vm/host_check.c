/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/host_check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/findings.h"
#include "base/io.h"
#include "base/str.h"
#include "config/config.h"
#include "hypervisor/accel.h"
#include "hypervisor/qemu_probe.h"
#include "hypervisor/vsock.h"
#include "vm/internal.h"

#define QEMU_OLDEST 700u /* 7.0, qemu_version_number() */

int vm_hypervisor_version(const struct config *config, char **ret, struct err *err)
{
	return qemu_version(config->hypervisor.path, ret, err);
}

/* A machine that is made and dropped: another hypervisor may have the processor's extension. */
static void check_kvm_works(struct findings *findings)
{
	CLEANUP(close) int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	CLEANUP(close) int machine = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);

	if (kvm < 0)
		findings_fail(findings, "kvm",
			      "run it as root, load the kernel module kvm_intel or kvm_amd, or "
			      "remove accel=kvm from [hypervisor.qemu] machine_accelerators",
			      "/dev/kvm cannot be opened: %s", strerror(errno));
	else if (machine < 0 && errno == EBUSY)
		findings_fail(findings, "kvm", "stop the other hypervisor (VirtualBox, VMware)",
			      "another hypervisor uses the processor's virtualization");
	else if (machine < 0)
		findings_fail(findings, "kvm", "see the kernel's log (dmesg)",
			      "no virtual machine can be made: %s", strerror(errno));
	else
		findings_ok(findings, "kvm", "a virtual machine can be made");
}

static void check_accelerator(const struct config *config, struct findings *findings)
{
	const char *reason = NULL;
	const char *choice = accel_choose(config->hypervisor.machine_accelerators, &reason);

	if (str_eq(choice, "kvm"))
		check_kvm_works(findings);
	else if (reason)
		findings_warn(
			findings, "kvm",
			"turn on virtualization in the firmware, or nested virtualization where "
			"this host is a virtual machine itself; accel=tcg in [hypervisor.qemu] "
			"machine_accelerators says that emulation is wanted",
			"%s; machines are emulated, which is slow", reason);
	else
		findings_ok(findings, "kvm", "not used: machines are emulated as configured");
}

static bool check_program(const char *name, const char *key, const char *path,
			  struct findings *findings)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0)
		return true;
	findings_fail(findings, name, key, "%s is not a program that can be run", path);
	return false;
}

static void need_device(const char *help, const char *device, const char *key,
			struct findings *findings)
{
	if (!qemu_help_has(help, device))
		findings_fail(findings, "QEMU device", key, "QEMU has no %s", device);
}

static void check_devices(const struct config *config, struct findings *findings)
{
	const char *driver = config->hypervisor.block_device_driver;
	CLEANUP(free) char *devices = NULL;
	CLEANUP(free) char *machines = NULL;
	struct err err = { 0 };

	if (qemu_help(config->hypervisor.path, "machine", &machines, &err) < 0 ||
	    qemu_help(config->hypervisor.path, "device", &devices, &err) < 0) {
		findings_fail(findings, "QEMU", "install it again (package qemu-system-x86)", "%s",
			      err.text);
		return;
	}
	if (!qemu_help_has(machines, config->hypervisor.machine_type))
		findings_fail(findings, "QEMU machine",
			      "set [hypervisor.qemu] machine_type to one that this QEMU has",
			      "QEMU has no machine type %s", config->hypervisor.machine_type);
	if (str_eq(config->hypervisor.shared_fs, "virtio-fs"))
		need_device(devices, "vhost-user-fs-pci",
			    "use a QEMU with it, or [hypervisor.qemu] shared_fs = \"virtio-9p\"",
			    findings);
	else
		need_device(devices, "virtio-9p-pci",
			    "use a QEMU with it, or [hypervisor.qemu] shared_fs = \"virtio-fs\"",
			    findings);
	need_device(devices,
		    str_eq(driver, "virtio-blk") ? "virtio-blk-pci"
		    : str_eq(driver, "nvdimm")   ? "nvdimm"
						 : "virtio-scsi-pci",
		    "choose another [hypervisor.qemu] block_device_driver", findings);
}

static void check_qemu(const struct config *config, struct findings *findings)
{
	CLEANUP(free) char *version = NULL;
	struct err err = { 0 };

	if (!check_program("QEMU", "install qemu-system-x86, or set [hypervisor.qemu] path",
			   config->hypervisor.path, findings))
		return;
	if (qemu_version(config->hypervisor.path, &version, &err) < 0) {
		findings_fail(findings, "QEMU", "set [hypervisor.qemu] path to a QEMU", "%s",
			      err.text);
		return;
	}
	if (qemu_version_number(version) < QEMU_OLDEST)
		findings_warn(findings, "QEMU", "use QEMU 7.0 or later",
			      "%s: older than what is tested", version);
	else
		findings_ok(findings, "QEMU", "%s", version);
	check_devices(config, findings);
}

static void check_virtiofsd(const struct config *config, struct findings *findings)
{
	const char *daemon = config->hypervisor.virtio_fs_daemon;

	if (!str_eq(config->hypervisor.shared_fs, "virtio-fs"))
		return;
	if (check_program("virtiofsd",
			  "install it (qemu-system-common has it), or set [hypervisor.qemu] "
			  "virtio_fs_daemon, or shared_fs = \"virtio-9p\"",
			  daemon, findings))
		findings_ok(findings, "virtiofsd", "%s", daemon);
}

/* @limit: bytes that the file must be smaller than, or 0. */
static void check_file(const char *name, const char *remedy, const char *path, uint64_t limit,
		       struct findings *findings)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		findings_fail(findings, name, remedy, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_size == 0)
		findings_fail(findings, name, remedy, "%s is %s", path,
			      S_ISREG(st.st_mode) ? "empty" : "no regular file");
	else if (limit > 0 && (uint64_t)st.st_size >= limit)
		findings_fail(findings, name, "raise [hypervisor.qemu] default_memory",
			      "%s has %" PRIu64 " MiB, as much as the virtual machine's memory",
			      path, (uint64_t)st.st_size >> 20);
	else
		findings_ok(findings, name, "%s, %.1f MiB", path, (double)st.st_size / 1048576);
}

static void check_vsock(const struct config *config, struct findings *findings)
{
	const char *reason = NULL;

	if (vsock_usable(&reason))
		findings_ok(findings, "vsock", "there%s",
			    config->hypervisor.use_vsock ? "" : ", not used as configured");
	else if (config->hypervisor.use_vsock)
		findings_warn(
			findings, "vsock",
			"load the kernel module vhost_vsock, or set [hypervisor.qemu] use_vsock "
			"to false",
			"%s; kata-proxy is used instead", reason);
	else
		findings_ok(findings, "vsock", "%s; not needed as configured", reason);
}

static void check_vhost(const struct config *config, struct findings *findings)
{
	bool there = access("/dev/vhost-net", R_OK | W_OK) == 0;

	if (there)
		findings_ok(findings, "vhost-net", "there%s",
			    config->hypervisor.disable_vhost_net ? ", not used as configured" : "");
	else if (config->hypervisor.disable_vhost_net)
		findings_ok(findings, "vhost-net", "not there, and not needed as configured");
	else
		findings_warn(findings, "vhost-net",
			      "load the kernel module vhost_net, or set [hypervisor.qemu] "
			      "disable_vhost_net to true",
			      "/dev/vhost-net cannot be opened; QEMU carries packets, which is "
			      "slower");
	if (access("/dev/net/tun", R_OK | W_OK) == 0)
		findings_ok(findings, "tap", "/dev/net/tun is there");
	else
		findings_fail(findings, "tap", "load the kernel module tun",
			      "/dev/net/tun cannot be opened; no network can be connected");
}

/* "MemAvailable:  123 kB" as MiB; 0: it is not there. */
static uint64_t meminfo_mib(const char *meminfo, const char *name)
{
	const char *at = strstr(meminfo, name);

	return at ? strtoull(at + strlen(name), NULL, 10) / 1024 : 0;
}

static void check_memory(const struct config *config, struct findings *findings)
{
	uint64_t wanted = (uint64_t)config->hypervisor.default_memory;
	CLEANUP(free) char *meminfo = NULL;
	struct err err = { 0 };
	uint64_t available;

	if (file_read_at(AT_FDCWD, "/proc/meminfo", 65536, &meminfo) < 0)
		return;
	available = meminfo_mib(meminfo, "MemAvailable:");
	if (vm_memory_check(config, wanted, &err) < 0)
		findings_fail(findings, "memory", "do what the line says, or unset that key", "%s",
			      err.text);
	else if (available < wanted)
		findings_warn(findings, "memory", "lower [hypervisor.qemu] default_memory",
			      "%" PRIu64 " MiB are available, a virtual machine may take %" PRIu64,
			      available, wanted);
	else
		findings_ok(findings, "memory",
			    "%" PRIu64 " MiB available, %" PRIu64 " for a virtual machine",
			    available, wanted);
}

/* For devices of the host that are given to guests (VFIO); few hosts want that. */
static void check_iommu(struct findings *findings)
{
	DIR *dir = opendir("/sys/kernel/iommu_groups");
	struct dirent *entry;
	unsigned n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	if (n > 0)
		findings_ok(findings, "iommu", "%u groups of devices, vfio-pci is %s", n,
			    access("/sys/bus/pci/drivers/vfio-pci", F_OK) == 0 ? "loaded"
									       : "not loaded");
	else
		findings_ok(findings, "iommu",
			    "none; devices of the host cannot be given to guests");
}

void vm_check_host(const struct config *config, struct findings *findings)
{
	uint64_t memory = (uint64_t)config->hypervisor.default_memory << 20;

	check_accelerator(config, findings);
	check_qemu(config, findings);
	check_virtiofsd(config, findings);
	check_file("kernel", "build it (guest/kernel/build), or set [hypervisor.qemu] kernel",
		   config->hypervisor.kernel, 0, findings);
	if (str_empty(config->hypervisor.image))
		check_file("initrd",
			   "build it (guest/initrd/build), or set [hypervisor.qemu] initrd",
			   config->hypervisor.initrd, memory, findings);
	else
		check_file("image", "build it (guest/image/build), or set [hypervisor.qemu] image",
			   config->hypervisor.image, 0, findings);
	if (!str_empty(config->hypervisor.firmware))
		check_file("firmware",
			   "install it (package qemu-system-data), or set "
			   "[hypervisor.qemu] firmware to \"\"",
			   config->hypervisor.firmware, 0, findings);
	check_vhost(config, findings);
	check_vsock(config, findings);
	check_memory(config, findings);
	check_iommu(findings);
}
