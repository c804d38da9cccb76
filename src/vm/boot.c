/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing is polled for: the listening sockets are made here and inherited, so
 * that whoever connects first simply waits for the other side's first word.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "hypervisor/accel.h"
#include "hypervisor/machine.h"
#include "hypervisor/qemu_args.h"
#include "hypervisor/qemu_pci.h"
#include "hypervisor/qemu_vfio.h"
#include "hypervisor/vsock.h"
#include "vm/hashes.h"
#include "vm/image.h"
#include "vm/internal.h"
#include "vm/shape.h"
#include "vm/vm.h"

/* What vm_boot() owns only until everything is started. */
struct boot {
	const struct vm_params *params;
	struct vm *vm;
	int qmp;
	int events;
	int console;
	int channel;
	int vsock; /* instead of channel and proxy */
	int proxy;
	int share; /* of virtiofsd, which is started after QEMU: that connects first and waits */
	int stderr_out;
	uint32_t cid;
	struct image image; /* where the configuration has one */
};

static void boot_done(struct boot *boot)
{
	const int fds[] = { boot->qmp,   boot->events, boot->console, boot->channel,
			    boot->vsock, boot->proxy,  boot->share,   boot->stderr_out };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int listen_in(const struct vm *vm, const char *name, int *ret, struct err *err)
{
	CLEANUP(free) char *path = xasprintf("%s/%s", vm->dir, name);
	int fd = unix_listen(path, 0600, err);

	if (fd < 0)
		return fd;
	*ret = fd;
	return 0;
}

/* Reached by vsock, the agent needs no relay. The id is noted for all who come later. */
static int make_vsock(struct boot *boot, struct err *err)
{
	CLEANUP(free) char *text = NULL;

	boot->vsock = vsock_reserve(&boot->cid, err);
	if (boot->vsock < 0)
		return boot->vsock;
	text = xasprintf("%" PRIu32, boot->cid);
	return file_replace_at(boot->vm->dirfd, VM_VSOCK_CID, text, strlen(text), 0600, err);
}

static int make_channel(struct boot *boot, struct err *err)
{
	const struct config *config = boot->params->config;
	const char *reason = NULL;
	int r;

	/* The template's machine has a port, and so have its clones. */
	if (config->hypervisor.use_vsock && !boot->params->image && vsock_usable(&reason))
		return make_vsock(boot, err);
	r = listen_in(boot->vm, "kata.sock", &boot->channel, err);
	if (r < 0)
		return r;
	boot->proxy = unix_listen(boot->params->proxy_socket, 0600, err);
	return boot->proxy < 0 ? boot->proxy : 0;
}

static int make_sockets(struct boot *boot, struct err *err)
{
	int ends[2];
	int r;

	r = listen_in(boot->vm, "qmp.sock", &boot->qmp, err);
	if (r == 0)
		r = listen_in(boot->vm, "events.sock", &boot->events, err);
	if (r == 0)
		r = listen_in(boot->vm, "console.sock", &boot->console, err);
	if (r == 0)
		r = make_channel(boot, err);
	if (r == 0 && str_eq(boot->params->config->hypervisor.shared_fs, "virtio-fs"))
		r = listen_in(boot->vm, "vhost-fs.sock", &boot->share, err);
	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_errno(err, "pipe");
	boot->vm->stderr_fd = ends[0];
	boot->stderr_out = ends[1];
	return 0;
}

static int start(struct boot *boot, const char *name, char **argv, const int *fds, size_t n_fds,
		 struct proc_id *ret, struct err *err)
{
	return vm_start_program(boot->params, boot->vm, boot->stderr_out, name, argv, fds, n_fds,
				ret, err);
}

static int start_virtiofsd(struct boot *boot, struct err *err)
{
	const struct config *config = boot->params->config;
	CLEANUP(strv_free) char **argv = NULL;

	strv_add(&argv, config->hypervisor.virtio_fs_daemon);
	strv_addf(&argv, "--fd=%d", boot->share);
	strv_add(&argv, "-f");
	/* Not --syslog: without a syslog socket its own seccomp filter kills it (tests/facts). */
	/* As many as it may have: without CAP_SYS_RESOURCE its own wish would end it. */
	strv_addf(&argv, "--rlimit-nofile=%" PRIu64, shape_max_files());
	strv_add(&argv, "-o");
	strv_addf(&argv, "source=%s", boot->params->share);
	strv_add(&argv, "-o");
	strv_addf(&argv, "cache=%s", config->hypervisor.virtio_fs_cache);
	strv_add(&argv, "-o");
	strv_add(&argv, "xattr"); /* file capabilities of images */
	strv_add(&argv, "-o");
	strv_add(&argv, "log_level=err");
	for (char **word = config->hypervisor.virtio_fs_extra_args; word && *word; word++)
		strv_add(&argv, *word);
	return start(boot, "virtiofsd", argv, &boot->share, 1, &boot->vm->virtiofsd, err);
}

/* All that QEMU inherits; owned. */
static int *qemu_fds(const struct boot *boot, size_t *ret_n)
{
	const struct vm_params *params = boot->params;
	size_t n = 5;
	int *fds;

	for (size_t i = 0; i < params->n_nics; i++)
		n += params->nics[i].n_queues * (params->nics[i].vhost ? 2 : 1);
	fds = xcalloc(n, sizeof(*fds));
	n = 0;
	fds[n++] = boot->qmp;
	fds[n++] = boot->events;
	fds[n++] = boot->console;
	fds[n++] = boot->vsock < 0 ? boot->channel : boot->vsock;
	if (params->image)
		fds[n++] = params->image->memory;
	for (size_t i = 0; !params->image && i < params->n_nics; i++) {
		const struct vm_nic *nic = &params->nics[i];

		for (size_t q = 0; q < nic->n_queues; q++) {
			fds[n++] = nic->queues[q];
			if (nic->vhost)
				fds[n++] = nic->vhost[q];
		}
	}
	*ret_n = n;
	return fds;
}

static struct machine_nic *machine_nics(const struct vm_params *params)
{
	struct machine_nic *nics = xcalloc(params->n_nics + 1, sizeof(*nics));

	for (size_t i = 0; i < params->n_nics; i++)
		nics[i] = (struct machine_nic){ .mac = params->nics[i].mac,
						.queues = params->nics[i].queues,
						.vhost = params->nics[i].vhost,
						.n_queues = params->nics[i].n_queues };
	return nics;
}

/* What machine_vfio points to. */
struct vfio_words {
	char id[QEMU_VFIO_ID_LEN];
	struct pci_place place;
	char *dir; /* owned */
};

struct vfio_list {
	struct machine_vfio *items;
	struct vfio_words *words;
	size_t n;
};

static void vfio_list_done(struct vfio_list *list)
{
	for (size_t i = 0; list->words && i < list->n; i++)
		free(list->words[i].dir);
	free(list->words);
	free(list->items);
}

/* Gives each its place, and tells the caller. */
static int list_vfio(const struct vm_params *params, struct vfio_list *ret, struct err *err)
{
	const struct qemu_vfio_layout layout = {
		.type = params->config->hypervisor.machine_type,
		.root_ports = (unsigned)params->config->hypervisor.root_ports,
		.on_root_bus = params->config->hypervisor.hotplug_vfio_on_root_bus,
	};
	int r = 0;

	ret->items = xcalloc(params->n_vfio + 1, sizeof(*ret->items));
	ret->words = xcalloc(params->n_vfio + 1, sizeof(*ret->words));
	for (; r == 0 && ret->n < params->n_vfio; ret->n++) {
		struct vm_vfio *from = &params->vfio[ret->n];
		struct vfio_words *words = &ret->words[ret->n];

		qemu_vfio_id(from->name, words->id);
		words->dir = from->mediated ? qemu_vfio_mediated_dir(from->name) : NULL;
		r = qemu_vfio_cold_place(&layout, (unsigned)ret->n, &words->place, err);
		memcpy(from->path, words->place.guest_path, sizeof(from->path));
		ret->items[ret->n] = (struct machine_vfio){
			.id = words->id,
			.host = from->mediated ? NULL : from->name,
			.sysfs_dir = words->dir,
			.bus = words->place.bus,
			.addr = words->place.addr,
		};
	}
	return r;
}

static int start_qemu(struct boot *boot, struct err *err)
{
	__attribute__((cleanup(vfio_list_done))) struct vfio_list vfio = { 0 };
	__attribute__((cleanup(shape_done))) struct shape shape = { 0 };
	const struct vm_params *params = boot->params;
	CLEANUP(free) char *socket = xasprintf("%s/vhost-fs.sock", boot->vm->dir);
	CLEANUP(free) char *pid_file = xasprintf("%s/pid", boot->vm->dir);
	CLEANUP(free) char *memory_file = NULL;
	struct machine *machine = &shape.machine;
	CLEANUP(strv_free) char **argv = NULL;
	CLEANUP(free) struct machine_nic *nics = machine_nics(params);
	CLEANUP(free) int *fds = NULL;
	size_t n_fds = 0;
	int r = list_vfio(params, &vfio, err);

	if (r < 0)
		return r;
	shape_of(params->config, boot->vsock >= 0,
		 str_empty(params->config->hypervisor.image) ? NULL : &boot->image, &shape);
	machine->id = params->id;
	machine->vcpus = params->vcpus;
	machine->memory_mib = params->memory_mib;
	machine->share_path = machine->share == SHARE_VIRTIO_FS ? socket : params->share;
	if (params->image) {
		/* QEMU opens it by the number of its own descriptor: no name can change it. */
		memory_file = xasprintf("/proc/self/fd/%d", params->image->memory);
		machine->memory_file = memory_file;
		machine->clone = params->image->state >= 0;
		/* QEMU resolves its path, which leads through a descriptor while a template is
		 * made. */
		machine->pid_file = machine->clone ? pid_file : NULL;
	} else {
		machine->pid_file = pid_file;
		machine->nics = nics;
		machine->n_nics = params->n_nics;
		machine->vfio = vfio.items;
		machine->n_vfio = vfio.n;
	}
	machine->qmp_fd = boot->qmp;
	machine->events_fd = boot->events;
	machine->console_fd = boot->console;
	machine->channel_fd = boot->channel;
	machine->vsock_fd = boot->vsock;
	machine->vsock_cid = boot->cid;
	r = qemu_args_build(machine, &argv, err);
	if (r < 0)
		return r;
	fds = qemu_fds(boot, &n_fds);
	return start(boot, "qemu", argv, fds, n_fds, &boot->vm->qemu, err);
}

const char *vm_accelerator_warning(const struct config *config)
{
	const char *reason = NULL;

	(void)accel_choose(config->hypervisor.machine_accelerators, &reason);
	return reason;
}

const char *vm_vsock_warning(const struct config *config)
{
	const char *reason = NULL;

	if (config->hypervisor.use_vsock)
		(void)vsock_usable(&reason);
	return reason;
}

int vm_boot(const struct vm_params *params, struct vm **ret, struct err *err)
{
	__attribute__((cleanup(boot_done))) struct boot boot = {
		.params = params,
		.qmp = -1,
		.events = -1,
		.console = -1,
		.channel = -1,
		.vsock = -1,
		.proxy = -1,
		.share = -1,
		.stderr_out = -1,
	};
	CLEANUP(vm_free) struct vm *vm = vm_new(params);
	int r;

	boot.vm = vm;
	r = vm_check(params, &boot.image, err);
	if (r == 0)
		r = hashes_check(params->config, err);
	if (r < 0)
		return r;
	if (params->image && params->image->state >= 0) {
		vm->state_fd = fcntl(params->image->state, F_DUPFD_CLOEXEC, 0);
		if (vm->state_fd < 0)
			return err_errno(err, "the template's state");
	}
	r = mkdir_p(params->dir, 0700, err);
	if (r < 0)
		return r;
	r = vm_open_dir(vm, err);
	if (r < 0)
		return r;
	r = make_sockets(&boot, err);
	if (r == 0)
		r = start_qemu(&boot, err);
	if (r == 0 && str_eq(params->config->hypervisor.shared_fs, "virtio-fs"))
		r = start_virtiofsd(&boot, err);
	if (r == 0)
		r = vm_start_proxy(params, vm, boot.stderr_out, boot.proxy, boot.cid, err);
	if (r < 0)
		return r;
	*ret = take_ptr(vm);
	return 0;
}
