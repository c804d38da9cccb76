/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about QEMU 7.2 that this rests on are tried in tests/facts. */
#include "hypervisor/qemu_args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/str.h"
#include "hypervisor/machine.h"
#include "hypervisor/qemu_memory.h"
#include "hypervisor/qemu_words.h"

struct machine_kind {
	const char *type;
	const char *options; /* of -machine */
	const char *bus;     /* where devices sit at boot */
	bool isa;
	bool root_ports;
	const char *cpu_kvm;
	const char *cpu_tcg;
};

/*
 * Without erms: where the processor is said to have it, Linux clears and copies pages by "rep
 * stosb", which an emulator carries out byte by byte, else by "rep stosq".
 */
static const struct machine_kind kinds[] = {
	{ "pc", "smm=off,vmport=off", "pci.0", true, false, "host", "max,-erms" },
	{ "q35", "smm=off,vmport=off,sata=off", "pcie.0", true, true, "host", "max,-erms" },
	{ MACHINE_MICROVM, "pcie=on,isa-serial=off,rtc=on", "pcie.0", true, false, "host",
	  "max,-erms" },
	{ "virt", "usb=off,gic-version=max", "pcie.0", false, true, "host", "max,pauth-impdef=on" },
};

__attribute__((format(printf, 3, 4))) static void add(char ***args, const char *option,
						      const char *fmt, ...)
{
	va_list ap;

	strv_add(args, option);
	va_start(ap, fmt);
	strv_take(args, xvasprintf(fmt, ap));
	va_end(ap);
}

static const struct machine_kind *find_kind(const char *type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(kinds[i].type, type))
			return &kinds[i];
	return NULL;
}

char *qemu_escape(const char *value)
{
	char *out = xcalloc(1, 2 * strlen(value) + 1);
	char *to = out;

	for (; *value; value++) {
		if (*value == ',')
			*to++ = ',';
		*to++ = *value;
	}
	return out;
}

static void add_machine(char ***args, const struct machine *m, const struct machine_kind *kind)
{
	bool kvm = str_eq(m->accelerator, "kvm");

	add(args, "-machine", "%s,%s,accel=%s,memory-backend=" QEMU_OWN_MEMORY "%s%s%s", kind->type,
	    kind->options, m->accelerator,
	    m->nvdimm || (*m->image && m->image_nvdimm) ? ",nvdimm=on" : "",
	    *m->machine_options ? "," : "", m->machine_options);
	/* A virtual machine monitor in the guest has state that could not be saved. */
	add(args, "-cpu", "%s%s%s", kvm ? kind->cpu_kvm : kind->cpu_tcg,
	    m->nested ? ",pmu=off" : "",
	    kvm && kind->isa && m->memory_file ? ",vmx=off,svm=off" : "");
	add(args, "-smp", "%u,cores=1,threads=1,sockets=%u,maxcpus=%u", m->vcpus, m->max_vcpus,
	    m->max_vcpus);
}

static void add_kernel(char ***args, const struct machine *m)
{
	CLEANUP(free) char *params = strv_join(m->kernel_params, " ");

	if (m->clone) {
		add(args, "-incoming", "defer");
	} else {
		add(args, "-kernel", "%s", m->kernel);
		if (*m->initrd)
			add(args, "-initrd", "%s", m->initrd);
		add(args, "-append", "%s", params);
	}
	if (*m->firmware)
		add(args, "-bios", "%s", m->firmware);
}

/*
 * Of a device that can do without version 1 of virtio: its notifications are then writes
 * to ports, which a hypervisor below another emulates faster than writes to memory.
 */
static const char *legacy(const struct machine *m)
{
	return m->nested ? ",disable-modern=on" : "";
}

static void add_socket(char ***args, const char *id, int fd)
{
	add(args, "-chardev", "socket,id=%s,fd=%d,server=on,wait=off", id, fd);
}

static void add_control(char ***args, const struct machine *m)
{
	add_socket(args, "qmp", m->qmp_fd);
	add(args, "-mon", "chardev=qmp,mode=control");
	add_socket(args, "events", m->events_fd);
	add(args, "-mon", "chardev=events,mode=control");
}

/*
 * The virtio console comes up by messages back and forth, late in the boot. A
 * panic before that is told over a serial port, which needs no driver; QEMU's
 * standard output goes where its standard error goes.
 */
static void add_early_console(char ***args)
{
	add(args, "-chardev", "stdio,id=early0,signal=off");
	add(args, "-device", "isa-serial,chardev=early0");
}

static void add_channel(char ***args, const struct machine *m, const struct machine_kind *kind)
{
	add(args, "-device", "virtio-serial-pci,id=serial0,bus=%s,romfile=%s", kind->bus,
	    legacy(m));
	add_socket(args, "console0", m->console_fd);
	add(args, "-device", "virtconsole,chardev=console0,id=hvc0,bus=serial0.0");
	if (m->channel_fd < 0) {
		add(args, "-device",
		    "vhost-vsock-pci,id=vsock0,guest-cid=%u,vhostfd=%d,bus=%s,romfile=",
		    m->vsock_cid, m->vsock_fd, kind->bus);
		return;
	}
	add_socket(args, "channel0", m->channel_fd);
	add(args, "-device",
	    "virtserialport,chardev=channel0,id=" CHANNEL_ID ",bus=serial0.0,name=agent.channel.0");
}

/*
 * The first disk, or nvdimm: vm/image.h counts on that. Behind virtio-mem, which would
 * else begin in the middle of one of the guest's memory blocks.
 */
static void add_image(char ***args, const struct machine *m, const struct machine_kind *kind)
{
	CLEANUP(free) char *path = qemu_escape(m->image);

	if (m->image_nvdimm) {
		add(args, "-object",
		    "memory-backend-file,id=image0,size=%" PRIu64
		    ",share=on,readonly=on,mem-path=%s",
		    m->image_bytes, path);
		add(args, "-device", "nvdimm,id=nvimage0,memdev=image0,unarmed=on");
		return;
	}
	add(args, "-blockdev",
	    "driver=raw,node-name=image0,read-only=on,file.driver=file,file.filename=%s", path);
	add(args, "-device", "virtio-blk-pci,id=blkimage0,drive=image0,bus=%s,romfile=%s",
	    kind->bus, legacy(m));
}

static void add_share(char ***args, const struct machine *m, const struct machine_kind *kind)
{
	CLEANUP(free) char *path = qemu_escape(m->share_path);

	if (m->share == SHARE_VIRTIO_FS) {
		add(args, "-chardev", "socket,id=share0,path=%s", path);
		add(args, "-device",
		    "vhost-user-fs-pci,chardev=share0,tag=" SHARE_TAG
		    ",queue-size=1024,bus=%s,romfile=",
		    kind->bus);
		return;
	}
	add(args, "-fsdev", "local,id=share0,path=%s,security_model=none,multidevs=remap", path);
	add(args, "-device", "virtio-9p-pci,fsdev=share0,mount_tag=" SHARE_TAG ",bus=%s,romfile=%s",
	    kind->bus, legacy(m));
}

/* "3:4:5" */
static char *fd_list(const int *fds, size_t n)
{
	CLEANUP(strv_free) char **words = NULL;

	for (size_t i = 0; i < n; i++)
		strv_addf(&words, "%d", fds[i]);
	return strv_join(words, ":");
}

static void add_nic(char ***args, const struct machine *m, size_t i,
		    const struct machine_kind *kind)
{
	const struct machine_nic *nic = &m->nics[i];
	CLEANUP(free) char *queues = fd_list(nic->queues, nic->n_queues);
	CLEANUP(free) char *vhost = nic->vhost ? fd_list(nic->vhost, nic->n_queues) : NULL;
	CLEANUP(free) char *mq = NULL;

	add(args, "-netdev", "tap,id=net%zu,fds=%s%s%s", i, queues,
	    vhost ? ",vhost=on,vhostfds=" : "", vhost ? vhost : "");
	/* Two vectors for each pair, one for changes and one for control. */
	if (nic->n_queues > 1)
		mq = xasprintf(",mq=on,vectors=%zu", 2 * nic->n_queues + 2);
	add(args, "-device", "virtio-net-pci,id=nic%zu,netdev=net%zu,mac=%s,bus=%s,romfile=%s%s", i,
	    i, nic->mac, kind->bus, mq ? mq : "", legacy(m));
}

/*
 * Eight functions to a slot: the kernel scans a slot without a function 0 only
 * once. No I/O windows: what is plugged in has memory BARs, and giving each
 * port a window costs 20 ms of each start.
 */
static void add_root_ports(char ***args, const struct machine *m)
{
	for (unsigned i = 0; i < m->root_ports; i++)
		add(args, "-device",
		    "pcie-root-port,id=" ROOT_PORT_ID
		    "%u,io-reserve=0,bus=pcie.0,chassis=%u,slot=%u,addr=%x.%x%"
		    "s",
		    i, i + 1, i + 1, ROOT_PORT_FIRST_SLOT + i / FUNCTIONS_PER_SLOT,
		    i % FUNCTIONS_PER_SLOT, i % FUNCTIONS_PER_SLOT == 0 ? ",multifunction=on" : "");
}

/*
 * Behind the ports in the list: QEMU makes devices in its order. A test, whose machine has
 * no device to give, names another kind.
 */
static void add_vfio(char ***args, const struct machine_vfio *device)
{
	const char *another = fault_pretend_name("KATA_FAULT_VFIO", NULL);

	if (another) {
		add(args, "-device", "%s,id=%s,bus=%s,addr=%s,romfile=", another, device->id,
		    device->bus, device->addr);
		return;
	}
	add(args, "-device", "vfio-pci,id=%s,%s=%s,bus=%s,addr=%s,romfile=", device->id,
	    device->host ? "host" : "sysfsdev", device->host ? device->host : device->sysfs_dir,
	    device->bus, device->addr);
}

/* Behind all other devices: which slots they have is up to QEMU, and asked of it later. */
static void add_bridges(char ***args, const struct machine *m, const struct machine_kind *kind)
{
	for (unsigned i = 0; i < m->bridges; i++)
		add(args, "-device", "pci-bridge,id=" BRIDGE_ID "%u,bus=%s,chassis_nr=%u,shpc=on",
		    i, kind->bus, i + 1);
}

static void add_scsi(char ***args, const struct machine *m, const struct machine_kind *kind)
{
	if (m->iothread)
		add(args, "-object", "iothread,id=iothread0");
	add(args, "-device", "virtio-scsi-pci,id=" SCSI_ID ",bus=%s,romfile=%s%s", kind->bus,
	    m->iothread ? ",iothread=iothread0" : "", legacy(m));
}

/* What is not promised is taken when it comes, so that its lack is an error and not a SIGBUS. */
static void add_elastic_memory(char ***args, const struct machine *m,
			       const struct machine_kind *kind)
{
	add(args, "-device",
	    "virtio-mem-pci,id=" QEMU_ELASTIC_DEVICE ",memdev=" QEMU_ELASTIC_MEMORY
	    ",bus=%s,romfile=%s",
	    kind->bus, m->prealloc || m->hugepages ? ",prealloc=on" : "");
}

static void add_entropy(char ***args, const struct machine *m, const struct machine_kind *kind)
{
	CLEANUP(free) char *source = qemu_escape(m->entropy_source);

	add(args, "-object", "rng-random,id=rng0,filename=%s", source);
	add(args, "-device", "virtio-rng-pci,rng=rng0,bus=%s,romfile=%s", kind->bus, legacy(m));
}

int qemu_args_build(const struct machine *m, char ***ret, struct err *err)
{
	const struct machine_kind *kind = find_kind(m->type);
	CLEANUP(free) char *name = qemu_escape(m->id);
	char **args = NULL;

	if (!kind)
		return err_set_as(err, ERR_MACHINE_TYPE, EINVAL,
				  "machine_type '%s' is not one of: pc, q35, microvm, virt",
				  m->type);
	strv_add(&args, m->program);
	add(&args, "-name", "sandbox-%s", name);
	add_machine(&args, m, kind);
	qemu_memory_args(m, &args);
	strv_add(&args, "-nodefaults");
	strv_add(&args, "-no-user-config");
	strv_add(&args, "-no-reboot"); /* a guest that panics ends its machine */
	add(&args, "-display", "none");
	add(&args, "-vga", "none");
	add(&args, "-rtc", "base=utc,driftfix=%s", str_eq(kind->type, "virt") ? "none" : "slew");
	add(&args, "-sandbox",
	    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	for (char *const *word = m->globals; word && *word; word++)
		add(&args, "-global", "%s", *word);
	add_kernel(&args, m);
	add_control(&args, m);
	if (kind->isa)
		add_early_console(&args);
	add_channel(&args, m, kind);
	if (m->elastic_mib > 0)
		add_elastic_memory(&args, m, kind);
	if (*m->image)
		add_image(&args, m, kind);
	add_share(&args, m, kind);
	for (size_t i = 0; i < m->n_nics; i++)
		add_nic(&args, m, i, kind);
	add_entropy(&args, m, kind);
	if (m->scsi)
		add_scsi(&args, m, kind);
	if (kind->root_ports)
		add_root_ports(&args, m);
	for (size_t i = 0; i < m->n_vfio; i++)
		add_vfio(&args, &m->vfio[i]);
	if (kind->isa)
		add_bridges(&args, m, kind);
	if (m->pid_file)
		add(&args, "-pidfile", "%s", m->pid_file);
	*ret = args;
	return 0;
}
