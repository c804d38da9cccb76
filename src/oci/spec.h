/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h - the OCI runtime configuration as both ends see it */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct err;

#define OCI_CONFIG_MAX   (4u << 20) /* bytes of config.json */
#define OCI_CONFIG_DEPTH 64u
#define OCI_UMASK_UNSET  UINT32_MAX

/* Everything below is owned by the spec; NULL strings are unset; vectors may be NULL. */
struct oci_user {
	uint32_t uid;
	uint32_t gid;
	uint32_t umask; /* OCI_UMASK_UNSET */
	uint32_t *additional_gids;
	size_t n_additional_gids;
};

struct oci_capabilities {
	bool present;
	char **bounding;
	char **effective;
	char **inheritable;
	char **permitted;
	char **ambient;
};

struct oci_rlimit {
	char *type; /* "RLIMIT_NOFILE" */
	uint64_t hard;
	uint64_t soft;
};

/* process.scheduler, as sched_setattr(2) takes it. */
struct oci_scheduler {
	char *policy; /* "SCHED_BATCH"; NULL: unset */
	int32_t nice;
	int32_t priority;
	char **flags; /* "SCHED_FLAG_RESET_ON_FORK" */
	uint64_t runtime_ns;
	uint64_t deadline_ns;
	uint64_t period_ns;
};

struct oci_io_priority {
	char *class; /* "IOPRIO_CLASS_BE"; NULL: unset */
	int32_t priority;
};

struct oci_process {
	bool terminal;
	uint32_t console_height; /* rows; 0: unset */
	uint32_t console_width;
	struct oci_user user;
	char **args;
	char **env;
	char *cwd;
	struct oci_capabilities capabilities;
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	bool has_oom_score_adj;
	int64_t oom_score_adj;
	struct oci_scheduler scheduler;
	struct oci_io_priority io_priority;
};

struct oci_mount {
	char *destination;
	char *source;
	char *type;
	char **options;
};

struct oci_namespace {
	char *type; /* "pid", "mount", … */
	char *path; /* of one to join */
};

struct oci_device {
	char *path;
	char *type; /* "c", "b", "u", "p" */
	int64_t major;
	int64_t minor;
	uint32_t file_mode;
	uint32_t uid;
	uint32_t gid;
};

/* linux.resources.devices[]; the last rule that matches decides. */
struct oci_device_rule {
	bool allow;
	char type;      /* 'a', 'b' or 'c' */
	char access[4]; /* of "rwm"; never empty */
	int64_t major;  /* -1: any */
	int64_t minor;
};

struct oci_device_weight {
	int64_t major;
	int64_t minor;
	uint16_t weight;      /* 0: unset */
	uint16_t leaf_weight; /* 0: unset */
};

struct oci_device_throttle {
	int64_t major;
	int64_t minor;
	uint64_t rate; /* bytes or operations per second */
};

struct oci_throttles {
	struct oci_device_throttle *devices;
	size_t n;
};

struct oci_hugepage_limit {
	char *page_size; /* "2MB" */
	uint64_t limit;  /* bytes */
};

struct oci_resources {
	struct oci_device_rule *device_rules;
	size_t n_device_rules;

	int64_t memory_limit;       /* bytes; 0: unset, -1: no limit */
	int64_t memory_swap;        /* memory and swap together; 0: unset, -1: no limit */
	int64_t memory_reservation; /* 0: unset, -1: none */
	int64_t memory_kernel_tcp;  /* 0: unset, -1: no limit; version 1 only */
	bool has_memory_swappiness;
	uint64_t memory_swappiness; /* 0 to 100; version 1 only */
	bool memory_no_oom_killer;  /* version 1 only */
	bool memory_check_update;   /* a limit below what is used is refused */

	uint64_t cpu_shares; /* 0: unset */
	int64_t cpu_quota;   /* µs per period; 0: unset, -1: no limit */
	uint64_t cpu_period; /* µs; 0: unset */
	bool has_cpu_burst;
	uint64_t cpu_burst;     /* µs */
	int64_t cpu_rt_runtime; /* µs; 0: unset; version 1 only */
	uint64_t cpu_rt_period; /* µs; 0: unset; version 1 only */
	bool has_cpu_idle;
	int64_t cpu_idle; /* 0 or 1 */
	char *cpuset_cpus;
	char *cpuset_mems;

	int64_t pids_limit; /* 0: unset, -1: no limit */

	int64_t files_limit; /* openEuler's: open files; 0: unset, -1: no limit; of the host only */

	uint16_t io_weight;      /* 10 to 1000; 0: unset */
	uint16_t io_leaf_weight; /* version 1 only */
	struct oci_device_weight *io_device_weights;
	size_t n_io_device_weights;
	struct oci_throttles io_read_bps;
	struct oci_throttles io_write_bps;
	struct oci_throttles io_read_iops;
	struct oci_throttles io_write_iops;

	struct oci_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;

	char **unified; /* "memory.high=1073741824"; version 2 only */
};

struct oci_seccomp_arg {
	uint32_t index;
	uint64_t value;
	uint64_t value_two;
	char *op; /* "SCMP_CMP_EQ" */
};

struct oci_syscall {
	char **names;
	char *action; /* "SCMP_ACT_ERRNO" */
	bool has_errno_ret;
	uint32_t errno_ret;
	struct oci_seccomp_arg *args;
	size_t n_args;
};

struct oci_seccomp {
	char *default_action;
	bool has_default_errno_ret;
	uint32_t default_errno_ret;
	char **architectures; /* "SCMP_ARCH_X86_64" */
	char **flags;         /* "SECCOMP_FILTER_FLAG_LOG" */
	struct oci_syscall *syscalls;
	size_t n_syscalls;
};

struct oci_id_mapping {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

struct oci_hook {
	char *path;
	char **args; /* with args[0]; empty: the path alone */
	char **env;
	uint32_t timeout_s; /* 0: none given */
};

/* In the order in which they run: runtime-spec, config.md, "POSIX-platform Hooks". */
enum oci_hook_kind {
	OCI_HOOK_PRESTART,
	OCI_HOOK_CREATE_RUNTIME,
	OCI_HOOK_CREATE_CONTAINER,
	OCI_HOOK_START_CONTAINER,
	OCI_HOOK_POSTSTART,
	OCI_HOOK_POSTSTOP,
	OCI_HOOK_KINDS,
};

struct oci_hooks {
	struct oci_hook *hooks;
	size_t n;
};

struct oci_spec {
	char *version;
	struct oci_process process;
	char *root_path;
	bool root_readonly;
	char *hostname;
	char *domainname;
	struct oci_hooks hooks[OCI_HOOK_KINDS];
	struct oci_mount *mounts;
	size_t n_mounts;
	char **annotations; /* "key=value" */
	struct oci_namespace *namespaces;
	size_t n_namespaces;
	struct oci_device *devices;
	size_t n_devices;
	struct oci_resources resources;
	char *cgroups_path;
	char **sysctl; /* "key=value" */
	char **masked_paths;
	char **readonly_paths;
	char *rootfs_propagation;
	struct oci_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct oci_id_mapping *gid_mappings;
	size_t n_gid_mappings;
	struct oci_seccomp *seccomp; /* NULL: none */
	char *personality;           /* "LINUX32"; NULL: unset */
};

/*
 * Reads a configuration from JSON text, checks the types of what it knows, and
 * that what nobody can do without is there: version, root.path, process.args
 * and an absolute process.cwd. Returns 0 or -EINVAL with the JSON path.
 * Source: opencontainers/runtime-spec, config.md and config-linux.md, 1.2.
 */
int oci_spec_parse(const char *text, size_t len, struct oci_spec **ret, struct err *err);

/* oci_spec_parse() of "@bundle/config.json", of at most OCI_CONFIG_MAX bytes. */
int oci_spec_load(const char *bundle, struct oci_spec **ret, struct err *err);

/* process.json of "exec --process", the "process" object alone. */
int oci_process_load(const char *path, struct oci_process *ret, struct err *err);

/* A "linux.resources" object alone, as "update --resources" takes it, into an empty @ret. */
int oci_resources_parse(const char *text, size_t len, struct oci_resources *ret, struct err *err);

struct oci_spec *oci_spec_new(void);
void oci_spec_free(struct oci_spec *spec);
DEFINE_CLEANUP(struct oci_spec *, oci_spec_free)

void oci_process_init(struct oci_process *process);
void oci_process_done(struct oci_process *process);

void oci_resources_done(struct oci_resources *resources);

void oci_seccomp_free(struct oci_seccomp *seccomp);
DEFINE_CLEANUP(struct oci_seccomp *, oci_seccomp_free)

/* A deep copy into @to, which must be freshly initialised. */
void oci_process_copy(struct oci_process *to, const struct oci_process *from);

/* The value of an annotation, or NULL. Borrowed. */
const char *oci_spec_annotation(const struct oci_spec *spec, const char *key);

/* As config.json calls them: "createContainer". */
const char *oci_hook_name(enum oci_hook_kind kind);

/* The namespace entry of that type, or NULL. */
const struct oci_namespace *oci_spec_namespace(const struct oci_spec *spec, const char *type);
