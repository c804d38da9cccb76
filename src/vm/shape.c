/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/shape.h"

#include <inttypes.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "hypervisor/accel.h"
#include "hypervisor/qemu_args.h"
#include "vm/vm.h"

#define MEMORY_HEADROOM_MIB 1024u /* the original's: over the host's own memory */

/*
 * Words that every guest gets; docs/performance.md says what the unusual ones
 * are worth. panic=-1 and -no-reboot: a guest that panics ends its machine.
 */
static const char *const common_params[] = {
	"panic=-1",
	"console=hvc0",
	"rcupdate.rcu_expedited=1",
	"cryptomgr.notests",
	"swiotlb=noforce",
	"net.ifnames=0",
	NULL,
};

/* pcie_ports=compat: q35's root ports are hot-plugged through ACPI, their own services only cost.
 */
static const char *const x86_params[] = {
	/* Plugged memory holds its own page tables: a small machine has no room for them. */
	"memory_hotplug.memmap_on_memory=1",
	"reboot=k",
	"earlyprintk=ttyS0",
	"8250.nr_uarts=0",
	"tsc=reliable",
	"no_timer_check",
	"noreplace-smp",
	"iommu=off",
	"pci=lastbus=0",
	"pcie_ports=compat",
	"i8042.noaux",
	"i8042.nopnp",
	"i8042.dumbkbd",
	NULL,
};

static const char *const arm64_params[] = { "iommu.passthrough=0", NULL };

uint64_t shape_max_files(void)
{
	struct rlimit nofile = { 0 };

	(void)getrlimit(RLIMIT_NOFILE, &nofile);
	return nofile.rlim_max;
}

static char **kernel_params(const struct config *config, unsigned max_vcpus, bool vsock)
{
	bool virtio_fs = str_eq(config->hypervisor.shared_fs, "virtio-fs");
	CLEANUP(strv_free) char **own = strv_split(config->hypervisor.kernel_params, " \t");
	bool arm = str_eq(config->hypervisor.machine_type, "virt");
	char **params = NULL;

	/* In front of earlyprintk, which else prints all that came before it. */
	strv_add(&params, config->hypervisor.enable_debug ? "debug" : "quiet");
	for (const char *const *word = common_params; *word; word++)
		strv_add(&params, *word);
	for (const char *const *word = arm ? arm64_params : x86_params; *word; word++)
		strv_add(&params, *word);
	strv_addf(&params, "nr_cpus=%u", max_vcpus);
	strv_addf(&params, "agent.use_vsock=%s", vsock ? "true" : "false");
	/* virtiofsd has one open for each inode that the guest remembers. */
	if (virtio_fs)
		strv_addf(&params, "agent.max_inodes=%" PRIu64, shape_max_files() / 2);
	if (config->agent.enable_debug)
		strv_add(&params, "agent.log=debug");
	for (char **word = own; word && *word; word++)
		strv_add(&params, *word);
	return params;
}

static unsigned max_vcpus(const struct config *config)
{
	int64_t host = fault_pretend("KATA_FAULT_CPUS", sysconf(_SC_NPROCESSORS_CONF));
	int64_t max = config->hypervisor.default_maxvcpus;

	if (max == 0 || max > host)
		max = host;
	if (max > 240)
		max = 240; /* reference 01, section 3 */
	if (max < config->hypervisor.default_vcpus)
		max = config->hypervisor.default_vcpus;
	return (unsigned)max;
}

static uint64_t host_memory_mib(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) >> 20;
}

void vm_max_size(const struct config *config, unsigned *ret_vcpus, uint64_t *ret_mib)
{
	/* QEMU 7.2 plugs no vCPU into a machine of type virt. */
	*ret_vcpus = str_eq(config->hypervisor.machine_type, "virt")
			     ? (unsigned)config->hypervisor.default_vcpus
			     : max_vcpus(config);
	*ret_mib = host_memory_mib();
}

void shape_done(struct shape *shape)
{
	free(shape->options);
	strv_free(shape->params);
	strv_free(shape->globals);
}

void shape_of(const struct config *config, bool vsock, struct shape *ret)
{
	bool virtio_fs = str_eq(config->hypervisor.shared_fs, "virtio-fs");
	const char *reason = NULL;

	*ret = (struct shape){
		.options = accel_strip(config->hypervisor.machine_accelerators),
		.params = kernel_params(config, max_vcpus(config), vsock),
		.globals = strv_split(config->hypervisor.hypervisor_params, " \t"),
	};
	ret->machine = (struct machine){
		.program = config->hypervisor.path,
		.type = config->hypervisor.machine_type,
		.accelerator = accel_choose(config->hypervisor.machine_accelerators, &reason),
		.machine_options = ret->options,
		.max_vcpus = max_vcpus(config),
		.max_memory_mib = host_memory_mib() + MEMORY_HEADROOM_MIB +
				  (uint64_t)config->hypervisor.memory_offset,
		.memory_slots = config->hypervisor.memory_slots
					? (unsigned)config->hypervisor.memory_slots
					: 10,
		.kernel = config->hypervisor.kernel,
		.initrd = config->hypervisor.initrd,
		.firmware = config->hypervisor.firmware,
		.kernel_params = ret->params,
		.globals = ret->globals,
		.root_ports = (unsigned)config->hypervisor.root_ports,
		.scsi = str_eq(config->hypervisor.block_device_driver, "virtio-scsi"),
		.nvdimm = str_eq(config->hypervisor.block_device_driver, "nvdimm"),
		.iothread = config->hypervisor.enable_iothreads,
		.share = virtio_fs ? SHARE_VIRTIO_FS : SHARE_9P,
		.entropy_source = config->hypervisor.entropy_source,
	};
}

int vm_digest(const struct config *config, char ret[SHA256_TEXT], struct err *err)
{
	__attribute__((cleanup(shape_done))) struct shape shape = { 0 };
	CLEANUP(strv_free) char **argv = NULL;
	int r;

	shape_of(config, false, &shape);
	/* What is each machine's own, and the sizes, which are compared as numbers. */
	shape.machine.id = "";
	shape.machine.vcpus = 1;
	shape.machine.memory_mib = 1;
	shape.machine.share_path = "";
	shape.machine.memory_file = "";
	shape.machine.pid_file = "";
	shape.machine.vsock_fd = -1;
	r = qemu_args_build(&shape.machine, &argv, err);
	if (r < 0)
		return r;
	sha256_of_strings(argv, strv_len(argv), ret);
	return 0;
}
