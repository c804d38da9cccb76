/* SPDX-License-Identifier: Apache-2.0 */
/* machine.h - what a virtual machine consists of, before any hypervisor spells it out */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum share_kind { SHARE_9P, SHARE_VIRTIO_FS };

#define SHARE_TAG "kataShared"

/* What the host does with the machine's memory when it needs some itself. */
enum memory_lock {
	MEMORY_LOCK_DEFAULT, /* of the hypervisor: it may be swapped out */
	MEMORY_LOCK_OFF,     /* the same, said on the command line */
	MEMORY_LOCK_ON       /* all that it has and gets stays in memory */
};

/* A machine type that takes nothing more once it runs, but disks behind a controller. */
#define MACHINE_MICROVM "microvm"

#define ROOT_PORT_ID "rp" /* and a number: the ports that devices are plugged into */

/* Where they sit: behind the devices that are always there, eight to a slot. */
#define ROOT_PORT_FIRST_SLOT 0x10u
#define FUNCTIONS_PER_SLOT   8u

/* And a number: PCI bridges, whose slots 1 to BRIDGE_SLOTS take devices. */
#define BRIDGE_ID    "pci-bridge-"
#define BRIDGE_SLOTS 25u /* openEuler patch 0023 */

#define SCSI_ID "scsi0" /* the controller that disks are plugged into */

#define CHANNEL_ID "channel0" /* the agent's port */

/* A network card that is there from the start. */
struct machine_nic {
	const char *mac;
	const int *queues; /* of a tap, one for each */
	const int *vhost;  /* of /dev/vhost-net, as many, or NULL */
	size_t n_queues;
};

/* A device of the host that is there from the start. */
struct machine_vfio {
	const char *id;
	const char *host;      /* its PCI address, or */
	const char *sysfs_dir; /* of a mediated device */
	const char *bus;
	const char *addr;
};

/* Strings are borrowed and never NULL; descriptors are inherited by the hypervisor. */
struct machine {
	const char *program;
	const char *id; /* of the sandbox */
	const char *type;
	const char *accelerator;     /* "kvm" or "tcg" */
	const char *machine_options; /* comma separated, or "" */
	unsigned vcpus;
	unsigned max_vcpus;
	uint64_t memory_mib;
	uint64_t max_memory_mib; /* equal to memory_mib: nothing can be plugged */
	unsigned memory_slots;
	/*
	 * A file that is the memory at the start, or NULL; a template's. What the guest
	 * writes goes there, or, in a clone, is its own.
	 */
	const char *memory_file;
	bool clone;              /* loads what another one was: it needs no kernel */
	bool prealloc;           /* all of the memory is taken from the host at the start */
	bool hugepages;          /* it is made of the host's huge pages */
	const char *memory_path; /* a directory for a file that it is in, or "" */
	enum memory_lock lock;
	uint64_t elastic_mib; /* of memory that comes and goes as it is asked for; 0: none */
	const char *kernel;
	const char *initrd;   /* or "", and */
	const char *image;    /* a disk that the guest starts from, which nobody writes to */
	uint64_t image_bytes; /* its size */
	bool image_nvdimm;    /* as memory, else as a virtio disk */
	const char *firmware; /* or "" */
	char *const *kernel_params;
	char *const *globals; /* driver.property=value */
	unsigned root_ports;  /* q35 */
	unsigned bridges;     /* pc and q35 */
	bool nested;          /* on KVM of a host that is a guest itself */
	bool scsi;            /* a controller for disks */
	bool nvdimm;          /* disks may come as memory */
	bool iothread;        /* that has a thread of its own */
	enum share_kind share;
	const char *share_path; /* 9p: the directory; virtio-fs: virtiofsd's socket */
	const struct machine_nic *nics;
	size_t n_nics;
	const struct machine_vfio *vfio;
	size_t n_vfio;
	const char *entropy_source;
	int qmp_fd;     /* listening Unix sockets: of the lock's holder, */
	int events_fd;  /* of the monitor, */
	int console_fd; /* of the guest's console */
	int channel_fd; /* and of its agent; -1: it is reached by vsock */
	int vsock_fd;   /* of vsock_reserve(), or -1 */
	uint32_t vsock_cid;
	const char *pid_file; /* or NULL */
};
