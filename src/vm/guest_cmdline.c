/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/guest_cmdline.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "config/config.h"
#include "hypervisor/machine.h"
#include "vm/image.h"

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

/* Read only: it is the image of every sandbox. The agent is its /sbin/init. */
static void add_root(char ***params, const struct image *image, bool nvdimm)
{
	bool ext4 = str_eq(image->fstype, "ext4");

	strv_addf(params, "root=%s", image_device(image, nvdimm));
	strv_addf(params, "rootfstype=%s", image->fstype);
	/* Nothing to replay: the journal of an image that nobody writes to. */
	if (ext4)
		strv_addf(params, "rootflags=%snoload", image->dax ? "dax," : "");
	strv_add(params, "ro");
}

char **guest_cmdline(const struct config *config, const struct guest_facts *facts)
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
	strv_addf(&params, "nr_cpus=%u", facts->max_vcpus);
	strv_addf(&params, "agent.use_vsock=%s", facts->vsock ? "true" : "false");
	/* A microvm has no keyboard controller to be reset by either. */
	if (str_eq(config->hypervisor.machine_type, MACHINE_MICROVM))
		strv_add(&params, "reboot=t");
	if (facts->tsc_khz > 0)
		strv_addf(&params, "tsc_early_khz=%" PRIu64, facts->tsc_khz);
	if (facts->image)
		add_root(&params, facts->image, !config->hypervisor.disable_image_nvdimm);
	/* virtiofsd has one open for each inode that the guest remembers. */
	if (virtio_fs)
		strv_addf(&params, "agent.max_inodes=%" PRIu64, facts->max_files / 2);
	/* Memory that is to go again must hold nothing of the kernel's own. */
	if (config->hypervisor.enable_virtio_mem)
		strv_add(&params, "memory_hotplug.online_policy=auto-movable");
	if (config->agent.enable_debug)
		strv_add(&params, "agent.log=debug");
	if (config->agent.debug_console_enabled)
		strv_add(&params, "agent.debug_console=true");
	if (config->agent.enable_tracing && str_eq(config->agent.trace_mode, "static"))
		strv_addf(&params, "agent.trace=%s", config->agent.trace_type);
	if (config->agent.container_pipe_size > 0)
		strv_addf(&params, "agent.container_pipe_size=%" PRId64,
			  config->agent.container_pipe_size);
	for (char **word = own; word && *word; word++)
		strv_add(&params, *word);
	return params;
}
