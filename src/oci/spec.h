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

struct oci_resources {
	int64_t memory_limit; /* bytes; 0: unset, -1: no limit */
	uint64_t cpu_shares;
	int64_t cpu_quota; /* µs per period */
	uint64_t cpu_period;
	char *cpuset_cpus;
	char *cpuset_mems;
	int64_t pids_limit; /* 0: unset, -1: no limit */
};

struct oci_spec {
	char *version;
	struct oci_process process;
	char *root_path;
	bool root_readonly;
	char *hostname;
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

struct oci_spec *oci_spec_new(void);
void oci_spec_free(struct oci_spec *spec);
DEFINE_CLEANUP(struct oci_spec *, oci_spec_free)

void oci_process_init(struct oci_process *process);
void oci_process_done(struct oci_process *process);

/* A deep copy into @to, which must be freshly initialised. */
void oci_process_copy(struct oci_process *to, const struct oci_process *from);

/* The value of an annotation, or NULL. Borrowed. */
const char *oci_spec_annotation(const struct oci_spec *spec, const char *key);

/* The namespace entry of that type, or NULL. */
const struct oci_namespace *oci_spec_namespace(const struct oci_spec *spec, const char *type);
