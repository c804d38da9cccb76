/* SPDX-License-Identifier: Apache-2.0 */
/* persist.h - the state on disk: one JSON file per sandbox and one per container (design D7) */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "net/wire.h"
#include "sandbox/sizing.h"

struct err;

#define PERSIST_FILE "persist.json"

enum state { STATE_CREATING, STATE_READY, STATE_RUNNING, STATE_PAUSED, STATE_STOPPED };

/* "creating", "created", "running", "paused", "stopped": the words of OCI. */
const char *state_name(enum state state);

/* How interfaces of the sandbox's namespace are connected; those that are: network_record.h. */
struct network_settings {
	char *netns;  /* the path by which the engine named it, or NULL: it is ours */
	bool scanned; /* false: internetworking_model "none" */
	bool vhost;
	enum wire_model model;
	uint32_t n_queues;
};

enum cgroup_mode {
	CGROUP_EACH,  /* a cgroup for each container */
	CGROUP_ONE,   /* one for the sandbox */
	CGROUP_SPLIT, /* one for the sandbox, with its vCPUs apart */
};

/* On the host; see host_cgroup.h. */
struct sandbox_cgroups {
	enum cgroup_mode mode;
	char *path;         /* of the sandbox; NULL with CGROUP_EACH */
	int64_t cpu_millis; /* thousandths of a processor that it was made with, or 0 */
};

struct sandbox_record {
	char *id;
	char boot_id[BOOT_ID_LEN]; /* of the host: a record of another boot is stale */
	char *config_path;
	char *hypervisor; /* what it was started with */
	char *kernel;
	char *image; /* the initrd */
	struct machine_policy policy;
	struct machine_size size; /* now */
	bool resizing;            /* it may be any size between @size and another */
	struct network_settings network;
	struct sandbox_cgroups cgroups;
	bool agent_tracing;
	char *root; /* the --root it was made with; a note only (design E12) */
};

struct container_record {
	char *id;
	char *sandbox;
	char *bundle;
	char *rootfs;
	char *oci_version;
	char *created; /* RFC 3339 with nanoseconds */
	char **annotations;
	enum state state;
	bool terminal;
	bool later_hooks;    /* poststart or poststop, in the bundle */
	char *cgroup;        /* on the host; NULL before it is chosen */
	struct proc_id shim; /* pid 0 while there is none */
	struct container_limits limits;
	char **disks;  /* see disk_plug.c */
	char **passed; /* see passthrough.c */
	char *trace;   /* the place of its creation, as a traceparent; NULL: not traced */
};

int sandbox_record_write(int dirfd, const struct sandbox_record *record, struct err *err);
int sandbox_record_read(int dirfd, struct sandbox_record **ret, struct err *err);
void sandbox_record_free(struct sandbox_record *record);
DEFINE_CLEANUP(struct sandbox_record *, sandbox_record_free)

int container_record_write(int dirfd, const struct container_record *record, struct err *err);
int container_record_read(int dirfd, struct container_record **ret, struct err *err);
void container_record_free(struct container_record *record);
DEFINE_CLEANUP(struct container_record *, container_record_free)
