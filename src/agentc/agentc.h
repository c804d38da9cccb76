/* SPDX-License-Identifier: Apache-2.0 */
/* agentc.h - the host's view of the agent: one blocking function per call */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct agentc;
struct cgroup_stats;
struct err;
struct oci_process;
struct oci_resources;
struct oci_spec;

/*
 * Every call takes an absolute deadline and returns 0, -ETIMEDOUT, -EPIPE (the
 * connection ended), -EBADMSG (nonsense), or the errno that stands for the
 * agent's status, with its text. After the first three the connection is of no
 * more use.
 */

/* @url as for dial(). */
int agentc_connect(const char *url, uint64_t deadline, struct agentc **ret, struct err *err);
void agentc_free(struct agentc *agent);
DEFINE_CLEANUP(struct agentc *, agentc_free)

/*
 * When the guest's kernel began, its agent, and when that was ready: in µs of our
 * CLOCK_MONOTONIC, later by as much as an answer takes; zeros: not known. The question goes
 * out with the next call, and costs no wait of its own.
 */
struct agentc_boot {
	uint64_t kernel_us;
	uint64_t agent_us;
	uint64_t ready_us;
};
void agentc_ask_boot(struct agentc *agent);
const struct agentc_boot *agentc_boot(const struct agentc *agent);

int agentc_check(struct agentc *agent, uint64_t deadline, struct err *err);

/* @len bytes, 1 to 512, go into the guest's random numbers, and all of them are made anew. */
int agentc_reseed(struct agentc *agent, const void *data, size_t len, uint64_t deadline,
		  struct err *err);

/* The guest's time becomes the host's. */
int agentc_set_clock(struct agentc *agent, uint64_t deadline, struct err *err);

/* One thing to be mounted in the guest. */
struct agentc_storage {
	const char *driver;
	const char *source;
	const char *fstype;
	char *const *options;
	const char *mount_point;
};

/* What a guest is told first. All of it is borrowed. */
struct agentc_sandbox {
	const char *id;
	const char *hostname;
	const char *guest_hooks;     /* the folder of the guest's own hooks, "" for none */
	char *const *kernel_modules; /* "name p1=v1 p2=v2" */
	const struct agentc_storage *storages;
	size_t n_storages;
};

int agentc_create_sandbox(struct agentc *agent, const struct agentc_sandbox *sandbox,
			  uint64_t deadline, struct err *err);
int agentc_destroy_sandbox(struct agentc *agent, uint64_t deadline, struct err *err);

/*
 * What was plugged in for a container: a disk that is a device of it, or mounted in the
 * guest, or a device of the host ("vfio-pci-gk"). Or a file system that the guest itself
 * mounts for it ("nfs", "gpath").
 */
struct agentc_disk {
	const char *driver;  /* "blk", "scsi", "nvdimm", "vhost-user-scsi", "vfio-pci-gk", … */
	const char *address; /* a PCI path, "ID:LUN", "pmem0", "HOST'S-ADDRESS=PCI-PATH",
				"SERVER:/PATH", "/PATH" */
	const char *container_path; /* its device in linux.devices, or NULL */
	const char *mount_point;    /* or NULL */
	const char *fstype;
	bool read_only;
	char *const *options; /* of the mount; NULL: "nodev", and "ro" when read_only */
};

/* @sandbox_pidns: in the pid namespace of the sandbox's own container. */
int agentc_create_container(struct agentc *agent, const char *id, const struct oci_spec *spec,
			    bool sandbox_pidns, const struct agentc_disk *disks, size_t n_disks,
			    uint64_t deadline, struct err *err);
int agentc_start_container(struct agentc *agent, const char *id, uint64_t deadline,
			   struct err *err);
int agentc_remove_container(struct agentc *agent, const char *id, uint64_t deadline,
			    struct err *err);
/* In place of a container's id: the guest itself. The agent's DEBUG_CONSOLE_ID. */
#define AGENTC_GUEST_ID "@guest"

int agentc_exec(struct agentc *agent, const char *id, const char *exec_id,
		const struct oci_process *process, uint64_t deadline, struct err *err);

/* How much memory can be plugged in at once, in bytes; 0: none. */
int agentc_memory_block(struct agentc *agent, uint64_t deadline, uint64_t *ret, struct err *err);

/*
 * Waits until the guest uses @cpus vCPUs, of which @new_cpus have just come (others
 * are turned off), and @plugged bytes of memory since its start.
 */
int agentc_online(struct agentc *agent, unsigned new_cpus, unsigned cpus, uint64_t plugged,
		  uint64_t deadline, struct err *err);

int agentc_freeze(struct agentc *agent, const char *id, bool frozen, uint64_t deadline,
		  struct err *err);
int agentc_update(struct agentc *agent, const char *id, const struct oci_resources *resources,
		  uint64_t deadline, struct err *err);

/* The guest's numbers as it says them, at most 256 KiB of whatever; *ret is owned. */
int agentc_metrics(struct agentc *agent, uint64_t deadline, char **ret, struct err *err);

/* Into an empty @ret, freed by cgroup_stats_done(). */
int agentc_stats(struct agentc *agent, const char *id, uint64_t deadline, struct cgroup_stats *ret,
		 struct err *err);

/*
 * Waits until the kernel kills a process of one of the sandbox's containers for
 * want of memory, and gives that container's id; owned. One caller at a time.
 */
int agentc_wait_oom(struct agentc *agent, uint64_t deadline, char **ret_id, struct err *err);

/*
 * How many processes of container @id its kernel has killed for memory, in *kills; with @wait
 * the answer comes when there are more of them than *kills was, or the container has gone.
 */
int agentc_oom_kills(struct agentc *agent, const char *id, bool wait, uint64_t deadline,
		     uint64_t *kills, struct err *err);

/* A process of a container, as the guest tells it: bounded, and printable. */
struct agentc_process {
	int64_t pid; /* as the container sees it */
	int64_t ppid;
	uint32_t uid;
	int64_t start_sec; /* since the epoch */
	uint64_t cpu_ms;
	char *tty;
	char *args;
};

struct agentc_processes {
	struct agentc_process *items;
	size_t n;
	bool truncated; /* the guest has more than it may tell */
};

int agentc_list_processes(struct agentc *agent, const char *id, uint64_t deadline,
			  struct agentc_processes *ret, struct err *err);
void agentc_processes_done(struct agentc_processes *processes);

/* An empty @exec_id is every process of the container. */
int agentc_signal(struct agentc *agent, const char *id, const char *exec_id, int signo,
		  uint64_t deadline, struct err *err);
