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
#include "vm/guest_cmdline.h"
#include "vm/image.h"
#include "vm/internal.h"
#include "vm/vm.h"

#define MIB                 ((uint64_t)1 << 20)
#define MEMORY_HEADROOM_MIB 1024u /* the original's: over the host's own memory */

uint64_t shape_max_files(void)
{
	struct rlimit nofile = { 0 };

	(void)getrlimit(RLIMIT_NOFILE, &nofile);
	return nofile.rlim_max;
}

static bool is_microvm(const struct config *config)
{
	return str_eq(config->hypervisor.machine_type, MACHINE_MICROVM);
}

static unsigned max_vcpus(const struct config *config)
{
	int64_t host = fault_pretend("KATA_FAULT_CPUS", sysconf(_SC_NPROCESSORS_CONF));
	int64_t max = config->hypervisor.default_maxvcpus;

	if (is_microvm(config))
		return (unsigned)config->hypervisor.default_vcpus;
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

/* A whole number of the largest huge pages. */
static uint64_t elastic_mib(const struct config *config)
{
	return config->hypervisor.enable_virtio_mem ? (host_memory_mib() + 1023) / 1024 * 1024 : 0;
}

/* The host's own with some room, which is the original's, and what is not plugged as DIMMs. */
static uint64_t max_memory_mib(const struct config *config)
{
	if (is_microvm(config))
		return 0; /* no more than it starts with */
	return host_memory_mib() + MEMORY_HEADROOM_MIB +
	       (uint64_t)config->hypervisor.memory_offset + elastic_mib(config);
}

static unsigned memory_slots(const struct config *config)
{
	return config->hypervisor.memory_slots ? (unsigned)config->hypervisor.memory_slots : 10;
}

/* Of the space of addresses for memory, in the guest's blocks. */
static uint64_t image_mib(const struct image *image)
{
	return (image->bytes / MIB + 127) / 128 * 128;
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

void shape_of(const struct config *config, bool vsock, const struct image *image, struct shape *ret)
{
	const struct guest_facts facts = { max_vcpus(config), vsock, shape_max_files(), image,
					   is_microvm(config) ? accel_tsc_khz() : 0 };
	bool nvdimm = image && !config->hypervisor.disable_image_nvdimm;
	bool virtio_fs = str_eq(config->hypervisor.shared_fs, "virtio-fs");
	const char *reason = NULL;

	*ret = (struct shape){
		.options = accel_strip(config->hypervisor.machine_accelerators),
		.params = guest_cmdline(config, &facts),
		.globals = strv_split(config->hypervisor.hypervisor_params, " \t"),
	};
	ret->machine = (struct machine){
		.program = config->hypervisor.path,
		.type = config->hypervisor.machine_type,
		.accelerator = accel_choose(config->hypervisor.machine_accelerators, &reason),
		.machine_options = ret->options,
		.max_vcpus = max_vcpus(config),
		.max_memory_mib = max_memory_mib(config) + (nvdimm ? image_mib(image) : 0),
		.memory_slots = memory_slots(config) + nvdimm,
		.prealloc = config->hypervisor.enable_mem_prealloc,
		.hugepages = config->hypervisor.enable_hugepages,
		.memory_path = config->hypervisor.file_mem_backend,
		.lock = vm_memory_lock(config),
		.elastic_mib = elastic_mib(config),
		.kernel = config->hypervisor.kernel,
		.initrd = config->hypervisor.initrd,
		.image = image ? config->hypervisor.image : "",
		.image_bytes = image ? image->bytes : 0,
		.image_nvdimm = nvdimm,
		.firmware = config->hypervisor.firmware,
		.kernel_params = ret->params,
		.globals = ret->globals,
		.root_ports = (unsigned)config->hypervisor.root_ports,
		.bridges = vm_bridges(config),
		.nested = vm_is_nested(config),
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

	shape_of(config, false, NULL, &shape);
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
